"""SQLite: connections, the writer's turn, migrations."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlite_utils import Database as SqliteUtils

from api.errors import Busy
from api.storage import faults, log
from api.storage.faults import StoreError
from api.storage.log import Head
from api.storage.newest import Newest, counted
from api.storage.settling import Settling
from api.storage.tables import create_derived, drop_derived, migrations

# How long a statement waits for a lock that the writer's turn does not cover (a checkpoint, a backup), in milliseconds.
BUSY_TIMEOUT = 5_000
# How long emptying the write-ahead log waits for readers at once, in milliseconds.
GLANCE = 500
CACHE_KIB = 16_384

# An import changes many pages of many indexes in each turn, and has them all at hand with so much.
BULK_CACHE_KIB = 65_536

Connection = sqlite3.Connection


class Database:
    """One SQLite file. Each thread has its own connections, since a connection is bound to its thread and
    costs 0.4 ms to open.

    `heads` is the file that has what was signed of this log, `extends_heads` whether this process has seen that the log
    still has it: `api.checkpoints` reads it, and `api.ledger` asks before it writes.
    """

    swept = "The database file and its write-ahead log were written anew without it. Backups from before have it."

    def __init__(self, path: str | Path, heads: str | Path | None = None) -> None:
        self.path = Path(path)
        self.heads = Path(heads or f"{path}.heads")
        self.extends_heads = False
        self._local = threading.local()
        self._settling = Settling(self)
        self._newest = Newest(f"{path}.lock")

    def reader(self) -> Connection:
        """This thread's connection for reading: it cannot write."""
        connection: Connection | None = getattr(self._local, "reader", None)
        if connection is None:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON")
            self._local.reader = connection
        return connection

    def head(self) -> Head:
        """The head of the log."""
        return self._newest.head(lambda: log.head(self.reader()))

    def head_between_turns(self) -> Head | None:
        """The head as long as nobody has a turn."""
        return self._newest.between_turns(lambda: log.head(self.reader()))

    @property
    def name(self) -> str:
        """What the database is called: its path."""
        return str(self.path)

    @property
    def beside(self) -> Path:
        """What the paths of the files begin with that belong to it."""
        return self.path

    def exists(self) -> bool:
        """Whether there is a file."""
        return self.path.exists()

    @contextmanager
    def snapshot(self) -> Iterator[Connection]:
        """Several reads of one and the same state of the record."""
        connection = self.reader()
        connection.execute("BEGIN")
        try:
            yield connection
        finally:
            # Nothing was written. COMMIT would fail once more where a read came upon a damaged page; and some failures
            # of the disk have ended the transaction already.
            if connection.in_transaction:
                connection.execute("ROLLBACK")

    @contextmanager
    def turn(self) -> Iterator[Connection]:
        """The writer's turn: everything inside is one durable transaction, or nothing. One writer at a time,
        first come first served.

        The lock file comes first, because SQLite's own busy handler polls and left a writer waiting for
        seconds while others overtook it; then BEGIN IMMEDIATE, because a deferred BEGIN that reads before it
        writes fails under other writers whatever its timeout. When this returns the changes are on the disk
        (synchronous = FULL).
        """
        with self._alone() as connection, counted(self._local.lock):
            _begin(connection)
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _alone(self) -> Iterator[Connection]:
        """This thread's writer, while no other writer has the lock file."""
        connection = self._writer()
        lock: int = self._local.lock
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            yield connection
        except sqlite3.Error as error:
            if faults.outlives_its_cause(error):
                self._local.__dict__.pop("writer").close()
            raise
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)

    def migrate(self) -> list[str]:
        """Bring the schema up to date, making the file where there is none. Out: the names of the migrations that ran.

        All of them run in one writer's turn: workers that boot together and migrate for themselves failed
        three times in four. Raises StoreError for a database of another application.
        """
        with self.turn() as connection:
            db = SqliteUtils(connection)
            others = {*db.table_names()} - {migrations.migrations_table}
            if others and not migrations.applied(db):
                told = f"The database at {self.path} is another application's (it has a table {min(others)})"
                raise StoreError(f"{told}: set DATABASE_URL to another file.")
            names = [migration.name for migration in migrations.pending(db)]
            migrations.apply(db)
        return names

    def is_current(self) -> bool:
        """Whether the schema is the one that this code knows: no migration is pending, and none is from a
        later version."""
        if not self.path.exists():
            return False
        db = SqliteUtils(self.reader())
        known = {migration.name for migration in migrations._migrations}
        return not migrations.pending(db) and {done.name for done in migrations.applied(db)} <= known

    def reset_derived(self, connection: Connection) -> None:
        """Within a turn: drop every derived table and make it anew, empty."""
        db = SqliteUtils(connection)
        drop_derived(db)
        create_derived(db)

    def write_in_bulk(self) -> None:
        """Set this thread's writer up for an import: a larger cache, and no checkpoint within a turn, where others
        would wait for it. Whoever calls this calls `checkpoint` between turns."""
        writer = self._writer()
        writer.execute(f"PRAGMA cache_size = -{BULK_CACHE_KIB}")
        writer.execute("PRAGMA wal_autocheckpoint = 0")

    def checkpoint(self) -> int:
        """Move what is in the write-ahead log to the database file, as far as no reader needs it there. Writers go on
        meanwhile.

        Out: how many pages the log had.
        """
        return self.move_log()[0]

    def move_log(self) -> tuple[int, int]:
        """What `checkpoint` does. Out: how many pages the log has, and how many of them are in the file by now."""
        _, pages, moved = self._writer().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return int(pages), int(moved)

    def begin_log_anew(self, patience: int, *, cut: bool = False) -> bool:
        """Move the rest of the write-ahead log and let the next turn write over it, so that the file grows no further;
        or `cut` the file down to nothing.

        Turns wait meanwhile, and `patience` is for how many milliseconds that waits for readers of an older state. Out:
        whether none was left.
        """
        with self._alone() as connection:
            connection.execute(f"PRAGMA busy_timeout = {patience}")
            try:
                mode = "TRUNCATE" if cut else "RESTART"
                busy, _, _ = connection.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
            finally:
                connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT}")
        return not busy

    def settle(self) -> None:
        """After every so many turns: begin to move what is in the write-ahead log to the database file, beside the next
        ones. From the first call on this thread's commits leave that alone."""
        writer: Connection | None = getattr(self._local, "writer", None)
        if writer is None:
            return  # there was no turn to be had
        if not self._local.settles:
            writer.execute("PRAGMA wal_autocheckpoint = 0")
            self._local.settles = True
        self._settling.turn_done()

    def discard(self) -> None:
        """Remove the file, and those that belong to it as long as it is used."""
        self.close()
        for suffix in ("", "-wal", "-shm", ".lock", ".serving", ".delivering"):
            Path(f"{self.path}{suffix}").unlink(missing_ok=True)

    def serve(self) -> None:
        """Say that this process, and those that it makes, serve this database, until the last of them ends. Raises
        Busy while it is being restored."""
        try:
            # Kept open, and never closed: the lock ends with the processes that have it.
            _take(f"{self.path}.serving", fcntl.LOCK_SH, f"{self.path} is being restored: start when that is done.")
        except OSError as error:
            # Where no file can be made nothing can be restored either; what is there may still be read.
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC):
                raise

    def deliver(self) -> Delivering | None:
        """The lock of a file, as long as this process has it; None while another process has it."""
        try:
            return Delivering(_take(f"{self.path}.delivering", fcntl.LOCK_EX, "Another process delivers."))
        except Busy:
            return None

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Whatever is done inside to the file, nobody serves it and nobody has the writer's turn. Raises Busy where
        somebody does."""
        serving = f"A server, or a mirror, runs on {self.path}: stop it first."
        writing = f"Another program writes to {self.path}: wait until it is done, or stop it."
        taken: list[int] = []
        try:
            taken.append(_take(f"{self.path}.serving", fcntl.LOCK_EX, serving))
            taken.append(_take(f"{self.path}.lock", fcntl.LOCK_EX, writing))
            yield
        finally:
            for lock in taken:
                os.close(lock)

    def write_over_deleted(self) -> None:
        """Set this thread's writer up for an erasure: what it deletes is overwritten with zeros.

        What was deleted before is not, and parts of it may be left in the file: `sweep` takes care of those."""
        self._writer().execute("PRAGMA secure_delete = ON")

    def sweep(self, patience: float) -> bool:
        """Write the whole database anew, without what is left in it of deleted rows, and empty the write-ahead log.
        Writers wait; readers go on. Needs as much free space again as the database has.

        The log cannot be emptied while a reader holds an older state; `patience` is for how many seconds that is waited
        for. Out: whether it was emptied.
        """
        with self._alone() as connection:
            # The copy is as large as the database: too large for memory.
            connection.execute("PRAGMA temp_store = FILE")
            try:
                connection.execute("VACUUM")
            finally:
                connection.execute("PRAGMA temp_store = MEMORY")
        end = time.monotonic() + patience
        # Writers are held up as well while this waits for readers, so it lets them in every now and then.
        while not self.begin_log_anew(GLANCE, cut=True):
            if time.monotonic() > end:
                return False
        return True

    def backup(self, path: Path, progress: Callable[[int, int], None] = lambda done, pages: None) -> None:
        """Copy the database as it is at this moment to a new file, while writers go on. `progress` is told pages done
        of all."""
        target = sqlite3.connect(path)
        try:
            # The copy is made in steps; within a snapshot all of them are of the same state.
            with self.snapshot() as connection:
                connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
                connection.backup(target, pages=1_000, progress=lambda _, left, all: progress(all - left, all), sleep=0)
        finally:
            target.close()

    def close(self) -> None:
        """Close this thread's connections."""
        for name in ("reader", "writer"):
            connection: Connection | None = self._local.__dict__.pop(name, None)
            if connection is not None:
                connection.close()
        lock = self._local.__dict__.pop("lock", None)
        if lock is not None:
            os.close(lock)

    def _writer(self) -> Connection:
        connection: Connection | None = getattr(self._local, "writer", None)
        if connection is None:
            connection = self._connect(create=True)
            connection.execute("PRAGMA synchronous = FULL")
            if not hasattr(self._local, "lock"):
                self._local.lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            # Only now: who comes next after a failure must find both or neither.
            self._local.writer, self._local.settles = connection, False
        return connection

    def _connect(self, create: bool = False) -> Connection:
        if not create and not self.path.exists():
            raise StoreError(f"There is no database at {self.path}: run 'onrecord init' or 'onrecord migrate' first.")
        connection = None
        try:
            connection = sqlite3.connect(self.path, isolation_level=None, timeout=BUSY_TIMEOUT / 1000)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            connection.execute("PRAGMA temp_store = MEMORY")
        except sqlite3.Error as error:
            if connection is not None:
                connection.close()
            told = f"The database at {self.path} cannot be opened: {error}. {faults.remedy(error)}"
            raise StoreError(told) from error
        return connection


class Delivering:
    """The right to deliver (`api.storage.database.Delivering`), which ends with the process that has it."""

    def __init__(self, lock: int) -> None:
        self._lock = lock

    def holds(self) -> bool:
        """Nobody takes the lock of a file away."""
        return True

    def release(self) -> None:
        """Close the file."""
        os.close(self._lock)


def _take(path: str, lock: int, otherwise: str) -> int:
    """A file locked at once, or Busy with the sentence `otherwise`."""
    taken = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(taken, lock | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(taken)
        raise Busy(otherwise) from None
    return taken


def _begin(connection: Connection) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if "locked" not in str(error):
            raise
        raise Busy("Another program holds the database: try again.", headers={"Retry-After": "1"}) from error
