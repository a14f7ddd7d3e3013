"""What several query strings share: paging, and the record as it stood."""

from __future__ import annotations

from schemas.base import Query
from schemas.fields import At, Cursor, QueryInteger
from schemas.vocabulary import DEFAULT_LIMIT, MAX_LIMIT

_LIMIT = "How many to return at most."
_CURSOR = "The `next` of the page before. Every other parameter must stay as it was."
_AT = (
    "The record exactly as it stood: a size of the log (how many entries it had), or an instant in RFC 3339. "
    "In an address, the + of an offset is written %2B."
)


class NoQuery(Query):
    """For what takes no parameter at all: whatever comes is refused by name."""


class DocumentQuery(Query):
    """One document, now or as it stood."""

    at = At(_AT)


class ListQuery(DocumentQuery):
    """A page of a list. `limit` is always there when loaded."""

    limit = QueryInteger(_LIMIT, minimum=1, maximum=MAX_LIMIT, load_default=DEFAULT_LIMIT)
    cursor = Cursor(_CURSOR)
