"""`onrecord verify`, `rebuild` and `doctor`: sound records pass, and each kind of damage is found and named."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable

import pytest

from api import ledger, merkle
from api.storage.log import Head
from tests.cli.conftest import Shell
from tests.records import dump, every_table


def tamper(shell: Shell, *statements: str) -> None:
    """Change the file behind everybody's back."""
    shell.database.close()
    connection = sqlite3.connect(shell.path, isolation_level=None)
    connection.create_function("flipped", 1, lambda data: bytes([data[0] ^ 1]) + data[1:], deterministic=True)
    for statement in statements:
        assert connection.execute(statement).rowcount >= 1, statement
    connection.close()


def test_verify_says_the_root(full: Shell) -> None:
    """A record as it was written verifies."""
    done = full("verify")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"200 entries verify. Root: {full.head.root.hex()}\n"


def test_verify_of_an_empty_record(bare: Shell) -> None:
    """A record without entries verifies too."""
    bare.database.migrate()
    assert bare("verify").out == f"0 entries verify. Root: {merkle.EMPTY_ROOT.hex()}\n"


TAMPERED = {
    "payload": ("UPDATE payloads SET bytes = flipped(bytes) WHERE idx = 150", "entry 150: its payload and salt"),
    "salt": ("UPDATE payloads SET salt = flipped(salt) WHERE idx = 0", "entry 0: its payload and salt"),
    "payload gone": ("DELETE FROM payloads WHERE idx = 7", "entry 7: its payload is missing"),
    "payload hash": (
        "UPDATE entries SET payload_hash = flipped(payload_hash) WHERE idx = 199",
        "entry 199: its payload",
    ),
    "leaf": ("UPDATE entries SET leaf_hash = flipped(leaf_hash) WHERE idx = 42", "entry 42: its fields"),
    "kind": ("UPDATE entries SET kind = 'party.amended' WHERE idx = 3", "entry 3: its fields"),
    "subject": ("UPDATE entries SET subject = 'party/x' WHERE idx = 3", "entry 3: its fields"),
    "actor": ("UPDATE entries SET actor = 'x' WHERE idx = 3", "entry 3: its fields"),
    "later": ("UPDATE entries SET recorded_at = '2027-01-01T00:00:00.000Z' WHERE idx = 198", "entry 198: its fields"),
    "earlier": (
        "UPDATE entries SET recorded_at = '2001-01-01T00:00:00.000Z' WHERE idx = 9",
        "entry 9: it was recorded at",
    ),
    "entry gone": ("DELETE FROM entries WHERE idx = 100", "entry 101: it should be number 100"),
    "first gone": ("DELETE FROM entries WHERE idx = 0", "entry 1: it should be number 0"),
    "last gone": ("DELETE FROM entries WHERE idx = 199", "head: its size is wrong: 200 is stored, 199"),
    "node": ("UPDATE nodes SET hash = flipped(hash) WHERE level = 3 AND position = 2", "node 3/2: it is not the hash"),
    "node gone": ("DELETE FROM nodes WHERE level = 1 AND position = 99", "node 1/99: it is missing"),
    "node too many": ("INSERT INTO nodes VALUES (7, 1, x'00')", "nodes: there are 198 of them, and 197"),
    "payload too many": ("INSERT INTO payloads VALUES (200, x'00', x'00')", "payloads: there are 201"),
    "size": ("UPDATE head SET size = 199", "head: its size is wrong: 199 is stored, 200"),
    "root": ("UPDATE head SET root = flipped(root)", "head: its root is wrong"),
    "last leaf": ("UPDATE head SET last_leaf = flipped(last_leaf)", "head: its last leaf is wrong"),
    "frontier": ("UPDATE head SET frontier = flipped(frontier)", "head: its frontier is wrong"),
    "time": ("UPDATE head SET recorded_at = '2001-01-01T00:00:00.000Z'", "head: its recorded at is wrong"),
    "head gone": ("DELETE FROM head", "head: its size is wrong: 0 is stored, 200"),
}


@pytest.mark.parametrize(("statement", "told"), TAMPERED.values(), ids=TAMPERED)
def test_verify_finds_tampering(full: Shell, statement: str, told: str) -> None:
    """One changed byte anywhere in the log is found, and the first place that does not hold is named."""
    tamper(full, statement)
    done = full("verify")
    assert done.status == 1
    assert done.out == ""
    assert done.err.startswith(f"Error: The log does not verify. {told}")
    assert done.err.count("\n") == 1


