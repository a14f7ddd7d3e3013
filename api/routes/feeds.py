"""Feeds: the newest changes, for readers of feeds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.utils import format_datetime
from typing import Any

from api import auth, http
from api.interop import feeds
from api.interop.feeds import Feed
from api.openapi import Blueprint, documented
from api.routes import reading
from api.routes.reading import head_etag
from api.storage import log
from api.storage.database import Database
from api.storage.log import Head
from schemas.feeds import FeedQuery, JSONFeed

blueprint = Blueprint("feeds", __name__, url_prefix="/feeds", description="The newest changes, for readers of feeds.")

QUERY = FeedQuery()


@blueprint.route("/changes.atom")
@documented(
    summary="Follow the record in a reader (Atom)",
    query=FeedQuery,
    answers={200: feeds.ATOM_TYPE},
    etag=True,
    headers=["Last-Modified"],
)
def atom() -> http.Answer:
    """The newest 50 changes as Atom (RFC 4287), each told in a sentence. An entry keeps its id for ever."""
    return _feed(feeds.atom, f"{feeds.ATOM_TYPE}; charset=utf-8")


@blueprint.route("/changes.json")
@documented(
    summary="Follow the record in a reader (JSON Feed)",
    query=FeedQuery,
    answers={200: (feeds.JSON_TYPE, JSONFeed)},
    etag=True,
    headers=["Last-Modified"],
)
def json() -> http.Answer:
    """The newest 50 changes as a JSON Feed 1.1, each told in a sentence. An item keeps its id for ever."""
    return _feed(feeds.json_feed, feeds.JSON_TYPE)


def _feed(rendered: Callable[[Feed], bytes], content_type: str) -> http.Answer:
    asked = http.query(QUERY)
    auth.authenticate()
    return reading.read(lambda database: _made(database, asked, rendered, content_type))


def _made(
    database: Database, asked: Mapping[str, Any], rendered: Callable[[Feed], bytes], content_type: str
) -> http.Answer:
    # As with polls, 304 is decided from the head, before a row is read.
    unchanged = _unchanged(database.head())
    if unchanged is not None:
        return unchanged
    with database.snapshot() as db:
        head = log.head(db)
        body = rendered(feeds.read(db, head, asked, http.base_url()))
    modified = _modified(head)
    headers = [("Last-Modified", format_datetime(modified, usegmt=True))] if modified else []
    return http.answer(body, etag=head_etag(head), headers=headers, content_type=content_type)


def _unchanged(head: Head) -> http.Answer | None:
    return http.not_modified(head_etag(head), modified=_modified(head))


def _modified(head: Head) -> datetime | None:
    """When the log last grew, in whole seconds; None for an empty one, and in the second in which it grew: it may grow
    again in it, and whoever had been told that second would then be told that nothing has changed (RFC 9110, 8.8.2)."""
    if not head.recorded_at:
        return None
    found = datetime.fromisoformat(head.recorded_at).replace(microsecond=0)
    return found if found.timestamp() < int(time.time()) else None
