"""The record as a SQLite file of its own: plain tables for whoever asks questions in SQL, or opens it with Datasette.

It is made anew each time and read by others, so its tables are theirs to rely on (docs/bulk.md). Times are texts as
the record has them; dates are EDTF.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]

_SOURCE = "url TEXT NOT NULL, title TEXT, publisher TEXT, author TEXT, published_on TEXT, archived_url TEXT, quote TEXT"

TABLES = {
    "about": "name TEXT PRIMARY KEY, value TEXT NOT NULL",
    "parties": "id TEXT PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, parent TEXT REFERENCES parties (id),"
    " description TEXT, same_as TEXT NOT NULL",
    "questions": "id TEXT PRIMARY KEY, text TEXT NOT NULL, scope TEXT",
    "positions": "question TEXT NOT NULL REFERENCES questions (id), id TEXT NOT NULL, label TEXT NOT NULL,"
    " meaning TEXT, neutral INTEGER NOT NULL, PRIMARY KEY (question, id)",
    "claims": "id TEXT PRIMARY KEY, text TEXT NOT NULL, wording TEXT NOT NULL, language TEXT,"
    " speaker TEXT NOT NULL REFERENCES parties (id), on_behalf_of TEXT REFERENCES parties (id), role TEXT,"
    " reported_through TEXT REFERENCES parties (id), stated_on TEXT, disclosed_on TEXT, context TEXT,"
    " tags TEXT NOT NULL, status TEXT NOT NULL, stale INTEGER NOT NULL, withdrawn_at TEXT, withdrawal_reason TEXT,"
    " erased_at TEXT, revision INTEGER NOT NULL, recorded_at TEXT NOT NULL, updated_at TEXT NOT NULL,"
    " recorded_by TEXT NOT NULL",
    "appearances": f"claim TEXT NOT NULL REFERENCES claims (id), place INTEGER NOT NULL, {_SOURCE},"
    " PRIMARY KEY (claim, place)",
    "stances": "claim TEXT NOT NULL REFERENCES claims (id), question TEXT NOT NULL REFERENCES questions (id),"
    " position TEXT NOT NULL, reasoning TEXT, PRIMARY KEY (claim, question)",
    "verdicts": "id TEXT PRIMARY KEY, claim TEXT NOT NULL REFERENCES claims (id),"
    " reviewer TEXT NOT NULL REFERENCES parties (id), rating TEXT, mapping TEXT, label TEXT, explanation TEXT,"
    " url TEXT, title TEXT, author TEXT, reviewed_on TEXT, language TEXT, status TEXT NOT NULL, stale INTEGER NOT NULL,"
    " supersedes TEXT REFERENCES verdicts (id), superseded_by TEXT REFERENCES verdicts (id), retracted_at TEXT,"
    " retraction_reason TEXT, erased_at TEXT, claim_revision INTEGER NOT NULL, revision INTEGER NOT NULL,"
    " recorded_at TEXT NOT NULL",
    "evidence": f"verdict TEXT NOT NULL REFERENCES verdicts (id), place INTEGER NOT NULL, {_SOURCE},"
    " PRIMARY KEY (verdict, place)",
    "assessments": "claim TEXT NOT NULL REFERENCES claims (id), other TEXT NOT NULL REFERENCES claims (id),"
    " reviewer TEXT NOT NULL REFERENCES parties (id), assessment TEXT NOT NULL, reason TEXT, explanation TEXT,"
    " recorded_at TEXT NOT NULL, PRIMARY KEY (claim, other, reviewer)",
}
INDEXES = (
    ("claims", "speaker"),
    ("claims", "status"),
    ("stances", "question"),
    ("verdicts", "claim"),
    ("verdicts", "reviewer"),
    ("assessments", "other"),
)


class TooLarge(Exception):
    """There is no room for the file, or it would be larger than was allowed."""


def write(path: Path, parts: Iterable[Mapping[str, Sequence[Row]]], most: int | None = None) -> None:
    """Make a file at `path`, where nothing is yet, of parts: for each table rows by their columns' names. A column that
    a row does not have is null.

    `most` is how many bytes it may have. Raises TooLarge; the file is then of no use.
    """
    db = sqlite3.connect(path, isolation_level=None)
    try:
        # Nobody reads it before it is finished, and one that is not is thrown away.
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        if most is not None:
            [size] = db.execute("PRAGMA page_size").fetchone()
            db.execute(f"PRAGMA max_page_count = {max(1, most // size)}")
        db.execute("BEGIN")
        _fill(db, parts)
        db.execute("COMMIT")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
            raise
        raise TooLarge("There is no room for the file.") from error
    finally:
        db.close()


def _fill(db: sqlite3.Connection, parts: Iterable[Mapping[str, Sequence[Row]]]) -> None:
    inserts = {}
    for table, columns in TABLES.items():
        db.execute(f"CREATE TABLE {table} ({columns})")
        names = [name for _, name, *_ in db.execute(f"PRAGMA table_info({table})")]
        inserts[table] = names, f"INSERT INTO {table} VALUES ({', '.join('?' * len(names))})"
    for part in parts:
        for table, rows in part.items():
            names, insert = inserts[table]
            db.executemany(insert, [[row.get(name) for name in names] for row in rows])
    for table, column in INDEXES:
        db.execute(f"CREATE INDEX {table}_by_{column} ON {table} ({column})")
