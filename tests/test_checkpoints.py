"""Checkpoints: signed once for each size, kept outside the database before they are given out, and guarded."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from base64 import b64encode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api import keyring, ledger, merkle, notes
from api.checkpoints import Checkpoints, Heads
from api.domain import parties
from api.errors import LedgerRewound, NotFound
from api.importing import Loader, Ready
from api.keyring import Keyring, KeySource
from api.storage import log, tree
from api.storage.sqlite import Database, StoreError
from api.writers import Writers
from tests import proving
from tests.records import Recorder, write_many

ROOT = Path(__file__).parents[1]
ORIGIN = "record.example.org/log"
KEY = notes.new_key(ORIGIN)
NOW = "2026-11-25T10:00:00.000Z"


def signer(database: Database, *keys: notes.SigningKey) -> Checkpoints:
    """What signs the log of a database, as one process has it."""
    given = Keyring(keys or (KEY,))
    return Checkpoints(ORIGIN, KeySource(given, database.path), Heads(database.heads))


def again(database: Database) -> Database:
    """The same file as another process has it."""
    return Database(database.path)


def append(database: Database, name: str) -> None:
    """Write to the log as any writer does."""
    body = {"id": name, "name": name, "kind": "organization"}
    with ledger.turn(database) as turn:
        turn.append(lambda known: parties.record(body, known), "operator")


def lines(database: Database) -> list[dict[str, object]]:
    """What the heads file has."""
    return [json.loads(line) for line in database.heads.read_bytes().splitlines()]


@pytest.fixture
def signed(database: Database, record: Recorder) -> Database:
    """A log of seven entries, whose head was signed."""
    for i in range(7):
        record.party(f"party-{i}")
    signer(database).current(database.reader())
    return database


def test_a_checkpoint_is_the_head_signed(database: Database, record: Recorder) -> None:
    """Three lines and a signature that holds; of an empty log, too."""
    for size in range(3):
        made = signer(database).current(database.reader())
        head = log.head(database.reader())
        assert made.text.startswith(f"{ORIGIN}\n{size}\n{b64encode(head.root).decode()}\n\n— {ORIGIN} ")
        opened = proving.opened(made.text, [str(KEY.verifier)])
        assert opened == (ORIGIN, size, head.root, [KEY.verifier.id.hex()])
        record.party(f"party-{size}")


def test_each_size_is_signed_once(signed: Database) -> None:
    """Asked again, in this process or another, it is the same text, and the heads file has one line for it."""
    mine, other = signer(signed), signer(again(signed))
    texts = {one.current(signed.reader()).text for one in (mine, other, mine, other)}
    assert len(texts) == 1
    assert [line["size"] for line in lines(signed)] == [7]
    append(signed, "another")
    assert other.current(signed.reader()).size == 8
    assert mine.current(signed.reader()).size == 8
    assert [(line["size"], line["key_ids"]) for line in lines(signed)] == [(n, [KEY.verifier.id.hex()]) for n in (7, 8)]
    assert lines(signed)[1]["root"] == log.head(signed.reader()).root.hex()


def test_the_head_is_kept_before_it_is_given_out(database: Database, record: Recorder) -> None:
    """Where the heads file cannot be written there is no checkpoint either."""
    record.party("one")
    database.heads.mkdir()
    with pytest.raises(StoreError, match="heads file"):
        signer(database).current(database.reader())


def test_processes_sign_beside_a_writer(database: Database, record: Recorder) -> None:
    """Several that sign while entries come in agree on each size, never go back, and leave one ascending line each."""
    code = (
        "import sys\n"
        "from tests.test_checkpoints import *\n"
        "database = Database(sys.argv[1])\n"
        "one = Checkpoints(ORIGIN, KeySource(Keyring((notes.parse(sys.argv[2]),)), database.path), "
        "Heads(database.heads))\n"
        "made = None\n"
        "while made is None or made.size < 120:\n"
        "    before, made = made, one.current(database.reader())\n"
        "    if made != before: print(made.size, made.root.hex(), flush=True)\n"
    )
    record.party("first")
    command = [sys.executable, "-W", "ignore", "-c", code, str(database.path), KEY.private_text()]
    running = [subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, bufsize=0) for _ in range(2)]
    # They have begun to sign before the writer does, so that the two are at it together.
    firsts = [process.stdout.readline().decode() for process in running if process.stdout]
    for i in range(119):
        append(database, f"party-{i}")
    outputs = [process.communicate(timeout=60)[0].decode() for process in running]
    assert [process.returncode for process in running] == [0, 0]
    seen: dict[int, str] = {}
    for first, output in zip(firsts, outputs, strict=True):
        told = [(int(size), root) for size, root in (line.split() for line in [first, *output.splitlines()])]
        assert told == sorted(told)
        for size, root in told:
            assert seen.setdefault(size, root) == root == tree.root_at(database.reader(), size).hex()
    assert {line["size"]: line["root"] for line in lines(database)} == seen
    sizes = [line["size"] for line in lines(database)]
    assert sizes == sorted(seen)
    assert len(sizes) > 5


def test_a_line_that_a_crash_cut_off_does_not_count(signed: Database) -> None:
    """It was not given out; the next one takes its place."""
    whole = signed.heads.read_bytes()
    signed.heads.write_bytes(whole + b'{"size":9,"root":"00')
    last = Heads(signed.heads).last()
    assert last and last.size == 7
    append(signed, "another")
    signer(signed).current(signed.reader())
    assert signed.heads.read_bytes().startswith(whole)
    assert [line["size"] for line in lines(signed)] == [7, 8]


def test_a_damaged_heads_file_is_no_empty_one(signed: Database) -> None:
    """Nothing is signed or written on the strength of it."""
    signed.heads.write_bytes(b"{}\n")
    with pytest.raises(StoreError, match="is damaged"):
        signer(signed).current(signed.reader())
    with pytest.raises(StoreError, match="is damaged"):
        append(again(signed), "another")


def test_a_disk_that_is_not_there_has_not_forgotten(signed: Database) -> None:
    """Where even the folder of the heads file is missing, nothing is written: it may be a disk that was not mounted."""
    elsewhere = Database(signed.path, signed.path.parent / "not-mounted" / "heads")
    with pytest.raises(StoreError, match="not-mounted"):
        append(elsewhere, "another")
    elsewhere.close()


def test_without_a_key_nothing_is_signed(signed: Database) -> None:
    """There is no checkpoint, and the remedy is named; a key that is only published does not sign."""
    for keys in (Keyring(), Keyring((KEY.verifier,))):
        with pytest.raises(NotFound, match="onrecord key add"):
            Checkpoints(ORIGIN, KeySource(keys, signed.path.with_name("none")), Heads(signed.heads)).current(
                signed.reader()
            )


def test_a_rotation_needs_no_restart(signed: Database, tmp_path: Path) -> None:
    """A key that is added signs the next checkpoint beside the old one; one that is retired does no more."""
    path, other = tmp_path / "keys", notes.new_key(ORIGIN)
    keyring.add(path, KEY, NOW)
    one = Checkpoints(ORIGIN, KeySource(Keyring(), path), Heads(signed.heads))
    old, new = (key.verifier.id.hex() for key in (KEY, other))

    def by() -> list[str]:
        published = [str(key) for key in one.keyring().published]
        return proving.opened(one.current(signed.reader()).text, published).by

    assert by() == [old]
    keyring.add(path, other, NOW)
    assert by() == [old, new]
    keyring.retire(path, old, NOW)
    assert by() == [new]
    assert [key.id.hex() for key in one.keyring().published] == [new, old]
    assert KEY.private_text() not in path.read_text()


# --- the guard -------------------------------------------------------------------------------------


def older(database: Database, folder: Path) -> None:
    """The file of an earlier day: its first four entries are the same."""
    made = Database(folder / "older.db")
    made.migrate()
    record = Recorder(made)
    for i in range(4):
        record.party(f"party-{i}")
    replace(database, made)


def another(database: Database, folder: Path) -> None:
    """The file of another log, which is longer."""
    made = Database(folder / "another.db")
    made.migrate()
    record = Recorder(made)
    for i in range(9):
        record.party(f"other-{i}")
    replace(database, made)


def truncated(database: Database, folder: Path) -> None:
    """The same file without its last entries, made to look whole."""
    with database.turn() as db:
        for table in ("payloads", "entries"):
            db.execute(f"DELETE FROM {table} WHERE idx >= 5")
    ledger.rebuild(database)


def cut(database: Database, folder: Path) -> None:
    """The same file without its last entries; the head still counts them."""
    with database.turn() as db:
        for table in ("payloads", "entries"):
            db.execute(f"DELETE FROM {table} WHERE idx >= 5")


def replace(database: Database, by: Database) -> None:
    by.checkpoint()
    by.close()
    database.close()
    for suffix in ("-wal", "-shm"):
        Path(f"{database.path}{suffix}").unlink(missing_ok=True)
    shutil.copy(by.path, database.path)


REPLACED = {
    older: "the ledger has 4",
    another: "the ledger has 9, but the first 7 of them are others",
    truncated: "the ledger has 5",
    cut: "the ledger has 5",
}


@pytest.mark.parametrize("replaced", REPLACED, ids=lambda made: made.__name__)
def test_a_ledger_that_lost_what_was_signed_takes_no_write(
    signed: Database, tmp_path: Path, replaced: Callable[[Database, Path], None]
) -> None:
    """Every way of writing refuses it, and so does signing; both ways out are named, and reading goes on."""
    last = lines(signed)[-1]
    replaced(signed, tmp_path)
    database = again(signed)
    size = log.head(database.reader()).size
    ready = Ready(1, {"id": "new", "name": "New", "kind": "organization"}, None)

    def load() -> None:
        with Loader(database, "parties", "operator") as loader:
            loader.load([ready])

    ways: list[Callable[[], object]] = [
        lambda: append(database, "new"),
        lambda: Writers(database).write(lambda turn: None),
        lambda: write_many(database, []),
        load,
        lambda: signer(database).current(database.reader()),
    ]
    for way in ways * 2:
        with pytest.raises(LedgerRewound) as refused:
            way()
        detail = refused.value.detail
        signed_then = f"Signed were 7 entries with the root {last['root']} at {last['signed_at']}"
        assert f"{signed_then}; {REPLACED[replaced]}." in detail
        assert "a backup with at least 7 entries" in detail and "'onrecord heads abandon'" in detail
    assert log.head(database.reader()).size == size
    assert lines(signed) == [last]
    database.close()


def test_a_ledger_that_has_all_that_was_signed_is_written_to(signed: Database) -> None:
    """Entries beyond the last signed one are no reason to refuse, and neither is a head that was never signed."""
    append(signed, "more")
    database = again(signed)
    append(database, "and-more")
    assert signer(database).current(database.reader()).size == 9
    database.close()


def test_the_ledger_is_compared_before_the_first_write_of_a_process(signed: Database, tmp_path: Path) -> None:
    """Once it was found whole it is not compared again with every write; once it was not, it is."""
    database = again(signed)
    append(database, "one")
    signed.heads.write_bytes(signed.heads.read_bytes().replace(b'"size":7', b'"size":70'))
    append(database, "two")
    database.close()
    later = again(signed)
    with pytest.raises(LedgerRewound):
        append(later, "three")
    signed.heads.unlink()
    append(later, "three")
    later.close()


def test_threads_get_one_checkpoint(signed: Database) -> None:
    """Threads that ask at the same moment get the same text."""
    one = signer(signed)

    def ask(_: int) -> str:
        mine = again(signed)
        try:
            return one.current(mine.reader()).text
        finally:
            mine.close()

    append(signed, "more")
    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(ask, range(32)))) == 1
    assert [line["size"] for line in lines(signed)] == [7, 8]


def test_the_root_at_every_size(signed: Database) -> None:
    """The stored tree gives the root of every smaller size."""
    leaves = [sealed.leaf_hash for sealed in log.sealed_entries(signed.reader())]
    for size in range(8):
        assert tree.root_at(signed.reader(), size) == merkle.tree_hash(leaves[:size])
