"""A connection to PostgreSQL that takes the SQL of this package and gives rows as SQLite does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import Any

import psycopg
from psycopg import conninfo, pq
from psycopg.types.numeric import Int8BinaryDumper

from api.storage import dialect, faults
from api.storage.faults import EngineFailure, StoreError
from api.storage.postgresql_search import FULL_TEXT
from api.storage.prepared import Prepared, Rows

# The settings that have the URLs of the servers.
PRIMARY, REPLICA = "DATABASE_URL", "DATABASE_REPLICA_URL"
# The oldest version that this is tested with.
OLDEST = 150000
# Seconds that opening a connection may take, unless the URL says otherwise.
CONNECT_TIMEOUT = 5
# What is read from a replica can be read elsewhere: a machine that is gone, and cannot say so, is given up in seconds,
# and not in the quarter of an hour that the system would wait. In seconds, but the second, which is in milliseconds.
GIVEN_UP_SOON = {
    "connect_timeout": 2,
    "tcp_user_timeout": 3_000,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
}
# How many rows go into one statement of an import. Of few sizes, so that the server has prepared each.
ROWS_A_STATEMENT = (128, 64, 32, 16, 8, 4, 2, 1)

# What a statement has that looks for words.
SEARCHES = " @@ "

# Session settings, in milliseconds where they are times. Nobody holds a lock that others need for longer, whatever
# happens to the process; and what is not said to write cannot.
LOCK_TIMEOUT = 5_000
STATEMENT_TIMEOUT = 120_000
IDLE_TIMEOUT = 120_000
SETTINGS = {
    "default_transaction_read_only": "on",
    "lock_timeout": str(LOCK_TIMEOUT),
    "statement_timeout": str(STATEMENT_TIMEOUT),
    "idle_in_transaction_session_timeout": str(IDLE_TIMEOUT),
}
# Every statement of the package has the index that it needs, in the order in which it gives its rows (a test looks at
# the plans that SQLite makes). The planner only finds that out where it knows how many rows there are, and plans that
# were made while a table was small, which are kept, would walk over it when it is large. So it is told.
PLANNING = {
    "enable_seqscan": "off",
    "enable_bitmapscan": "off",
    "enable_sort": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
    "join_collapse_limit": "1",
    "jit": "off",
}
# But how common a word is decides how it is best looked for.
FREE = "; ".join(f"SET LOCAL {key} = on" for key in ("enable_bitmapscan", "enable_sort"))

_ABOUT = (
    "SELECT pg_backend_pid(), current_setting('synchronous_commit'), current_setting('server_encoding'),"
    " current_setting('server_version_num')::int"
)


class Cursor(psycopg.RawCursor[Any]):
    """What was found. Within a turn statements are sent without waiting for their outcome, so that reading one may
    fail; it then fails with what callers know."""

    def fetchone(self) -> Any:
        """The next row, None where there is none."""
        try:
            return super().fetchone()
        except psycopg.Error as error:
            raise failure(error, self.connection) from error

    def fetchall(self) -> list[Any]:
        """The rows that are left."""
        try:
            return super().fetchall()
        except psycopg.Error as error:
            raise failure(error, self.connection) from error

    def __next__(self) -> Any:
        try:
            return super().__next__()
        except psycopg.Error as error:
            raise failure(error, self.connection) from error

    @property
    def rowcount(self) -> int:
        """How many rows the statement changed."""
        try:
            self._fetch_pipeline()
        except psycopg.Error as error:
            raise failure(error, self.connection) from error
        return super().rowcount


class Session:
    """One connection of one thread (`api.storage.log.Connection`). A read that finds it cut opens another, once.

    `busy` is set within a transaction, whose other half would be lost with the connection, `writing` within a turn, and
    `rebuilt` once the derived tables were begun anew in it; `free` once the planner was let choose.
    """

    full_text = FULL_TEXT
    # So many rows of an import are sent while the next ones are made: the server is at work meanwhile.
    at_once = 2 * ROWS_A_STATEMENT[0]

    def __init__(self, connect: Callable[[], psycopg.Connection[Any]]) -> None:
        self._connect = connect
        self.raw = connect()
        self._prepared = Prepared(self.raw)
        self.busy = self.writing = False
        self.rebuilt = self.free = False

    @property
    def pooled(self) -> bool:
        """Whether each transaction may have another session of the server."""
        return self.raw.prepare_threshold is None

    def execute(self, sql: str, parameters: Any = (), /) -> Any:
        """Run a statement of the package. Raises EngineFailure."""
        statement = dialect.translated(sql)
        given = dialect.values(statement, parameters)
        try:
            return self._run(statement.text, given)
        except psycopg.Error as error:
            if isinstance(error, psycopg.DataError) and any(_has_nul(value) for value in given):
                return self.execute(sql, _without_nul(parameters))
            failed = failure(error, self.raw)
            if self.busy or not (failed.lost or failed.code == "40P01"):
                raise failed from error
        if failed.lost:
            self.reopen()
        try:
            return self._run(statement.text, given)
        except psycopg.Error as error:
            raise failure(error, self.raw) from error

    def executemany(self, sql: str, parameters: Iterable[Any], /) -> None:
        """Run a statement of the package for each of many rows. Raises EngineFailure."""
        statement = dialect.translated(sql)
        rows = [dialect.values(statement, row) for row in parameters]
        if not rows:
            return
        try:
            Cursor(self.raw).executemany(statement.text, rows)
        except psycopg.Error as error:
            raise failure(error, self.raw) from error

    def insert(self, sql: str, rows: list[Any]) -> None:
        """Insert rows, sent together where their parameters have no names (`INSERT INTO … VALUES (…)`)."""
        if isinstance(rows[0], Mapping):
            self.executemany(sql, rows)
            return
        insert, _, values = sql.partition(" VALUES ")
        start = 0
        for size in ROWS_A_STATEMENT:
            together = f"{insert} VALUES {', '.join([values] * size)}"
            while len(rows) - start >= size:
                self.execute(together, list(chain.from_iterable(rows[start : start + size])))
                start += size

    def run(self, command: str) -> Cursor:
        """Run PostgreSQL's own words, several statements perhaps, without parameters. Raises EngineFailure."""
        try:
            return Cursor(self.raw).execute(command)
        except psycopg.Error as error:
            raise failure(error, self.raw) from error

    def reopen(self) -> None:
        """Put another connection in place of the one that was cut. Raises StoreError."""
        self.close()
        self.raw = self._connect()
        self._prepared = Prepared(self.raw)

    def close(self) -> None:
        """Close the connection."""
        self.raw.close()

    def _run(self, text: str, given: Any) -> Cursor | Rows:
        searches = SEARCHES in text
        if not searches and not self.writing:
            rows = self._prepared.rows(text, given)
            if rows is not None:
                return rows
        if searches and self.busy and not self.free:
            self.run(FREE)
            self.free = True
        cursor = Cursor(self.raw)
        cursor.format = pq.Format.BINARY
        # A plan that is made once would fit no word.
        cursor.execute(text, given or None, prepare=False if searches else None)
        return cursor


