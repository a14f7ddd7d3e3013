"""`claims:search`: the claims with standing reviews, through the search that every list of claims goes through.

A page token holds the size of the log at the first page and the day from which on results count, so that the pages
after it show the record as that one saw it, whatever is written meanwhile and whatever the clock says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import orjson

from api.domain import reviewed, words
from api.errors import InvalidRequest
from api.interop.factchecktools import answers
from api.interop.factchecktools.answers import Record, Wanted, asked_site, filled
from api.reads import cursors
from api.reads import lists as ranking
from api.storage import lists, log
from api.storage.lists import Row, Selection
from api.storage.log import Connection
from schemas.vocabulary import MAX_LIMIT

PAGE_SIZE = 10
# The kinds of page tokens.
RANKED, NEWEST = "google-ranked", "google-newest"
# The first day of all, for who asks for no age.
ANY_AGE = 0


class Found(NamedTuple):
    """A page of claims, by their numbers, the size of the log that it shows, and the token of the next page."""

    numbers: list[int]
    at: int
    next: str | None


def search(db: Connection, asked: Mapping[str, Any], today: int, base: str) -> bytes:
    """A page of claims. In: what `schemas.factchecktools.SearchQuery` loads, the ordinal of today, and where the record
    is reached. Raises InvalidRequest for a page token that is none of this list's."""
    wanted = Wanted(
        asked_site(asked, "reviewPublisherSiteFilter"),
        reviewed.language(asked["languageCode"]) if "languageCode" in asked else None,
    )
    since = max(ANY_AGE, today - asked["maxAgeDays"]) if asked.get("maxAgeDays") else ANY_AGE
    found = (_ranked if "query" in asked else _newest)(db, asked, wanted, since)
    record = Record(db, found.at, base)
    shown = [answers.claim(record.document(number), record, wanted) for number in found.numbers]
    return orjson.dumps(filled(claims=[claim for claim in shown if claim], nextPageToken=found.next))


def page_size(asked: Mapping[str, Any]) -> int:
    """How many results a page has: what is asked for, within bounds (AIP-158)."""
    return min(asked.get("pageSize") or PAGE_SIZE, MAX_LIMIT)


def after(asked: Mapping[str, Any], kind: str, *types: type) -> list[Any] | None:
    """The keys of the page token, None without one. Raises InvalidRequest for one that this list did not give."""
    try:
        return cursors.decode(asked.get("pageToken"), kind, *types)
    except InvalidRequest:
        detail = "This page token is not one that this list gave: start again without it."
        raise InvalidRequest.of("/pageToken", detail, "page-token") from None


def _ranked(db: Connection, asked: Mapping[str, Any], wanted: Wanted, since: int) -> Found:
    """The best match first."""
    token = after(asked, RANKED, int, int, int)
    moment, skipped, since = token or (log.head(db).size, asked.get("offset", 0), since)
    between = (since, None) if since else (None, None)
    terms = words.asked(asked["query"])
    found = ranking.ranked(db, terms, _facets(wanted), between, moment if token else None).numbers
    end = skipped + page_size(asked)
    following = cursors.encode(RANKED, moment, end, since) if end < len(found) else None
    return Found(found[skipped:end], moment, following)


def _newest(db: Connection, asked: Mapping[str, Any], wanted: Wanted, since: int) -> Found:
    """The newest first, by the day of the claim or of a review of it, whichever is newer."""
    token = after(asked, NEWEST, int, int, int, int)
    moment, since = (token[0], token[1]) if token else (log.head(db).size, since)
    key = (token[2], token[2], token[3]) if token else None
    skipped, size = 0 if token else asked.get("offset", 0), page_size(asked)
    chosen = Selection(_facets(wanted), since or None, None, moment if token else None)
    rows = lists.by_date(db, chosen, key, skipped + size + 1, newest_first=True)
    shown = [Row._make(row) for row in rows[skipped : skipped + size]]
    more = len(rows) > skipped + size
    following = cursors.encode(NEWEST, moment, since, shown[-1].earliest, shown[-1].no) if more else None
    return Found([row.no for row in shown], moment, following)


def _facets(wanted: Wanted) -> tuple[str, ...]:
    found = []
    if wanted.site:
        found.append(reviewed.site_facet(wanted.site))
    if wanted.language:
        found.append(reviewed.language_facet(wanted.language))
    return tuple(found) or (reviewed.REVIEWED,)
