"""PostgreSQL: connections, the writer's turn, migrations."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import conninfo, pq

from api.errors import Busy
from api.storage import log
from api.storage import postgresql_tables as tables
from api.storage.database import BESIDE_SERVER
from api.storage.faults import EngineFailure, StoreError
from api.storage.log import Head
from api.storage.session import PLANNING, PRIMARY, SETTINGS, Cursor, Session, connect, failure

# The lock that is the writer's turn: any number will do that nobody else uses in this database.
TURN = 0x6F6E7265636F7264
# The lock of whoever delivers webhooks.
DELIVERY = 0x6F6E7264656C6976
# Seconds that a writer waits for its turn. An import's turns are short, a rebuild's takes as long as it takes.
PATIENCE = 60

# The lock comes first. Under READ COMMITTED each statement after it sees what was committed before, whatever waited;
# under REPEATABLE READ the snapshot would be of the moment when the waiting began.
BEGIN = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
LOCKED = f"SET LOCAL lock_timeout = '{PATIENCE}s'; SELECT pg_advisory_xact_lock({TURN})"
AFTERWARDS = f"SET LOCAL lock_timeout = {SETTINGS['lock_timeout']}"
# What a session was told is told in each transaction where the next one may have another session.
TIMEOUTS = {key: value for key, value in SETTINGS.items() if key.endswith("timeout")}
LIMITS = "; ".join(f"SET LOCAL {key} = {value}" for key, value in (TIMEOUTS | PLANNING).items())
# The head's lock comes before the snapshot: where a rebuild puts new tables in place of the old ones, whoever began to
# read before would find the new ones empty. So the rebuild waits for them at the head, and they for the rebuild.
SNAPSHOT = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; LOCK TABLE head IN ACCESS SHARE MODE"


class Database:
    """One database of a PostgreSQL server. Each thread has a connection of its own, and another only where it reads
    what is committed while it writes.

    See `api.storage.database.Database`; `name` is the URL without credentials.
    """

    swept = (
        "The tables were written anew without it. Backups from before have it, and so has the server's write-ahead log,"
        " its archive and its standbys', until they are recycled."
    )

    def __init__(self, url: str, heads: str | Path, beside: str | Path = BESIDE_SERVER, setting: str = PRIMARY) -> None:
        self.url, self.name, self.setting = url, named(url, setting), setting
        self.heads, self.beside = Path(heads), Path(beside)
        self.extends_heads = False
        self._looked_at = 0
        self._local = threading.local()

    def reader(self) -> Session:
        """This thread's connection for reading: it cannot write."""
        session = self._session("session")
        return self._session("aside") if session.writing else session

    def head(self) -> Head:
        """The head of the log."""
        return log.head(self.reader())

    def head_between_turns(self) -> None:
        """Never known: nobody but the server knows of turns."""

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """Several reads of one and the same state of the record."""
        session = self.reader()
        self._begin(session, SNAPSHOT)
        try:
            yield session
        except BaseException:
            self._give_up(session)
            raise
        # Nothing was written. ROLLBACK would make the driver forget its prepared statements.
        self._end(session)

    @contextmanager
    def turn(self) -> Iterator[Session]:
        """The writer's turn: everything inside is one durable transaction, or nothing. One writer at a time, first come
        first served.

        What is written is sent without waiting for each statement's outcome, and the commit right behind it: all of
        them are waited for together. When this returns the changes are as durable as synchronous_commit makes them, and
        it is not off.
        """
        session = self._session("session")
        if session.busy:
            raise RuntimeError("a turn within another, or within a snapshot")
        self._begin_turn(session)
        committing, committed = False, None
        try:
            with _failing(session), session.raw.pipeline():
                yield session
                committing = not session.rebuilt
                if committing:
                    committed = session.run("COMMIT")
            if session.rebuilt:
                tables.put_in_place(session)
        except BaseException as error:
            self._give_up(session)
            if committing and isinstance(error, EngineFailure):
                raise _uncommitted(error) from error
            raise
        self._end(session, committed)

    def migrate(self) -> list[str]:
        """Bring the schema up to date. Out: the names of the migrations that ran, all of them in one turn. Raises
        StoreError for a database of another application, or of a later version."""
        with self.turn() as session:
            return tables.migrate(session, self.name)

    def is_current(self) -> bool:
        """Whether the schema is the one that this code knows."""
        return tables.applied(self.reader()) == tables.known()

    def exists(self) -> bool:
        """Whether a record was made in it. Raises StoreError where it cannot be opened."""
        return bool(tables.applied(self.reader()))

    def reset_derived(self, connection: Session) -> None:
        """Within a turn: begin every derived table anew, empty. Others read the old ones until the turn ends."""
        tables.begin_anew(connection)

    def write_in_bulk(self) -> None:
        """Nothing need be set up for an import here."""

    def checkpoint(self) -> int:
        """How common words are the server would find out too late for whoever searches meanwhile, so it is told to look
        whenever an import has doubled the record."""
        session = self.reader()
        [last] = session.execute("SELECT coalesce(max(id), 0) FROM searchable").fetchone()
        if last > 2 * self._looked_at:
            session.run("ANALYZE searchable")
            self._looked_at = last
        return 0

    def settle(self) -> None:
        """The server moves its log by itself."""

    def write_over_deleted(self) -> None:
        """Nothing can be set up for an erasure here: `sweep` takes care of what was deleted."""

    def sweep(self, patience: float) -> bool:
        """Write the tables anew that payloads, remembered answers and vectors were deleted from; derived tables are
        new anyway. Readers of these wait as well. `patience` is for how many seconds their locks are waited for.

        Raises EngineFailure where that was not enough.
        """
        session = self._session("session")
        # Behind a pooler what is set would stay with a connection that another client has next. There the limits hold
        # that the role has.
        limits = {"lock_timeout": str(int(patience * 1000)), "statement_timeout": "0"}
        limits = {} if session.pooled else {"default_transaction_read_only": "off", **limits}
        for table in ("payloads", "idempotency", "vectors"):
            try:
                for key, value in limits.items():
                    session.run(f"SET {key} = {value}")
                session.run(f"VACUUM FULL {table}")
            finally:
                for key in limits:
                    session.run(f"SET {key} = {SETTINGS[key]}")
        return True

    def discard(self) -> None:
        """Drop every table of the record."""
        with self.turn() as session:
            tables.drop(session)

    def serve(self) -> None:
        """Nobody puts another database in the place of one on a server."""

    def deliver(self) -> Delivering | None:
        """A lock of a session of its own; None while another session has it. Raises StoreError where sessions are
        shared."""
        session = Session(self._connect)
        if session.pooled:
            session.close()
            raise StoreError(
                f"Webhooks are delivered over a session that stays: connect to {self.name} directly, or by a pooler"
                " that pools sessions, not transactions."
            )
        if not session.run(f"SELECT pg_try_advisory_lock({DELIVERY})").fetchone()[0]:
            session.close()
            return None
        return Delivering(session)

    def close(self) -> None:
        """Close this thread's connections."""
        for name in ("session", "aside"):
            session: Session | None = self._local.__dict__.pop(name, None)
            if session is not None:
                session.close()

    def _session(self, name: str) -> Session:
        session: Session | None = getattr(self._local, name, None)
        if session is None:
            session = Session(self._connect)
            setattr(self._local, name, session)
        return session

    def _connect(self) -> psycopg.Connection[Any]:
        # Who answers may be another server than before, which has not all that this process has signed.
        self.extends_heads = False
        return connect(self.url, self.name, self.setting)

    def _begin_turn(self, session: Session) -> None:
        try:
            self._begin(session, f"{BEGIN}; {LOCKED}; {AFTERWARDS}")
        except EngineFailure as failed:
            if failed.code == "55P03":
                waited = f"Other writers had the record for {PATIENCE} seconds: try again."
                raise Busy(waited, headers={"Retry-After": "5"}) from failed
            if failed.code == "0A000":
                # What a standby says. Another server may be the primary, or this one before long.
                session.close()
                raise EngineFailure(str(failed), "25006") from failed
            raise
        session.rebuilt, session.writing = False, True

    def _begin(self, session: Session, command: str) -> None:
        """Begin a transaction, over another connection if the one at hand was cut."""
        try:
            session.run(f"{command}; {LIMITS}" if session.pooled else command)
        except EngineFailure as failed:
            self._give_up(session)
            if not failed.lost:
                raise
            session.reopen()
            session.run(f"{command}; {LIMITS}" if session.pooled else command)
        session.busy, session.free = True, False

    def _end(self, session: Session, committed: Cursor | None = None) -> None:
        """End a transaction; `committed` is what came of its COMMIT, if that was sent already."""
        session.busy = session.writing = False
        if committed is None:
            try:
                committed = session.run("COMMIT")
            except EngineFailure as failed:
                raise _uncommitted(failed) from failed
        if committed.statusmessage != "COMMIT":
            raise EngineFailure("The server gave the transaction up.")

    def _give_up(self, session: Session) -> None:
        """End a transaction without a trace; the connection, too, where it may be of no use any more."""
        session.busy = session.writing = False
        try:
            if session.raw.info.transaction_status != pq.TransactionStatus.IDLE:
                session.run("ROLLBACK")
        except EngineFailure:
            session.close()


