"""Folds states out of the log: what a decision, a projection or a rebuild asks of the record."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import reduce
from typing import Any, TypeVar

from api.domain import claims, contradictions, names, parties, questions
from api.domain.claims import Claim
from api.domain.contradictions import Pair, pair_of
from api.domain.entries import ERASURE, Entry
from api.domain.parties import Party
from api.domain.questions import Question
from api.storage import lists, log
from api.storage.log import Connection

# How many subjects or fingerprints are looked up by one statement.
TOGETHER = 500

Worked = TypeVar("Worked")

# The kinds of entries that change a state which is kept from turn to turn.
CHANGING = ("party.recorded", "party.amended", "question.opened", "question.amended", ERASURE)

# How many numbers, and how many states, are kept from turn to turn.
KEPT, FOLDED = 20_000, 5_000

# Of which subjects.
KEPT_KINDS = ("party/", "question/")


class Learned:
    """What turns learned of parties, questions and facets and that still holds. Who takes many turns hands it from one
    to the next instead of looking it up in each: numbers, which never change once they are committed, and states,
    with what was worked out of them, which hold until an entry changes a party or a question."""

    def __init__(self) -> None:
        self.subjects: dict[str, int] = {}
        self.terms: dict[str, int] = {}
        self.states: dict[str, Any] = {}
        self.from_parties: dict[Any, Any] = {}
        self._last: dict[str, int | None] = {}

    def fit(self, last: dict[str, int | None]) -> None:
        """Forget what no longer holds. In: the last entry of each kind of `CHANGING`.

        An erasure took facets away, and those that are left have other numbers.
        """
        if last.get(ERASURE) != self._last.get(ERASURE):
            self.forget()
        elif last != self._last:
            self._forget_states()
        self._last = last

    def forget(self) -> None:
        """Forget everything: the log may be another one than before."""
        self.subjects.clear()
        self.terms.clear()
        self._forget_states()

    def learn(self, subjects: dict[str, int], terms: dict[str, int]) -> None:
        """Keep the numbers that a turn knew which has been committed."""
        self.subjects |= {name: no for name, no in subjects.items() if name.startswith(KEPT_KINDS)}
        self.terms |= terms
        _bound(KEPT, self.subjects, self.terms)

    def learn_states(self, states: dict[str, Any], from_parties: dict[Any, Any]) -> None:
        """Keep the states that such a turn folded, and what it worked out of them."""
        self.states |= {name: state for name, state in states.items() if state and name.startswith(KEPT_KINDS)}
        self.from_parties |= from_parties
        _bound(FOLDED, self.states, self.from_parties)

    def _forget_states(self) -> None:
        self.states.clear()
        self.from_parties.clear()


def _bound(most: int, *kept: dict[Any, Any]) -> None:
    for one in kept:
        if len(one) > most:
            one.clear()


class History:
    """The record as one transaction sees it (`api.domain.record.Record`). It keeps what it folded, so it
    lives no longer than that."""

    def __init__(self, db: Connection, learned: Learned | None = None) -> None:
        self.db = db
        self._learned = learned or Learned()
        self._states: dict[str, Any] = {}
        self._numbers: dict[str, int] = {}
        self._terms: dict[str, int] = {}
        # What is known to be on record nowhere, since it was looked for and nothing has named it since.
        self._unnamed: set[str] = set()
        self._unprinted: set[bytes] = set()
        # What was worked out from parties as they stand: emptied when one of them changes.
        self._from_parties: dict[Any, Any] = {}
        # Whether a party or a question is changed in this transaction: what was learned before may not hold then.
        self._changes_kept = False

    def party(self, party_id: str) -> Party | None:
        found: Party | None = self._state(f"party/{party_id}", parties.evolve)
        return found

    def question(self, question_id: str) -> Question | None:
        found: Question | None = self._state(f"question/{question_id}", questions.evolve)
        return found

    def claim(self, claim_id: str) -> Claim | None:
        found: Claim | None = self._state(f"claim/{claim_id}", claims.evolve)
        return found

    def pair(self, one: str, other: str) -> Pair:
        first, second = pair_of(one, other)
        return self._state(f"contradiction/{first}:{second}", contradictions.evolve) or Pair((first, second))

    def claim_of_verdict(self, verdict_id: str) -> Claim | None:
        number = self.number(f"verdict/{verdict_id}")
        if number is None:
            return None
        return self.claim(self._first_entry(number).payload["claim"])

    def twin(self, fingerprint: bytes) -> str | None:
        if fingerprint in self._unprinted:
            return None
        row = self.db.execute(
            "SELECT no FROM fingerprints WHERE fingerprint = :fingerprint LIMIT 1", {"fingerprint": fingerprint}
        ).fetchone()
        return self._first_entry(row[0]).payload["id"] if row else None

    def called(self, key: str) -> list[Party]:
        """The parties that have a name or an address, by its key (`api.domain.names`), in the order in which they were
        recorded."""
        numbers = lists.called(self.db, names.digest(key))
        found = [self.party(self._first_entry(number).payload["id"]) for number in numbers]
        return [party for party in found if party]

    def reviewed_by(self, key: str) -> Iterable[Claim]:
        """The claims with a verdict that was taken in of the review with this key (`Verdict.review`)."""
        facet = lists.term(self.db, f"review={key}")
        for number in lists.numbers(self.db, facet) if facet else ():
            claim = self.claim(self._first_entry(number).payload["id"])
            if claim:
                yield claim

    def about(self, subject: str) -> list[Entry]:
        """The entries about a subject ("verdict/…"), in order, erasures among them; none where it is not on record."""
        kind, identifier = subject.split("/", 1)
        owner = subject
        if kind == "verdict":
            # They belong to the history of the claim that it is on.
            claim = self.claim_of_verdict(identifier)
            owner = f"claim/{claim.id}" if claim else subject
        number = self.number(owner)
        return [entry for entry in log.history(self.db, number) if entry.subject == subject] if number else []

    def claims_of(self, party_id: str) -> Iterable[Claim]:
        """The claims that belong to a party, itself or through those under it."""
        facet = lists.term(self.db, f"party={party_id}")
        for number in lists.numbers(self.db, facet) if facet else ():
            yield self._folded(number, claims.evolve)

    def remember(self, subject: str, state: Any) -> None:
        """Put the state that an entry led to in place of the one that was folded."""
        self._states[subject] = state
        if subject.startswith(KEPT_KINDS):
            self._changes_kept = True
            self._from_parties.clear()

    def outdate(self, subject: str) -> None:
        """Drop the state that was folded of a subject: it is folded anew if anybody asks."""
        self._states.pop(subject, None)

    def foresee(self, subjects: Sequence[str], fingerprints: Sequence[bytes] = (), facets: Sequence[str] = ()) -> None:
        """Look up at once which of these are on record: what many appends would ask for one by one."""
        unknown = [facet for facet in facets if facet not in self._terms and facet not in self._learned.terms]
        if len(unknown) > 1:  # one alone is looked up when it is asked for
            for start in range(0, len(unknown), TOGETHER):
                self._terms |= lists.terms(self.db, unknown[start : start + TOGETHER])
        for start in range(0, len(subjects), TOGETHER):
            part = subjects[start : start + TOGETHER]
            found = log.named(self.db, part)
            self._numbers |= found
            self._unnamed.update(subject for subject in part if subject not in found)
        for start in range(0, len(fingerprints), TOGETHER):
            prints = fingerprints[start : start + TOGETHER]
            self._unprinted |= set(prints) - lists.printed(self.db, prints)

    def read(self, names: Iterable[str]) -> None:
        """Fold parties ("party/…"), with those above them, and questions now, since they will be asked for."""
        folded = set()
        for name in names:
            kind, identifier = name.split("/", 1)
            if kind == "question":
                self.question(identifier)
            elif party := self.party(identifier):
                folded |= {party.id, *(higher.id for higher in parties.above(party, self))}
        self.foresee([], facets=[f"party={party_id}" for party_id in folded])

    def printed(self, fingerprint: bytes, number: int) -> None:
        """Note that a standing claim has this fingerprint from now on."""
        lists.add_fingerprint(self.db, fingerprint, number)
        self._unprinted.discard(fingerprint)

    def committed(self) -> None:
        """What the transaction named is durable now: it can be handed on. Not so the states, where some were changed:
        the next turn will find that they were."""
        self._learned.learn(self._numbers, self._terms)
        if not self._changes_kept:
            self._learned.learn_states(self._states, self._from_parties)

    def of_parties(self, key: Any, work_out: Callable[[], Worked]) -> Worked:
        """What is worked out from parties as they stand, under a key of its own: once for as long as none changes."""
        found: Worked | None = self._from_parties.get(key)
        if found is None and not self._changes_kept:
            found = self._learned.from_parties.get(key)
        if found is None:
            found = self._from_parties[key] = work_out()
        return found

    def forget(self) -> None:
        """Drop what was folded of claims and pairs, so that a long transaction keeps its memory; parties and
        questions are few."""
        self._states = {name: state for name, state in self._states.items() if name.startswith(KEPT_KINDS)}
        self._unnamed, self._unprinted = set(), set()
        self._numbers = {name: number for name, number in self._numbers.items() if name.startswith(KEPT_KINDS)}

    def number(self, subject: str) -> int | None:
        """The number of a subject, None where no entry named it."""
        found = self._numbers.get(subject) or self._learned.subjects.get(subject)
        if found is None and subject not in self._unnamed:
            found = log.number(self.db, subject)
            if found is None:
                self._unnamed.add(subject)
            else:
                self._numbers[subject] = found
        return found

    def number_for(self, subject: str, index: int) -> int:
        """The number of a subject, which is numbered by this entry if none named it before."""
        found = self.number(subject)
        if found is None:
            found = index + 1
            log.add_subject(self.db, subject, found)
            self._unnamed.discard(subject)
            self._numbers[subject] = found
        return found

    def term(self, facet: str) -> int:
        """The number of a facet's name, numbered now if it is new."""
        found = self._terms.get(facet)
        if found is None:
            found = self._learned.terms.get(facet) or lists.term(self.db, facet) or lists.add_term(self.db, facet)
            self._terms[facet] = found
        return found

    def terms(self, facets: Iterable[str]) -> list[int]:
        """The numbers of facets' names, in the order of the names; those that are new are numbered now."""
        # Sorted, so that new names are numbered in the same order when the tables are rebuilt.
        names = sorted(facets)
        try:
            return [self._terms[name] for name in names]
        except KeyError:
            self.foresee([], facets=names)
            return [self.term(name) for name in names]

    def _state(self, subject: str, evolve: Callable[..., Any]) -> Any:
        if subject not in self._states:
            state = self._learned.states.get(subject)
            if state is None:
                number = self.number(subject)
                state = None if number is None else self._folded(number, evolve)
            self._states[subject] = state
        return self._states[subject]

    def _folded(self, number: int, evolve: Callable[..., Any]) -> Any:
        return reduce(evolve, log.history(self.db, number), None)

    def _first_entry(self, number: int) -> Entry:
        return log.opened(next(log.sealed_entries(self.db, number - 1, number)))
