"""Google's Fact Check Tools API over this record: see `api.interop.factchecktools`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api import auth, errors, http
from api.interop.factchecktools import search as searching
from api.openapi import Blueprint, documented
from api.routes import reading
from api.storage.log import Connection
from schemas.factchecktools import ImageSearchQuery, SearchDocument, SearchQuery

blueprint = Blueprint(
    "factchecktools",
    __name__,
    url_prefix="/v1alpha1",
    description="Google's Fact Check Tools API over this record, for tools that were made for it.",
)

SEARCH, IMAGE_SEARCH = SearchQuery(), ImageSearchQuery()

_KEY = re.compile(rf"(?:^|&)key=({auth.TOKEN})(?:&|$)")


def take_key() -> None:
    """A `key` that is a token of ours counts as if it stood in the Authorization header, where there is none. Any other
    key is of no account, so that what already works with Google's goes on."""
    environ = http.current().environ
    found = _KEY.search(environ.get("QUERY_STRING", ""))
    if found and "HTTP_AUTHORIZATION" not in environ:
        environ["HTTP_AUTHORIZATION"] = f"Bearer {found[1]}"


blueprint.before_request(take_key)


@blueprint.route("/claims:search")
@documented(
    summary="Search claims that were reviewed, as Google's API does",
    query=SearchQuery,
    answers={200: SearchDocument},
    etag=True,
    google=True,
)
def search() -> http.Answer:
    """Claims with a standing verdict, with all of these verdicts that fit. Parameters that are not known are let
    through. Pages show the record as it stood when the first one was asked for."""
    today = datetime.now(UTC).date().toordinal()

    def listing(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
        return searching.search(db, asked, today, http.base_url())

    return reading.derived(SEARCH, listing, lambda asked: f"-{today}" if "maxAgeDays" in asked else "")


@blueprint.route("/claims:imageSearch")
@documented(
    summary="Search claims by an image, which is not offered",
    query=ImageSearchQuery,
    answers={},
    problems=[errors.Unimplemented],
    google=True,
)
def image_search() -> http.Answer:
    """Always refused: nothing here knows images."""
    auth.authenticate(http.house().database.reader())
    http.query(IMAGE_SEARCH)
    raise errors.Unimplemented("Images are not searched here: search for words, with claims:search.")
