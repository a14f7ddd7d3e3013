"""Reviews that were published elsewhere, taken in."""

from __future__ import annotations

from collections import Counter
from typing import Any

import orjson

from api import auth, http
from api.errors import FieldError, InvalidRequest, Refusal
from api.interop import claimreview_in, reviews
from api.interop.claimreview_in import Item, Refused
from api.interop.reviews import Prepared, Taken
from api.interop.whose import Importer
from api.ledger import Turn
from api.openapi import Blueprint, documented
from api.problems import problem_of
from api.routes import writing
from api.routes.writing import Reply
from schemas.reviews import EXAMPLE, ReviewReport
from schemas.vocabulary import MAX_REVIEWS, REVIEW_OUTCOMES

blueprint = Blueprint("reviews", __name__, url_prefix="/v1", description="Reviews that were published elsewhere.")

LD_JSON = "application/ld+json"
BODY: dict[str, Any] = {
    "description": f"One ClaimReview, a list of them, a DataFeed or a @graph: {MAX_REVIEWS} reviews at most.",
    "anyOf": [{"type": "object"}, {"type": "array"}],
}


@blueprint.route("/claimreview", methods=["POST"])
@documented(
    summary="Take reviews in as ClaimReview",
    body=BODY,
    media_types=(http.JSON, LD_JSON),
    example=EXAMPLE,
    answers={200: ReviewReport},
    scope="claims verdicts",
)
def take_in() -> http.Answer:
    """Each review becomes a verdict on a claim that is found or recorded, or is refused by itself; what was taken in
    before is left alone.

    Reviews are the token's party's own. With the scope `admin` those of others are recorded in their names.
    """
    token = auth.require("claims", "verdicts")
    body = http.foreign_body(http.JSON, LD_JSON)
    if not isinstance(body, dict | list):
        raise InvalidRequest.of("", "Send a JSON object or a list: ClaimReview, or what has some in it.", "type")
    found: list[Item] = []
    for item in claimreview_in.items(body):
        found.append(item)
        if len(found) > MAX_REVIEWS:
            detail = f"There are more than {MAX_REVIEWS} reviews: send fewer at once, or a file to 'onrecord import'."
            raise InvalidRequest.of(item.pointer, detail, "too-many")
    importer = Importer(token.party, token.allows("admin"))
    return writing.in_turn(token, lambda turn: _report([_taken(turn, item, importer) for item in found]))


def _taken(turn: Turn, item: Item, importer: Importer) -> dict[str, Any]:
    if isinstance(item.found, Refused):
        return _outcome(item, "refused", errors=item.found.errors)
    try:
        taken = reviews.take(turn, item.found, importer)
    except Refusal as refusal:
        given = tuple(FieldError(item.pointer, error.detail, error.code) for error in refusal.errors)
        return _outcome(item, "refused", errors=given or (_as_field(item, refusal),))
    return _outcome(item, taken.outcome, taken=taken)


def _as_field(item: Item, refusal: Refusal) -> FieldError:
    return FieldError(item.pointer, refusal.detail, problem_of(refusal).slug)


def _outcome(
    item: Item, outcome: str, *, taken: Taken | None = None, errors: tuple[FieldError, ...] = ()
) -> dict[str, Any]:
    verdict = item.found.verdict if isinstance(item.found, Prepared) else {}
    return {
        "pointer": item.pointer,
        "url": item.url,
        "outcome": outcome,
        "claim": f"/v1/claims/{taken.claim}" if taken else None,
        "verdict": f"/v1/verdicts/{taken.verdict}" if taken else None,
        **{name: verdict.get(name) for name in ("label", "rating", "mapping")},
        "errors": [{"pointer": error.pointer, "detail": error.detail, "code": error.code} for error in errors],
    }


def _report(outcomes: list[dict[str, Any]]) -> Reply:
    counts = Counter(outcome["outcome"] for outcome in outcomes)
    return Reply(200, [], orjson.dumps({"items": outcomes, **{name: counts[name] for name in REVIEW_OUTCOMES}}))
