"""A primary is lost, and its standby takes over: what was acknowledged is there, or that it is not is noticed."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from api import keyring, notes
from api.checkpoints import Checkpoints, Heads
from api.errors import CursorRewound, LedgerRewound
from api.keyring import KeySource
from api.reads import changes
from api.storage import log
from api.storage.postgresql import Database
from api.verification import verify
from tests.postgresql import Server, Unavailable, following, running
from tests.records import Recorder

ROOT = Path(__file__).parents[1]


@pytest.fixture
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and a standby that streams from it."""
    try:
        with running() as primary, following(primary) as standby:
            yield primary, standby
    except Unavailable as why:
        pytest.skip(f"PostgreSQL is not tested: {why}")


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def either(primary: Server, standby: Server, name: str) -> str:
    """The URL of whichever of two servers can be written to."""
    hosts = f"host={primary.folder},{standby.folder}&port={primary.port},{standby.port}"
    return f"postgresql://onrecord@/{name}?{hosts}&target_session_attrs=read-write&connect_timeout=5"


def test_no_acknowledged_write_is_lost(pair: tuple[Server, Server], tmp_path: Path) -> None:
    """With a synchronous standby a primary that is killed under load takes no acknowledged entry with it, and writing
    goes on at the standby without a gap."""
    primary, standby = pair
    name = primary.create()
    url = either(primary, standby, name)
    database = Database(url, tmp_path / "heads", tmp_path / "record")
    database.migrate()
    record = Recorder(database)
    for i in range(2):
        record.party(f"writer-{i}")
    primary.run("ALTER SYSTEM SET synchronous_standby_names = 'ANY 1 (*)'")
    primary.run("SELECT pg_reload_conf()")
    until(lambda: primary.run("SELECT sync_state FROM pg_stat_replication") == [("quorum",)])
    command = [sys.executable, "-m", "tests.writers", url]
    writers = [
        subprocess.Popen(
            [*command, f"writer-{i}", str(i * 100_000), "100000"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        for i in range(2)
    ]
    acknowledged = []
    for writer in writers:
        assert writer.stdout is not None
        acknowledged += [int(writer.stdout.readline()) for _ in range(25)]
    primary.stop(signal.SIGKILL)
    for writer in writers:
        assert writer.stdout is not None
        acknowledged += [int(line) for line in writer.stdout.read().split("\n")[:-1]]
        writer.stdout.close()
        assert writer.wait(60) != 0
    assert standby.run("SELECT pg_promote()") == [(True,)]
    size = log.head(database.reader()).size
    assert sorted(acknowledged) == list(range(2, 2 + len(acknowledged)))
    # One more of each may have been committed before its writer could be told.
    assert 0 <= size - (2 + len(acknowledged)) <= 2
    with database.snapshot() as db:
        assert verify(db) is None
    assert record.amend_party("writer-0", name="Goes on").index == size
    database.close()


def test_a_lost_tail_is_noticed(pair: tuple[Server, Server], tmp_path: Path) -> None:
    """Where the standby had not yet all that was acknowledged, cursors beyond it are refused, and nothing is written
    until somebody has decided what becomes of what was signed."""
    primary, standby = pair
    name = primary.create()
    database = Database(either(primary, standby, name), tmp_path / "heads", tmp_path / "record")
    database.migrate()
    record = Recorder(database)
    record.party("dhs")
    behind = "SELECT replay_lsn >= pg_current_wal_lsn() FROM pg_stat_replication"
    until(lambda: primary.run(behind) == [(True,)])
    standby.stop(signal.SIGINT)
    record.party("ice", "dhs")
    keyring.add(tmp_path / "key", notes.new_key("example.org/log"), "2026-11-25T10:00:00.000Z")
    signing = Checkpoints("example.org/log", KeySource(keyring.Keyring(()), tmp_path / "key"), Heads(database.heads))
    assert signing.current(database.reader()).size == 2
    head = log.head(database.reader())
    cursor = changes.cursor(head.size, head.last_leaf)
    primary.stop(signal.SIGKILL)
    standby.start()
    assert standby.run("SELECT pg_promote()") == [(True,)]
    now = log.head(database.reader())
    assert now.size == 1
    with pytest.raises(CursorRewound):
        changes.seen(cursor, now)
    with pytest.raises(LedgerRewound):
        record.party("cbp", "dhs")
    with pytest.raises(LedgerRewound):
        signing.current(database.reader())
    assert log.head(database.reader()) == now
    database.close()