class Delivering:
    """The right to deliver (`api.storage.database.Delivering`), which ends with the session that has the lock."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def holds(self) -> bool:
        """Whether the session is still the one that took the lock."""
        try:
            self._session.run("SELECT 1")
        except EngineFailure:
            return False
        return True

    def release(self) -> None:
        """End the session."""
        self._session.close()


def _uncommitted(failed: EngineFailure) -> EngineFailure:
    """What a failure is after which it is not known whether the server has committed, if the connection is gone."""
    return EngineFailure(str(failed), failed.code, failed.lost, uncertain=failed.lost)


@contextmanager
def _failing(session: Session) -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        failed = failure(error, session.raw)
        if failed.code == "25006":
            # After a failover the server that was the primary is one no more.
            session.close()
        raise failed from error


def named(url: str, setting: str = PRIMARY) -> str:
    """What a database is called where anybody may read it: its URL without user, password and options. Raises
    StoreError for what is none; `setting` is the variable that has it."""
    try:
        given = conninfo.conninfo_to_dict(url)
    except psycopg.Error:
        # What the driver says repeats a part of the URL, which may be of the password.
        told = f"{setting} is no URL that PostgreSQL understands: look at what follows the ?, and at each % in it."
        raise StoreError(told) from None
    host, port, name = (given.get(key) for key in ("host", "port", "dbname"))
    return f"postgresql://{host or ''}{f':{port}' if port else ''}/{name or ''}"