def connect(url: str, name: str, setting: str = PRIMARY) -> psycopg.Connection[Any]:
    """A connection that is set up. Raises StoreError with the reason; `name` is what the database is called there, and
    `setting` the variable that has the URL. What is only read need not commit durably."""
    try:
        raw = psycopg.connect(url, autocommit=True, **_defaults(url, setting))
    except psycopg.Error as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise StoreError(f"The database {name} cannot be opened: {reason}. {_remedy(reason, setting)}") from None
    try:
        _set_up(raw, name, writes=setting == PRIMARY)
    except psycopg.Error as error:
        raw.close()
        raise StoreError(f"The database {name} cannot be used: {' '.join(str(error).split())}.") from error
    except StoreError:
        raw.close()
        raise
    return raw


def _set_up(raw: psycopg.Connection[Any], name: str, writes: bool) -> None:
    # Each width of a number would make another statement for the server to prepare.
    raw.adapters.register_dumper(int, Int8BinaryDumper)
    [(pid, durable, encoding, version)] = raw.execute(_ABOUT).fetchall()
    if version < OLDEST:
        raise StoreError(f"The database {name} is PostgreSQL {version // 10_000}: version 15 or later is needed.")
    if writes and durable == "off":
        raise StoreError(
            f"The database {name} has synchronous_commit off: a write that was acknowledged could be lost. Run: ALTER"
            " DATABASE … SET synchronous_commit = on"
        )
    if encoding != "UTF8":
        raise StoreError(f"The database {name} keeps text as {encoding}: make one with ENCODING 'UTF8'.")
    if pid != raw.info.backend_pid:
        # Something stands between us and the server, such as pgbouncer, and gives each transaction another connection:
        # what one was told in a session the next has not heard.
        raw.prepare_threshold = None
        return
    raw.prepared_max = 300
    told = [f"set_config({key!r}, {value!r}, false)" for key, value in (SETTINGS | PLANNING).items()]
    raw.execute(f"SELECT {', '.join(told)}")


def _defaults(url: str, setting: str) -> dict[str, Any]:
    given = conninfo.conninfo_to_dict(url)
    defaults = {"connect_timeout": CONNECT_TIMEOUT, "application_name": "onrecord", "client_encoding": "UTF8"}
    if setting == REPLICA:
        defaults |= GIVEN_UP_SOON
    return {key: value for key, value in defaults.items() if key not in given}


def _remedy(reason: str, setting: str) -> str:
    if "password" in reason or "authentication" in reason or "does not exist" in reason or "pg_hba" in reason:
        return f"Look at the user, the password and the database in {setting}."
    return f"Look whether the server runs, and at the host and port in {setting}."


def _has_nul(value: Any) -> bool:
    return isinstance(value, str) and "\0" in value


def _without_nul(parameters: Any) -> Any:
    # PostgreSQL has no text with a NUL in it, and nothing that is stored has one. So whoever looks for it must find
    # nothing, and no name has what stands in its place.
    if isinstance(parameters, Mapping):
        return {key: value.replace("\0", "\ufffe") if _has_nul(value) else value for key, value in parameters.items()}
    return [value.replace("\0", "\ufffe") if _has_nul(value) else value for value in parameters]


def failure(error: psycopg.Error, raw: psycopg.Connection[Any]) -> EngineFailure:
    """What callers know of an error of the driver."""
    lost = raw.closed or faults.is_shut(error.sqlstate)
    return EngineFailure(" ".join(str(error).split()) or type(error).__name__, error.sqlstate, lost)
