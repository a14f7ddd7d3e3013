"""Matching: what is on record that says the same as a sentence, and what the same party said that may contradict it."""

from __future__ import annotations

from collections.abc import Callable

from api import auth, errors, http
from api.domain import claims
from api.domain.entries import Event
from api.domain.record import Record
from api.openapi import Blueprint, documented
from api.reads import matches
from api.reads.matches import Work
from api.reads.matching import Deadline
from api.routes import reading, writing
from api.storage.database import Database
from api.storage.log import Connection
from schemas.claims import ClaimDocument
from schemas.matches import MatchesDocument, MatchSchema, RelationSchema, SimilarDocument, SimilarQuery
from schemas.queries import NoQuery

blueprint = Blueprint("matches", __name__, url_prefix="/v1/claims", description="Has this been said before?")

MATCH, SIMILAR, RELATION, NO_QUERY = MatchSchema(), SimilarQuery(), RelationSchema(), NoQuery()


@blueprint.route("/match", methods=["POST"])
@documented(summary="Match a text", body=MatchSchema, answers={200: MatchesDocument})
def match() -> http.Answer:
    """The claims that may say the same, by whomever, and with a `party` what it said that may contradict the text.

    Nothing is recorded. Up to 100 `texts` can be matched at once. When the time for it runs out the answer is the best
    so far, and `truncated`.
    """
    auth.authenticate()
    http.query(NO_QUERY)
    asked = http.body(MATCH)

    def made(db: Connection) -> bytes:
        return matches.match(db, asked, _work())

    return reading.read(lambda database: _answer(database, made))


@blueprint.route("/<claim_id>/similar")
@documented(
    summary="What is similar to a claim", query=SimilarQuery, answers={200: SimilarDocument}, problems=[errors.NotFound]
)
def similar(claim_id: str) -> http.Answer:
    """What a match of the claim's text gives, the claim itself left out."""
    auth.authenticate()
    asked = http.query(SIMILAR)

    def made(db: Connection) -> bytes:
        return matches.similar(db, claim_id, asked, _work())

    return reading.read(lambda database: _answer(database, made))


@blueprint.route("/<claim_id>/matches", methods=["POST"])
@documented(
    summary="Say what another claim is to a claim",
    body=RelationSchema,
    answers={201: ClaimDocument},
    etag=True,
    headers=["Location"],
    scope="verdicts",
    problems=[errors.NotFound, errors.ClaimWithdrawn, errors.IdempotencyMismatch],
)
def relate(claim_id: str) -> http.Answer:
    """In the name of the token's party, and to both claims; what it said of the two before is replaced. Suggestions
    never confirm themselves."""
    token = auth.require("verdicts")
    body = http.body(RELATION)
    name = f"claim/{claim_id}"

    def decision(known: Record) -> Event:
        claim = writing.found(known.claim(claim_id), name)
        other = known.claim(body["claim"])
        if other is None:
            raise errors.InvalidRequest.of("/claim", f"No claim '{body['claim']}' is on record.", "unknown-claim")
        return claims.match(claim, other, body["relation"])

    return writing.write(token, decision, writing.created(name, f"/v1/claims/{claim_id}"))


def _answer(database: Database, made: Callable[[Connection], bytes]) -> http.Answer:
    with database.snapshot() as db:
        body = made(db)
    return http.answer(body, cache=http.NO_STORE)


def _work() -> Work:
    house = http.house()
    return Work.until(Deadline(house.settings.match_seconds), house.embedder, house.judge)
