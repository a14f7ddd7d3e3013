"""One read over HTTP: the present by a single SELECT of finished bytes, the past by `at`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import orjson
from marshmallow import Schema

from api import auth, http
from api.checkpoints import Checkpoint
from api.errors import NotFound
from api.kept import Made
from api.nodes import Needs
from api.reads import moments
from api.storage import log
from api.storage.database import Database
from api.storage.log import Connection, Head

T = TypeVar("T")
Listing = Callable[[Connection, Mapping[str, Any], int | None], bytes]
# The same with the cursor of the next page beside it, for formats that have no place for it.
Paging = Callable[[Connection, Mapping[str, Any], int | None], tuple[bytes, str | None]]

Headers = Sequence[tuple[str, str]]
Linked = Callable[[Connection, Mapping[str, Any], int | None], tuple[bytes, Headers]]
Making = Callable[[Connection, Head], Made]

# The ETags of lists, and of documents (see `head_etag` and `http.etag`).
_LOG_TAG = re.compile(r'"log-([0-9]{1,16})-')
_DOCUMENT_TAG = re.compile(r'"([0-9]{1,16})(?:-([0-9]{1,16}))?"')


def read(
    work: Callable[[Database], T],
    *,
    at: int | str | None = None,
    size: int = 0,
    newest: bool = False,
    signed: bool = False,
) -> T:
    """What `work` makes of the database of whichever node knows enough for this request: what its headers name, so many
    entries, the record as it stood `at` (see `api.nodes.Needs`).

    `work` may be done on one node and then again on another. Raises InvalidRequest for a malformed Consistency-Token,
    ConsistencyUnmet, and what `work` raises.
    """
    nodes, point = http.house().nodes, http.consistency_token()
    seen = _seen() if nodes.are_several else 0
    instant = at if isinstance(at, str) else ""
    size = max(size, at) if isinstance(at, int) else size
    return nodes.read(work, Needs(size, point, instant, seen, newest, signed))


def document(name: str, schema: Schema, headers: Iterable[tuple[str, str]] = ()) -> http.Answer:
    """The document of a subject as it stands, or stood `at`; its ETag is its revision. Raises NotFound."""
    asked = http.query(schema)
    auth.authenticate()
    at = asked.get("at")
    if at is None:
        return read(lambda database: _current(database, name, headers))
    return read(lambda database: _former(database.reader(), name, at, headers), at=at)


def _current(database: Database, name: str, headers: Iterable[tuple[str, str]]) -> http.Answer:
    # The head comes first: if somebody writes before the document is read, it is kept for a head that is no more.
    head, documents = database.head_between_turns(), http.house().documents
    tag = None if head is None else head_etag(head)
    made = None if tag is None else documents.get(name, tag)
    if made is None:
        version = log.document(database.reader(), name)
        if version is None:
            raise NotFound.of(name)
        made = Made(version[1], etag=http.etag(version[0]))
        if tag is not None:
            documents.put(name, tag, made)
    return http.answer(made.body, etag=made.etag, headers=headers)


def _former(db: Connection, name: str, at: int | str, headers: Iterable[tuple[str, str]]) -> http.Answer:
    # An erasure is a new revision now, and changes the bytes of all that were before it.
    erasure, version = log.last_erasure(db), log.document(db, name, moments.size(db, at))
    if version is None:
        raise NotFound.of(name, then=True)
    return http.answer(version[1], etag=http.etag(version[0], erasure), headers=headers)


def derived(schema: Schema, listing: Listing, content_type: str = http.JSON, more: str = "") -> http.Answer:
    """What is put together from several rows, all of them read from one state of the record.

    Every answer follows from the log and the URL alone, and from `more` where it depends on settings, so these are its
    ETag: 304 is decided before a row is read, and what was made before is sent again while that ETag holds.
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
    auth.authenticate()
    at = asked.get("at")

    def making(db: Connection, head: Head) -> Made:
        return Made(*listing(db, asked, moments.size(db, at)))

    return read(lambda database: made_once(database, making, content_type, more), at=at)


def made_once(
    database: Database, making: Making, content_type: str, more: str = "", headers: Headers = ()
) -> http.Answer:
    """What `making` makes of one state of the record, or made of the same one for the same URL before; 304 for who has
    it. Its ETag is that of the head, with `more` where it follows from more than the log and the URL."""
    etag = head_etag(database.head(), more)
    unchanged = http.not_modified(etag)
    if unchanged is not None:
        return unchanged
    kept, address = http.house().kept, http.address()
    made = kept.get(address, etag)
    if made is None:
        with database.snapshot() as db:
            # The log may have grown since.
            head = log.head(db)
            etag, made = head_etag(head, more), making(db, head)
        kept.put(address, etag, made)
    return http.answer(made.body, etag=etag, headers=[*headers, *made.headers], content_type=content_type)


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


def _seen() -> int:
    """How many entries those answers were made of, at least, whose ETags stand in If-None-Match: 0 for others."""
    given: str = http.current().environ.get("HTTP_IF_NONE_MATCH", "")
    of_logs, of_documents = _LOG_TAG.findall(given), _DOCUMENT_TAG.findall(given)
    return max([0, *map(int, of_logs), *(int(number) + 1 for pair in of_documents for number in pair if number)])
