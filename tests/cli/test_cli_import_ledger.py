"""`onrecord import --ledger`: the same log again, or nothing."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api import exports, merkle
from api.domain.entries import leaf_data, payload_hash
from api.storage import keys, log
from tests.cli.conftest import Shell
from tests.records import Recorder, dump, every_table

Lines = list[dict[str, Any]]
HASHED = ("index", "recorded_at", "kind", "subject", "actor")


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[Shell]:
    """A shell on an empty record, in a folder of its own."""
    folder = tmp_path / "empty"
    folder.mkdir()
    made = Shell(folder)
    made.database.migrate()
    yield made
    made.database.close()


def exported(shell: Shell) -> Lines:
    """The lines of an export, the header first."""
    return [json.loads(line) for line in shell("export").out.splitlines()]


def resealed(entry: dict[str, Any], **changed: Any) -> None:
    """Change an entry, and seal it as whoever runs a log can seal anything."""
    entry.update(changed)
    hashed = payload_hash(bytes.fromhex(entry["salt"]), entry["payload"].encode())
    leaf = merkle.leaf_hash(leaf_data(*(entry[name] for name in HASHED), hashed))
    entry.update(payload_hash=hashed.hex(), leaf_hash=leaf.hex())


def signed(lines: Lines) -> None:
    """Give an export the header that its entries have."""
    leaves = [bytes.fromhex(entry["leaf_hash"]) for entry in lines[1:]]
    lines[0].update(size=len(leaves), root=merkle.tree_hash(leaves).hex())


def test_import_ledger_makes_the_same_log(full: Shell, empty: Shell) -> None:
    """An export, read from standard input, gives the same root, and every row of every table but the tokens."""
    done = empty.apart("import", "--ledger", "-", input=full("export").out.encode())
    assert (done.status, done.err) == (0, "")
    assert done.out == f"Imported 200 entries. Root: {full.head.root.hex()}\n"
    assert empty.head == full.head
    tables = [table for table in every_table(full.database) if table not in ("tokens", "idempotency")]
    assert dump(empty.database, tables) == dump(full.database, tables)
    assert empty("verify").status == 0


def test_import_ledger_is_exported_the_same(full: Shell, empty: Shell) -> None:
    """What is exported of it is the same file, byte for byte; and the log goes on from there."""
    path = full.folder / "entries.ndjson"
    full("export", path)
    assert empty("import", "--ledger", path).status == 0
    assert empty("export").out == path.read_text(encoding="utf-8")
    Recorder(empty.database).party("newcomer")
    assert empty.head.size == 201
    assert empty("verify").status == 0


def test_import_ledger_into_a_record_that_has_entries(full: Shell, empty: Shell) -> None:
    """A ledger that is not empty is left alone."""
    full("export", full.folder / "entries.ndjson")
    Recorder(empty.database).party("agency")
    before = dump(empty.database, every_table(empty.database))
    done = empty("import", "--ledger", full.folder / "entries.ndjson")
    assert (done.status, done.out) == (1, "")
    assert f"The ledger at {empty.path} has 1 entries: import into a new one" in done.err
    assert dump(empty.database, every_table(empty.database)) == before


def test_import_ledger_takes_no_words_about_bodies(shell: Shell) -> None:
    """The entries say themselves what they are, and in whose name."""
    path = shell.write("entries.ndjson", [])
    done = shell("import", "--ledger", path, "--as", "agency")
    assert (done.status, done.err[:6]) == (1, "Error:")
    assert "leave --kind, --as and --format out" in done.err


def erase(shell: Shell, subject: str) -> None:
    """Erase what a record says of a subject."""
    with shell.database.turn() as db:
        _, token = keys.create_token(db, party="dhs", scopes=["admin"], note=None, now="2026-11-25T10:00:00.000Z")
    done = shell("erase", subject, "--reason", "An order.", "--yes", ONRECORD_TOKEN=token)
    assert done.status == 0, done.err


def test_import_ledger_of_what_was_erased(full: Shell, empty: Shell) -> None:
    """A payload that was erased is null in an export, and the entry that says so makes the same record of it; a payload
    that is still there, or is missing and was not erased, is refused."""
    claim = next(entry for entry in exported(full)[1:] if entry["kind"] == "claim.recorded")
    erase(full, claim["subject"])
    lines = exported(full)
    index = claim["index"] + 1
    assert (lines[index]["payload"], lines[index]["salt"]) == (None, None)

    kept = [*lines[:index], claim, *lines[index + 1 :]]
    done = empty("import", "--ledger", empty.write("kept.ndjson", kept))
    assert done.status == 1
    assert f"Entry {claim['index']}: its payload is there, and a later entry says that it was erased." in done.err
    lines[9].update(payload=None, salt=None)
    done = empty("import", "--ledger", empty.write("missing.ndjson", lines))
    assert (done.status, "Entry 8: its payload is missing" in done.err) == (1, True)
    assert empty.head.size == 0

    assert empty("import", "--ledger", empty.write("entries.ndjson", exported(full))).status == 0
    tables = [table for table in every_table(full.database) if table not in ("tokens", "idempotency")]
    assert dump(empty.database, tables) == dump(full.database, tables)
    assert empty("verify", "--derived").status == 0


def test_import_ledger_that_lacks_what_was_signed(full: Shell, empty: Shell) -> None:
    """Where the heads say that more was signed, an export with less is not made a record that nobody can write to."""
    full("export", full.folder / "entries.ndjson")
    heads = Path(f"{empty.path}.heads")
    more = {"size": 201, "root": "00" * 32, "signed_at": "2026-11-25T10:00:00.000Z", "key_ids": ["00000000"]}
    heads.write_text(json.dumps(more) + "\n", encoding="utf-8")
    done = empty("import", "--ledger", full.folder / "entries.ndjson")
    assert (done.status, done.out) == (1, "")
    assert "Signed were 201 entries" in done.err
    assert empty.head.size == 0
    heads.write_text(json.dumps(more | {"size": 200, "root": full.head.root.hex()}) + "\n", encoding="utf-8")
    assert empty("import", "--ledger", full.folder / "entries.ndjson").status == 0


def _flip(text: str) -> str:
    return ("1" if text[0] == "0" else "0") + text[1:]


def _later(lines: Lines) -> None:
    """Entry 9 says that it was recorded before entry 8."""
    resealed(lines[10], recorded_at="2001-01-01T00:00:00.000Z")
    signed(lines)


def _senseless(lines: Lines) -> None:
    resealed(lines[1], payload="[]")
    signed(lines)


def _erased(lines: Lines) -> None:
    lines[51].update(salt=None, payload=None)


def _altered(lines: Lines) -> None:
    """Somebody's words are put otherwise, and the entry is sealed anew."""
    resealed(lines[150], payload=lines[150]["payload"].replace("e", "a", 1))


