"""A file or folder that the server may not write: writes are refused with what to do, and what can be read is."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.faults.asking import claim, refused, still_read
from tests.faults.checking import check_sound
from tests.faults.nursery import OBEYS_MODES
from tests.faults.running import Nursery, Running, prepared

pytestmark = pytest.mark.skipif(
    os.geteuid() == 0 and sys.platform != "linux", reason="root may write everything, and cannot give that up here"
)


def allow(path: Path, mode: int) -> None:
    """Sets the mode of a database, and of what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        if Path(f"{path}{suffix}").exists():
            Path(f"{path}{suffix}").chmod(mode)


def test_a_read_only_file(tmp_path: Path) -> None:
    """A server that is started on a file that it cannot write serves reads and refuses writes; started again when it
    can, it does the same requests."""
    path = tmp_path / "record.db"
    token = prepared(path, "desk")["desk"]
    allow(path, 0o444)
    with Nursery() as nursery, Running(nursery, path, **{OBEYS_MODES: "yes"}) as server:
        server.start(cold=False)
        server.await_ready()
        for number in range(8):
            refused(claim(server, token, f"Statement {number % 2}"))
        still_read(server, 4)
        assert '"code":"SQLITE_READONLY"' in server.said()
        server.stop()
        allow(path, 0o644)
        server.start(cold=False)
        server.await_ready()
        for number in range(8):
            assert claim(server, token, f"Statement {number % 2}").json["revision"] == 4 + number % 2
        server.stop()
    check_sound(path, 6)


def test_a_file_that_becomes_read_only(tmp_path: Path) -> None:
    """Connections that are open go on writing, others refuse; when the file can be written again, so can all, without
    a restart."""
    path = tmp_path / "record.db"
    token = prepared(path, "desk")["desk"]
    with Nursery() as nursery, Running(nursery, path, WEB_CONCURRENCY="1", **{OBEYS_MODES: "yes"}) as server:
        server.start(cold=False)
        assert claim(server.await_ready(), token, "Statement 0").status == 201
        path.chmod(0o444)
        turned_away = 0
        for number in range(1, 30):
            answer = claim(server, token, f"Statement {number}")
            if answer.status != 201:
                refused(answer)
                turned_away += 1
        assert turned_away > 0
        still_read(server, 4 + 30 - turned_away)
        path.chmod(0o644)
        for number in range(30):
            assert claim(server, token, f"Statement {number}").status == 201
        server.stop()
    check_sound(path, 4 + 30)


def test_a_folder_that_becomes_read_only(tmp_path: Path) -> None:
    """Where nothing can be made beside a database that is served, everything goes on: all its files are there. Also for
    the next server after a crash."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "record.db"
    token = prepared(path, "desk")["desk"]
    with Nursery() as nursery, Running(nursery, path, **{OBEYS_MODES: "yes"}) as server:
        server.start(cold=False)
        assert claim(server.await_ready(), token, "Before").status == 201
        folder.chmod(0o555)
        assert claim(server, token, "Statement").json["revision"] == 5
        server.kill()
        server.start(cold=False)
        still_read(server.await_ready(), 6)
        assert claim(server, token, "After").json["revision"] == 6
        server.stop()
        folder.chmod(0o755)
    check_sound(path, 7)


def test_a_read_only_folder_without_a_log(tmp_path: Path) -> None:
    """SQLite cannot even read where it can make no log beside the database: the server does not start, and one line
    says what to allow."""
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "record.db"
    prepared(path)
    with Nursery() as nursery, Running(nursery, path, **{OBEYS_MODES: "yes"}) as server:
        server.log.touch()
        folder.chmod(0o555)
        server.start(cold=False)
        said = server.await_end()
        folder.chmod(0o755)
    assert said.startswith(f"Error: The database at {path} cannot be opened: ")
    assert "Allow this user to write to its folder" in said
    assert said.count("\n") == 1
    check_sound(path, 3)
