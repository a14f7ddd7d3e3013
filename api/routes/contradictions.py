"""Contradictions: where a party opposes itself, and what reviewers made of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from api import auth, errors, http
from api.domain import contradictions as domain
from api.domain.entries import Entry
from api.openapi import Blueprint, documented
from api.reads import contradictions
from api.routes import reading, writing
from api.routes.writing import Reply
from api.storage.log import Connection
from schemas.contradictions import (
    EXAMPLE,
    AssessmentSchema,
    ContradictionDocument,
    ContradictionsPage,
    ContradictionsQuery,
)
from schemas.queries import DocumentQuery

blueprint = Blueprint(
    "contradictions", __name__, url_prefix="/v1/contradictions", description="Where a party opposes itself."
)

ASSESSMENT, LIST, DOCUMENT = AssessmentSchema(), ContradictionsQuery(), DocumentQuery()


@blueprint.route("")
@documented(
    summary="List contradictions",
    query=ContradictionsQuery,
    answers={200: ContradictionsPage},
    etag=True,
    headers=["Link"],
)
def index() -> http.Answer:
    """Every pair of claims of one party with opposing positions on one question, and the pairs that
    reviewers made by hand.

    They come by question, positions and dates. A page may be short, or empty, and still have a next one.
    """
    return reading.listed(LIST, contradictions.listing)


@blueprint.route("", methods=["POST"])
@documented(
    summary="Assess a contradiction",
    body=AssessmentSchema,
    example=EXAMPLE,
    answers={201: ContradictionDocument},
    headers=["Location"],
    scope="verdicts",
    problems=[errors.ClaimWithdrawn, errors.IdempotencyMismatch],
)
def assess() -> http.Answer:
    """In the name of the token's party; a later assessment by the same reviewer takes the place of the earlier one."""
    token = auth.require("verdicts")
    body = http.body(ASSESSMENT)
    return writing.write(token, lambda known: domain.assess(body, token.party, known), _assessed)


@blueprint.route("/<earlier>~<later>")
@documented(
    summary="Read a contradiction",
    query=DocumentQuery,
    answers={200: ContradictionDocument},
    etag=True,
    problems=[errors.NotFound],
)
def read(earlier: str, later: str) -> http.Answer:
    """Two claims side by side, whichever is named first."""

    def rendered(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
        return contradictions.one(db, earlier, later, at)

    return reading.derived(DOCUMENT, rendered)


def _assessed(db: Connection, entry: Entry) -> Reply:
    one, other = entry.payload["claims"]
    body = contradictions.one(db, one, other, None)
    identifier = body[body.index(b'"id":"') + 6 :].split(b'"')[0].decode()
    return Reply(201, [("Location", f"/v1/contradictions/{identifier}")], body)
