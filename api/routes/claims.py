"""Claims: words on record, their history, and what they contradict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ulid import ULID

from api import auth, drafts, errors, http
from api.domain import claims
from api.domain.entries import Entry, Event
from api.domain.record import Record, Stamp
from api.openapi import Blueprint, documented
from api.reads import contradictions, duplicates, histories, lists
from api.routes import embedding, reading, writing
from api.storage.log import Connection
from schemas.claims import (
    EXAMPLE,
    ClaimDocument,
    ClaimPatch,
    ClaimQuery,
    ClaimRecorded,
    ClaimSchema,
    ClaimsPage,
    ClaimsQuery,
    HistoryPage,
    HistoryQuery,
    WithdrawalSchema,
)
from schemas.contradictions import ClaimContradictionsQuery, ContradictionsPage

blueprint = Blueprint("claims", __name__, url_prefix="/v1/claims", description="What was said, word for word.")

CLAIM, LIST, DOCUMENT, HISTORY = ClaimSchema(), ClaimsQuery(), ClaimQuery(), HistoryQuery()
WITHDRAWAL, CONTRADICTIONS = WithdrawalSchema(), ClaimContradictionsQuery()


@blueprint.route("")
@documented(summary="List or search claims", query=ClaimsQuery, answers={200: ClaimsPage}, etag=True, headers=["Link"])
def index() -> http.Answer:
    """Claims that pass all filters, newest first, or with `q` best first and each with a `snippet`.

    A date filter takes what is certainly inside it. `truncated` says that a search had more matches than are ranked.
    """
    return reading.listed(LIST, lists.claims)


@blueprint.route("", methods=["POST"])
@documented(
    summary="Record a claim",
    body=ClaimSchema,
    example=EXAMPLE,
    answers={201: ClaimRecorded},
    etag=True,
    headers=["Location"],
    scope="claims",
    problems=[errors.DuplicateClaim, errors.IdTaken, errors.IdempotencyMismatch],
)
def record() -> http.Answer:
    """The same words by the same speaker on the same date are refused with the address of the claim that has them. What
    else may be the same is named under `matches`."""
    token, house = auth.require("claims"), http.house()
    body = http.body(CLAIM)
    claim_id = body.get("id") or str(ULID())
    drafted = drafts.draft(body, claim_id)
    likely = duplicates.listed(house.database.reader(), body["text"], house.common)

    def answering(db: Connection, entry: Entry) -> writing.Reply:
        stamp = Stamp.first(entry)
        headers = [("Location", f"/v1/claims/{claim_id}"), ("ETag", http.etag(stamp.revision))]
        return writing.Reply(201, headers, drafts.document(drafted, stamp)[:-1] + b',"matches":' + likely + b"}")

    kept = embedding.kept(f"claim/{claim_id}", body, answering)
    return writing.write(token, drafts.recording(drafted, body), kept, drafted)


@blueprint.route("/<claim:claim_id>")
@documented(
    summary="Read a claim", query=ClaimQuery, answers={200: ClaimDocument}, etag=True, problems=[errors.NotFound]
)
def read(claim_id: str) -> http.Answer:
    """The claim as it stands, or stood `at`, with every verdict on it."""
    return reading.document(f"claim/{claim_id}", DOCUMENT)


@blueprint.route("/<claim:claim_id>", methods=["PATCH"])
@documented(
    summary="Correct a claim",
    body=ClaimPatch,
    patch=True,
    answers={200: ClaimDocument},
    etag=True,
    if_match=True,
    scope="edit",
    problems=[errors.NotFound, errors.RevisionMismatch, errors.ClaimWithdrawn, errors.DuplicateClaim],
)
def amend(claim_id: str) -> http.Answer:
    """Verdicts on other words than the claim has afterwards are stale until their reviewers affirm or replace them."""
    token = auth.require("edit")
    name = f"claim/{claim_id}"
    return writing.amend(token, name, CLAIM, lambda known: known.claim(claim_id), claims.amend, embedding.kept)


@blueprint.route("/<claim_id>/withdrawal", methods=["POST"])
@documented(
    summary="Withdraw a claim",
    body=WithdrawalSchema,
    answers={200: ClaimDocument},
    etag=True,
    if_match=True,
    scope="edit",
    problems=[errors.NotFound, errors.RevisionMismatch, errors.ClaimWithdrawn, errors.IdempotencyMismatch],
)
def withdraw(claim_id: str) -> http.Answer:
    """It stays on record as withdrawn, and counts in no timeline and no contradiction."""
    token = auth.require("edit")
    revision = http.required_revision()
    reason = http.body(WITHDRAWAL)["reason"]
    name = f"claim/{claim_id}"

    def decision(known: Record) -> Event:
        claim = writing.found(known.claim(claim_id), name)
        claims.refuse_withdrawn(claim)
        writing.check_revision(revision, claim.stamp.revision)
        return claims.withdraw(claim, reason)

    return writing.write(token, decision, embedding.let_go(name, writing.changed(name)))


@blueprint.route("/<claim_id>/history")
@documented(
    summary="Every version of a claim",
    query=HistoryQuery,
    answers={200: HistoryPage},
    etag=True,
    headers=["Link"],
    problems=[errors.NotFound],
)
def history(claim_id: str) -> http.Answer:
    """Each entry that changed the claim, oldest first, with the claim as it stood after it."""
    name = f"claim/{claim_id}"
    return reading.listed(HISTORY, lambda db, asked, at: histories.page(db, reading.exists(db, name, at), asked, at))


@blueprint.route("/<claim_id>/contradictions")
@documented(
    summary="What a claim contradicts",
    query=ClaimContradictionsQuery,
    answers={200: ContradictionsPage},
    etag=True,
    headers=["Link"],
    problems=[errors.NotFound],
)
def contradicted(claim_id: str) -> http.Answer:
    """The contradictions that the claim is one side of. A page may be short and still have a next one."""

    def listing(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
        reading.exists(db, f"claim/{claim_id}", at)
        return contradictions.listing(db, {**asked, "claim": claim_id}, at)

    return reading.listed(CONTRADICTIONS, listing)
