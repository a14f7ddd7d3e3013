"""Reads that the driver has prepared on a session of PostgreSQL, by way of libpq alone.

Between a statement and libpq the driver makes a cursor, an adapter and a chain of generators for each: as much work as
libpq's own, and a short read does little else (61 µs of CPU with them, 39 without). What is left out here is only that.
Values and rows are adapted as the driver's cursors do it, and every error is the driver's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import psycopg
from psycopg import errors, pq
from psycopg.adapt import PyFormat, Transformer

Key = tuple[bytes, tuple[int, ...] | None]


class Rows:
    """The rows of a read, as a cursor gives them."""

    def __init__(self, rows: list[Any]) -> None:
        self._rows = iter(rows)

    def fetchone(self) -> Any:
        """The next row, None where there is none."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        return self._rows

    def __next__(self) -> Any:
        return next(self._rows)


class Prepared:
    """The statements that a connection has prepared. To be asked outside a pipeline."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self._raw = raw
        self._transformer = Transformer(raw)
        # The driver's own account, since it drops what it prepared whenever a transaction is rolled back or a table
        # dropped. It is private to the driver: where another version has none, its cursors do all the work.
        self._names: Mapping[Key, bytes] = getattr(getattr(raw, "_prepared", None), "_names", {})

    def rows(self, text: str, given: Sequence[Any]) -> Rows | None:
        """What a statement finds; None where it is no read, or not prepared. Raises psycopg.Error."""
        if not self._names or not text.startswith("SELECT"):
            return None
        transformer = self._transformer
        values = transformer.dump_sequence(given, [PyFormat.AUTO] * len(given))
        name = self._names.get((text.encode(), transformer.types))
        if name is None:
            return None
        # None among the values is NULL, of which the driver's own types know nothing here.
        result = self._raw.pgconn.exec_prepared(name, values, transformer.formats, pq.Format.BINARY)  # type: ignore[arg-type]
        if result.status != pq.ExecStatus.TUPLES_OK:
            raise errors.error_from_result(result)
        transformer.set_pgresult(result)
        return Rows(transformer.load_rows(0, result.ntuples, tuple))
