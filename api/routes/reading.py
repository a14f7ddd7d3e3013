"""One read over HTTP: the present by a single SELECT of finished bytes, the past by `at`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import orjson
from marshmallow import Schema

from api import auth, http
from api.checkpoints import Checkpoint
from api.errors import NotFound
from api.reads import moments
from api.storage import log
from api.storage.log import Connection, Head

Listing = Callable[[Connection, Mapping[str, Any], int | None], bytes]
# The same with the cursor of the next page beside it, for formats that have no place for it.
Paging = Callable[[Connection, Mapping[str, Any], int | None], tuple[bytes, str | None]]

Headers = Sequence[tuple[str, str]]
Linked = Callable[[Connection, Mapping[str, Any], int | None], tuple[bytes, Headers]]


def document(name: str, schema: Schema, headers: Iterable[tuple[str, str]] = ()) -> http.Answer:
    """The document of a subject as it stands, or stood `at`; its ETag is its revision. Raises NotFound."""
    asked = http.query(schema)
    db = http.house().database.reader()
    auth.authenticate(db)
    at = asked.get("at")
    if at is None:
        version, erasure = log.document(db, name), None
    else:
        # An erasure is a new revision now, and changes the bytes of all that were before it.
        erasure, version = log.last_erasure(db), log.document(db, name, moments.size(db, at))
    if version is None:
        raise NotFound.of(name, then=at is not None)
    return http.answer(version[1], etag=http.etag(version[0], erasure), headers=headers)


def derived(schema: Schema, listing: Listing, content_type: str = http.JSON, more: str = "") -> http.Answer:
    """What is put together from several rows, all of them read from one state of the record.

    Every answer follows from the log and the URL alone, and from `more` where it depends on settings, so these are its
    ETag: 304 is decided before a row is read.
    """
    return _derived(schema, lambda *asked: (listing(*asked), ()), content_type, more)


def listed(schema: Schema, listing: Listing) -> http.Answer:
    """A page of a list, with a Link to the next one; otherwise as `derived`."""

    def linked(db: Connection, asked: Mapping[str, Any], at: int | None) -> tuple[bytes, Headers]:
        body = listing(db, asked, at)
        return body, _links(body)

    return _derived(schema, linked, http.JSON, "")


def paged(schema: Schema, paging: Paging, content_type: str, more: str = "") -> http.Answer:
    """A page in a format that has no place for the cursor: only the Link has it. Otherwise as `derived`."""

    def linked(db: Connection, asked: Mapping[str, Any], at: int | None) -> tuple[bytes, Headers]:
        body, following = paging(db, asked, at)
        return body, [http.link_next(http.next_url(following))] if following else []

    return _derived(schema, linked, content_type, more)


def _derived(schema: Schema, listing: Linked, content_type: str, more: str) -> http.Answer:
    asked = http.query(schema)
    database = http.house().database
    auth.authenticate(database.reader())
    with database.snapshot() as db:
        head = log.head(db)
        etag = head_etag(head, more)
        unchanged = http.not_modified(etag)
        if unchanged is not None:
            return unchanged
        body, headers = listing(db, asked, moments.size(db, asked.get("at")))
    return http.answer(body, etag=etag, headers=headers, content_type=content_type)


def head_etag(head: Head | Checkpoint, more: str = "") -> str:
    """The ETag of what follows from the log as it is at `head`, and from `more` where it depends on more."""
    return f'"log-{head.size}-{head.root[:4].hex()}{more}"'


def exists(db: Connection, name: str, at: int | None) -> int:
    """The number of a subject that was on record at `at`. Raises NotFound."""
    number = log.number(db, name)
    if number is None or (at is not None and number > at):
        raise NotFound.of(name, then=at is not None)
    return number


def _links(body: bytes) -> list[tuple[str, str]]:
    """The Link header of a page: its `next` is the last member, or the last before a search's `truncated`."""
    tail = body[body.rindex(b'"next":') + 7 : -1].split(b",")[0]
    following = orjson.loads(tail)
    return [http.link_next(http.next_url(following))] if following else []
