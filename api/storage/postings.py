"""Postings: the rows of the index of words that have a stem, newest first and never more than is asked for, and the
words of rows by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from api.domain.words import Term
from api.storage import full_text
from api.storage.full_text import FullText
from api.storage.lists import holding
from api.storage.log import Connection
from api.storage.search import WORDS


class Indexed(NamedTuple):
    """A row of the index: its own number, that of its claim, and all its words."""

    id: int
    no: int
    words: str


class Said(NamedTuple):
    """What a row of the index has of a claim's text and of its variants: their words, and the claim's number."""

    no: int
    text: str
    variants: str


class Within(NamedTuple):
    """What rows must be of: facets (numbers of terms), the size of the log that shows them, and a day before which
    claims were certainly stated."""

    facets: Sequence[int] = ()
    at: int | None = None
    before: int | None = None


def newest(db: Connection, terms: Sequence[Term], last: int, most: int) -> list[int]:
    """The newest rows up to the last one that have all the terms."""
    index: FullText = getattr(db, "full_text", full_text.SQLITE)
    condition, parameters = index.stemmed(terms)
    sql = (
        f"SELECT {index.row} AS id FROM {index.source} WHERE {condition} AND {index.row} <= :last_row"
        f" ORDER BY {index.row} DESC LIMIT :most"
    )
    return [row[0] for row in db.execute(sql, parameters | {"last_row": last, "most": most})]


def with_most(db: Connection, terms: Sequence[Term], least: int, most: int) -> tuple[list[Said], bool]:
    """The newest `most` rows that have at least so many of the terms, without those of them that were replaced, and
    whether there may be more."""
    index: FullText = getattr(db, "full_text", full_text.SQLITE)
    condition, parameters = index.most_of(terms, least)
    found = (
        f"SELECT {index.row} AS id FROM {index.source} WHERE {condition} ORDER BY {index.row} DESC LIMIT :most"
    )
    sql = f"SELECT s.live, s.no, s.text, s.variants FROM ({found}) w JOIN searchable s ON s.id = w.id"
    rows = db.execute(sql, parameters | {"most": most}).fetchall()
    return [Said(*row) for live, *row in rows if live], len(rows) == most


def of_rows(db: Connection, ids: Sequence[int], within: Within) -> list[Indexed]:
    """Those of the rows that are what is asked for."""
    marks = ", ".join(f":id{i}" for i in range(len(ids)))
    sql, parameters = _rows(within)
    parameters |= {f"id{i}": id for i, id in enumerate(ids)}
    return [Indexed(*row) for row in db.execute(f"{sql} AND s.id IN ({marks})", parameters)]


def of_facet(db: Connection, within: Within, last: int, most: int) -> list[Indexed]:
    """The newest rows that are what is asked for, under the first facet, which has few."""
    sql, parameters = _rows(within)
    alive = "f.live = 1" if within.at is None else "f.live IN (0, 1)"
    led = f"s.no IN (SELECT f.no FROM facets f WHERE f.facet = :term0 AND {alive})"
    parameters |= {"last_row": last, "most": most}
    found = db.execute(f"{sql} AND s.id <= :last_row AND {led} ORDER BY s.id DESC LIMIT :most", parameters)
    return [Indexed(*row) for row in found]


def _rows(within: Within) -> tuple[str, dict[str, Any]]:
    alive = "s.live = 1" if within.at is None else "s.since < :at AND (s.until IS NULL OR s.until >= :at)"
    inside = "" if within.before is None else " AND o.latest < :before"
    others, parameters = holding(within.facets, within.at, "s.no", start=0, inside=inside)
    parameters |= {"at": within.at, "before": within.before}
    return f"SELECT s.id, s.no, {WORDS} FROM searchable s WHERE {alive}{others}", parameters
