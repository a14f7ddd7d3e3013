"""Verdicts: what a reviewer ruled on a claim. They are superseded or retracted, never overwritten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from api.domain.entries import ERASURE, Entry, Erased, Event
from api.domain.parties import taken
from api.domain.record import Body, Record, last_of
from api.errors import AlreadyRetracted, ClaimChanged, FieldError, Forbidden, InvalidRequest, VerdictStanding

if TYPE_CHECKING:
    from api.domain.claims import Claim

# The payload's fields that are kept beside the body: who ruled, and on which words.
RULING = ("claim", "reviewer", "claim_revision", "text_sha256")

# What erased words are known as begins with this; the number of the entry that first had them follows.
GONE = "erased/"


@dataclass(frozen=True, slots=True)
class Retraction:
    """Why and when a verdict was taken back."""

    reason: str
    at: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """A verdict as it stands. `claim_revision` and `judged` (see `Claim.words`) say which words it judged."""

    id: str
    claim: str
    reviewer: str
    body: Body
    claim_revision: int
    judged: str
    recorded_at: str
    revision: int
    superseded_by: str | None = None
    retraction: Retraction | None = None
    erased: Erased | None = None

    @property
    def text_sha256(self) -> str | None:
        return digest(self.judged)

    @property
    def rating(self) -> str | None:
        """None where the label of a review that was taken in has no rating (see `schemas.ratings`): it counts for no
        status."""
        rating: str | None = self.body["rating"]
        return rating

    @property
    def review(self) -> str | None:
        """By what the review that this verdict was taken from is known again; None where it was published here."""
        return self.body.get("review")

    @property
    def status(self) -> str:
        if self.retraction:
            return "retracted"
        return "superseded" if self.superseded_by else "standing"


def publish(claim: Claim, body: Body, verdict_id: str, reviewer: str, known: Record) -> Event:
    """Decide that `reviewer` publishes a verdict on a claim that is not withdrawn (see `claims.refuse_withdrawn`).

    Only a body that names the `mapping` from the published label to the rating may have no rating, where that knows of
    none. Raises InvalidRequest, Forbidden for another reviewer's name, IdTaken, ClaimChanged where the words are
    no longer those of `claim_revision`, VerdictStanding where the reviewer's own standing verdict is not
    superseded by this one.
    """
    if not known.party(reviewer):
        raise InvalidRequest.of(
            "/reviewer", f"No party '{reviewer}' is recorded: a reviewer is a party.", "unknown-party"
        )
    if body.get("rating") is None and "mapping" not in body:
        raise InvalidRequest.of("/rating", "Give 'rating': only a label that was taken over may have none.", "required")
    if body.get("reviewer", reviewer) != reviewer:
        raise _not_yours(body["reviewer"], reviewer)
    if known.claim_of_verdict(verdict_id):
        raise taken("verdict", verdict_id, f"/v1/verdicts/{verdict_id}")
    judged = body.get("claim_revision", claim.stamp.revision)
    _check_judged(claim, judged)
    _check_superseded(claim, body.get("supersedes"), reviewer)
    ruling = {
        "id": verdict_id,
        "claim": claim.id,
        "reviewer": reviewer,
        "claim_revision": judged,
    }
    if claim.text_sha256 is not None:
        ruling["text_sha256"] = claim.text_sha256
    return Event("verdict.published", f"verdict/{verdict_id}", body | ruling)


def retract(claim: Claim, verdict_id: str, reason: str, reviewer: str) -> Event:
    """Decide that `reviewer` takes back the verdict. Raises Forbidden, AlreadyRetracted."""
    verdict = find(claim, verdict_id)
    if verdict.reviewer != reviewer:
        raise _not_yours(verdict.reviewer, reviewer)
    if verdict.status != "standing":
        raise AlreadyRetracted(
            f"Verdict {verdict_id} is {verdict.status} and no longer stands: there is nothing to retract."
        )
    return Event("verdict.retracted", f"verdict/{verdict_id}", {"claim": claim.id, "reason": reason})


def with_verdict_entry(verdicts: tuple[Verdict, ...], entry: Entry, words: str) -> tuple[Verdict, ...]:
    """A claim's verdicts after an entry about one of them. `words` are those that the claim has (`Claim.words`)."""
    verdict_id = entry.subject.removeprefix("verdict/")
    if entry.kind != "verdict.published":
        change = _erased if entry.kind == ERASURE else _retracted
        return tuple(change(verdict, entry) if verdict.id == verdict_id else verdict for verdict in verdicts)
    superseded = entry.payload.get("supersedes")
    older = tuple(
        replace(verdict, superseded_by=verdict_id, revision=entry.index) if verdict.id == superseded else verdict
        for verdict in verdicts
    )
    return (*older, _published(entry, verdict_id, words))


