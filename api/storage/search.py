"""Full text: the words of claims, already folded and split by `api.domain.words`, and a bounded search over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any, NamedTuple

from api.domain.words import Term, has_all
from api.storage import full_text
from api.storage.full_text import FullText
from api.storage.lists import holding
from api.storage.log import Connection
from schemas.dates import Bounds

# How many matches are ranked. bm25() of FTS5 visits every match of every word, so over a million claims a common word
# costs 80 times what it costs over ten thousand; the newest matches are walked backwards and the walk stops here. With
# a walk of 1,000, words of which a million claims had a hundred times the matches cost up to eleven times as much.
RANKED = 800
# A word's rarity is counted no further: beyond, a word is common.
COUNTED = 10_000
# A facet with no more rows leads the search: each of them is looked through for the words. Under a larger one the
# matches of the index are walked, and looked up in the facet.
FEW = 1_000
# One with no more rows than this leads, too, where there are many more matches than rows: a walk over the 20,000 newest
# matches of a common word took 41 ms to find those of one site among fifty, and missed most of them.
MANY = 5_000
WALKED = 20_000
# FTS5 gathers every match of every word that begins so before it gives the first: 600 ms for a common beginning over a
# million claims. So the newest rows are looked through for it, at 4 µs a row, before the index is asked.
LOOKED_THROUGH = 5_000

# A full stop is no word, so no phrase is found across two columns.
WORDS = "s.text || ' . ' || s.variants || ' . ' || s.speakers || ' . ' || s.titles"
NEWEST = f"SELECT s.no, {WORDS} FROM searchable s WHERE s.id <= :last_row AND s.id > :beyond"


class Match(NamedTuple):
    """A claim that matches: its number and all its indexed words."""

    no: int
    words: str


class Matches(NamedTuple):
    """The newest matches, and whether there were more than are ranked."""

    found: list[Match]
    truncated: bool


def add(db: Connection, no: int, since: int, words: Sequence[str], first: bool = False) -> None:
    """From entry `since` on, a claim is found by these words (text, variants, speakers, titles, stems); `first` says
    that it was found by none before."""
    if not first:
        db.execute(
            "UPDATE searchable SET live = 0, until = :since WHERE no = :no AND live = 1", {"no": no, "since": since}
        )
    db.execute(
        "INSERT INTO searchable (no, live, since, text, variants, speakers, titles, stems)"
        " VALUES (?, 1, ?, ?, ?, ?, ?, ?)",
        (no, since, *words),
    )


def take_in(db: Connection) -> None:
    """Let the index have the rows that were added in this transaction. To be called before it ends.

    All at once: a trigger that did so for each row made FTS5 write a segment of its index for each, six for six claims
    of one turn, and merge them later. That took 45 µs a claim, and takes 19.
    """
    sql = _index(db).take_in
    if sql:
        db.execute(sql)


def leads(rows: int, asked: Sequence[Term], frequency_of: Callable[[Term], int]) -> bool:
    """Whether a facet with so many rows is to lead the search for these words (see FEW and MANY). `frequency_of` counts
    a term as `frequency` does."""
    if rows <= FEW:
        return True
    # For a prefix as many rows are looked through in any case.
    return rows <= MANY and all(term.prefix or frequency_of(term) > 2 * rows for term in asked)


def matches(
    db: Connection,
    asked: Sequence[Term],
    terms: Sequence[int],
    led: bool,
    last: int,
    at: int | None,
    days: Bounds | None = None,
) -> Matches:
    """The newest claims that hold all the words and all the facets in `terms`, `led` saying whether the first of these
    leads (see `leads`), and `last` the last row that there was (see `last_row`).

    With `days` only those whose date lies certainly inside; there must be a facet then, since its rows have the dates.
    """
    alive = "s.live = 1" if at is None else "s.since < :at AND (s.until IS NULL OR s.until >= :at)"
    index, sought = _index(db), list(asked)
    parameters: dict[str, Any] = {"at": at, "ranked": RANKED + 1, "walked": WALKED, "last_row": last}
    inside = "" if days is None else " AND {0}.earliest >= :first AND {0}.earliest <= :last AND {0}.latest <= :last"
    # The plus keeps SQLite from the index by date, in which it would walk over all days that are asked for, for each
    # match, where it can look up the one subject.
    others, more = holding(terms, at, "s.no", start=1 if led else 0, inside=inside.format("+o"))
    parameters |= more
    if days is not None:
        parameters |= {"first": days.earliest, "last": days.latest}
    if led:
        parameters["term0"] = terms[0]
        lead = (
            "f.live = 1" if at is None else "f.live IN (0, 1) AND f.since < :at AND (f.until IS NULL OR f.until >= :at)"
        )
        lead += inside.format("f")
        sql = (
            f"SELECT s.no, {WORDS} FROM facets f CROSS JOIN searchable s ON s.no = f.no"
            f" WHERE f.facet = :term0 AND {lead} AND {alive}{others}"
        )
        # To look a row through costs 4 µs; to ask the index for it costs thirty times as much.
        holds = has_all(asked)
        rows = [row for row in db.execute(sql, parameters) if holds(row[1])]
        rows.sort(reverse=True)
        return _matches(rows, len(rows) > RANKED)
    prefixed = any(term.prefix for term in asked)
    if prefixed:
        parameters["beyond"] = last - LOOKED_THROUGH
        rows = _holding(db.execute(f"{NEWEST} AND {alive}{others} ORDER BY s.id DESC", parameters), asked)
        if len(rows) > RANKED or last <= LOOKED_THROUGH:
            return _matches(rows, len(rows) > RANKED)
        # Words that do not go on are enough for the index; what they find is looked through for the rest.
        sought = [term for term in asked if not term.prefix] or sought
        parameters["ranked"] = WALKED
    condition, needed = index.matching(sought)
    parameters |= needed
    matching = f"FROM {index.source} WHERE {condition} AND {index.row} <= :last_row"
    walk = f"SELECT {index.row} AS id {matching} ORDER BY {index.row} DESC LIMIT :walked"
    sql = (
        f"SELECT s.no, {WORDS} FROM ({walk}) w CROSS JOIN searchable s ON s.id = w.id"
        f" WHERE {alive}{others}{index.order} LIMIT :ranked"
    )
    found = db.execute(sql, parameters)
    rows = _holding(found, asked) if prefixed else found.fetchall()
    return _matches(rows, len(rows) > RANKED or _more_than_walked(db, matching, parameters))


def frequency(db: Connection, term: Term, last: int) -> int:
    """In how many rows up to the last one a term stands, counted no further than COUNTED.

    How common a beginning is that stands in many of the newest rows is estimated by them, for the same reason for
    which they are looked through.
    """
    if term.prefix:
        rows = db.execute(NEWEST, {"last_row": last, "beyond": last - LOOKED_THROUGH})
        holds = has_all([term])
        held = sum(holds(row[1]) for row in rows)
        if held > RANKED or last <= LOOKED_THROUGH:
            return min(COUNTED, held * last // min(last, LOOKED_THROUGH) if held else 0)
    index = _index(db)
    condition, parameters = index.matching([term])
    matching = f"FROM {index.source} WHERE {condition} AND {index.row} <= :last_row"
    sql = f"SELECT count(*) FROM (SELECT 1 {matching} LIMIT :most) counted"
    found: int = db.execute(sql, parameters | {"last_row": last, "most": COUNTED}).fetchone()[0]
    return found


def last_row(db: Connection, at: int | None) -> int:
    """The last row of the index, or what was the last when the log had `at` entries; rows are numbered from 1, without
    holes. Ranking looks at nothing beyond it, so that a search of the past, or its next page, ranks as it did then."""
    sql = "SELECT id FROM searchable WHERE since < :at ORDER BY since DESC, id DESC LIMIT 1"
    row = db.execute(sql, {"at": 2**62 if at is None else at}).fetchone()
    return row[0] if row else 0


def _holding(rows: Iterable[tuple[int, str]], asked: Sequence[Term]) -> list[tuple[int, str]]:
    """Those of the rows that hold all the words, up to one more than are ranked."""
    holds = has_all(asked)
    return list(islice((row for row in rows if holds(row[1])), RANKED + 1))


def _matches(rows: list[tuple[int, str]], truncated: bool) -> Matches:
    return Matches([Match(*row) for row in rows[:RANKED]], truncated)


def _more_than_walked(db: Connection, matching: str, parameters: dict[str, Any]) -> bool:
    return db.execute(f"SELECT 1 {matching} LIMIT 1 OFFSET :walked", parameters).fetchone() is not None


def _index(db: Connection) -> FullText:
    """The engine's index: SQLite's connections are the driver's own, and have no word of it."""
    found: FullText = getattr(db, "full_text", full_text.SQLITE)
    return found
