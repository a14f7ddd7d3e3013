"""What is derived follows from the log alone: made again it is the same, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from api import ledger
from api.errors import Refusal
from api.storage import log
from api.storage.sqlite import Database
from api.storage.tables import DERIVED
from api.verification import verify
from tests.histories import Chronicle
from tests.records import Recorder, dump, every_table, fixed_source, load_fixtures, write_many

SEARCHES = [f'"{word}"' for word in ("it", "voluntary", "opt out", "covid 19", "東 京 都", "cafe", "homeland")]


@contextmanager
def fresh() -> Iterator[Database]:
    with tempfile.TemporaryDirectory() as folder:
        made = Database(Path(folder) / "record.db")
        made.migrate()
        yield made
        made.close()


def found(database: Database) -> dict[str, list[tuple[int, float]]]:
    """What the full-text index answers."""
    sql = "SELECT rowid, bm25(searchable_fts) FROM searchable_fts WHERE searchable_fts MATCH ? ORDER BY rowid"
    return {asked: database.reader().execute(sql, (asked,)).fetchall() for asked in SEARCHES}


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(40, 160), erasing=st.sampled_from([0, 0, 10]))
def test_rebuild_reproduces_a_random_history(seed: int, steps: int, erasing: int) -> None:
    """Every derived table and every search is the same after a rebuild, and so are the log and its root, whatever was
    erased in between."""
    note(f"Chronicle({seed}, {erasing}), {steps} steps")
    with fresh() as database:
        chronicle = Chronicle(seed, erasing)
        chronicle.write(database, steps)
        before, searched = dump(database, every_table(database)), found(database)
        head = log.head(database.reader())
        assert set(DERIVED) <= before.keys()
        assert head.size == len(before["entries"]) == len(chronicle.snapshots) - 1
        assert ledger.rebuild(database) == head
        assert dump(database, every_table(database)) == before
        assert found(database) == searched
        with database.snapshot() as db:
            assert verify(db) is None


@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_the_same_history_makes_the_same_database(seed: int) -> None:
    """What is written does not depend on how many turns it took, nor on anything but the source of time and salt."""
    note(f"Chronicle({seed})")
    with fresh() as one, fresh() as other, fresh() as third:
        chronicle = Chronicle(seed)
        chronicle.write(one, 80)
        before = dump(one, every_table(one))
        outcomes = write_many(other, chronicle.decisions, fixed_source())
        assert sum(isinstance(outcome, Exception) for outcome in outcomes) == chronicle.refused
        assert dump(other, every_table(other)) == before
        with ledger.turn_of_many(third, fixed_source()) as turn:
            for decision, actor in chronicle.decisions:
                with suppress(Refusal):
                    turn.append(decision, actor)
        assert dump(third, every_table(third)) == before
        assert found(third) == found(one)


def test_rebuild_of_the_dhs_record(dhs: Database, database: Database) -> None:
    """The example data comes out the same as well, and so does its root."""
    load_fixtures(database)
    before = dump(dhs, every_table(dhs))
    ledger.rebuild(database)
    assert dump(database, every_table(database)) == before


def test_rebuild_mends_what_was_damaged(database: Database, record: Recorder) -> None:
    """Whatever became of the derived tables, the log brings them back."""
    record.party("dhs")
    record.claim("It is voluntary.", "dhs")
    before = dump(database, every_table(database))
    with database.turn() as db:
        db.execute("UPDATE documents SET body = '{}'")
        db.execute("DELETE FROM facets")
        db.execute("DELETE FROM nodes")
        db.execute("DROP TABLE pairs")
        db.execute("UPDATE head SET size = 0")
    ledger.rebuild(database)
    assert dump(database, every_table(database)) == before


def test_a_rebuild_that_fails_changes_nothing(database: Database, record: Recorder) -> None:
    """The derived tables are dropped and made in one turn, so they are never half there."""
    record.party("dhs")
    record.claim("It is voluntary.", "dhs")
    before = dump(database, every_table(database))

    def fail(done: int) -> None:
        raise RuntimeError(f"after {done}")

    with pytest.raises(RuntimeError):
        ledger.rebuild(database, fail)
    assert dump(database, every_table(database)) == before
    record.claim("It is mandatory.", "dhs")
    assert log.head(database.reader()).size == 3


def test_rebuild_of_an_empty_log(database: Database) -> None:
    """A record without entries is rebuilt to one without entries."""
    assert ledger.rebuild(database) == log.EMPTY


def test_rebuild_of_a_longer_log(database: Database, record: Recorder) -> None:
    """What happens to a claim long after it was recorded is still its history when all is made again."""
    with record.together():
        record.party("dhs")
        record.question("q", "no", "yes")
        made = [record.claim(f"Statement {i}.", "dhs", {"q": "yes" if i % 2 else "no"}) for i in range(700)]
        for i, claim in enumerate(made):
            if i % 3 == 0:
                record.verdict(claim, reviewer="dhs")
            elif i % 3 == 1:
                record.amend_claim(claim, text=f"Corrected statement {i}.")
            else:
                record.assess(claim, made[i - 1], reviewer="dhs")
        record.amend_party("dhs", name="Homeland Security")
        for claim in made[:60]:
            record.withdraw(claim)
    before = dump(database, every_table(database))
    ledger.rebuild(database)
    assert log.head(database.reader()).size == 1_463
    assert dump(database, every_table(database)) == before
