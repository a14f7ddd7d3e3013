"""Taking a review in that was published elsewhere: whose claim it is about, which claim on record that is, and the
verdict that it gives. Every format that reviews come in ends here.

`prepare` is pure and is done before the turn. `take` is done in a turn: it finds the parties and the claim, or records
them, and publishes the verdict, all of it or nothing. A review that was taken in before is known again by its address
and its words, so it can be taken in any number of times.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Literal, NamedTuple

from ulid import ULID

from api.domain import claims, parties, reviewed, verdicts
from api.domain.claims import Claim, fingerprint
from api.domain.entries import Event
from api.domain.record import Body, Record
from api.domain.verdicts import Verdict
from api.errors import Forbidden, Refusal, VerdictStanding
from api.history import History
from api.interop import whose
from api.interop.whose import Found, Importer, Named
from api.ledger import Decision, Turn
from schemas import ratings
from schemas.claims import ClaimSchema
from schemas.dates import bounds
from schemas.verdicts import ReviewVerdictSchema
from schemas.vocabulary import UNKNOWN_PARTY_ID

# What a verdict has to say anew for the review to have changed. The original may change in what nobody reads.
SAID = ("rating", "label", "explanation", "title", "author", "reviewed_on", "language")

CLAIM, VERDICT = ClaimSchema(), ReviewVerdictSchema()

# A number on a scale, its worst and its best, as they were written.
Scale = tuple[str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Review:
    """A review as its publisher has it, in plain text and the record's dates (EDTF, None where nothing is known).

    `url` is its address, `text` the claim that it is about, `claimant` who made that, None where nobody says.
    `label` is the rating in the publisher's words, `scale` the number with the worst and the best of its scale (texts).
    `appearances` are where the claim was found, as the body of a claim has them. `original` is the JSON that it came
    in; `members` are further members of the verdict's payload, which are kept and not shown.
    """

    text: str
    url: str
    claimant: Named | None = None
    role: str | None = None
    claimed_on: str | None = None
    appearances: tuple[Body, ...] = ()
    publisher: Named | None = None
    label: str | None = None
    scale: Scale = (None, None, None)
    title: str | None = None
    author: str | None = None
    explanation: str | None = None
    reviewed_on: str | None = None
    language: str | None = None
    original: str | None = None
    members: Mapping[str, Any] = field(default_factory=dict)


class Prepared(NamedTuple):
    """A review that can be taken in: the bodies of its claim, whose speaker is yet to be found, and of its verdict."""

    review: Review
    claim: Body
    verdict: Body


Outcome = Literal["created", "matched", "superseded", "already"]


class Taken(NamedTuple):
    """What came of a review: `created` (a claim and a verdict), `matched` (a verdict on a claim that is on record),
    `superseded` (a verdict in place of the reviewer's earlier one) or `already` (nothing was new)."""

    outcome: Outcome
    claim: str
    verdict: str


def prepare(review: Review) -> Prepared:
    """Work out what can be worked out before the turn. Raises ValidationError, by the fields of a claim or verdict."""
    publisher = review.publisher
    rated = ratings.rate(
        review.label,
        [publisher.name] if publisher and publisher.name else [],
        [review.url, *(publisher.urls if publisher else ())],
        review.scale,
    )
    found_in = {"url": review.url, "title": review.title, "publisher": publisher.name if publisher else None}
    claim = CLAIM.load(
        {
            "text": review.text,
            # A reviewer's summary of what was said, unless somebody looks at the source.
            "wording": "indirect",
            "language": review.language,
            "attribution": {"speaker": UNKNOWN_PARTY_ID, "role": review.role},
            "stated_on": review.claimed_on,
            # Where nobody says where it was found, it was found in the review.
            "appearances": list(review.appearances) or [{**found_in, "published_on": review.reviewed_on}],
        }
    )
    verdict = VERDICT.load(
        {
            "rating": rated.rating,
            "label": review.label,
            "explanation": review.explanation,
            "evidence": [{**found_in, "author": review.author, "published_on": review.reviewed_on}],
            "url": review.url,
            "title": review.title,
            "author": review.author,
            "reviewed_on": review.reviewed_on,
            "language": review.language,
        }
    )
    kept = {"original": review.original} if review.original is not None else {}
    taken = {"rating": rated.rating, "mapping": rated.mapping, "review": _key(review), **kept, **review.members}
    return Prepared(review, claim, verdict | taken)


def take(turn: Turn, prepared: Prepared, importer: Importer) -> Taken:
    """Take a review in, within a turn. A Refusal means that nothing was appended."""
    known, review = turn.history, prepared.review
    reviewer = whose.reviewer(known, review.publisher, review.url, importer)
    claim, before = _known_again(known, prepared.verdict["review"], reviewer.id)
    if claim and before and _says(before, prepared.verdict):
        return Taken("already", claim.id, before.id)
    found = [reviewer]
    body = prepared.claim
    if claim is None:
        speaker = whose.speaker(known, review.claimant, reviewer)
        found.append(speaker)
        body = _said_by(body, speaker)
        claim = _same_claim(known, body)
    verdict = _by(prepared.verdict, reviewer, importer)
    standing = _standing(claim, reviewer.id)
    if claim and standing:
        if _was_published_here(standing, verdict):
            return Taken("already", claim.id, standing.id)
        _supersede(standing, verdict)
    return _append(turn, importer.actor, found, claim or body, verdict, reviewer.id)


def publish(turn: Turn, prepared: Prepared, importer: Importer, may_record: bool = True) -> Taken:
    """Publish a review as its publisher wants it to be from now on, within a turn: on the claim that it says, whatever
    was taken in of it before, and in place of the reviewer's standing verdict on that claim.

    `may_record`: a claim that is not on record may be recorded; else it is refused (Forbidden). A Refusal means that
    nothing was appended.
    """
    known = turn.history
    reviewer = whose.reviewer(known, prepared.review.publisher, prepared.review.url, importer)
    speaker = whose.speaker(known, prepared.review.claimant, reviewer)
    body = _said_by(prepared.claim, speaker)
    claim = _same_claim(known, body)
    if claim is None and not may_record:
        raise Forbidden("The claim is not on record, and the token lacks the scope 'claims' to record it.")
    verdict = _by(prepared.verdict, reviewer, importer)
    standing = _standing(claim, reviewer.id)
    if standing:
        _supersede(standing, verdict)
    return _append(turn, importer.actor, [reviewer, speaker], claim or body, verdict, reviewer.id)


def _said_by(body: Body, speaker: Found) -> Body:
    return body | {"attribution": body["attribution"] | {"speaker": speaker.id}}


def _by(verdict: Body, reviewer: Found, importer: Importer) -> Body:
    return verdict | ({} if reviewer.id == importer.actor else {"imported_by": importer.actor})


def _supersede(standing: Verdict, verdict: Body) -> None:
    _check_superseding(standing, verdict)
    verdict["supersedes"] = standing.id


def _key(review: Review) -> str:
    """By what a review is known again: its address, and the words of the claim but for case, spacing and quotation
    marks, since one page can have several reviews."""
    return sha256(f"{review.url}\n{claims.comparable(review.text)}".encode()).hexdigest()[:32]


def _known_again(known: History, key: str, reviewer: str) -> tuple[Claim | None, Verdict | None]:
    """The claim that a review was taken in on, whatever became of that since, and the last verdict from it."""
    for claim in known.reviewed_by(key):
        mine = [one for one in claim.verdicts if one.review == key and one.reviewer == reviewer]
        if mine:
            return claim, mine[-1]
    return None, None


def _same_claim(known: History, body: Body) -> Claim | None:
    twin = known.twin(fingerprint(body))
    return known.claim(twin) if twin else None


def _standing(claim: Claim | None, reviewer: str) -> Verdict | None:
    if claim is None:
        return None
    claims.refuse_withdrawn(claim)
    return next((one for one in claim.standing if one.reviewer == reviewer), None)


def _says(verdict: Verdict, body: Body) -> bool:
    return all(verdict.body.get(name) == body.get(name) for name in SAID)


def _was_published_here(standing: Verdict, body: Body) -> bool:
    """Whether the reviewer published this very review by hand, with a rating that the mapping does not know better."""
    by_hand = standing.review is None and standing.body.get("url") == body["url"]
    return by_hand and body["rating"] in (None, standing.rating)


def _check_superseding(standing: Verdict, body: Body) -> None:
    """Refuse to put a review in place of a verdict that may be the later one, or that others must not replace."""
    if "imported_by" in body and "imported_by" not in standing.body:
        raise Forbidden(
            f"'{standing.reviewer}' has published a verdict on this claim by itself, {standing.id}: only its own token"
            " can replace that."
        )
    same_page = reviewed.page_url(standing.body.get("url", "")) == reviewed.page_url(body["url"])
    if standing.review == body["review"] or same_page:
        return
    before, now = standing.body.get("reviewed_on"), body.get("reviewed_on")
    if before is None or now is None or bounds(now).earliest <= bounds(before).latest:
        raise VerdictStanding(
            f"Another verdict of '{standing.reviewer}' on the same claim stands, {standing.id}, and this review is not"
            " dated later: retract that one first if this is the one that counts.",
            members={"existing": f"/v1/verdicts/{standing.id}"},
        )


def _append(turn: Turn, actor: str, found: list[Found], on: Claim | Body, verdict: Body, reviewer: str) -> Taken:
    claim_id, verdict_id = on.id if isinstance(on, Claim) else str(ULID()), str(ULID())
    decisions = [_party(body) for body in {party.id: party.body for party in found}.values() if body]
    if isinstance(on, dict):
        decisions.append(lambda known: claims.record(on, claim_id, known))

    def publish(known: Record) -> Event:
        claim = known.claim(claim_id)
        if claim is None:
            raise LookupError(f"claim {claim_id} was recorded in this very turn and is not there")
        return verdicts.publish(claim, verdict, verdict_id, reviewer, known)

    size = turn.head.size
    try:
        for decision in (*decisions, publish):
            turn.append(decision, actor)
    except Refusal as refusal:
        if turn.head.size != size:
            raise RuntimeError("a review was refused after a part of it was recorded") from refusal
        raise
    outcome: Outcome = "superseded" if "supersedes" in verdict else "matched" if isinstance(on, Claim) else "created"
    return Taken(outcome, claim_id, verdict_id)


def _party(body: Body) -> Decision:
    return lambda known: parties.record(body, known)