def _swap(lines: Lines) -> None:
    lines[7], lines[8] = lines[8], lines[7]


DAMAGED: dict[str, tuple[Callable[[Lines], Any], str]] = {
    "payload": (lambda lines: lines[9].update(payload=lines[9]["payload"] + " "), "Entry 8: its payload and salt"),
    "salt": (lambda lines: lines[9].update(salt=_flip(lines[9]["salt"])), "Entry 8: its payload and salt"),
    "actor": (lambda lines: lines[9].update(actor="somebody"), "Entry 8: its fields do not give its leaf hash"),
    "time": (lambda lines: lines[9].update(recorded_at="2026-11-24"), "Line 10: Entry 8: its 'recorded_at'"),
    "line break": (lambda lines: lines[9].update(actor="a\nb"), "Line 10: Entry 8: its 'actor'"),
    "leaf": (lambda lines: lines[9].update(leaf_hash=_flip(lines[9]["leaf_hash"])), "Entry 8: its fields"),
    "kind": (lambda lines: lines[9].update(kind="claim.sung"), "Line 10: Entry 8: this version does not know the kind"),
    "dropped": (lambda lines: lines.pop(100), "Entry 100: it should be number 99"),
    "cut off": (lambda lines: lines.pop(), "It has 199 entries, and its header says 200"),
    "doubled": (lambda lines: lines.insert(100, lines[99]), "Entry 98: it should be number 99: it is there twice"),
    "reordered": (_swap, "Entry 7: it should be number 6"),
    "back in time": (_later, "Entry 9: it was recorded at 2001"),
    "payload gone": (_erased, "Entry 50: its payload is missing, and no later entry says that it was erased"),
    "altered and sealed": (_altered, "The root over its entries is"),
    "senseless": (_senseless, "nothing can be made of one of its payloads"),
    "root": (lambda lines: lines[0].update(root=_flip(lines[0]["root"])), "The root over its entries is"),
    "root's form": (lambda lines: lines[0].update(root="00"), "Its header is damaged"),
    "size": (lambda lines: lines[0].update(size=201), "It has 200 entries, and its header says 201"),
    "newer": (lambda lines: lines[0].update(format="onrecord/export/v2"), "use a newer one"),
    "other": (lambda lines: lines[0].update(format="something"), "It is no export: its first line should be the"),
    "no header": (lambda lines: lines.pop(0), "It is no export: its first line should be the header"),
    "no entry": (lambda lines: lines.insert(3, {}), "Line 4: It is not an entry: it has no index"),
}


