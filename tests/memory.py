"""A record in memory: the domain's rules on plain objects, without the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.domain import claims, contradictions, parties, questions, verdicts
from api.domain.claims import Claim
from api.domain.contradictions import Pair
from api.domain.entries import Entry, Event
from api.domain.parties import Party
from api.domain.questions import Question
from api.domain.record import Body
from tests.records import APPEARANCE, DESK, claim_body, question_body, ulid


class Memory:
    """`api.domain.record.Record`, and short calls that decide and fold. Each answers with the new state."""

    def __init__(self) -> None:
        self.size = 0
        self.parties: dict[str, Party] = {}
        self.questions: dict[str, Question] = {}
        self.claims: dict[str, Claim] = {}
        self.pairs: dict[tuple[str, str], Pair] = {}

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
        standing = (c for c in self.claims.values() if not c.withdrawn)
        return next((c.id for c in standing if claims.fingerprint(c.body) == fingerprint), None)

    # --- writing -----------------------------------------------------------------------------------

    def entry(self, event: Event, actor: str = "operator") -> Entry:
        """The entry that an event becomes when it is the next one."""
        at = f"2026-11-24T10:00:{self.size:02d}.000Z"
        self.size += 1
        return Entry(self.size - 1, at, event.kind, event.subject, actor, event.payload)

    def add_party(self, party_id: str, parent: str | None = None, kind: str = "organization") -> Party:
        body = {"id": party_id, "name": party_id.upper(), "kind": kind}
        body |= {"parent": parent} if parent else {}
        return self._folded(self.parties, party_id, parties.evolve, parties.record(body, self))

    def amend_party(self, party_id: str, **changes: Any) -> Party:
        party = self.parties[party_id]
        event = parties.amend(party, patched(party.body, changes), "Why.", self)
        return self._folded(self.parties, party_id, parties.evolve, event)

    def add_question(self, question_id: str, *positions: str, neutral: tuple[str, ...] = ()) -> Question:
        event = questions.record(question_body(question_id, *positions, neutral=neutral), self)
        return self._folded(self.questions, question_id, questions.evolve, event)

    def amend_question(self, question_id: str, **changes: Any) -> Question:
        question = self.questions[question_id]
        event = questions.amend(question, patched(question.body, changes), "Why.")
        return self._folded(self.questions, question_id, questions.evolve, event)

    def add_claim(self, text: str, speaker: str, stances: dict[str, str] | None = None, **more: Any) -> Claim:
        claim_id = more.pop("id", None) or ulid(self.size)
        event = claims.record(claim_body(text, speaker, stances, **more), claim_id, self)
        return self._folded(self.claims, claim_id, claims.evolve, event)

    def amend_claim(self, claim: Claim, **changes: Any) -> Claim:
        current = self.claims[claim.id]
        event = claims.amend(current, patched(current.body, changes), "Why.", self)
        return self._folded(self.claims, claim.id, claims.evolve, event)

    def withdraw(self, claim: Claim) -> Claim:
        event = claims.withdraw(self.claims[claim.id], "A forgery.")
        return self._folded(self.claims, claim.id, claims.evolve, event)

    def publish(self, claim: Claim, rating: str, by: str = DESK, **more: Any) -> Claim:
        """The claim after a verdict, which is its last one."""
        verdict_id = more.pop("id", None) or ulid(self.size)
        body = {"rating": rating, "evidence": [APPEARANCE]} | more
        event = verdicts.publish(self.claims[claim.id], body, verdict_id, by, self)
        return self._folded(self.claims, claim.id, claims.evolve, event, by)

    def retract(self, claim: Claim, verdict_id: str, reviewer: str = DESK) -> Claim:
        event = verdicts.retract(self.claims[claim.id], verdict_id, "It was wrong.", reviewer)
        return self._folded(self.claims, claim.id, claims.evolve, event, reviewer)

    def assess(self, one: Claim, other: Claim, assessment: str, reviewer: str = DESK, **more: Any) -> Pair:
        body = {"claims": [one.id, other.id], "assessment": assessment} | more
        event = contradictions.assess(body, reviewer, self)
        key = contradictions.pair_of(one.id, other.id)
        return self._folded(self.pairs, key, contradictions.evolve, event, reviewer)

    def _folded(
        self,
        states: dict[Any, Any],
        key: Any,
        evolve: Callable[..., Any],
        event: Event,
        actor: str = "operator",
    ) -> Any:
        states[key] = evolve(states.get(key), self.entry(event, actor))
        return states[key]


def patched(body: Body, changes: Body) -> Body:
    """A body with changes; what is None goes."""
    return {name: value for name, value in (body | changes).items() if value is not None}
