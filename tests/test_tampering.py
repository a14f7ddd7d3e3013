"""Whatever is altered in a database behind everybody's back, `onrecord verify` says what is wrong and where."""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from click.testing import CliRunner

from api import verification
from api.cli import main
from api.storage import log, tree
from api.storage.full_text import SQLITE
from api.storage.sqlite import Database
from api.storage.tables import DERIVED
from tests.histories import Chronicle
from tests.records import every_table
from tests.rewriting import rewritten

# What the log is, and what proves it. The rest follows from the log, or serves the API.
LOG = ("entries", "payloads", "nodes", "head")
SERVICE = ("tokens", "idempotency", "mirror", "move", "webhooks", "deliveries", "vectors")


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Another one, in which payloads were erased, too."""
    made = Database(tmp_path_factory.mktemp("erased") / "record.db")
    made.migrate()
    Chronicle(21, erasing=4).write(made, 260)
    yield made
    made.close()


@contextmanager
def opened(database: Database, path: Path) -> Iterator[sqlite3.Connection]:
    """A connection to a copy of a database that nothing holds back."""
    database.backup(path)
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    yield connection
    connection.close()


@pytest.fixture
def copy(history: Database, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with opened(history, tmp_path / "record.db") as connection:
        yield connection


@pytest.fixture
def erased_copy(erased: Database, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with opened(erased, tmp_path / "record.db") as connection:
        yield connection


def told(connection: sqlite3.Connection, *words: str) -> str:
    """What `onrecord verify` says of the copy; it must be one line, and a failure."""
    path = connection.execute("SELECT file FROM pragma_database_list").fetchone()[0]
    connection.close()
    result = CliRunner(env={"DATABASE_URL": f"sqlite:///{path}"}).invoke(main, ["verify", *words])
    assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (1, "", 1), result.output
    return result.stderr.removeprefix("Error: ").rstrip("\n")


def columns() -> list[tuple[str, str]]:
    """Every column of every table of ours."""
    with TemporaryDirectory() as folder:
        database = Database(Path(folder) / "empty.db")
        database.migrate()
        sql = "SELECT name FROM pragma_table_info(?)"
        found = [
            (table, name)
            for table in every_table(database)
            if table != "searchable_fts"
            for (name,) in database.reader().execute(sql, (table,))
        ]
        database.close()
    return found


COLUMNS = columns()


def alter(connection: sqlite3.Connection, table: str, column: str, chance: random.Random) -> dict[str, Any]:
    """Alter one byte, or for a number the lowest bit that can be altered, in one row. Out: the row as it was."""
    connection.row_factory = sqlite3.Row
    rows = connection.execute(f"SELECT * FROM {table} WHERE length({column}) > 0").fetchall()
    row = dict(chance.choice(rows))
    connection.row_factory = None
    same = " AND ".join(f"{name} IS :{name}" for name in row)
    for new in altered(row[column], chance):
        try:
            done = connection.execute(f"UPDATE {table} SET {column} = :new WHERE {same}", row | {"new": new})
        except sqlite3.IntegrityError:
            continue
        assert done.rowcount == 1
        return row
    raise AssertionError(f"{table}.{column} cannot be altered")


def altered(value: Any, chance: random.Random) -> Iterator[Any]:
    """The value with one byte altered."""
    if isinstance(value, int):
        yield from (value ^ 1 << bit for bit in range(20))
    for _ in range(20):
        place = chance.randrange(len(value))
        if isinstance(value, bytes):
            yield value[:place] + bytes([value[place] ^ 1]) + value[place + 1 :]
        else:
            yield value[:place] + chr(ord(value[place]) ^ 1) + value[place + 1 :]


def test_history_is_sound(history: Database, erased: Database) -> None:
    """Nothing is found where nothing was altered, and each table has rows to alter."""
    for database in (history, erased):
        result = CliRunner(env={"DATABASE_URL": f"sqlite:///{database.path}"}).invoke(main, ["verify", "--derived"])
        assert result.exit_code == 0, result.output
        assert "entries verify, and all that is derived follows from them. Root: " in result.stdout
        assert not list(database.path.parent.glob(".*")), "a copy was left behind"
    for table in {*LOG, *DERIVED}:
        assert log.rows(erased.reader(), table), table


def test_every_table_is_covered() -> None:
    """A table is part of the log, derived from it, or serves the API: a new one is either covered here or named."""
    assert {table for table, _ in COLUMNS} == {*LOG, *DERIVED, *SERVICE}


@pytest.mark.parametrize(("table", "column"), [one for one in COLUMNS if one[0] in LOG])
def test_a_byte_of_the_log(erased_copy: sqlite3.Connection, table: str, column: str) -> None:
    """One byte altered in any column of the log: the entry, the node or the head is named."""
    row = alter(erased_copy, table, column, random.Random(f"{table}.{column}"))
    said = told(erased_copy)
    assert said.startswith("The log does not verify. ")
    if column in ("idx", "level", "position", "id"):
        # It is missing in one place and too many in another; the first of the two is named.
        assert {"entries": "entry ", "payloads": "entry ", "nodes": "node ", "head": "head: "}[table] in said
    elif table == "nodes":
        assert f"node {row['level']}/{row['position']}: it is not the hash of the leaves below it" in said
    elif table == "head":
        assert f"head: its {column.replace('_', ' ')} is wrong" in said
    elif column == "recorded_at":
        assert f"entry {row['idx']}: " in said or f"entry {row['idx'] + 1}: it was recorded at" in said
    else:
        assert f"entry {row['idx']}: " in said


@pytest.mark.parametrize(("table", "column"), [one for one in COLUMNS if one[0] not in (*LOG, *SERVICE)])
def test_a_byte_of_what_is_derived(erased_copy: sqlite3.Connection, table: str, column: str) -> None:
    """One byte altered in any column of a derived table: the table, the row and the column are named."""
    row = alter(erased_copy, table, column, random.Random(f"{table}.{column}"))
    said = told(erased_copy, "--derived")
    assert said.startswith(f"What is derived does not follow from the log. table {table}, ")
    place = said.partition(f"table {table}, ")[2].partition(": ")[0]
    whole = "it is missing" in said or "it does not follow from any entry" in said
    assert whole or f"its {column} is not what follows from the entries" in said
    for pair in place.split(", "):
        name, _, value = pair.partition(" ")
        # Where the key itself was altered, the row is named as it is now or as it was.
        assert name == column or value in (str(row[name]), ascii(row[name]), getattr(row[name], "hex", str)()), said


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM searchable_fts_docsize WHERE id = 5",
        "UPDATE searchable_fts_docsize SET sz = x'00000000' WHERE id = 5",
        "UPDATE searchable_fts_data SET block = zeroblob(length(block)) WHERE id > 100",
        "UPDATE searchable_fts_data SET block = CAST(replace(block, 'voluntary', 'involtary') AS BLOB)",
        "DELETE FROM searchable_fts_data WHERE id = (SELECT max(id) FROM searchable_fts_data)",
    ],
)
def test_the_full_text_index(copy: sqlite3.Connection, statement: str) -> None:
    """The index is compared with the words that it is made of."""
    assert copy.execute(statement).rowcount
    assert "full-text index: it does not say what the claims do" in told(copy, "--derived")


def test_a_word_that_finds_something_else(copy: sqlite3.Connection) -> None:
    """A bit of the index that SQLite passes over, and that takes a claim from those who search, is found."""
    # As a record has it whose claims came one by one: in the index of one turn SQLite misses no bit.
    copy.execute("INSERT INTO searchable_fts (searchable_fts) VALUES ('delete-all')")
    for _ in copy.execute("SELECT id FROM searchable").fetchall():
        copy.execute(f"{SQLITE.take_in} ORDER BY id LIMIT 1")
    copy.execute("CREATE VIRTUAL TABLE temp.words USING fts5vocab('main', 'searchable_fts', 'row')")
    words = [f'"{word}"' for (word,) in copy.execute("SELECT term FROM temp.words").fetchall()]

    def answers() -> list[Any]:
        asked = "SELECT rowid FROM searchable_fts WHERE searchable_fts MATCH ?"
        return [copy.execute(asked, (word,)).fetchall() for word in words]

    sound = answers()
    blocks = copy.execute("SELECT id, block FROM searchable_fts_data WHERE id > 100 ORDER BY id").fetchall()
    for id, block in blocks:
        for new in _everywhere(block):
            copy.execute("BEGIN")
            copy.execute("UPDATE searchable_fts_data SET block = ? WHERE id = ?", (new, id))
            try:
                copy.execute("INSERT INTO searchable_fts (searchable_fts, rank) VALUES ('integrity-check', 1)")
                if answers() != sound:
                    copy.execute("COMMIT")
                    assert "full-text index" in (said := told(copy, "--derived"))
                    assert "finds something else" in said
                    return
            except sqlite3.DatabaseError:
                pass
            copy.execute("ROLLBACK")
    pytest.skip("this version of SQLite finds each of them by itself")


def test_a_derived_table_that_is_gone(copy: sqlite3.Connection) -> None:
    """A table that was dropped, and one of other columns, are named."""
    copy.execute("DROP TABLE pairs")
    assert "table pairs, all of it: it is missing" in told(copy, "--derived")


def test_every_byte_of_a_short_log(database: Database) -> None:
    """Each byte in turn of each value in the log of a short record: none is altered unseen."""
    Chronicle(11).write(database, 24)
    count = 0
    for table, column in [one for one in COLUMNS if one[0] in LOG]:
        for rowid, value in database.reader().execute(f"SELECT {_key(table)}, {column} FROM {table}").fetchall():
            for new in _everywhere(value):
                with _altered(database, f"UPDATE {table} SET {column} = ? WHERE {_key(table)} = ?", (new, rowid)) as db:
                    assert verification.verify(db), f"{table}.{column} of {rowid}: {value!r} was altered to {new!r}"
                count += 1
    assert count > 5_000


def _key(table: str) -> str:
    return "level * 1000 + position" if table == "nodes" else "rowid"


def _everywhere(value: Any) -> Iterator[Any]:
    if isinstance(value, int):
        yield value + 1000
    elif isinstance(value, bytes):
        yield from (value[:i] + bytes([value[i] ^ 1]) + value[i + 1 :] for i in range(len(value)))
    else:
        yield from (value[:i] + chr(ord(value[i]) ^ 1) + value[i + 1 :] for i in range(len(value)))


class _altered:
    """A statement's change, for as long as the context lasts."""

    def __init__(self, database: Database, statement: str, values: tuple[Any, ...]) -> None:
        self._turn = database.turn()
        self._change = statement, values

    def __enter__(self) -> sqlite3.Connection:
        connection = self._turn.__enter__()
        connection.execute("PRAGMA ignore_check_constraints = ON")
        connection.execute(*self._change)
        return connection

    def __exit__(self, *_: object) -> None:
        with suppress(Undo):
            self._turn.__exit__(Undo, Undo(), None)


