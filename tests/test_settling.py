"""However long a server writes, SQLite's write-ahead log stays short, and nobody waits for that."""

from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api.storage import settling
from api.storage.settling import TURNS
from api.storage.sqlite import Database
from api.writers import Writers
from tests.records import recording

PAGE = 4_096


def write(writers: Writers, name: str, count: int) -> None:
    """So many turns, one after another, each of which records a party."""
    for i in range(count):
        writers.write(recording(f"{name}-{i}"))


def pages(database: Database) -> int:
    """How many pages the write-ahead log takes on the disk."""
    return Path(f"{database.path}-wal").stat().st_size // PAGE


def moved(database: Database) -> None:
    """Wait until nobody moves the log any more."""
    thread = database._settling._thread
    assert thread is not None
    thread.join()


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log is long that has the pages of ten turns or so."""
    monkeypatch.setattr(settling, "LONG", 200)


def test_log_is_begun_anew_while_others_write(database: Database, short: None) -> None:
    """All of it is moved again and again, although turns never pause: otherwise it would be as long as all of them."""
    writers = Writers(database)

    def writing(name: str) -> None:
        write(writers, name, 20 * TURNS)

    write(writers, "first", TURNS)
    moved(database)
    written = pages(database) * 40
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(writing, ("one", "two")))
    moved(database)
    assert pages(database) < written / 4


def test_reader_of_an_older_state_is_not_waited_for(
    database: Database, short: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As long as it reads the log grows, and turns go on. When it is done the log is begun anew."""
    begun: list[bool] = []
    begin = Database.begin_log_anew

    def noted(self: Database, patience: int) -> bool:
        begun.append(begin(self, patience))
        return begun[-1]

    monkeypatch.setattr(Database, "begin_log_anew", noted)
    writers = Writers(database)
    with database.snapshot() as db:
        db.execute("SELECT count(*) FROM entries").fetchone()
        for i in range(8):
            write(writers, f"during-{i}", TURNS)
            moved(database)
        assert True not in begun and len(begun) <= 2
    write(writers, "after", 2 * TURNS)
    moved(database)
    assert begun[-1]
    long = pages(database)
    write(writers, "anew", TURNS)
    assert pages(database) == long


def test_log_that_cannot_be_moved_fails_no_write(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed is acknowledged, whatever becomes of the log that it was committed to; and it is moved when
    that can be done again."""
    writers = Writers(database)
    with monkeypatch.context() as patched:

        def failing(self: Database) -> Any:
            raise sqlite3.OperationalError("disk I/O error")

        patched.setattr(Database, "move_log", failing)
        write(writers, "unmoved", 2 * TURNS)
        moved(database)
    long = pages(database)
    for i in range(4):
        write(writers, f"moved-{i}", TURNS)
        moved(database)
    assert pages(database) < 2 * long
