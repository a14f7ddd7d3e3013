"""The write path: numbered without holes, all or nothing, and never undone."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from api import ledger, merkle
from api.domain import parties
from api.domain.entries import Event, leaf_data, payload_hash
from api.domain.record import Record
from api.errors import DuplicateClaim, IdTaken, InvalidRequest, Refusal
from api.ledger import Source
from api.storage import log
from api.storage.sqlite import Database
from tests.records import DESK, OPERATOR, Recorder, dump, every_table, fixed_source, ulid, write_many

ROOT = Path(__file__).parents[1]


def recorded_at(database: Database) -> list[str]:
    return [at for (at,) in database.reader().execute("SELECT recorded_at FROM entries ORDER BY idx")]


def party(party_id: str) -> ledger.Decision:
    body = {"id": party_id, "name": party_id, "kind": "organization"}
    return lambda known: parties.record(body, known)


def check_log(database: Database) -> int:
    """Compute every leaf, node and root from what is stored. Out: how many entries there are."""
    db = database.reader()
    frontier: list[bytes] = []
    nodes: list[merkle.Node] = []
    for i, sealed in enumerate(log.sealed_entries(db)):
        assert sealed.idx == i
        assert sealed.salt is not None
        assert sealed.payload is not None
        assert len(sealed.salt) == 32
        hashed = payload_hash(sealed.salt, sealed.payload)
        leaf = merkle.leaf_hash(leaf_data(i, sealed.recorded_at, sealed.kind, sealed.subject, sealed.actor, hashed))
        assert (sealed.payload_hash, sealed.leaf_hash) == (hashed, leaf)
        frontier, completed = merkle.append(frontier, i, leaf)
        nodes += completed
    head = log.head(db)
    assert head.root == merkle.root(frontier)
    assert head.frontier == merkle.pack(frontier)
    stored = db.execute("SELECT level, position, hash FROM nodes ORDER BY level, position").fetchall()
    assert stored == sorted(tuple(node) for node in nodes)
    assert head.size == db.execute("SELECT count(*) FROM entries").fetchone()[0]
    return head.size


def test_an_entry_is_stored_with_all_that_its_leaf_is_made_of(database: Database, record: Recorder) -> None:
    """What is stored is enough to compute the root, and the head agrees with it."""
    record.party("dhs")
    record.question("q", "yes", "no")
    for i in range(9):
        record.claim(f"Statement {i}.", "dhs", {"q": "yes"})
    assert check_log(database) == 11


def test_time_never_runs_back(database: Database) -> None:
    """A clock that is set back leaves later entries with the time of the one before, also across turns."""
    times = iter([10, 12, 11, 5, 13])
    source = Source(now=lambda: datetime(2026, 11, 24, 10, 0, next(times), tzinfo=UTC))
    write_many(database, [(party(name), OPERATOR) for name in ("a", "b", "c")], source)
    for name in ("d", "e"):
        write_many(database, [(party(name), OPERATOR)], source)
    assert [at[17:] for at in recorded_at(database)] == ["10.000Z", "12.000Z", "12.000Z", "12.000Z", "13.000Z"]
    head = log.head(database.reader())
    assert head.recorded_at == "2026-11-24T10:00:13.000Z"
    instants = [f"2026-11-24T10:00:{second}.000Z" for second in ("09", "10", "11", "12", "59")]
    assert [log.size_at(database.reader(), instant) for instant in instants] == [0, 1, 1, 4, 5]


def test_the_world_is_the_source_unless_said_otherwise(database: Database) -> None:
    """Without a source entries have the time of the world, and salts that nobody can guess."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    write_many(database, [(party("a"), OPERATOR), (party("b"), OPERATOR)])
    after = datetime.now(UTC) + timedelta(seconds=1)
    for at in recorded_at(database):
        assert before < datetime.fromisoformat(at) < after
    salts = {sealed.salt for sealed in log.sealed_entries(database.reader())}
    assert len(salts) == 2


def test_a_refused_decision_leaves_nothing(database: Database, record: Recorder) -> None:
    """Whatever is refused, not a row of any table is another afterwards."""
    record.party(DESK)
    record.party("dhs")
    record.question("q", "yes", "no")
    claim = record.claim("It is voluntary.", "dhs", {"q": "yes"}, stated_on="2010")
    verdict = record.verdict(claim)
    before = dump(database, every_table(database))
    refused = [
        lambda: record.party("dhs"),
        lambda: record.party("new", "nobody"),
        lambda: record.amend_party("dhs", parent="dhs"),
        lambda: record.question("q", "yes", "no"),
        lambda: record.amend_question("q", positions=[]),
        lambda: record.claim("It is voluntary.", "dhs", stated_on="2010"),
        lambda: record.claim("Something new.", "nobody", tags=["never-seen"]),
        lambda: record.amend_claim(claim, stances=[{"question": "q", "position": "perhaps"}]),
        lambda: record.verdict(claim, "true"),
        lambda: record.verdict(claim, "true", "dhs", supersedes=verdict),
        lambda: record.retract(verdict, "dhs"),
        lambda: record.assess(claim, ulid(99), reviewer=DESK),
    ]
    for attempt in refused:
        with pytest.raises(Refusal):
            attempt()
        assert dump(database, every_table(database)) == before


