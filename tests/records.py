"""Short calls that write to a record through the ledger, with the same ids, times and salts each time."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import fixtures
from api import ledger
from api.domain import claims, contradictions, parties, questions, verdicts
from api.domain.entries import Entry, Event
from api.domain.record import Body, Record
from api.errors import Refusal
from api.history import Learned
from api.ledger import WORLD, Decision, Source, Turn
from api.storage.sqlite import Database
from schemas.vocabulary import RESERVED_PARTY_ID

START = datetime(2026, 11, 24, 10, tzinfo=UTC)
APPEARANCE = {"url": "https://news.example/report"}
DESK = "example-desk"
OPERATOR = RESERVED_PARTY_ID


def fixed_source(step: timedelta = timedelta(seconds=1)) -> Source:
    """A source whose clock goes on by `step` with each entry, and whose salts are the hashes of 0, 1, 2 …"""
    counts = {"now": 0, "random": 0}

    def count(name: str) -> int:
        counts[name] += 1
        return counts[name] - 1

    return Source(
        now=lambda: START + count("now") * step,
        random=lambda size: sha256(str(count("random")).encode()).digest()[:size],
    )


def ulid(number: int) -> str:
    """A ULID for each number; the greater the number, the greater the id."""
    return f"01JDF3QZ5W{number:016d}"


def question_body(question_id: str, *positions: str, neutral: tuple[str, ...] = (), **more: Any) -> Body:
    """The body of a question with these positions, those in `neutral` neutral."""
    names = (*positions, *neutral)
    listed = [{"id": name, "label": name.title(), "neutral": name in neutral} for name in names]
    return {"id": question_id, "text": f"Is it so ({question_id})?", "positions": listed} | more


def claim_body(text: str, speaker: str, stances: dict[str, str] | None = None, **more: Any) -> Body:
    """The body of a claim. `stances` are {question: position}; a field that is None is left out."""
    attribution = {"speaker": speaker}
    for name in ("on_behalf_of", "role", "reported_through"):
        if more.get(name):
            attribution[name] = more.pop(name)
    body = {"text": text, "wording": "direct", "attribution": attribution, "appearances": [APPEARANCE]}
    if stances:
        body["stances"] = [{"question": asked, "position": taken} for asked, taken in stances.items()]
    return {name: value for name, value in (body | more).items() if value is not None}


def recording(party_id: str) -> Callable[[Turn], int]:
    """Work for a turn: to record a party. It returns the number of the entry."""
    body = {"id": party_id, "name": party_id.title(), "kind": "organization"}
    return lambda turn: turn.append(lambda known: parties.record(body, known), OPERATOR).index


def write_many(
    database: Database,
    decisions: Iterable[tuple[Decision, str]],
    source: Source = WORLD,
    learned: Learned | None = None,
    *,
    buffered: bool = False,
) -> list[Entry | Refusal]:
    """Append the events of many (decision, actor)s in one turn, `buffered` as an import does; one that is refused
    leaves no trace and stops no other."""
    outcomes: list[Entry | Refusal] = []
    taking = ledger.turn_of_many if buffered else ledger.turn
    with taking(database, source, learned) as mine:
        for decision, actor in decisions:
            try:
                outcomes.append(mine.append(decision, actor))
            except Refusal as refusal:
                outcomes.append(refusal)
    return outcomes


class Recorder:
    """Writes to a record. Each call is a writer's turn of its own, but inside `together()`.

    Calls that record something answer with its id, others with the entry. They raise the decision's Refusal.
    """

    def __init__(self, database: Database, source: Source | None = None) -> None:
        self.database = database
        self.source = source or fixed_source()
        self._turn: Turn | None = None
        self._ids = 0

    def next_id(self) -> str:
        self._ids += 1
        return ulid(self._ids)

    def append(self, decision: Callable[[Record], Event], actor: str = OPERATOR) -> Entry:
        """Append what is decided. Raises the decision's Refusal."""
        if self._turn:
            return self._turn.append(decision, actor)
        with ledger.turn(self.database, self.source) as turn:
            return turn.append(decision, actor)

    @contextmanager
    def together(self) -> Iterator[Turn]:
        """All that is written inside is one turn."""
        with ledger.turn(self.database, self.source) as turn:
            self._turn = turn
            try:
                yield turn
            finally:
                self._turn = None

    def party(self, party_id: str, parent: str | None = None, *, kind: str = "organization", **more: Any) -> str:
        name = party_id.replace("-", " ").title()
        body = {"id": party_id, "name": name, "kind": kind, "parent": parent} | more
        body = {name: value for name, value in body.items() if value is not None}
        self.append(lambda known: parties.record(body, known))
        return party_id

    def person(self, party_id: str, parent: str | None = None, **more: Any) -> str:
        return self.party(party_id, parent, kind="person", **more)

    def amend_party(self, party_id: str, **changes: Any) -> Entry:
        """Change fields of a party; None takes one away."""

        def decision(known: Record) -> Event:
            party = _there(known.party(party_id))
            return parties.amend(party, _patched(party.body, changes), "A test changes it.", known)

        return self.append(decision)

    def question(self, question_id: str, *positions: str, neutral: tuple[str, ...] = (), **more: Any) -> str:
        body = question_body(question_id, *positions, neutral=neutral, **more)
        self.append(lambda known: questions.record(body, known))
        return question_id

    def amend_question(self, question_id: str, **changes: Any) -> Entry:
        def decision(known: Record) -> Event:
            question = _there(known.question(question_id))
            return questions.amend(question, _patched(question.body, changes), "A test changes it.")

        return self.append(decision)

    def claim(
        self,
        text: str,
        speaker: str,
        stances: dict[str, str] | None = None,
        *,
        id: str | None = None,
        actor: str = OPERATOR,
        **more: Any,
    ) -> str:
        claim_id = id or self.next_id()
        body = claim_body(text, speaker, stances, **more)
        self.append(lambda known: claims.record(body, claim_id, known), actor)
        return claim_id

    def amend_claim(self, claim_id: str, **changes: Any) -> Entry:
        def decision(known: Record) -> Event:
            claim = _there(known.claim(claim_id))
            return claims.amend(claim, _patched(claim.body, changes), "A test changes it.", known)

        return self.append(decision)

    def withdraw(self, claim_id: str, reason: str = "Recorded by mistake.") -> Entry:
        return self.append(lambda known: claims.withdraw(_there(known.claim(claim_id)), reason))

    def verdict(self, claim_id: str, rating: str = "false", reviewer: str = DESK, **more: Any) -> str:
        verdict_id = more.pop("id", None) or self.next_id()
        body = {"rating": rating, "evidence": [APPEARANCE]} | more

        def decision(known: Record) -> Event:
            claim = _there(known.claim(claim_id))
            claims.refuse_withdrawn(claim)
            return verdicts.publish(claim, body, verdict_id, reviewer, known)

        self.append(decision, reviewer)
        return verdict_id

    def retract(self, verdict_id: str, reviewer: str = DESK, reason: str = "It was wrong.") -> Entry:
        def decision(known: Record) -> Event:
            return verdicts.retract(_there(known.claim_of_verdict(verdict_id)), verdict_id, reason, reviewer)

        return self.append(decision, reviewer)

    def assess(self, one: str, other: str, assessment: str = "reversal", reviewer: str = DESK, **more: Any) -> Entry:
        body = {"claims": [one, other], "assessment": assessment} | more
        return self.append(lambda known: contradictions.assess(body, reviewer, known), reviewer)


