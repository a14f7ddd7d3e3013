"""Migrations of records that were written before them: afterwards they are as if they had been there all along."""

from __future__ import annotations

from typing import Any

import pytest

from api.storage.database import Database
from tests.histories import Chronicle

# Where each engine says which migrations ran.
DONE = {"database": "_sqlite_migrations", "on_server": "onrecord_migrations"}


def reviewed(database: Database) -> list[tuple[Any, ...]]:
    """The changes that are found by a reviewer."""
    sql = "SELECT facet, idx FROM change_facets WHERE facet LIKE 'reviewer=%' ORDER BY facet, idx"
    return [tuple(row) for row in database.reader().execute(sql).fetchall()]


@pytest.mark.parametrize("engine", DONE)
def test_changes_from_before_are_found_by_their_reviewer(engine: str, request: pytest.FixtureRequest) -> None:
    """Verdicts, retractions, assessments and what was erased of them, as they are found in a record that is new."""
    database: Database = request.getfixturevalue(engine)
    Chronicle(41, 8).write(database, 150)
    found = reviewed(database)
    kinds = {
        row[0]
        for _, index in found
        for row in database.reader().execute("SELECT kind FROM entries WHERE idx = ?", (index,)).fetchall()
    }
    assert kinds == {"verdict.published", "verdict.retracted", "contradiction.assessed", "payload.erased"}
    with database.turn() as db:
        db.execute("DELETE FROM change_facets WHERE facet LIKE 'reviewer=%'")
        db.execute(f"DELETE FROM {DONE[engine]} WHERE name = '0006_reviewers'")
    assert not database.is_current() and not reviewed(database)
    assert database.migrate() == ["0006_reviewers"]
    assert reviewed(database) == found
