"""Verdicts: what reviewers ruled on claims."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ulid import ULID

from api import auth, errors, http
from api.domain import claims, verdicts
from api.domain.entries import Event
from api.domain.record import Record
from api.openapi import Blueprint, documented
from api.reads import lists
from api.routes import reading, writing
from api.storage.log import Connection
from schemas.queries import DocumentQuery
from schemas.verdicts import (
    EXAMPLE,
    RetractionSchema,
    VerdictDocument,
    VerdictSchema,
    VerdictsPage,
    VerdictsQuery,
)

blueprint = Blueprint("verdicts", __name__, url_prefix="/v1", description="What reviewers ruled on claims.")

VERDICT, RETRACTION, LIST, DOCUMENT = VerdictSchema(), RetractionSchema(), VerdictsQuery(), DocumentQuery()


@blueprint.route("/claims/<claim_id>/verdicts")
@documented(
    summary="The verdicts on a claim",
    query=VerdictsQuery,
    answers={200: VerdictsPage},
    etag=True,
    headers=["Link"],
    problems=[errors.NotFound],
)
def index(claim_id: str) -> http.Answer:
    """All of them, oldest first: standing, superseded and retracted."""

    def listing(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
        reading.exists(db, f"claim/{claim_id}", at)
        return lists.by_number(db, f"verdicts={claim_id}", asked, at)

    return reading.listed(LIST, listing)


@blueprint.route("/claims/<claim_id>/verdicts", methods=["POST"])
@documented(
    summary="Publish a verdict",
    body=VerdictSchema,
    example=EXAMPLE,
    answers={201: VerdictDocument},
    etag=True,
    headers=["Location"],
    scope="verdicts",
    problems=[
        errors.NotFound,
        errors.IdTaken,
        errors.ClaimWithdrawn,
        errors.ClaimChanged,
        errors.VerdictStanding,
        errors.AlreadyRetracted,
        errors.IdempotencyMismatch,
    ],
)
def publish(claim_id: str) -> http.Answer:
    """In the name of the token's party, on the words that the claim has. A correction names the verdict that
    it `supersedes`."""
    token = auth.require("verdicts")
    body = http.body(VERDICT)
    verdict_id = body.get("id") or str(ULID())

    def decision(known: Record) -> Event:
        claim = writing.found(known.claim(claim_id), f"claim/{claim_id}")
        claims.refuse_withdrawn(claim)
        return verdicts.publish(claim, body, verdict_id, token.party, known)

    return writing.write(token, decision, writing.created(f"verdict/{verdict_id}", f"/v1/verdicts/{verdict_id}"))


@blueprint.route("/verdicts/<verdict_id>")
@documented(
    summary="Read a verdict", query=DocumentQuery, answers={200: VerdictDocument}, etag=True, problems=[errors.NotFound]
)
def read(verdict_id: str) -> http.Answer:
    """The verdict as it stands, or stood `at`."""
    return reading.document(f"verdict/{verdict_id}", DOCUMENT)


@blueprint.route("/verdicts/<verdict_id>/retraction", methods=["POST"])
@documented(
    summary="Retract a verdict",
    body=RetractionSchema,
    answers={200: VerdictDocument},
    etag=True,
    scope="verdicts",
    problems=[errors.NotFound, errors.AlreadyRetracted, errors.IdempotencyMismatch],
)
def retract(verdict_id: str) -> http.Answer:
    """Only its own reviewer can. It stays on record as retracted, with the reason."""
    token = auth.require("verdicts")
    reason = http.body(RETRACTION)["reason"]
    name = f"verdict/{verdict_id}"

    def decision(known: Record) -> Event:
        claim = writing.found(known.claim_of_verdict(verdict_id), name)
        return verdicts.retract(claim, verdict_id, reason, token.party)

    return writing.write(token, decision, writing.changed(name))
