"""ClaimReview: verdicts as other tools read them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import orjson

from api import errors, http
from api.errors import NotFound
from api.interop import datafeed
from api.interop.claim_nodes import Document
from api.interop.claimreview import MEDIA_TYPE, Renderer
from api.interop.provenance import Provenance
from api.openapi import Blueprint, documented
from api.reads.lookups import Documents
from api.routes import reading
from api.storage import log
from api.storage.log import Connection
from schemas import interop
from schemas.interop import ClaimReviewQuery, DataFeedQuery

blueprint = Blueprint("claimreview", __name__, url_prefix="/v1", description="Verdicts as ClaimReview (schema.org).")

REVIEW, FEED = ClaimReviewQuery(), DataFeedQuery()


@blueprint.route("/claims/<claim_id>/claimreview")
@documented(
    summary="A claim's reviews as ClaimReview",
    query=ClaimReviewQuery,
    answers={200: (MEDIA_TYPE, interop.REVIEWS)},
    etag=True,
    problems=[errors.NotFound],
)
def of_claim(claim_id: str) -> http.Answer:
    """Each reviewer's latest review, in an `@graph`. What it ruled before is in `correction`."""
    return _rendered(f"claim/{claim_id}", lambda renderer, known, claim: renderer.graph(claim))


@blueprint.route("/verdicts/<verdict_id>/claimreview")
@documented(
    summary="A verdict as ClaimReview",
    query=ClaimReviewQuery,
    answers={200: (MEDIA_TYPE, interop.REVIEW)},
    etag=True,
    problems=[errors.NotFound],
)
def of_verdict(verdict_id: str) -> http.Answer:
    """One review. Unless it stands it has no rating, and a `correction` that says why."""

    def render(renderer: Renderer, known: Documents, verdict: Document) -> Document:
        claim = known.claim(verdict["claim"])
        if claim is None:
            raise LookupError(f"verdict {verdict_id} is on a claim that is not there: run 'onrecord rebuild'")
        return renderer.document(claim, verdict_id)

    return _rendered(f"verdict/{verdict_id}", render)


@blueprint.route("/claimreview")
@documented(
    summary="All reviews as a DataFeed",
    query=DataFeedQuery,
    answers={200: (MEDIA_TYPE, interop.FEED)},
    etag=True,
    headers=["Link"],
)
def feed() -> http.Answer:
    """One item for each verdict, in the order of publication. Those that no longer stand have a `dateDeleted`.

    The address of the next page is in the Link header.
    """
    whose = provenance()
    return reading.paged(FEED, lambda db, asked, at: datafeed.page(db, asked, at, whose), MEDIA_TYPE, whose.mark)


def provenance() -> Provenance:
    """Whose data it is that the current request is answered with."""
    settings = http.house().settings
    return Provenance(http.base_url(), settings.origin, settings.license, settings.attribution)


def _rendered(name: str, render: Callable[[Renderer, Documents, Document], Document]) -> http.Answer:
    whose = provenance()

    def listing(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
        version = log.document(db, name, at)
        if version is None:
            raise NotFound.of(name, then=at is not None)
        known = Documents(db, at)
        renderer = Renderer(whose.base, known.party, known.claim)
        return orjson.dumps(render(renderer, known, orjson.loads(version[1])))

    return reading.derived(REVIEW, listing, MEDIA_TYPE, whose.mark)
