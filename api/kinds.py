"""The kinds of bodies that an import can hold: how each is checked, what is decided, and what on record is the same.

What is on record already is not refused, so that an import can be repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from ulid import ULID

from api.domain import claims, contradictions, parties, questions, verdicts
from api.domain.entries import Entry, Event
from api.domain.parties import Party
from api.domain.questions import Question
from api.domain.record import Body, Record
from api.errors import DuplicateClaim, IdTaken, NotFound, Refusal, VerdictStanding
from api.history import History
from api.ledger import Decision
from api.storage import log
from schemas.base import Schema
from schemas.claims import ClaimSchema
from schemas.contradictions import AssessmentSchema
from schemas.fields import Ulid
from schemas.parties import PartySchema
from schemas.questions import QuestionSchema
from schemas.verdicts import VerdictSchema

Already = Callable[[History, Body, str, Refusal], bool]


@dataclass(frozen=True)
class Kind:
    """A kind of body: how it is checked, what is decided, and whether something on record is the same."""

    schema: Schema
    decide: Callable[[Body, str], Decision]
    already: Already
    subject: Callable[[Body], str]
    needs_reviewer: bool = False
    before: Callable[[History, Body, str], bool] = field(default=lambda history, body, actor: False)


class VerdictLine(VerdictSchema):
    """A verdict as a file has it: the body of the POST, and the claim that stands in its address."""

    claim = Ulid("The claim that it rules on.", required=True)


def _record_claim(body: Body, actor: str) -> Decision:
    return lambda known: claims.record(body, body["id"], known)


def _same_claim(history: History, body: Body, actor: str, refusal: Refusal) -> bool:
    if isinstance(refusal, DuplicateClaim):
        return True
    return isinstance(refusal, IdTaken) and _first(history, f"claim/{body['id']}").payload == body


def _record_party(body: Body, actor: str) -> Decision:
    return lambda known: parties.record(body, known)


def _record_question(body: Body, actor: str) -> Decision:
    return lambda known: questions.record(body, known)


def _same(kind: str, state_of: Callable[[History, str], Party | Question | None]) -> Already:
    """Whether the party or question with the same id says the same, as it stands or as it was first recorded."""

    def already(history: History, body: Body, actor: str, refusal: Refusal) -> bool:
        if not isinstance(refusal, IdTaken):
            return False
        state = state_of(history, body["id"])
        return body in (state.body if state else None, _first(history, f"{kind}/{body['id']}").payload)

    return already


def _publish(body: Body, actor: str) -> Decision:
    ruling = {name: value for name, value in body.items() if name != "claim"}
    verdict_id = body.get("id") or str(ULID())

    def decision(known: Record) -> Event:
        claim = known.claim(body["claim"])
        if claim is None:
            raise NotFound.of(f"claim/{body['claim']}")
        claims.refuse_withdrawn(claim)
        return verdicts.publish(claim, ruling, verdict_id, actor, known)

    return decision


def _same_verdict(history: History, body: Body, actor: str, refusal: Refusal) -> bool:
    """The verdict with the same id says the same, or, where the file gives no id, one of the same reviewer does."""
    if isinstance(refusal, IdTaken):
        return _says(_first(history, f"verdict/{body['id']}").payload, body, actor)
    if not isinstance(refusal, VerdictStanding) or "id" in body:
        return False
    claim = history.claim(body["claim"])
    published = [_first(history, f"verdict/{verdict.id}").payload for verdict in claim.verdicts] if claim else []
    return any(_says(payload, body, actor) for payload in published)


def _says(payload: Body, body: Body, actor: str) -> bool:
    given = body | {"reviewer": actor}
    filled_in = {"id", "claim_revision", "text_sha256"} - given.keys()
    return {name: value for name, value in payload.items() if name not in filled_in} == given


def _assess(body: Body, actor: str) -> Decision:
    return lambda known: contradictions.assess(body, actor, known)


def _same_assessment(history: History, body: Body, actor: str) -> bool:
    """Whether the reviewer has ever made this very assessment; one that was changed since stays changed."""
    number = history.number(_pair(body))
    given = body | {"claims": sorted(body["claims"]), "reviewer": actor}
    for entry in log.history(history.db, number) if number else ():
        filled_in = {"question"} - given.keys()
        if {name: value for name, value in entry.payload.items() if name not in filled_in} == given:
            return True
    return False


def _pair(body: Body) -> str:
    return "contradiction/" + ":".join(contradictions.pair_of(*body["claims"]))


def _first(history: History, subject: str) -> Entry:
    """The entry that first named a subject, which is on record."""
    number = history.number(subject)
    first = next(log.sealed_entries(history.db, (number or 0) - 1, number))
    return log.opened(first)


KINDS = {
    "parties": Kind(PartySchema(), _record_party, _same("party", History.party), lambda body: f"party/{body['id']}"),
    "questions": Kind(
        QuestionSchema(), _record_question, _same("question", History.question), lambda body: f"question/{body['id']}"
    ),
    "claims": Kind(ClaimSchema(), _record_claim, _same_claim, lambda body: f"claim/{body['id']}"),
    "verdicts": Kind(VerdictLine(), _publish, _same_verdict, lambda body: f"verdict/{body.get('id')}", True),
    "assessments": Kind(
        AssessmentSchema(), _assess, lambda *_: False, _pair, needs_reviewer=True, before=_same_assessment
    ),
}