class Undo(Exception):
    """Rolls a turn back."""


# --- entries dropped, moved and cut off ------------------------------------------------------------


def _drop(copy: sqlite3.Connection) -> None:
    copy.execute("DELETE FROM payloads WHERE idx = 60")
    copy.execute("DELETE FROM entries WHERE idx = 60")


def _drop_and_renumber(copy: sqlite3.Connection) -> None:
    _drop(copy)
    for table in ("entries", "payloads"):
        # One after another, since none may have the number of another for a moment.
        for (idx,) in copy.execute(f"SELECT idx FROM {table} WHERE idx > 60 ORDER BY idx").fetchall():
            copy.execute(f"UPDATE {table} SET idx = ? WHERE idx = ?", (idx - 1, idx))


def _swap(copy: sqlite3.Connection) -> None:
    for table in ("entries", "payloads"):
        for old, new in ((60, -1), (61, 60), (-1, 61)):
            copy.execute(f"UPDATE {table} SET idx = ? WHERE idx = ?", (new, old))


def _swap_payloads(copy: sqlite3.Connection) -> None:
    for old, new in ((60, -1), (61, 60), (-1, 61)):
        copy.execute("UPDATE payloads SET idx = ? WHERE idx = ?", (new, old))


def _cut(copy: sqlite3.Connection) -> None:
    copy.execute("DELETE FROM payloads WHERE idx >= 60")
    copy.execute("DELETE FROM entries WHERE idx >= 60")