def test_verify_finds_a_payload_that_was_rewritten_with_its_hashes(full: Shell) -> None:
    """Whoever also recomputes the hashes of an entry is given away by the tree."""
    tamper(
        full,
        "UPDATE entries SET payload_hash = (SELECT payload_hash FROM entries WHERE idx = 60),"
        " leaf_hash = (SELECT leaf_hash FROM entries WHERE idx = 60) WHERE idx = 60",
        "UPDATE nodes SET hash = flipped(hash) WHERE level = 1 AND position = 30",
    )
    assert "node 1/30: it is not the hash of the leaves below it (entries 60 to 61)" in full("verify").err


def test_rebuild_makes_everything_again(full: Shell) -> None:
    """What was derived and then damaged is as it was, and the root is the same."""
    tables = every_table(full.database)
    before = dump(full.database, tables)
    tamper(full, "DELETE FROM documents WHERE no > 100", "UPDATE facets SET earliest = 1", "DELETE FROM change_facets")
    done = full("rebuild")
    assert (done.status, done.err) == (0, "")
    assert done.out == f"Made everything anew from 200 entries. Root: {full.head.root.hex()}\n"
    assert dump(full.database, tables) == before


def test_rebuild_says_when_the_root_changed(full: Shell) -> None:
    """A head that did not follow from the entries is put right, but not in silence."""
    tamper(full, "UPDATE head SET root = flipped(root)")
    done = full("rebuild")
    assert done.status == 1
    assert "another one than before" in done.err
    assert full("verify").status == 0


def test_doctor_finds_nothing(full: Shell) -> None:
    """A line for each thing that was looked at."""
    done = full("doctor")
    assert (done.status, done.err) == (0, "")
    assert all(line.startswith("ok ") for line in done.out.splitlines())
    for word in ("settings", "file", "disk", "SQLite", "FTS5", "WAL", "schema", "pages", "head"):
        assert word in done.out


def _remove(shell: Shell) -> None:
    shell.path.unlink()


def _garble(shell: Shell) -> None:
    shell.path.write_bytes(b"This is no database. " * 100)


def _open_to_all(shell: Shell) -> None:
    shell.path.chmod(0o666)


def _forget_migrations(shell: Shell) -> None:
    tamper(shell, "DELETE FROM _sqlite_migrations")


def _cut_head(shell: Shell) -> None:
    tamper(shell, "UPDATE head SET size = 150")


def _break_page(shell: Shell) -> None:
    shell.database.close()
    data = bytearray(shell.path.read_bytes())
    # In the middle: at the beginning are the tables' names, without which nothing at all can be read.
    middle = len(data) // 4096 // 2
    for page in range(middle, middle + 20):
        data[page * 4096 : page * 4096 + 16] = b"\xff" * 16
    shell.path.write_bytes(data)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (_remove, "it is not there"),
        (_garble, "file is not a database"),
        (_open_to_all, "chmod o-w"),
        (_forget_migrations, "'onrecord migrate'"),
        (_cut_head, "150 entries, and there are 200"),
        (_break_page, "restore a backup"),
    ],
)
def test_doctor_names_a_problem(full: Shell, damage: Callable[[Shell], None], told: str) -> None:
    """What is wrong has its line, with what to do about it."""
    full.database.close()
    damage(full)
    done = full("doctor")
    assert done.status == 1
    assert any(line.startswith("PROBLEM") and told in line for line in done.out.splitlines()), done.out
    assert done.err.startswith("Error: ")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_doctor_names_files_that_cannot_be_written(full: Shell) -> None:
    """Another user's file is no use."""
    full.database.close()
    full.path.chmod(0o400)
    assert "cannot be read and written" in full("doctor").out


@pytest.mark.parametrize("command", ["verify", "rebuild", "export", "serve"])
def test_commands_need_the_current_schema(full: Shell, command: str) -> None:
    """Without a database, and on one of another version, a command says so in one line and does nothing."""
    _forget_migrations(full)
    done = full(command)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: The schema of ") and "'onrecord migrate'" in done.err
    full.path.unlink()
    done = full(command)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: There is no database at ")
    assert done.err.count("\n") == 1


def test_head_is_what_is_verified(full: Shell) -> None:
    """Every field of the head is compared: a new one must not be forgotten."""
    assert Head._fields == ("size", "root", "last_leaf", "frontier", "recorded_at")


def test_a_record_without_entries_is_in_order(bare: Shell) -> None:
    """Whether nothing was ever written or a turn passed in which nothing was: verify and rebuild find nothing amiss."""
    assert bare("migrate").status == 0
    with ledger.turn(bare.database):
        pass
    for words in (("verify", "--derived"), ("rebuild",), ("verify", "--derived")):
        assert bare(*words).status == 0
