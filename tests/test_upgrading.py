"""A database of an earlier version is brought up to date, with what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlite_utils import Database as SqliteUtils

from api import ledger
from api.storage.sqlite import Database
from tests.histories import Chronicle
from tests.records import dump, every_table

SEARCHED = ("text", "variants", "speakers", "titles")


def unstemmed(path: Path) -> None:
    """Make the table of searched words as it was made before it had stems."""
    old = SqliteUtils(path)
    old.table("searchable").disable_fts()
    old.execute("ALTER TABLE searchable DROP COLUMN stems")
    old.table("searchable").enable_fts(SEARCHED, create_triggers=True, tokenize="unicode61 remove_diacritics 0")
    old.execute("DELETE FROM _sqlite_migrations WHERE name = '0004_match'")
    old.close()


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
    asked = "SELECT count(*) FROM searchable_fts WHERE searchable_fts MATCH '\"\ue000voluntari\"'"
    assert database.reader().execute(asked).fetchone()[0] > 0
    with database.turn() as db:
        db.execute("INSERT INTO searchable_fts (searchable_fts, rank) VALUES ('integrity-check', 1)")
    ledger.rebuild(database)
    assert dump(database, ["searchable"])["searchable"] == wanted
    database.close()