def _repeat(copy: sqlite3.Connection) -> None:
    size = copy.execute("SELECT count(*) FROM entries").fetchone()[0]
    copy.execute(
        "INSERT INTO entries SELECT ?, recorded_at, kind, subject, actor, payload_hash, leaf_hash FROM entries"
        " WHERE idx = 60",
        (size,),
    )
    copy.execute("INSERT INTO payloads SELECT ?, salt, bytes FROM payloads WHERE idx = 60", (size,))


def _move_into_the_salt(copy: sqlite3.Connection) -> None:
    # The hash over both together stays as it was.
    copy.execute(
        "UPDATE payloads SET salt = CAST(salt || substr(bytes, 1, 4) AS BLOB), bytes = substr(bytes, 5) WHERE idx = 60"
    )


@pytest.mark.parametrize(
    ("damage", "where"),
    [
        (_drop, "entry 61: it should be number 60"),
        (_drop_and_renumber, "entry 60: its fields do not give its leaf hash"),
        (_swap, "entry 60: its fields do not give its leaf hash"),
        (_swap_payloads, "entry 60: its payload and salt do not give its payload hash"),
        (_cut, "head: its size is wrong: 198 is stored, 60 follows from the entries"),
        (_repeat, "it was recorded at"),
        (_move_into_the_salt, "entry 60: its salt has 36 bytes instead of 32"),
    ],
)
def test_entries_that_are_not_where_they_were(
    copy: sqlite3.Connection, damage: Callable[[sqlite3.Connection], None], where: str
) -> None:
    """Entries that were dropped, renumbered, exchanged, cut off or repeated are named."""
    damage(copy)
    assert where in told(copy)


