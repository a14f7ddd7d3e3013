"""`onrecord restore`: a backup or an export takes the record's place, whole, or nothing is changed."""

from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.request import urlopen

import pytest

from api.storage import log
from api.storage.sqlite import Database
from tests.cli.conftest import SECONDS, Shell
from tests.processes import free_port
from tests.records import Recorder, dump, every_table


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Shell]:
    """A shell in a folder of its own, without a database."""
    folder = tmp_path / "other"
    folder.mkdir()
    made = Shell(folder)
    yield made
    made.database.close()


def names(shell: Shell) -> list[str]:
    """The files beside the database, but for those that only locks are held on."""
    passing = (".lock", ".serving", ".delivering", "-wal", "-shm")
    return sorted(found.name for found in shell.folder.iterdir() if not found.name.endswith(passing))


def test_restore_of_a_backup(full: Shell, other: Shell) -> None:
    """It is the record that was backed up, every row of it, and can be written to."""
    full("backup", full.folder / "copy.db")
    done = other("restore", full.folder / "copy.db")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"Restored 200 entries to {other.path}. Root: {full.head.root.hex()}\n"
    assert dump(other.database, every_table(other.database)) == dump(full.database, every_table(full.database))
    Recorder(other.database).party("newcomer")
    assert other("verify").out.startswith("201 entries verify.")
    assert names(other) == ["record.db"]
    assert names(full) == ["copy.db", "other", "record.db"]


def test_restore_of_an_export(full: Shell, other: Shell) -> None:
    """It has the same root; that its tokens are gone is said."""
    full("export", full.folder / "entries.ndjson")
    done = other("restore", full.folder / "entries.ndjson")
    assert (done.status, done.err) == (0, "")
    assert f"Restored 200 entries to {other.path}. Root: {full.head.root.hex()}\n" in done.out
    assert "An export has no tokens: make new ones" in done.out
    assert other.head == full.head
    assert other("verify").status == 0


def test_restore_of_a_copy_that_is_open(full: Shell, other: Shell) -> None:
    """What has not been moved into the database file yet belongs to it."""
    Recorder(full.database).party("newcomer")
    assert Path(f"{full.path}-wal").stat().st_size > 0
    assert other("restore", full.path).status == 0
    assert other.head == full.head
    assert full("verify").status == 0


def test_restore_does_not_overwrite(full: Shell, other: Shell) -> None:
    """A record that is there stays, unless it is told to go aside; then it is whole under its new name."""
    Recorder(other.database.migrate() and other.database).party("mine")
    mine = other.head
    full("backup", full.folder / "copy.db")
    done = other("restore", full.folder / "copy.db")
    assert (done.status, done.out) == (1, "")
    assert f"There is a record of 1 entries at {other.path}: give --replace to have it moved aside first." in done.err
    assert other.head == mine

    # Its last entry is still in the write-ahead log alone.
    assert Path(f"{other.path}-wal").stat().st_size > 0
    done = other("restore", full.folder / "copy.db", "--replace")
    assert done.status == 0, done.err
    aside = re.search(r"What was there before is (.+)\.\n", done.out)
    assert aside
    other.database.close()
    assert other.head == full.head
    kept = Database(aside[1])
    assert log.head(kept.reader()) == mine
    kept.close()
    assert names(other) == ["record.db", Path(aside[1]).name]


def test_restore_over_what_is_no_record(full: Shell, other: Shell) -> None:
    """A file that cannot be read may be all that is left of a record: it is not overwritten either. An empty record
    is no loss."""
    other.path.write_bytes(b"no database" * 500)
    full("backup", full.folder / "copy.db")
    done = other("restore", full.folder / "copy.db")
    assert done.status == 1
    assert "There is a file that is no sound record at" in done.err
    other.path.unlink()
    other.database.migrate()
    assert other("restore", full.folder / "copy.db").status == 0
    other.database.close()
    assert other.head == full.head


BROKEN = {
    "payload": "UPDATE payloads SET salt = zeroblob(32) WHERE idx = 150",
    "head": "UPDATE head SET root = zeroblob(32)",
    "no log": "DROP TABLE entries",
    "later version": "INSERT INTO _sqlite_migrations (migration_set, name, applied_at) VALUES ('onrecord', '9_x', '')",
}
TOLD = {
    "payload": "does not verify, so nothing was changed: entry 150: its payload and salt do not give",
    "head": "does not verify, so nothing was changed: head: its root is wrong",
    "no log": "is no sound database of onrecord, so nothing was changed",
    "later version": "is from a later version of onrecord: use that version to restore it",
}