def test_many_in_one_turn(database: Database, record: Recorder) -> None:
    """Each decision sees those before it; one that is refused takes no number and stops no other."""
    twice = [(party("a"), OPERATOR), (party("a"), OPERATOR), (party("operator"), OPERATOR), (party("b"), DESK)]
    outcomes = write_many(database, twice, record.source)
    assert [type(outcome) for outcome in outcomes] == [ledger.Entry, IdTaken, InvalidRequest, ledger.Entry]
    assert [outcome.index for outcome in outcomes if isinstance(outcome, ledger.Entry)] == [0, 1]
    assert check_log(database) == 2
    assert write_many(database, [], record.source) == []


def test_a_turn_that_fails_is_undone(database: Database, record: Recorder) -> None:
    """Anything but a refusal takes the whole turn back, and the next one begins where the last good one ended."""
    record.party("dhs")
    before = dump(database, every_table(database))

    def fail(known: Record) -> Event:
        raise RuntimeError("a defect")

    with pytest.raises(RuntimeError):
        write_many(database, [(party("a"), OPERATOR), (fail, OPERATOR)], record.source)
    assert dump(database, every_table(database)) == before
    record.party("b")
    assert check_log(database) == 2


def test_two_claims_alike_in_one_turn(record: Recorder) -> None:
    """A duplicate is found although the first one is not durable yet."""
    record.party("dhs")
    with record.together():
        record.claim("It is voluntary.", "dhs")
        with pytest.raises(DuplicateClaim):
            record.claim("IT IS VOLUNTARY", "dhs")


def test_a_reader_sees_a_turn_whole_or_not_at_all(database: Database, record: Recorder) -> None:
    """Within a snapshot nothing changes, and what is not committed does not show."""
    record.party("dhs")
    with database.snapshot() as db:
        assert log.head(db).size == 1
        with record.together():
            record.party("ice", "dhs")
            assert log.head(db).size == 1
        assert log.head(db).size == 1
    assert log.head(database.reader()).size == 2


def test_a_reader_cannot_write(database: Database) -> None:
    """Reads have a connection on which nothing can be changed."""
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        database.reader().execute("DELETE FROM entries")


def test_commits_are_durable(database: Database) -> None:
    """An acknowledged entry survives a power cut: the writer's connection syncs each commit to the disk."""
    with database.turn() as db:
        assert db.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
        assert db.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


def writer(database: Database, party_id: str, first: int, count: int) -> subprocess.Popen[str]:
    """A process that writes claims, with the ids of `first` and those after it, and prints their numbers."""
    command = [sys.executable, "-m", "tests.writers", str(database.path), party_id, str(first), str(count)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def test_writers_in_four_processes(database: Database, record: Recorder) -> None:
    """Four processes that write at once get numbers without holes, each its own, in the order in which it wrote."""
    for i in range(4):
        record.party(f"writer-{i}")
    processes = [writer(database, f"writer-{i}", i * 1_000, 40) for i in range(4)]
    numbers = [[int(line) for line in process.communicate(timeout=60)[0].split()] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    assert all(own == sorted(own) for own in numbers)
    assert sorted(index for own in numbers for index in own) == list(range(4, 164))
    assert check_log(database) == 164


def test_writers_in_threads(database: Database) -> None:
    """Threads of one process take turns as processes do."""

    def write(number: int) -> list[int]:
        outcomes = [write_many(database, [(party(f"p-{number}-{i}"), OPERATOR)])[0] for i in range(10)]
        database.close()
        return [outcome.index for outcome in outcomes if isinstance(outcome, ledger.Entry)]

    with ThreadPoolExecutor(6) as pool:
        numbers = [index for own in pool.map(write, range(6)) for index in own]
    assert sorted(numbers) == list(range(60))
    assert check_log(database) == 60


def test_a_killed_writer_loses_nothing_acknowledged(database: Database, record: Recorder) -> None:
    """What a writer said was durable is there after kill -9, the log is whole, and the next writer goes on."""
    record.party("dhs")
    for kill in range(3):
        with writer(database, "dhs", kill * 100_000, 100_000) as process:
            assert process.stdout is not None
            seen = [int(process.stdout.readline()) for _ in range(5 + 7 * kill)]
            process.kill()
            seen += [int(line) for line in process.stdout.read().split("\n")[:-1]]
        size = check_log(database)
        # One more may have become durable before the writer could say so.
        assert size - seen[-1] in (1, 2)
        record.amend_party("dhs", name=f"DHS after kill {kill}")
        assert check_log(database) == size + 1


def test_the_same_source_makes_the_same_root(database: Database, tmp_path: Path) -> None:
    """With the same times and salts the same record has the same root, whatever the turns."""
    other = Database(tmp_path / "other.db")
    other.migrate()
    one, two = Recorder(database, fixed_source()), Recorder(other, fixed_source())
    one.party("dhs")
    one.claim("It is voluntary.", "dhs")
    with two.together():
        two.party("dhs")
        two.claim("It is voluntary.", "dhs")
    assert log.head(database.reader()) == log.head(other.reader())
    other.close()
