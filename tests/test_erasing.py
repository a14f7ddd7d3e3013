"""Erasing in a record that goes on: writers, readers and the file."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from api import erasing, ledger
from api.domain import claims
from api.ledger import Turn
from api.storage import log
from api.storage.sqlite import Database
from api.verification import verify
from api.writers import Writers
from tests.records import Recorder, claim_body, dump, every_table, ulid

WHY = "By order."
WORDS = "Xylophonist Zebulon of Quince Lane."


def files_with(database: Database, *needles: str) -> dict[str, list[str]]:
    """Which of these stand in which files of the database."""
    held = {}
    for path in database.path.parent.glob(f"{database.path.name}*"):
        data = path.read_bytes()
        if found := [needle for needle in needles if needle.encode() in data]:
            held[path.name] = found
    return held


def claiming(number: int, party: str = "dhs") -> Callable[[Turn], int]:
    """Work that records a claim, with a tag of its own and one that all of them have."""
    body = claim_body(f"Statement {number} of {party}.", party, tags=[f"tag-{number}", "zz-every"])
    return lambda turn: turn.append(lambda known: claims.record(body, ulid(number), known), party).index


@pytest.fixture
def erasable(database: Database, record: Recorder) -> str:
    """The id of a claim to be erased."""
    record.party("dhs")
    return record.claim(WORDS, "dhs", tags=["quince"], id=ulid(0))


def test_the_root_is_that_of_the_log_with_one_more_entry(database: Database, record: Recorder, erasable: str) -> None:
    """No leaf and no node changes: the tree only grew."""
    record.amend_claim(erasable, context="Said.")
    before = dump(database, ["entries", "nodes"])
    head = log.head(database.reader())
    entry = erasing.erase(database, f"claim/{erasable}", WHY, "dhs", source=record.source)
    after = dump(database, ["entries", "nodes"])
    assert all(set(before[table]) <= set(after[table]) for table in before)
    assert len(after["entries"]) == len(before["entries"]) + 1 == entry.index + 1
    assert log.head(database.reader()).size == head.size + 1
    assert [sealed.payload is None for sealed in log.sealed_entries(database.reader())] == [False, True, True, False]
    with database.snapshot() as db:
        assert verify(db) is None


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("INSERT INTO payloads VALUES (1, x'00', x'7b7d')", "entry 1: its payload is there, and was erased by entry 2"),
        ("DELETE FROM payloads WHERE idx = 0", "entry 0: its payload is missing, and no entry says that it was erased"),
        ("DELETE FROM payloads WHERE idx = 2", "entry 2: its payload is missing, and no entry says that it was erased"),
        (
            "UPDATE payloads SET bytes = CAST(replace(bytes, 'order', 'whim') AS BLOB) WHERE idx = 2",
            "entry 2: its payload and salt do not give its payload hash",
        ),
        ("UPDATE entries SET actor = 'x' WHERE idx = 1", "entry 1: its fields do not give its leaf hash"),
        ("UPDATE entries SET payload_hash = zeroblob(32) WHERE idx = 1", "entry 1: its fields do not give its leaf"),
        ("INSERT INTO payloads VALUES (9, x'00', x'7b7d')", "payloads: there are 3 of them, and 2 belong"),
    ],
)
def test_verify_allows_only_what_was_said_to_be_erased(
    database: Database, erasable: str, statement: str, told: str
) -> None:
    """A payload may be missing where an entry says so, and there it must be."""
    erasing.erase(database, f"claim/{erasable}", WHY, "dhs")
    with database.turn() as db:
        assert db.execute(statement).rowcount == 1
    with database.snapshot() as db:
        fault = verify(db)
    assert str(fault).startswith(told)


def test_a_missing_payload_is_nothing_to_fold(database: Database, record: Recorder, erasable: str) -> None:
    """Nobody writes on a state that was put together from what happens to be left."""
    with database.turn() as db:
        db.execute("DELETE FROM payloads WHERE idx = 1")
    with pytest.raises(LookupError, match="payload of entry 1 is missing: run 'onrecord verify'"):
        record.amend_claim(erasable, context="Said.")


def test_writers_who_go_on_write_what_a_rebuild_makes(database: Database, erasable: str) -> None:
    """Numbers that a process learned before another one erased are not used after: facets have others then."""
    writers = Writers(database)
    for number in range(1, 6):
        writers.write(claiming(number))
    other = Database(database.path)
    erasing.erase(other, f"claim/{erasable}", WHY, "dhs")
    other.close()
    for number in range(6, 12):
        writers.write(claiming(number))
    before = dump(database, every_table(database))
    ledger.rebuild(database)
    assert dump(database, every_table(database)) == before


def test_nothing_is_lost_of_what_is_written_meanwhile(database: Database, erasable: str) -> None:
    """Writers wait for the erasure and the sweep, and everything that they were told of is there, in order."""
    writers, count, crowd = Writers(database), 40, 4
    begun = threading.Barrier(crowd + 1)

    def write(first: int) -> list[int]:
        begun.wait()
        try:
            return [writers.write(claiming(number)) for number in range(first, first + count)]
        finally:
            database.close()

    with ThreadPoolExecutor(crowd) as pool:
        written = [pool.submit(write, 1_000 * i + 1) for i in range(crowd)]
        begun.wait()
        entry = erasing.erase(database, f"claim/{erasable}", WHY, "dhs")
        assert database.sweep(30)
        indexes = [index for future in written for index in future.result()]
    assert sorted([0, 1, entry.index, *indexes]) == list(range(crowd * count + 3))
    before = dump(database, every_table(database))
    with database.snapshot() as db:
        assert verify(db) is None
    ledger.rebuild(database)
    assert dump(database, every_table(database)) == before
    assert database.sweep(30)
    assert files_with(database, "Zebulon", "zebulon", "quince") == {}


def test_erased_words_are_nobodys_twin(database: Database, record: Recorder, erasable: str) -> None:
    """What tells that words are on record already is kept of none that were erased; so they can be recorded anew."""
    other = record.claim("Other words.", "dhs")
    for claim in (erasable, other):
        erasing.erase(database, f"claim/{claim}", WHY, "dhs", source=record.source)
    assert dump(database, ["fingerprints"]) == {"fingerprints": []}
    assert record.claim(WORDS, "dhs") != erasable


def test_a_refused_erasure_changes_nothing(database: Database, erasable: str) -> None:
    """Neither the log nor what is derived."""
    before = dump(database, every_table(database))
    with pytest.raises(Exception, match="No claim"):
        erasing.erase(database, f"claim/{ulid(77)}", WHY, "dhs")
    assert dump(database, every_table(database)) == before


def test_an_erasure_that_fails_changes_nothing(database: Database, erasable: str) -> None:
    """It is one turn: all of it, or nothing."""
    before = dump(database, every_table(database))

    def fail(done: int) -> None:
        raise RuntimeError(f"after {done}")

    with pytest.raises(RuntimeError):
        erasing.erase(database, f"claim/{erasable}", WHY, "dhs", progress=fail)
    assert dump(database, every_table(database)) == before


def test_a_sweep_waits_for_readers_of_an_older_state(database: Database, erasable: str) -> None:
    """Who holds a snapshot goes on reading what was there; until he is done the sweep says that it is not."""
    reader = Database(database.path)
    with reader.snapshot() as db:
        assert WORDS in str(log.document(db, f"claim/{erasable}"))
        erasing.erase(database, f"claim/{erasable}", WHY, "dhs")
        assert not database.sweep(0)
        assert WORDS in str(log.document(db, f"claim/{erasable}"))
        assert "Zebulon" in str(files_with(database, "Zebulon"))
    assert database.sweep(0)
    assert files_with(database, "Zebulon", "zebulon", "quince") == {}
    reader.close()


def test_writers_get_their_turns_while_a_sweep_waits(database: Database, erasable: str) -> None:
    """A reader who takes his time does not stop the service."""
    erasing.erase(database, f"claim/{erasable}", WHY, "dhs")
    reader = Database(database.path)
    done: list[bool] = []

    def sweep() -> None:
        done.append(database.sweep(60))
        database.close()

    thread = threading.Thread(target=sweep)
    with reader.snapshot() as db:
        log.head(db)
        thread.start()
        writers = Writers(database)
        for number in range(1, 4):
            writers.write(claiming(number))
        assert not done
    thread.join()
    assert done == [True]
    reader.close()


def test_a_sweep_takes_away_what_was_deleted_before(database: Database, record: Recorder, tmp_path: Path) -> None:
    """Rows that went in the ordinary course of things, before anybody thought of erasing, leave their bytes behind."""
    needles = [f"Remainder-{i:03d}" for i in range(40)]
    with database.turn() as db:
        db.execute("PRAGMA secure_delete = OFF")  # as it is where the engine was built with its own defaults
        row: tuple[Any, ...] = ("t", "k", b"", 201, "[]", (" ".join(needles) * 20).encode(), "2026")
        db.execute("INSERT INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    with database.turn() as db:
        db.execute("DELETE FROM idempotency")
    database.checkpoint()
    assert "record.db" in files_with(database, *needles)
    assert database.sweep(0)
    assert files_with(database, *needles) == {}