def claim_of(entry: Entry) -> str:
    """The id of the claim that an entry about a verdict concerns."""
    payload = entry.payload["entries"][0]["payload"] if entry.kind == ERASURE else entry.payload
    return str(payload["claim"])


def digest(words: str) -> str | None:
    """The SHA-256 of words by what they are known as (`Claim.words`); None where they were erased."""
    return None if words.startswith(GONE) else words


def find(claim: Claim, verdict_id: str) -> Verdict:
    """The verdict of a claim that has this id; it is there, since the claim was looked up by it."""
    return next(verdict for verdict in claim.verdicts if verdict.id == verdict_id)


def _retracted(verdict: Verdict, entry: Entry) -> Verdict:
    retraction = Retraction(entry.payload["reason"], entry.recorded_at)
    return replace(verdict, retraction=retraction, revision=entry.index, erased=last_of(verdict.erased, entry.erased))


def _erased(verdict: Verdict, entry: Entry) -> Verdict:
    return replace(verdict, revision=entry.index)


def _published(entry: Entry, verdict_id: str, words: str) -> Verdict:
    payload = entry.payload
    return Verdict(
        id=verdict_id,
        claim=payload["claim"],
        reviewer=payload["reviewer"],
        body={name: value for name, value in payload.items() if name not in RULING},
        claim_revision=payload["claim_revision"],
        # It was made in one turn with the look at the claim, so these are the words whose hash is in the payload.
        judged=words,
        recorded_at=entry.recorded_at,
        revision=entry.index,
        erased=entry.erased,
    )


def _check_judged(claim: Claim, judged: int) -> None:
    if judged < claim.text_revision:
        raise ClaimChanged(
            f"The claim's words changed at revision {claim.text_revision}, after revision {judged} that was judged: "
            f"read {claim.url} again and judge what it says now.",
            members={"existing": claim.url},
        )
    if judged > claim.stamp.revision:
        raise InvalidRequest.of(
            "/claim_revision",
            f"The claim has no revision {judged}: its current one is {claim.stamp.revision}.",
            "unknown-revision",
        )


def _check_superseded(claim: Claim, supersedes: str | None, reviewer: str) -> None:
    own = next((verdict for verdict in claim.standing if verdict.reviewer == reviewer), None)
    if supersedes is None:
        if own:
            raise VerdictStanding(
                f"Your verdict {own.id} on this claim stands: name it in 'supersedes', or retract it first.",
                errors=[
                    FieldError("/supersedes", f"Set it to '{own.id}' to replace your standing verdict.", "required")
                ],
                members={"existing": f"/v1/verdicts/{own.id}"},
            )
        return
    earlier = next((verdict for verdict in claim.verdicts if verdict.id == supersedes), None)
    if earlier is None:
        raise InvalidRequest.of(
            "/supersedes", f"The claim has no verdict '{supersedes}': name one of its own.", "unknown-verdict"
        )
    if earlier.reviewer != reviewer:
        raise _not_yours(earlier.reviewer, reviewer)
    if earlier.status != "standing":
        raise AlreadyRetracted(f"Verdict {supersedes} is {earlier.status}: only one that stands can be superseded.")


def _not_yours(owner: str, reviewer: str) -> Forbidden:
    return Forbidden(
        f"'{reviewer}' cannot publish, replace or retract in the name of '{owner}': use a token of that reviewer.",
        errors=[FieldError("/reviewer", f"Leave it out, or set it to '{reviewer}'.", "not-yours")],
    )
