"""Parties: the people and organisations that say things."""

from __future__ import annotations

from api import auth, errors, http
from api.domain import parties
from api.interop import feeds
from api.openapi import Blueprint, documented
from api.reads import lists
from api.routes import reading, writing
from schemas.parties import PartiesPage, PartiesQuery, PartyDocument, PartyPatch, PartySchema
from schemas.queries import DocumentQuery

blueprint = Blueprint(
    "parties", __name__, url_prefix="/v1/parties", description="Who says things, and whose words count as whose."
)

PARTY, LIST, DOCUMENT = PartySchema(), PartiesQuery(), DocumentQuery()


@blueprint.route("")
@documented(summary="List parties", query=PartiesQuery, answers={200: PartiesPage}, etag=True, headers=["Link"])
def index() -> http.Answer:
    """In the order in which they were recorded."""
    return reading.listed(LIST, lambda db, asked, at: lists.by_number(db, "parties", asked, at))


@blueprint.route("", methods=["POST"])
@documented(
    summary="Record a party",
    body=PartySchema,
    answers={201: PartyDocument},
    etag=True,
    headers=["Location"],
    scope="claims",
    problems=[errors.IdTaken, errors.IdempotencyMismatch],
)
def record() -> http.Answer:
    """A person, or an organisation and the one above it."""
    token = auth.require("claims")
    body = http.body(PARTY)
    party_id = body["id"]
    return writing.write(
        token,
        lambda known: parties.record(body, known),
        writing.created(f"party/{party_id}", f"/v1/parties/{party_id}"),
    )


@blueprint.route("/<party_id>")
@documented(
    summary="Read a party",
    query=DocumentQuery,
    answers={200: PartyDocument},
    etag=True,
    headers=["Link"],
    problems=[errors.NotFound],
)
def read(party_id: str) -> http.Answer:
    """The party as it stands, or stood `at`."""
    return reading.document(f"party/{party_id}", DOCUMENT, [("Link", feeds.alternates(party=party_id))])


@blueprint.route("/<party_id>", methods=["PATCH"])
@documented(
    summary="Amend a party",
    body=PartyPatch,
    patch=True,
    answers={200: PartyDocument},
    etag=True,
    if_match=True,
    scope="edit",
    problems=[errors.NotFound, errors.RevisionMismatch],
)
def amend(party_id: str) -> http.Answer:
    """With another parent, the claims of the party and of all under it count as those of the new
    organisations above."""
    token = auth.require("edit")
    return writing.amend(token, f"party/{party_id}", PARTY, lambda known: known.party(party_id), parties.amend)