@pytest.mark.parametrize("how", BROKEN)
def test_restore_of_a_broken_backup(how: str, full: Shell, other: Shell) -> None:
    """What does not verify takes nobody's place, also not if it is told to."""
    copy = full.folder / "copy.db"
    full("backup", copy)
    connection = sqlite3.connect(copy, isolation_level=None)
    connection.execute(BROKEN[how])
    connection.close()
    Recorder(other.database.migrate() and other.database).party("mine")
    mine = other.head
    done = other("restore", copy, "--replace")
    assert (done.status, done.out) == (1, "")
    assert TOLD[how] in done.err
    assert other.head == mine
    assert names(other) == ["record.db"]


def test_restore_of_a_damaged_page(full: Shell, other: Shell) -> None:
    """Damage that no hash covers, in a table that follows from the log, is found as well."""
    copy = full.folder / "copy.db"
    full("backup", copy)
    connection = sqlite3.connect(copy)
    page, size = connection.execute(
        "SELECT (SELECT rootpage FROM sqlite_schema WHERE name = 'documents'), page_size FROM pragma_page_size"
    ).fetchone()
    connection.close()
    with copy.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xff" * size)
    done = other("restore", copy)
    assert done.status == 1
    assert "so nothing was changed" in done.err
    assert names(other) == []


@pytest.mark.parametrize("content", [b"", b"something else\n", b"SQLite format 3\0 and no more"])
def test_restore_of_something_else(content: bytes, other: Shell) -> None:
    """A file that is neither backup nor export is refused in a sentence."""
    file = other.write("file", content)
    done = other("restore", file)
    assert (done.status, done.out) == (1, "")
    assert done.err.count("\n") == 1
    assert names(other) == ["file"]


@pytest.mark.parametrize("name", ["copy.db", "entries.ndjson"])
def test_restore_of_less_than_was_signed(name: str, full: Shell, other: Shell) -> None:
    """A backup, or an export, that does not continue what was signed last is refused, whether entries are missing or
    are others; with as much as was signed it is taken, and so it is once the heads are abandoned."""
    full("backup", full.folder / "copy.db")
    full("export", full.folder / "entries.ndjson")
    Recorder(full.database).party("newcomer")
    heads = Path(f"{other.path}.heads")

    def sign(size: int, root: bytes) -> None:
        head = {"size": size, "root": root.hex(), "signed_at": "2026-11-25T10:00:00.000Z", "key_ids": ["00000000"]}
        heads.write_text(json.dumps(head) + "\n", encoding="utf-8")

    for size, root in ((201, full.head.root), (200, bytes(32)), (5, bytes(32))):
        sign(size, root)
        done = other("restore", full.folder / name)
        assert (done.status, done.out) == (1, "")
        assert f"Signed were {size} entries" in done.err
        assert "'onrecord heads abandon'" in done.err
        assert names(other) == ["record.db.heads"]
    heads.rename(heads.with_suffix(".abandoned"))
    assert other("restore", full.folder / name).status == 0
    sign(200, other.head.root)
    other.database.close()
    assert other("restore", full.folder / name, "--replace").status == 0


def test_restore_while_a_server_runs(full: Shell) -> None:
    """Nobody pulls the file away from under a server, idle or not; once it has ended the way is free."""
    full("backup", full.folder / "copy.db")
    port = free_port()
    settings = {"ONRECORD_BIND": f"127.0.0.1:{port}", "WEB_CONCURRENCY": "1"}
    with full.start("serve", environ=settings, stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL) as server:
        try:
            _await(f"http://127.0.0.1:{port}/livez", server)
            done = full("restore", full.folder / "copy.db", "--replace")
            assert (done.status, done.out) == (1, "")
            assert f"A server, or a mirror, runs on {full.path}: stop it first." in done.err
        finally:
            server.send_signal(signal.SIGTERM)
            assert server.wait(SECONDS) == 0
    assert full("restore", full.folder / "copy.db", "--replace").status == 0


def test_restore_while_somebody_writes(full: Shell) -> None:
    """Nor from under a turn."""
    full("backup", full.folder / "copy.db")
    with full.database.turn():
        done = full("restore", full.folder / "copy.db", "--replace")
    assert done.status == 1
    assert f"Another program writes to {full.path}" in done.err


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            if urlopen(url, timeout=5).status == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nothing answers at {url}")