def load_fixtures(database: Database, source: Source | None = None) -> None:
    """Write the DHS record, every file of `fixtures` in its order, in one turn."""
    record = Recorder(database, source)
    with record.together():
        for name in fixtures.FILES:
            for line in (Path(fixtures.__file__).parent / name).read_text(encoding="utf-8").splitlines():
                _load(record, name, json.loads(line))


def _load(record: Recorder, name: str, body: Body) -> None:
    if name == "parties.ndjson":
        record.append(lambda known: parties.record(body, known))
    elif name == "questions.ndjson":
        record.append(lambda known: questions.record(body, known))
    elif name == "claims.ndjson":
        record.append(lambda known: claims.record(body, body["id"], known))
    elif name == "verdicts.ndjson":
        record.verdict(body.pop("claim"), body.pop("rating"), **body)
    else:
        record.assess(*body.pop("claims"), body.pop("assessment"), **body)


def dump(database: Database, tables: list[str]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of the tables, in the order of all their columns."""
    db = database.reader()
    return {table: sorted(db.execute(f"SELECT * FROM {table}").fetchall(), key=repr) for table in tables}


def every_table(database: Database) -> list[str]:
    """The names of all our tables: none that is a shadow of another or says which migrations ran."""
    rows = database.reader().execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")
    return [name for (name,) in rows if not name.startswith(("_", "sqlite_")) and "_fts_" not in name]


def _patched(body: Body, changes: dict[str, Any]) -> Body:
    return {name: value for name, value in (body | changes).items() if value is not None}


def _there(state: Any) -> Any:
    assert state is not None, "the test writes about what it did not record"
    return state
