"""`onrecord export` and `backup`: what goes out is all of it, and of one moment."""

from __future__ import annotations

import json
import subprocess
import threading
from hashlib import sha256

from api import merkle
from api.domain.entries import leaf_data
from api.storage import log
from api.storage.sqlite import Database
from tests.cli.conftest import SECONDS, Shell
from tests.records import Recorder, ulid


def test_export_is_enough_to_compute_the_root(full: Shell) -> None:
    """Each line is an entry with its payload and salt, in order: from them alone the hashes follow."""
    done = full("export")
    assert (done.status, done.err) == (0, "")
    leaves = []
    for index, line in enumerate(done.out.splitlines()):
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
        assert process.stdout.readline().startswith(b'{"index":0,')
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_backup_while_others_write(full: Shell) -> None:
    """The copy is of one moment, whatever is written meanwhile, and it is verified."""
    writing = threading.Event()
    stop = threading.Event()

    def write() -> None:
        record = Recorder(full.database)
        for number in range(10_000):
            record.claim(f"Claim {number}.", "dhs", id=ulid(number))
            writing.set()
            if stop.is_set():
                break
        full.database.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        assert writing.wait(SECONDS)
        before = full.head.size
        path = full.folder / "copy.db"
        done = full("backup", path)
        after = full.head.size
    finally:
        stop.set()
        thread.join()
    assert (done.status, done.err) == (0, "")
    copy = Database(path)
    head = log.head(copy.reader())
    assert before <= head.size <= after
    assert done.out == f"Copied {head.size:,} entries to {path} and verified them.\n"
    assert head.last_leaf == log.leaf_at(full.database.reader(), head.size - 1)
    assert copy.is_current()
    copy.close()
    assert path.stat().st_mode == full.path.stat().st_mode


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
