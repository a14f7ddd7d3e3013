"""The head is the newest one each time, and SQLite is asked for it only after a turn."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from api.storage import log, newest
from api.storage.sqlite import Database
from api.writers import Writers
from tests.records import Recorder, recording

# Takes a turn, says so, and is killed in the middle of it.
CUT_OFF = """
import sys, time
from api.storage.sqlite import Database
with Database(sys.argv[1]).turn():
    print("taken", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def other(database: Database) -> Database:
    """The same file, as another process has it."""
    return Database(database.path, database.heads)


def test_it_is_read_once_while_nobody_writes(database: Database, asked: list[int]) -> None:
    """Whoever polls meanwhile costs SQLite nothing."""
    Recorder(database).party("dhs")
    asked.clear()
    assert [database.head().size for _ in range(5)] == [1] * 5
    assert asked == [1]


def test_what_others_write_is_seen_at_once(database: Database, other: Database) -> None:
    """As soon as they have been told that it is there."""
    record = Recorder(other)
    for i in range(50):
        record.party(f"party-{i}")
        assert (database.head().size, other.head().size) == (i + 1, i + 1)
        assert database.head() == log.head(database.reader())


def test_during_a_turn_it_is_what_was_committed(database: Database, other: Database, asked: list[int]) -> None:
    """And not what was known before the turn began."""
    record = Recorder(other)
    record.party("dhs")
    with record.together():
        record.party("ice")
        assert database.head().size == 1
        record.party("cbp")
    asked.clear()
    assert [database.head().size for _ in range(3)] == [3] * 3 and asked == [3]


def test_between_turns_it_is_known_and_during_one_it_is_not(
    database: Database, other: Database, asked: list[int]
) -> None:
    """Who can do without it need not ask SQLite in vain."""
    assert database.head_between_turns() is not None
    record = Recorder(other)
    record.party("dhs")
    asked.clear()
    assert [head.size if (head := database.head_between_turns()) else None for _ in range(3)] == [1] * 3
    with record.together():
        record.party("ice")
        assert database.head_between_turns() is None
    assert asked[:1] == [1]
    assert (head := database.head_between_turns()) is not None and head.size == 2


def test_a_turn_that_is_cut_off_hides_nothing(database: Database, asked: list[int]) -> None:
    """Nobody knows any more whether it committed, so SQLite is asked until the next turn."""
    record = Recorder(database)
    record.party("dhs")
    assert database.head().size == 1
    process = subprocess.Popen([sys.executable, "-c", CUT_OFF, str(database.path)], stdout=subprocess.PIPE)
    assert process.stdout is not None and process.stdout.readline() == b"taken\n"
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdout.close()
    asked.clear()
    assert [database.head().size for _ in range(3)] == [1] * 3 and asked == [1] * 3
    record.party("ice")
    asked.clear()
    assert [database.head().size for _ in range(3)] == [2] * 3 and asked == [2]


def test_what_was_written_by_other_means_is_seen_soon(
    database: Database, other: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the lock file was put away, so that others count in a new one."""
    Recorder(database).party("dhs")
    assert database.head().size == 1
    Path(f"{database.path}.lock").unlink()
    Recorder(other).party("ice")
    later = newest.time.monotonic() + newest.TRUSTED
    monkeypatch.setattr(newest.time, "monotonic", lambda: later)
    assert database.head().size == 2


@pytest.mark.parametrize("content", [None, b"", b"1"], ids=["missing", "empty", "short"])
def test_where_nothing_is_counted_it_is_read(database: Database, asked: list[int], content: bytes | None) -> None:
    """A record that nobody has written to since it was put where it is."""
    lock = Path(f"{database.path}.lock")
    lock.unlink() if content is None else lock.write_bytes(content)
    assert [database.head().size for _ in range(3)] == [0] * 3 and asked == [0] * 3


def test_a_turn_whose_end_cannot_be_counted_was_one(
    database: Database, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it committed is acknowledged, once, and is seen; a turn that cannot be counted at all is not begun."""
    writers, write, broken = Writers(database), os.pwrite, [2]

    def failing(file: int, data: bytes, offset: int) -> int:
        broken[0] -= 1
        if broken[0] <= 0:
            raise OSError(28, "No space left on device")
        return write(file, data, offset)

    assert writers.write(recording("dhs")) == 0
    monkeypatch.setattr(newest.os, "pwrite", failing)
    assert writers.write(recording("ice")) == 1
    asked.clear()
    assert [database.head().size for _ in range(2)] == [2] * 2 and asked == [2] * 2
    with pytest.raises(OSError, match="No space"):
        writers.write(recording("cbp"))
    monkeypatch.undo()
    assert database.head().size == 2 and writers.write(recording("cbp")) == 2
