"""Writers of one process commit together, and none is lost, doubled or blamed for another."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from time import sleep
from typing import Any

import pytest

from api.errors import Busy, IdTaken, StorageUnavailable
from api.ledger import Turn
from api.storage import log
from api.storage.sqlite import Database
from api.writers import MOST, Writers
from tests.records import recording

CROWD = 8


def together(writers: Writers, works: list[Any]) -> list[Any]:
    """What comes of works that all arrive at once: what each returns, or the exception that it raises."""
    start = Barrier(len(works))

    def one(work: Any) -> Any:
        start.wait()
        try:
            return writers.write(work)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(one, works))


def test_writers_who_come_at_once_share_turns(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those who wait behind a writer are committed with the next one, each on the record as the one before left it."""
    turns: list[None] = []
    take_turn = Database.turn

    def counted(self: Database) -> Any:
        turns.append(None)
        return take_turn(self)

    monkeypatch.setattr(Database, "turn", counted)
    works = [recording(f"party-{i}") for i in range(CROWD)]
    writers = Writers(database)
    first = Barrier(2)

    def held(turn: Turn) -> int:
        first.wait()  # the crowd is let go once this turn is taken
        while len(writers._waiting) < CROWD:
            sleep(0.001)
        return int(recording("first")(turn))

    with ThreadPoolExecutor(1) as pool:
        leader = pool.submit(writers.write, held)
        first.wait()
        indexes = together(writers, works)
        assert leader.result() == 0
    assert sorted(indexes) == list(range(1, CROWD + 1))
    assert len(turns) == 1
    assert log.head(database.reader()).size == CROWD + 1


def test_writer_who_breaks_fails_alone(database: Database) -> None:
    """Work that breaks after it has written something leaves nothing, and the others' work is done all the same."""

    def broken(turn: Turn) -> None:
        recording("half")(turn)
        raise ZeroDivisionError("in the middle")

    writers = Writers(database)
    outcomes = together(writers, [recording(f"party-{i}") for i in range(CROWD - 1)] + [broken])
    assert sorted(outcomes[:-1]) == list(range(CROWD - 1))
    assert isinstance(outcomes[-1], ZeroDivisionError)
    assert log.number(database.reader(), "party/half") is None
    assert log.head(database.reader()).size == CROWD - 1
    # What the broken turn had numbered is not remembered either.
    assert writers.write(recording("half")) == CROWD - 1
    assert log.number(database.reader(), "party/half") == CROWD


def test_refused_writer_is_refused_alone(database: Database) -> None:
    """Of those who want the same id one gets it, and the others are told so."""
    outcomes = together(Writers(database), [recording("wanted") for _ in range(CROWD)])
    assert [outcome for outcome in outcomes if isinstance(outcome, int)] == [0]
    assert sum(isinstance(outcome, IdTaken) for outcome in outcomes) == CROWD - 1


def test_writers_are_told_when_there_is_no_turn(tmp_path: Path) -> None:
    """Where the database cannot be opened each of them gets an error, and none waits for ever."""
    outcomes = together(Writers(Database(tmp_path / "no-folder" / "record.db")), [recording("one"), recording("two")])
    assert [type(outcome).__mro__[1] for outcome in outcomes] == [StorageUnavailable, StorageUnavailable]


def test_lead_is_handed_on_when_more_wait_than_a_turn_takes(database: Database) -> None:
    """A turn takes so many and no more; whoever is left over is served in the next ones."""
    crowd = 3 * MOST
    outcomes = together(Writers(database), [recording(f"party-{i}") for i in range(crowd)])
    assert sorted(outcomes) == list(range(crowd))


def test_nobody_waits_for_a_writer_whose_thread_ends(database: Database) -> None:
    """Where the process is being ended in the middle of a turn nothing of it is there, those who were in it are told
    so, and those behind it are served."""
    writers = Writers(database)
    leads = Barrier(2)

    def ending(turn: Turn) -> None:
        leads.wait()
        while len(writers._waiting) < CROWD:
            sleep(0.001)
        raise SystemExit(1)

    with ThreadPoolExecutor(1) as pool:
        ended = pool.submit(writers.write, ending)
        leads.wait()
        outcomes = together(writers, [recording(f"party-{i}") for i in range(CROWD)])
        assert isinstance(ended.exception(), SystemExit)
    assert sorted(outcomes) == list(range(CROWD))


def test_writers_in_a_turn_that_is_ended_are_told_so(database: Database) -> None:
    """They would take what was rolled back for done, or wait for ever."""
    writers = Writers(database)
    leads = Barrier(2)

    def held(turn: Turn) -> None:
        leads.wait()
        while len(writers._waiting) < 2:
            sleep(0.001)

    def ending(turn: Turn) -> None:
        raise SystemExit(1)

    with ThreadPoolExecutor(3) as pool:
        leader = pool.submit(writers.write, held)
        leads.wait()
        recorded = pool.submit(writers.write, recording("lost"))
        while not writers._waiting:
            sleep(0.001)
        ended = pool.submit(writers.write, ending)
        assert isinstance(leader.exception(), SystemExit)
        assert isinstance(recorded.exception(), Busy)
        assert isinstance(ended.exception(), Busy)
    assert log.head(database.reader()).size == 0
    assert writers.write(recording("kept")) == 0
