"""Google's Fact Check Tools API over this record: see `api.interop.factchecktools`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from api import auth, errors, http
from api.interop.factchecktools import pages, publishing
from api.interop.factchecktools import search as searching
from api.ledger import Turn
from api.openapi import Blueprint, documented
from api.routes import reading, writing
from api.routes.writing import Reply
from api.storage.log import Connection
from schemas.factchecktools import GoogleQuery, ImageSearchQuery, SearchDocument, SearchQuery
from schemas.review_pages import EXAMPLE, EmptyDocument, PageDocument, PageSchema, PagesDocument, PagesQuery

blueprint = Blueprint(
    "factchecktools",
    __name__,
    url_prefix="/v1alpha1",
    description="Google's Fact Check Tools API over this record, for tools that were made for it.",
)

SEARCH, IMAGE_SEARCH, PAGES, PLAIN = SearchQuery(), ImageSearchQuery(), PagesQuery(), GoogleQuery()
PAGE = PageSchema()

# What publishing a review can be refused with, beside what every write can.
REFUSALS = [errors.ClaimWithdrawn, errors.VerdictStanding, errors.AlreadyRetracted, errors.IdTaken]

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

    return reading.derived(SEARCH, listing, more=f"-{today}" if "maxAgeDays" in http.query(SEARCH) else "")


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
    auth.authenticate()
    http.query(IMAGE_SEARCH)
    raise errors.Unimplemented("Images are not searched here: search for words, with claims:search.")


@blueprint.route("/pages")
@documented(
    summary="List the pages on which reviewers publish",
    query=PagesQuery,
    answers={200: PagesDocument},
    etag=True,
    google=True,
)
def list_pages() -> http.Answer:
    """All pages, or those of a site or at an address, with the reviews that stand on them."""
    return reading.derived(PAGES, lambda db, asked, at: pages.listed(db, asked))


@blueprint.route("/pages/<page_id>")
@documented(
    summary="Read a page of reviews",
    query=GoogleQuery,
    answers={200: PageDocument},
    etag=True,
    problems=[errors.NotFound],
    google=True,
)
def read_page(page_id: str) -> http.Answer:
    """The reviews that stand on it."""
    return reading.derived(PLAIN, lambda db, asked, at: pages.read(db, page_id))


@blueprint.route("/pages", methods=["POST"])
@documented(
    summary="Publish a page of reviews",
    query=GoogleQuery,
    body=PageSchema,
    example=EXAMPLE,
    answers={200: PageDocument},
    scope="verdicts",
    problems=REFUSALS,
    google=True,
)
def create_page() -> http.Answer:
    """Each review becomes a verdict on the claim that it says. That is recorded where it is not on record, which needs
    the scope `claims` besides. In the name of the token's party; a token with the scope `admin` can take in a page of
    another publisher."""
    token = auth.require("verdicts")
    page = http.body(PAGE)
    prepared = publishing.prepare(page)

    def create(turn: Turn) -> Reply:
        page_id = publishing.create(turn, token, page, prepared)
        return Reply(200, [], pages.read(turn.db, page_id))

    return writing.in_turn(token, create, PLAIN)


@blueprint.route("/pages/<page_id>", methods=["PUT"])
@documented(
    summary="Update a page of reviews",
    query=GoogleQuery,
    body=PageSchema,
    example=EXAMPLE,
    answers={200: PageDocument},
    scope="verdicts",
    problems=[*REFUSALS, errors.NotFound, errors.RevisionMismatch],
    google=True,
)
def update_page(page_id: str) -> http.Answer:
    """What is sent is all that is to stand on it. A review that changed is superseded by a new verdict, one that is
    gone is retracted, the others are left alone. With a `versionId` that is not the current one it is refused."""
    token = auth.require("verdicts")
    page = http.body(PAGE)
    prepared = publishing.prepare(page)

    def update(turn: Turn) -> Reply:
        publishing.update(turn, token, page_id, page, prepared)
        return Reply(200, [], pages.read(turn.db, page_id))

    return writing.in_turn(token, update, PLAIN)


@blueprint.route("/pages/<page_id>", methods=["DELETE"])
@documented(
    summary="Delete a page of reviews",
    query=GoogleQuery,
    answers={200: EmptyDocument},
    scope="verdicts",
    problems=[errors.NotFound],
    google=True,
)
def delete_page(page_id: str) -> http.Answer:
    """Retracts all verdicts that stand on it. They stay on record."""
    token = auth.require("verdicts")

    def delete(turn: Turn) -> Reply:
        publishing.delete(turn, token, page_id)
        return Reply(200, [], b"{}")

    return writing.in_turn(token, delete, PLAIN)