@pytest.mark.parametrize("how", DAMAGED)
def test_import_ledger_refuses(how: str, full: Shell, empty: Shell) -> None:
    """Whatever is wrong is named, and nothing at all is recorded."""
    lines = exported(full)
    damage, told = DAMAGED[how]
    damage(lines)
    before = dump(empty.database, every_table(empty.database))
    path = empty.write("entries.ndjson", lines)
    done = empty("import", "--ledger", path)
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith(f"Error: {path} was not imported. ")
    assert told in done.err
    assert done.err.count("\n") == 1
    assert dump(empty.database, every_table(empty.database)) == before


@pytest.mark.parametrize(("content", "told"), [(b"", "Line 1 is empty"), (b"\x00\xff", "Line 1 is no JSON")])
def test_import_ledger_refuses_what_is_no_export(content: bytes, told: str, empty: Shell) -> None:
    """A file of another kind is refused in a sentence."""
    done = empty("import", "--ledger", empty.write("entries.ndjson", content))
    assert done.status == 1
    assert told in done.err


def test_import_ledger_knows_the_first_version() -> None:
    """The format of the first version is what it was, byte for byte: old exports stay readable."""
    leaf = "4f" * 32
    head = log.Head(1, bytes.fromhex(leaf), b"", b"", "")
    assert exports.header("record.example/log", head) == (
        b'{"format":"onrecord/export/v1","origin":"record.example/log","size":1,"root":"' + leaf.encode() + b'"}'
    )


def test_import_ledger_of_an_old_export(empty: Shell) -> None:
    """An export that the first version wrote is read by every later one, and has the root that it had then."""
    path = Path(__file__).parent / "export-v1.ndjson"
    content = path.read_bytes()
    assert sha256(content).hexdigest() == FIRST
    done = empty("import", "--ledger", path)
    assert (done.status, done.err) == (0, "")
    assert empty.head.root.hex() == json.loads(content.splitlines()[0])["root"]
    assert [entry["kind"] for entry in exported(empty)[1:]] == KINDS


# Never to be changed: the file stands for those that people have.
FIRST = "5a23ebebdc793c36fcdafe776f7199c876ab27eda182cffa693db4374458b2fe"
KINDS = [
    "party.recorded",
    "party.recorded",
    "question.opened",
    "claim.recorded",
    "claim.recorded",
    "verdict.published",
    "contradiction.assessed",
    "verdict.retracted",
    "claim.amended",
    "claim.withdrawn",
    "party.amended",
    "question.amended",
]
