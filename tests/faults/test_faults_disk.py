"""A disk that is full: writes are refused with what to do, reads go on, and there is nothing to mend afterwards."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from tests.faults.asking import claim, refused, still_read
from tests.faults.checking import check_sound
from tests.faults.running import prepared, running


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of two megabytes in memory."""
    place = tmp_path / "small"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(place)]
    if sys.platform != "linux" or os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root can mount a small disk; test_a_disk_that_ends_anywhere needs none")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits the files of a running process")
def test_a_disk_that_ends_anywhere(tmp_path: Path) -> None:
    """Wherever in a commit the disk ends, the write is refused and leaves nothing behind, reads go on, and with room
    the same request is done, once and without a restart."""
    path = tmp_path / "record.db"
    token = prepared(path, "desk")["desk"]
    with running(path, ONRECORD_LOG_LEVEL="info") as server, closing(sqlite3.connect(path)) as elder:
        # While somebody reads an older state the write-ahead log is not begun anew, and ends where its file does.
        elder.execute("BEGIN")
        elder.execute("SELECT size FROM head").fetchone()
        # The server's own log is on that disk as well.
        os.truncate(server.log, 1 << 30)
        wal, size = Path(f"{path}-wal"), 4
        for number, room in enumerate((0, 1, 24, 4_096, 4_121, 30_000, 60_000)):
            assert claim(server, token, f"Before {number}").status == 201
            size += 1
            server.limit_files(wal.stat().st_size + room)
            for _ in range(3):
                refused(claim(server, token, f"Statement {number}"))
            refused(claim(server, token, f"Never done {number}"))
            still_read(server, size)
            server.limit_files(None)
            for _ in range(2):
                done = claim(server, token, f"Statement {number}")
                assert (done.status, done.json["revision"]) == (201, size)
            size += 1
        server.stop()
    check_sound(path, size)


def test_a_full_disk(small_disk: Path) -> None:
    """The same on a file system that is really full, also for a server that is started on it after a crash."""
    path = small_disk / "record.db"
    token = prepared(path, "desk")["desk"]
    with running(path, ONRECORD_LOG_LEVEL="info") as server:
        assert claim(server, token, "Before").status == 201
        filler = small_disk / "filler"
        fill(filler)
        for started in range(2):
            for _ in range(3):
                refused(claim(server, token, "Statement"))
            still_read(server, 5)
            if not started:
                server.kill()
                server.start(cold=False)
                server.await_ready()
        filler.unlink()
        assert claim(server, token, "Statement").json["revision"] == 5
        server.stop()
        assert '"code":"SQLITE_FULL"' in server.said()
    check_sound(path, 6)


def fill(path: Path) -> None:
    """Writes a file until nothing more fits beside it."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
