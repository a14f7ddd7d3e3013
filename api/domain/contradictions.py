"""Contradictions: two claims of one party that take opposing positions, and what reviewers made of them.

That two claims oppose is derived, never stored: it follows from their stances. What is recorded is an assessment.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

from api.domain.claims import Claim, refuse_withdrawn
from api.domain.entries import ERASURE, Entry, Erased, Event
from api.domain.parties import members
from api.domain.record import Body, Record
from api.errors import InvalidRequest

CONFIRMING = ("reversal", "shift")


@dataclass(frozen=True, slots=True)
class Assessment:
    """One reviewer's ruling on whether two claims are consistent; a later one by the same reviewer takes its place."""

    reviewer: str
    body: Body
    recorded_at: str
    erased: Erased | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two claims, ids sorted, with the latest assessment of each reviewer, oldest first."""

    claims: tuple[str, str]
    assessments: tuple[Assessment, ...] = ()
    revision: int | None = None

    @property
    def status(self) -> str:
        """`suggested` until assessed, then what the reviewers agree on, or `disputed`."""
        confirmed = {assessment.body["assessment"] in CONFIRMING for assessment in self.assessments}
        if not confirmed:
            return "suggested"
        if len(confirmed) == 2:
            return "disputed"
        return "confirmed" if confirmed.pop() else "dismissed"


class Opposition(NamedTuple):
    """The question that two claims answer in opposing ways, and the position of each."""

    question: str
    positions: tuple[str, str]


def pair_of(one: str, other: str) -> tuple[str, str]:
    """The key of a pair, the same whichever claim is named first."""
    return (one, other) if one < other else (other, one)


def opposition(one: Claim, other: Claim, known: Record, question: str | None = None) -> Opposition | None:
    """The first question, by id, on which two claims oppose; or that on `question`, if they do."""
    theirs = {stance["question"]: stance["position"] for stance in other.stances}
    for stance in sorted(one.stances, key=lambda stance: str(stance["question"])):
        asked = stance["question"]
        if asked not in theirs or (question is not None and asked != question):
            continue
        state = known.question(asked)
        if state and state.opposes(stance["position"], theirs[asked]):
            return Opposition(asked, (stance["position"], theirs[asked]))
    return None


def assess(body: Body, reviewer: str, known: Record) -> Event:
    """Decide that `reviewer` assesses a pair of claims. Raises ClaimWithdrawn, InvalidRequest.

    Two claims that share no question can be paired by hand, but both must belong to one party: what two parties say
    differently is a dispute, not a contradiction.
    """
    if not known.party(reviewer):
        raise InvalidRequest.of(
            "/reviewer", f"No party '{reviewer}' is recorded: a reviewer is a party.", "unknown-party"
        )
    one, other = (_claim(claim_id, i, known) for i, claim_id in enumerate(body["claims"]))
    shared = {member.party for member in members(one.body["attribution"], known)} & {
        member.party for member in members(other.body["attribution"], known)
    }
    if not shared:
        raise InvalidRequest.of(
            "/claims", "The two claims belong to no common party: pair claims of one party.", "no-party"
        )
    found = opposition(one, other, known, body.get("question"))
    if found is None and "question" in body:
        detail = f"The two claims do not oppose each other on '{body['question']}': leave it out to pair them by hand."
        raise InvalidRequest.of("/question", detail, "not-opposing")
    claims = pair_of(one.id, other.id)
    payload = body | {"claims": list(claims), "reviewer": reviewer}
    if found:
        payload["question"] = found.question
    return Event("contradiction.assessed", f"contradiction/{claims[0]}:{claims[1]}", payload)


def evolve(pair: Pair | None, entry: Entry) -> Pair:
    """The pair after one assessment, or after the erasure of one."""
    payload = entry.payload
    if pair is not None and entry.kind == ERASURE:
        return replace(pair, revision=entry.index)
    pair = pair or Pair(pair_of(*payload["claims"]))
    others = tuple(known for known in pair.assessments if known.reviewer != payload["reviewer"])
    new = Assessment(payload["reviewer"], payload, entry.recorded_at, entry.erased)
    return replace(pair, assessments=(*others, new), revision=entry.index)


def _claim(claim_id: str, position: int, known: Record) -> Claim:
    claim = known.claim(claim_id)
    if claim is None:
        detail = f"No claim '{claim_id}' is recorded."
        raise InvalidRequest.of(f"/claims/{position}", detail, "unknown-claim")
    refuse_withdrawn(claim)
    return claim
