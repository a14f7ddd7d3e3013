"""Behind a real pgbouncer in transaction mode: with fewer connections to the server than there are clients, everything
is as it is without one."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from api import ledger
from api.errors import StorageUnavailable
from api.storage import faults, log
from api.storage.faults import EngineFailure
from api.storage.postgresql import Database
from api.storage.session import PLANNING
from api.verification import verify
from api.writers import Writers
from tests.histories import Chronicle
from tests.pgbouncer import ROOT, Pgbouncer, running
from tests.postgresql import Server
from tests.processes import Unavailable
from tests.records import Recorder, recording
from tests.test_postgresql import opened

WRITERS = 4
EACH = 25


@pytest.fixture(scope="module")
def pooler(postgresql: Server) -> Iterator[Pgbouncer]:
    """A pgbouncer before the server of the tests."""
    with ExitStack() as stack:
        try:
            pooler = stack.enter_context(running(postgresql))
        except Unavailable as why:
            pytest.skip(f"pgbouncer is not tested: {why}")
        yield pooler


@pytest.fixture
def name(postgresql: Server) -> Iterator[str]:
    """The name of a new database."""
    made = postgresql.create()
    yield made
    postgresql.drop(made)


@pytest.fixture
def behind(pooler: Pgbouncer, name: str, tmp_path: Path) -> Iterator[Database]:
    """A database that is reached through pgbouncer, and was migrated through it."""
    with opened(pooler.url(name), tmp_path) as database:
        assert database.migrate() and not database.migrate() and database.is_current()
        yield database


def test_it_is_noticed(behind: Database) -> None:
    """Nothing is prepared, since the next transaction may have another connection to the server."""
    assert behind.reader().pooled
    Recorder(behind).party("dhs")
    for _ in range(12):
        assert log.document(behind.reader(), "party/dhs") is not None
    [(prepared,)] = behind.reader().execute("SELECT count(*) FROM pg_prepared_statements")
    assert prepared == 0


def test_writers_readers_and_a_poller(behind: Database, pooler: Pgbouncer, name: str, postgresql: Server) -> None:
    """Four processes write, threads read snapshots and a poller follows: each entry is seen once and in order, each
    snapshot is of one state, and at the end the log verifies. The server had no more connections than the pool has."""
    Recorder(behind).party("dhs")
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.writers", pooler.url(name), "dhs", str(number * 1_000), str(EACH)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(WRITERS)
    ]
    done, failed, seen, most = threading.Event(), [], [0], 0

    def read() -> None:
        with opened(pooler.url(name), behind.heads.parent) as database:
            try:
                while not done.is_set():
                    with database.snapshot() as db:
                        size = log.head(db).size
                        assert log.rows(db, "entries") == log.rows(db, "changes") == size
            except BaseException as error:
                failed.append(error)
                raise

    readers = [threading.Thread(target=read) for _ in range(3)]
    for reader in readers:
        reader.start()
    while len(seen) < 1 + WRITERS * EACH and not failed:
        seen += [index for index, _ in log.changes(behind.reader(), len(seen), 2**62, (), 100)]
        sql = f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{name}'"
        most = max(most, postgresql.run(sql)[0][0])
        assert all(writer.poll() in (None, 0) for writer in writers)
    done.set()
    for reader in readers:
        reader.join()
    told = [int(line) for writer in writers for line in writer.communicate(timeout=60)[0].split()]
    assert not failed and seen == list(range(1 + WRITERS * EACH)) and sorted(told) == seen[1:]
    assert 1 < most <= 20
    with behind.snapshot() as db:
        assert verify(db) is None


def test_whatever_can_happen_to_a_record(behind: Database, name: str, postgresql: Server, tmp_path: Path) -> None:
    """A history of everything, erasing included, gives the same record as without pgbouncer; so does a rebuild."""
    Chronicle(4).write(behind, 120)
    with behind.snapshot() as db:
        assert verify(db) is None
    made = ledger.rebuild(behind)
    assert behind.sweep(5)
    with opened(postgresql.url(name), tmp_path) as direct, direct.snapshot() as db:
        assert log.head(db) == made
    # What a command sets for itself must not be left to whoever gets its connection next.
    for _ in range(10):
        [row] = behind.reader().execute(
            "SELECT current_setting('default_transaction_read_only'), current_setting('statement_timeout')"
        )
        assert row == ("off", "0")


def test_a_bulk_import(behind: Database, pooler: Pgbouncer, name: str, tmp_path: Path) -> None:
    """`onrecord import` behind pgbouncer, while somebody reads."""
    from tests.cli.conftest import Shell, claim

    shell = Shell(tmp_path)
    Recorder(behind).party("agency")
    path = shell.write("claims.ndjson", [claim(f"Statement {number}.") for number in range(400)])
    environ = {"DATABASE_URL": pooler.url(name)}
    with shell.start("import", path, environ=environ) as process:
        while process.poll() is None:
            with behind.snapshot() as db:
                assert log.rows(db, "entries") == log.head(db).size
        out, err = process.communicate()
    assert out == b"400 recorded, 0 already there, 0 refused.\n", err
    done = shell.apart("verify", environ=environ)
    assert done.out.startswith("401 entries verify."), done.err


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_a_restart_of_it_is_not_noticed(behind: Database, pooler: Pgbouncer) -> None:
    """Who reads connects again, and a writer does its work again from the beginning; half a turn leaves nothing."""
    Recorder(behind).party("dhs")
    pooler.stop(signal.SIGKILL)
    with pytest.raises(StorageUnavailable):
        behind.reader().execute("SELECT 1")
    pooler.start()
    assert log.head(behind.reader()).size == 1
    tries = []

    def work(turn: ledger.Turn) -> int:
        tries.append(1)
        index = recording("ice")(turn)
        if len(tries) == 1:
            pooler.stop(signal.SIGKILL)
            pooler.start()
            log.head(turn.db)
        return index

    assert Writers(behind).write(work) == 1
    assert len(tries) == 2 and log.head(behind.reader()).size == 2


def test_a_server_that_cuts_connections(behind: Database, name: str, postgresql: Server) -> None:
    """Where the server behind it is restarted, idle clients notice nothing; a turn that is cut leaves nothing, and
    says so with what to do."""
    Recorder(behind).party("dhs")
    postgresql.cut(name)
    assert log.head(behind.reader()).size == 1
    with pytest.raises(EngineFailure) as failed, ledger.turn(behind) as turn:
        recording("ice")(turn)
        log.head(turn.db)
        postgresql.cut(name)
        log.head(turn.db)
    refused = faults.refusal(failed.value)
    assert isinstance(refused, StorageUnavailable) and refused.headers["Retry-After"]
    until(lambda: log.head(behind.reader()).size == 1)
    Recorder(behind).party("ice")


def test_what_a_role_is_told_there(postgresql: Server) -> None:
    """The settings that the page gives to the role are those that each session is told where there is no pooler; and
    the server takes them."""
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    told = page.partition("```sql\n")[2].partition("```")[0]
    assert all(f"SET {key} = {value};" in told for key, value in PLANNING.items())
    with psycopg.connect(postgresql.url("postgres"), autocommit=True) as owner:
        owner.execute("CREATE ROLE told")
        owner.execute(told.replace(" onrecord ", " told "))
        owner.execute("DROP ROLE told")
