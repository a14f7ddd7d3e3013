"""A database of an earlier version is brought up to date, with what is in it."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from sqlite_utils import Database as SqliteUtils

from api import ledger
from api.domain import claims
from api.ledger import Decision
from api.storage.sqlite import Database
from tests.histories import Chronicle
from tests.records import OPERATOR, Recorder, claim_body, dump, every_table, ulid, write_many

SEARCHED = ("text", "variants", "speakers", "titles")


def unstemmed(path: Path) -> None:
    """Make the table of searched words as it was made before it had stems."""
    old = SqliteUtils(path)
    old.table("searchable").disable_fts()
    old.execute("ALTER TABLE searchable DROP COLUMN stems")
    _triggered(old, SEARCHED, "0004_match")


@pytest.mark.sqlite
def test_words_get_their_stems(tmp_path: Path) -> None:
    """A record from before there was matching gets the stems of all its words, as a rebuild makes them."""
    database = Database(tmp_path / "record.db")
    database.migrate()
    Chronicle(7, 10).write(database, 120)
    wanted = dump(database, every_table(database))["searchable"]
    database.close()
    unstemmed(tmp_path / "record.db")
    assert not database.is_current()
    assert database.migrate() == ["0004_match"]
    assert dump(database, ["searchable"])["searchable"] == wanted
    assert indexed(database, '"\ue000voluntari"') > 0
    ledger.rebuild(database)
    assert dump(database, ["searchable"])["searchable"] == wanted
    database.close()


def triggered(path: Path) -> None:
    """Let triggers keep the index of words up to date, as they did before turns did."""
    old = SqliteUtils(path)
    old.table("searchable").disable_fts()
    _triggered(old, (*SEARCHED, "stems"), "0008_words_by_turns")


def _triggered(old: SqliteUtils, searched: tuple[str, ...], migration: str) -> None:
    """Index these columns with triggers, as they were before a migration, and close the database."""
    old.table("searchable").enable_fts(searched, create_triggers=True, tokenize="unicode61 remove_diacritics 0")
    old.execute("DELETE FROM _sqlite_migrations WHERE name = :migration", {"migration": migration})
    old.close()


@pytest.mark.sqlite
def test_words_are_indexed_once_with_triggers_and_without(tmp_path: Path) -> None:
    """A record that still has triggers may be written to, whatever was written before and is written afterwards."""
    database = Database(tmp_path / "record.db")
    database.migrate()
    write_many(database, decided(database, "Before."))
    database.close()
    triggered(tmp_path / "record.db")
    write_many(database, decided(database, "Under triggers."))
    assert indexed(database, "triggers") == 1
    assert database.migrate() == ["0008_words_by_turns"]
    assert not SqliteUtils(tmp_path / "record.db").triggers
    write_many(database, decided(database, "Without them: one.", "Without them: two."))
    assert indexed(database, "triggers") == 1 and indexed(database, "without") == 2
    ledger.rebuild(database)
    assert indexed(database, "triggers") == 1 and indexed(database, "without") == 2
    database.close()


@pytest.mark.sqlite
def test_words_that_were_left_out_are_indexed_in_the_next_turn(tmp_path: Path) -> None:
    """A process of the version before, which relies on triggers that are gone, may go on for a while."""
    database = Database(tmp_path / "record.db")
    database.migrate()
    write_many(database, decided(database, "The first one."))
    with database.turn() as db:
        columns = "no, live, since, text, variants, speakers, titles, stems"
        db.execute(f"INSERT INTO searchable ({columns}) VALUES (99, 1, 98, 'the second one', '', '', '', '')")
    assert found(database, "second") == 0
    write_many(database, decided(database, "The third one."))
    assert [indexed(database, word) for word in ("first", "second", "third")] == [1, 1, 1]
    database.close()


@pytest.mark.sqlite
def test_a_turn_has_one_segment_of_the_index(tmp_path: Path) -> None:
    """Not one for each claim, which readers would have to ask and later turns to merge."""
    database = Database(tmp_path / "record.db")
    database.migrate()
    write_many(database, decided(database, "Before."))
    sql = "SELECT count(*) FROM searchable_fts_data"
    before = database.reader().execute(sql).fetchone()[0]
    write_many(database, decided(database, *(f"Statement {number}." for number in range(6))))
    assert database.reader().execute(sql).fetchone()[0] == before + 1
    assert indexed(database, "statement") == 6
    database.close()


def decided(database: Database, *texts: str) -> list[tuple[Decision, str]]:
    """Decisions to record claims with these texts."""
    if database.head().size == 0:
        Recorder(database).party("dhs")
    first = database.head().size + 1
    bodies = [(claim_body(text, "dhs"), ulid(first + i)) for i, text in enumerate(texts)]
    return [(partial(claims.record, body, claim_id), OPERATOR) for body, claim_id in bodies]


def indexed(database: Database, word: str) -> int:
    """What `found` finds, once it is known that the index fits the rows."""
    with database.turn() as db:
        db.execute("INSERT INTO searchable_fts (searchable_fts, rank) VALUES ('integrity-check', 1)")
    return found(database, word)


def found(database: Database, word: str) -> int:
    """In how many rows the index of words has a word."""
    sql = "SELECT count(*) FROM searchable_fts WHERE searchable_fts MATCH ?"
    rows: int = database.reader().execute(sql, (word,)).fetchone()[0]
    return rows
