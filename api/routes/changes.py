"""Changes: the log as bots follow it, and its entries."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from api import auth, errors, http
from api.http import House
from api.interop import feeds
from api.openapi import Blueprint, documented
from api.reads import changes, consistency
from api.routes import reading
from api.storage import log
from api.storage.database import Database
from api.storage.log import Connection, Head
from schemas.changes import ChangesPage, ChangesQuery, EntryQuery
from schemas.entries import EntryDocument

blueprint = Blueprint("changes", __name__, url_prefix="/v1", description="Everything that happened, in order.")

CHANGES, ENTRY = ChangesQuery(), EntryQuery()

# Where the same is to be had for readers of feeds.
FEEDS = "Link", feeds.alternates()

# How often a held poll looks at the head, in seconds.
GLANCE = 0.1


@blueprint.route("/changes")
@documented(
    summary="Follow the record",
    query=ChangesQuery,
    answers={200: ChangesPage},
    etag=True,
    headers=[consistency.HEADER, "Link"],
    problems=[errors.CursorRewound],
)
def index() -> http.Answer:
    """Changes in order. Keep `next` and send it as `since`: nothing is skipped and nothing comes twice.

    `next` is always there, and moves past what a filter skipped. A cursor that does not fit this log gets 410. With
    `wait` the request is held until something is new; where too many are held already it is answered at once.
    """
    asked = http.query(CHANGES)
    auth.authenticate()
    since, until = asked.get("since"), time.monotonic() + asked["wait"]
    # Who has seen an entry is answered by a node that has it, too. What is now only the primary knows.
    size, newest = changes.size(since), since == changes.NOW
    return reading.read(lambda database: _poll(database, asked, until), size=size, newest=newest)


@blueprint.route("/entries/<index:index>")
@documented(
    summary="Read an entry", query=EntryQuery, answers={200: EntryDocument}, etag=True, problems=[errors.NotFound]
)
def entry(index: int) -> http.Answer:
    """An entry with its exact payload bytes and salt, so that anybody can compute its leaf hash."""
    http.query(ENTRY)
    auth.authenticate()
    return reading.read(lambda database: _entry(database.reader(), index))


def _entry(db: Connection, index: int) -> http.Answer:
    sealed = next(log.sealed_entries(db, index, index + 1), None)
    if sealed is None:
        raise errors.NotFound(f"The log has no entry {index}: it ends before.")
    # All that ever changes of an entry is that its payload is erased.
    return http.answer(changes.entry(sealed), etag=http.etag(index, sealed.erased.index if sealed.erased else None))


def _poll(database: Database, asked: Mapping[str, Any], until: float) -> http.Answer:
    head = database.head()
    seen = changes.seen(asked.get("since"), head)
    unchanged = _unchanged(head, seen)
    if unchanged is not None and not asked["wait"]:
        return unchanged
    changes.check(database.reader(), asked.get("since"), head)
    if asked["wait"] and seen == head.size:
        unchanged = _unchanged(_await(http.house(), database, head, until), seen)
    return unchanged or _page(http.house(), database, asked, seen)


def _page(house: House, database: Database, asked: Mapping[str, Any], seen: int) -> http.Answer:
    with database.snapshot() as db:
        head = log.head(db)
        # After a failover another server may answer than the one that was asked first: `next` must not go back.
        changes.check(db, asked.get("since"), head)
        feed = changes.page(db, asked, head, seen, house.settings.poll_after)
    # A full page without payloads holds no words and never changes but for its head, so it may be kept longer.
    lasting = feed.full and asked.get("include") != "entry"
    cache = http.AN_HOUR if lasting else http.PUBLIC
    etag = _etag(head, seen) if feed.full else _etag(head)
    # A held poll is about the moment it ends: out of a cache it would not be held at all.
    token = (consistency.HEADER, consistency.VERSION + feed.next)
    cache = http.NO_STORE if asked["wait"] else cache
    return http.answer(feed.body, etag=etag, cache=cache, headers=(token, FEEDS))


def _await(house: House, database: Database, head: Head, until: float) -> Head:
    """The head once it has moved, or as it is at that time, or at once where too many wait already.

    Each waiter holds a thread, so no more may wait than leaves threads for those who want an answer now.
    """
    if not house.waiters.acquire(blocking=False):
        return head
    try:
        current = head
        while current.size == head.size and time.monotonic() < until and not house.stopping():
            time.sleep(GLANCE)
            current = database.head()
        return current
    finally:
        house.waiters.release()


def _unchanged(head: Head, seen: int) -> http.Answer | None:
    return http.not_modified(_etag(head)) or http.not_modified(_etag(head, seen))


def _etag(head: Head, seen: int | None = None) -> str:
    """The ETag of a page that reaches the head, or of a full one, which begins after `seen` entries.

    Bots send the ETag of their last answer with their next cursor. If a full page had the ETag of the head,
    the page after it would be answered by 304, and a bot that is catching up would wait for the next write to get on.
    """
    return reading.head_etag(head, "" if seen is None else f"-{seen}")
