"""Two databases side by side: what a table of one holds that the same table of the other does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import zip_longest
from typing import Any, NamedTuple

from api.storage.log import Connection

Row = tuple[Any, ...]


class Parting(NamedTuple):
    """The first row in which two tables part: what it is called, and which column is another (None: all of the row is
    only here, or only there)."""

    row: str
    column: str | None
    here: bool
    there: bool


def parting(here: Connection, there: Connection, table: str) -> Parting | None:
    """The first row of a table, in the order of its key, that is not the same in both databases; None if all are.

    Row by row, so that the longest tables are compared in the same memory as short ones.
    """
    columns, key = _columns(there, table), _key(there, table)
    if _columns(here, table) != columns:
        return Parting("all of it", None, bool(_columns(here, table)), True)
    places = [columns.index(name) for name in key]

    def named(row: Row) -> str:
        return ", ".join(f"{columns[place]} {_shown(row[place])}" for place in places)

    def keyed(row: Row) -> Row:
        return tuple([row[place] for place in places])

    for one, other in zip_longest(_rows(here, table, key), _rows(there, table, key)):
        if one == other:
            continue
        if one is None or other is None or keyed(one) != keyed(other):
            # A row that only the other has comes first there, unless what is here is no order at all.
            missing = one is None or (other is not None and _before(keyed(other), keyed(one)))
            return Parting(named(other if missing else one), None, not missing, missing)
        column = next(name for name, a, b in zip(columns, one, other, strict=True) if a != b)
        return Parting(named(one), column, True, True)
    return None


def index_parting(here: Connection, there: Connection) -> str | None:
    """What is wrong with the full-text index here, in a word or two; None if it is sound and each word finds there and
    here the same. Both within a turn, since that is how FTS5 wants to be asked.

    The bytes of the index are not compared: how it is laid out depends on which entries were written together.
    """
    try:
        # With rank 1 the index is compared with the table that it is made of, and not only with itself.
        here.execute("INSERT INTO searchable_fts (searchable_fts, rank) VALUES ('integrity-check', 1)")
        there.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'searchable_fts', 'row')")
        # The check passes over a row that is marked as deleted.
        for (word,) in there.execute("SELECT term FROM temp.words").fetchall():
            if _found(here, word) != _found(there, word):
                return f"the word {word!a} finds something else"
    except sqlite3.DatabaseError as error:
        return str(error)
    return None


def _found(db: Connection, word: str) -> list[Row]:
    sql = "SELECT rowid FROM searchable_fts WHERE searchable_fts MATCH ? ORDER BY rowid"
    found: list[Row] = db.execute(sql, (f'"{word}"',)).fetchall()
    return found


def _rows(db: Connection, table: str, key: list[str]) -> Iterator[Row]:
    found: Iterator[Row] = db.execute(f"SELECT * FROM {table} ORDER BY {', '.join(key)}")
    return found


def _columns(db: Connection, table: str) -> list[str]:
    return [name for (name,) in db.execute("SELECT name FROM pragma_table_info(?) ORDER BY cid", (table,))]


def _key(db: Connection, table: str) -> list[str]:
    """The columns of the primary key, or of the unique index where there is none."""
    sql = "SELECT name FROM pragma_table_info(?) WHERE pk > 0 ORDER BY pk"
    unique = (
        'SELECT c.name FROM pragma_index_list(?) i JOIN pragma_index_info(i.name) c WHERE i."unique" ORDER BY c.seqno'
    )
    for statement in (sql, unique):
        if key := [name for (name,) in db.execute(statement, (table,))]:
            return key
    return _columns(db, table)


def _before(one: Row, other: Row) -> bool:
    try:
        return one < other
    except TypeError:
        return False


def _shown(value: Any) -> str:
    return value.hex() if isinstance(value, bytes) else ascii(value)
