"""`onrecord export` and `backup`: what goes out is all of it, and of one moment."""

from __future__ import annotations

import json
import subprocess
import sys
from hashlib import sha256
from pathlib import Path

from api import ledger, merkle
from api.domain.entries import leaf_data
from api.storage import log
from api.storage.sqlite import Database
from tests.cli.conftest import ROOT, Shell
from tests.records import Recorder, dump, every_table

WRITERS = ("writer-1", "writer-2", "writer-3")


def test_export_is_enough_to_compute_the_root(full: Shell) -> None:
    """The first line says what it is, how many entries it has and their root. Each line after it is an entry with its
    payload and salt, in order: from them alone the hashes follow."""
    done = full("export", ONRECORD_ORIGIN="record.example/log")
    assert (done.status, done.err) == (0, "")
    first, *lines = done.out.splitlines()
    header = {"format": "onrecord/export/v1", "origin": "record.example/log", "size": 200}
    assert json.loads(first) == header | {"root": full.head.root.hex()}
    leaves = []
    for index, line in enumerate(lines):
        entry = json.loads(line)
        hashed = sha256(bytes.fromhex(entry["salt"]) + entry["payload"].encode()).digest()
        assert (entry["index"], entry["payload_hash"]) == (index, hashed.hex())
        data = leaf_data(*(entry[name] for name in ("index", "recorded_at", "kind", "subject", "actor")), hashed)
        leaves.append(merkle.leaf_hash(data))
        assert entry["leaf_hash"] == leaves[-1].hex()
    assert len(leaves) == 200
    assert merkle.tree_hash(leaves) == full.head.root


def test_export_to_a_file(full: Shell) -> None:
    """The same lines; a file that is there is not overwritten, and nothing half-written is left."""
    path = full.folder / "entries.ndjson"
    done = full("export", path)
    assert done.out == f"Wrote 200 entries to {path}.\n"
    assert path.read_text(encoding="utf-8") == full("export").out
    again = full("export", path)
    assert (again.status, again.err) == (1, f"Error: {path} exists: choose another name, or move it away.\n")
    assert sorted(found.name for found in full.folder.iterdir() if "part" in found.name) == []


def test_export_of_which_only_the_beginning_is_read(full: Shell) -> None:
    """Whoever closes the pipe has heard enough: nothing is complained of."""
    with full.start("export") as process:
        assert process.stdout and process.stderr
        assert process.stdout.readline().startswith(b'{"format":"onrecord/export/v1",')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_backup_while_others_write(full: Shell) -> None:
    """Whatever processes write meanwhile, and whatever moves pages into the database file, a copy is of one moment:
    each is verified, and is the log as it was at its size, with documents that a rebuild makes the same."""
    record = Recorder(full.database)
    for name in WRITERS:
        record.party(name)
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.writers", str(full.path), name, str(number * 1_000_000), "1000000"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        for number, name in enumerate(WRITERS, 1)
    ]
    sizes = []
    try:
        for writer in writers:
            assert writer.stdout and writer.stdout.readline()
        for number in range(3):
            path = full.folder / f"copy-{number}.db"
            before = full.head.size
            done = full("backup", path)
            assert (done.status, done.err) == (0, "")
            sizes.append(_check_copy(full, path, done.out))
            assert before <= sizes[-1] <= full.head.size
            full.database.checkpoint()
        assert all(writer.poll() is None for writer in writers), "nobody wrote any more"
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()
    assert sizes[0] < sizes[1] < sizes[2]


def _check_copy(full: Shell, path: Path, said: str) -> int:
    copy = Database(path)
    head = log.head(copy.reader())
    assert said == f"Copied {head.size:,} entries to {path} and verified them.\n"
    assert head.last_leaf == log.leaf_at(full.database.reader(), head.size - 1)
    assert copy.is_current()
    assert path.stat().st_mode == full.path.stat().st_mode
    before = dump(copy, every_table(copy))
    assert ledger.rebuild(copy) == head
    assert dump(copy, every_table(copy)) == before
    copy.close()
    return head.size


def test_backup_of_a_damaged_log_is_not_kept(full: Shell) -> None:
    """A copy that does not verify is no backup; a file that is there stays."""
    with full.database.turn() as db:
        db.execute("UPDATE head SET root = x'00'")
    path = full.folder / "copy.db"
    done = full("backup", path)
    assert done.status == 1
    assert "does not verify" in done.err
    assert not [found for found in full.folder.iterdir() if found.name.startswith("copy")]
    path.write_text("mine")
    assert full("backup", path).status == 1
    assert path.read_text() == "mine"


def test_progress_is_for_terminals_only(full: Shell) -> None:
    """Into a pipe or a file nothing is written but what counts."""
    done = full.apart("verify", stderr=subprocess.PIPE)
    assert (done.status, done.err) == (0, "")