def test_log_that_is_not_the_one_that_was_signed(history: Database, tmp_path: Path) -> None:
    """A log that was rewritten or cut with every hash in order does not fit the heads that were signed, which are kept
    outside of it: the entries in between are named."""
    heads = []
    for size in (50, 100, 198):
        root = tree.root_at(history.reader(), size).hex()
        heads.append({"size": size, "root": root, "signed_at": f"2026-11-24T10:0{len(heads)}:00.000Z", "key_ids": []})
    cases: list[tuple[int, int | None, str]] = [
        (60, None, "entries 50 to 99: one of them is not the one that was signed at 2026-11-24T10:01:00.000Z"),
        (3, None, "entries 0 to 49: one of them is not the one that was signed at 2026-11-24T10:00:00.000Z"),
        (197, None, "entries 100 to 197: one of them is not the one that was signed at 2026-11-24T10:02:00.000Z"),
        (999, 120, "entry 120: it is not there, and 198 entries were signed at 2026-11-24T10:02:00.000Z"),
        (999, None, ""),
    ]
    for index, size, where in cases:
        path = tmp_path / f"{index}-{size}.db"
        (tmp_path / f"{path.name}.heads").write_text("".join(f"{json.dumps(head)}\n" for head in heads))
        with rewritten(history, path, {index: lambda payload: payload | {"reason": "Other."}}, size) as other:
            if where:
                for words in ((), ("--derived",)):
                    assert told(sqlite3.connect(other.path), *words) == f"The log does not verify. {where}."
            else:
                result = CliRunner(env={"DATABASE_URL": f"sqlite:///{path}"}).invoke(main, ["verify"])
                assert result.exit_code == 0


def test_log_that_was_rewritten_as_a_whole_is_another_log(history: Database, tmp_path: Path) -> None:
    """Whoever rewrites everything, up to the head, makes a sound log: only its root tells. That is why roots are signed
    and kept elsewhere."""
    with rewritten(history, tmp_path / "other.db", {60: lambda payload: payload}) as other:
        with other.snapshot() as db:
            assert verification.verify(db) is None
        before, after = log.head(history.reader()), log.head(other.reader())
        assert (before.size, before.recorded_at) == (after.size, after.recorded_at)
        assert before.root != after.root
