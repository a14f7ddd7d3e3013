"""Rows that wait for each other: a writer of many entries sends them to the store table by table instead of one by one.

An import writes some fifty rows for each claim. Sent together, many to a statement and in the order of the index that
they go into, they cost half: less is spent on starting statements than on rows, and the next row's page is at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from itertools import chain
from typing import Any

from api.storage.log import Connection

# Rows of these may go in any order, since their keys say where they belong. The others have row numbers of their own,
# which a rebuild must give again, and keep the order in which they came.
SORTED = ("facets", "statements", "change_facets", "fingerprints", "names", "subjects", "review_pages")
# Nothing else is read to write here, and what is written here is numbered at once.
APART = ("terms",)
ROWS_A_STATEMENT = 50

_TABLE = re.compile(r"(INSERT INTO|FROM|UPDATE) (\w+)")


class Buffered:
    """A connection on which rows that are inserted wait until `flush`, or until anything else is asked of it.

    So nobody who writes through it can see a state that is not there, and no caller need know that it is buffered.
    """

    def __init__(self, db: Connection) -> None:
        self._db = db
        # Statement -> the rows that wait for it; None where it is one that cannot wait.
        self._waiting: dict[str, list[Any] | None] = {}
        # PostgreSQL's connection knows its own way to send many rows, and how many; SQLite's is the driver's own.
        self._insert: Callable[[str, list[Any]], None] = getattr(db, "insert", self._send)
        self._most: int | None = getattr(db, "at_once", None)

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """As the connection's own; None where the row waits."""
        rows = self._rows(sql)
        if rows is None:
            return self._db.execute(sql, parameters)
        rows.append(parameters)
        if self._most is not None and len(rows) >= self._most:
            self._empty(sql, rows)
        return None

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> Any:
        """As the connection's own; None where the rows wait."""
        rows = self._rows(sql)
        if rows is None:
            return self._db.executemany(sql, parameters)
        rows.extend(parameters)
        if self._most is not None and len(rows) >= self._most:
            self._empty(sql, rows)
        return None

    def flush(self) -> None:
        """Send every row that waits. To be called before the transaction ends."""
        for sql, rows in self._waiting.items():
            if rows:
                self._empty(sql, rows)

    def _empty(self, sql: str, rows: list[Any]) -> None:
        if _table(sql) in SORTED:
            rows.sort()
        self._insert(sql, rows)
        rows.clear()

    def _rows(self, sql: str) -> list[Any] | None:
        try:
            rows = self._waiting[sql]
        except KeyError:
            waits = sql.startswith("INSERT INTO") and " VALUES " in sql and " ON CONFLICT " not in sql
            waits = waits and _table(sql) not in APART
            rows = self._waiting[sql] = [] if waits else None
        if rows is None and _table(sql) not in APART:
            self.flush()
        return rows

    def _send(self, sql: str, rows: list[Any]) -> None:
        whole = len(rows) - len(rows) % ROWS_A_STATEMENT
        if whole:
            insert, _, values = sql.partition(" VALUES ")
            # A statement of many rows would keep a journal of its own, to undo the first ones if the last is refused.
            # None is ever refused but by a mistake of ours, and then the whole turn has to go.
            insert = insert.replace("INSERT INTO", "INSERT OR ROLLBACK INTO")
            together = f"{insert} VALUES {', '.join([values] * ROWS_A_STATEMENT)}"
            for start in range(0, whole, ROWS_A_STATEMENT):
                self._db.execute(together, list(chain.from_iterable(rows[start : start + ROWS_A_STATEMENT])))
        if whole < len(rows):
            self._db.executemany(sql, rows[whole:])


def _table(sql: str) -> str:
    found = _TABLE.search(sql)
    return found[2] if found else ""
