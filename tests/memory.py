"""A record in memory: the domain's rules on plain objects, without the store."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

from api.domain import claims, contradictions, parties, questions, verdicts
from api.domain.claims import Claim
from api.domain.contradictions import Pair
from api.domain.entries import ERASURE, Entry, Erased, Event
from api.domain.parties import Party
from api.domain.questions import Question
from api.domain.record import Body
from tests.records import APPEARANCE, DESK, OPERATOR, claim_body, question_body, ulid


class Memory:
    """`api.domain.record.Record`, and short calls that decide and fold. Each answers with the new state.

    `numbers` has for each subject its place in the order of recording, `entries` those that were folded.
    """

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.numbers: dict[str, int] = {}
        self.parties: dict[str, Party] = {}
        self.questions: dict[str, Question] = {}
        self.claims: dict[str, Claim] = {}
        self.pairs: dict[tuple[str, str], Pair] = {}

    @property
    def size(self) -> int:
        return len(self.entries)

    def snapshot(self) -> Memory:
        """The record as it stands now, whatever is folded afterwards."""
        taken = copy.copy(self)
        for name, value in vars(self).items():
            setattr(taken, name, value.copy())
        return taken

    def party(self, party_id: str) -> Party | None:
        return self.parties.get(party_id)

    def question(self, question_id: str) -> Question | None:
        return self.questions.get(question_id)

    def claim(self, claim_id: str) -> Claim | None:
        return self.claims.get(claim_id)

    def claim_of_verdict(self, verdict_id: str) -> Claim | None:
        owners = (c for c in self.claims.values() if any(v.id == verdict_id for v in c.verdicts))
        return next(owners, None)

    def pair(self, one: str, other: str) -> Pair:
        key = contradictions.pair_of(one, other)
        return self.pairs.get(key, Pair(key))

    def twin(self, fingerprint: bytes) -> str | None:
        standing = (c for c in self.claims.values() if not c.withdrawn and c.text_sha256)
        return next((c.id for c in standing if claims.fingerprint(c.body) == fingerprint), None)

    def about(self, subject: str) -> list[Entry]:
        """The entries about a subject, in order."""
        return [entry for entry in self.entries if entry.subject == subject]

    def without(self, entry: Entry) -> list[Memory]:
        """The record without what an erasure takes away: one after each entry, the erasure the last of them."""
        assert entry.kind == ERASURE
        by = Erased(entry.payload["reason"], entry.recorded_at, entry.actor, entry.index)
        skeletons = {one["index"]: one["payload"] for one in entry.payload["entries"]}
        folded, snapshots = Memory(), [Memory()]
        for each in (*self.entries, entry):
            gone = each.index in skeletons
            folded.fold(replace(each, payload=skeletons[each.index], erased=by) if gone else each)
            snapshots.append(folded.snapshot())
        return snapshots

    # --- writing -----------------------------------------------------------------------------------

    def fold(self, entry: Entry) -> Any:
        """Take an entry in. Out: the state that it led to."""
        self.entries.append(entry)
        self.numbers.setdefault(entry.subject, entry.index + 1)
        what, identifier = entry.subject.split("/")
        if what == "party":
            self.parties[identifier] = parties.evolve(self.party(identifier), entry)
            return self.parties[identifier]
        if what == "question":
            self.questions[identifier] = questions.evolve(self.question(identifier), entry)
            return self.questions[identifier]
        if what == "contradiction":
            key = contradictions.pair_of(*identifier.split(":"))
            self.pairs[key] = contradictions.evolve(self.pairs.get(key), entry)
            return self.pairs[key]
        claim_id = verdicts.claim_of(entry) if what == "verdict" else identifier
        self.claims[claim_id] = claims.evolve(self.claim(claim_id), entry)
        if entry.kind == "claim.matched":
            other = entry.payload["claim"]
            self.claims[other] = claims.evolve(self.claim(other), entry)
        return self.claims[claim_id]

    def entry(self, event: Event, actor: str = OPERATOR) -> Entry:
        """The entry that an event becomes when it is the next one."""
        at = f"2026-11-24T10:00:{self.size:02d}.000Z"
        return Entry(self.size, at, event.kind, event.subject, actor, event.payload)

    def add_party(self, party_id: str, parent: str | None = None, kind: str = "organization") -> Party:
        body = {"id": party_id, "name": party_id.upper(), "kind": kind}
        body |= {"parent": parent} if parent else {}
        return self._done(parties.record(body, self))

    def amend_party(self, party_id: str, **changes: Any) -> Party:
        party = self.parties[party_id]
        return self._done(parties.amend(party, patched(party.body, changes), "Why.", self))

    def add_question(self, question_id: str, *positions: str, neutral: tuple[str, ...] = ()) -> Question:
        return self._done(questions.record(question_body(question_id, *positions, neutral=neutral), self))

    def amend_question(self, question_id: str, **changes: Any) -> Question:
        question = self.questions[question_id]
        return self._done(questions.amend(question, patched(question.body, changes), "Why."))

    def add_claim(self, text: str, speaker: str, stances: dict[str, str] | None = None, **more: Any) -> Claim:
        claim_id = more.pop("id", None) or ulid(self.size)
        return self._done(claims.record(claim_body(text, speaker, stances, **more), claim_id, self))

    def amend_claim(self, claim: Claim, **changes: Any) -> Claim:
        current = self.claims[claim.id]
        return self._done(claims.amend(current, patched(current.body, changes), "Why.", self))

    def withdraw(self, claim: Claim) -> Claim:
        return self._done(claims.withdraw(self.claims[claim.id], "A forgery."))

    def match(self, claim: Claim, other: Claim, relation: str, by: str = DESK) -> Claim:
        return self._done(claims.match(self.claims[claim.id], self.claims[other.id], relation), by)

    def publish(self, claim: Claim, rating: str | None, by: str = DESK, **more: Any) -> Claim:
        """The claim after a verdict, which is its last one."""
        verdict_id = more.pop("id", None) or ulid(self.size)
        body = {"rating": rating, "evidence": [APPEARANCE]} | more
        return self._done(verdicts.publish(self.claims[claim.id], body, verdict_id, by, self), by)

    def retract(self, claim: Claim, verdict_id: str, reviewer: str = DESK) -> Claim:
        event = verdicts.retract(self.claims[claim.id], verdict_id, "It was wrong.", reviewer)
        return self._done(event, reviewer)

    def assess(self, one: Claim, other: Claim, assessment: str, reviewer: str = DESK, **more: Any) -> Pair:
        body = {"claims": [one.id, other.id], "assessment": assessment} | more
        return self._done(contradictions.assess(body, reviewer, self), reviewer)

    def _done(self, event: Event, actor: str = OPERATOR) -> Any:
        return self.fold(self.entry(event, actor))


def patched(body: Body, changes: Body) -> Body:
    """A body with changes; what is None goes."""
    return {name: value for name, value in (body | changes).items() if value is not None}
