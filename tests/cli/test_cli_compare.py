"""Forks: two histories under one name, both signed, are told apart and proved, by `onrecord mirror` and `compare`."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.cli import following, served
from api.verifier import open_checkpoint
from tests.cli.conftest import SECONDS, Shell
from tests.cli.mirrored import folder, key_of, rows, twin
from tests.cli.test_cli_import_ledger import exported, resealed, signed
from tests.cli.test_cli_serving import served as serving
from tests.records import Recorder, ulid


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can pass by itself is asked for again at once."""
    monkeypatch.setattr(served, "PAUSE", 0.05)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Shell]:
    """A shell without a database, for the mirror."""
    made = folder(tmp_path, "copy")
    yield made
    made.database.close()


def write(shell: Shell, *words: str) -> None:
    """Record claims."""
    record, size = Recorder(shell.database), shell.head.size
    for number, text in enumerate(words):
        record.claim(text, "dhs", id=ulid(size + number))
    shell.database.close()


def rewritten(shell: Shell, parent: Path, index: int) -> Shell:
    """The record with one entry put otherwise and everything after it as it is, under the same key: what an operator
    could make who wants to have said something else."""
    other, lines = folder(parent, "rewritten"), exported(shell)
    resealed(lines[index + 1], payload=lines[index + 1]["payload"].replace(" ", " not ", 1))
    signed(lines)
    other.database.migrate()
    assert other("import", "--ledger", other.write("entries.ndjson", lines)).status == 0
    shutil.copy(f"{shell.path}.key", f"{other.path}.key")
    return other


def test_compare_of_one_log(full: Shell, tmp_path: Path) -> None:
    """Two servers with the same log, and with more and less of it, with the key or without."""
    key = key_of(full)
    other = twin(full, tmp_path, "other")
    with serving(full, "serve") as (one, _):
        with serving(other, "serve") as (two, _):
            done = full("compare", one, two, "--key", key)
            assert (done.status, done.err) == (0, "")
            root = full.head.root.hex()
            assert done.out == f"The same: both have signed 200 entries of localhost/onrecord with the root {root}.\n"
        write(other, "One more.", "And another.")
        with serving(other, "serve") as (two, _):
            told = f"One log: the 200 entries that {one} has signed are the first of the 202 that {two} has signed.\n"
            assert full("compare", one, two, "--key", key).out == told
            assert full("compare", two, one).out == told


@pytest.mark.parametrize(("mine", "theirs"), [(1, 1), (1, 3), (3, 1)])
def test_compare_finds_a_fork(mine: int, theirs: int, full: Shell, tmp_path: Path) -> None:
    """Two continuations of one log are a fork: the entry is named from which on, and the two signed checkpoints are
    printed, which prove it to anybody."""
    key = key_of(full)
    other = twin(full, tmp_path, "other")
    write(full, *(f"To some it says {number}." for number in range(mine)))
    write(other, *(f"To others it says {number}." for number in range(theirs)))
    with serving(full, "serve") as (one, _), serving(other, "serve") as (two, _):
        done = full("compare", one, two, "--key", key)
    assert (done.status, done.out) == (1, "")
    assert "FORK" in done.err
    assert "They part at entry 200." in done.err
    _, first, second = done.err.split("localhost/onrecord\n")
    notes = [open_checkpoint(f"localhost/onrecord\n{note.rstrip()}\n", [key]) for note in (first, second)]
    assert [note.size for note in notes] == [200 + mine, 200 + theirs]
    assert [note.root for note in notes] == [full.head.root, other.head.root]


def test_compare_finds_a_rewritten_entry(full: Shell, tmp_path: Path) -> None:
    """Also where only one entry of the past is another one, and all after it are as they were."""
    key = key_of(full)
    other = rewritten(full, tmp_path, 150)
    with serving(full, "serve") as (one, _), serving(other, "serve") as (two, _):
        done = full("compare", two, one, "--key", key)
    assert done.status == 1
    assert "They part at entry 150." in done.err


def test_compare_of_two_logs(full: Shell, tmp_path: Path) -> None:
    """Two logs of other names are no fork, but a mistake; and a key that signed neither is of no use."""
    key_of(full)
    other = twin(full, tmp_path, "other")
    with serving(full, "serve") as (one, _), serving(other, "serve", ONRECORD_ORIGIN="other.example/log") as (two, _):
        done = full("compare", one, two)
        assert (done.status, "They are two logs" in done.err) == (1, True)
        stranger = folder(tmp_path, "stranger")
        stranger.database.migrate()
        assert "not signed by a key that you trust" in full("compare", one, one, "--key", key_of(stranger)).err
        assert full("compare", one, "nowhere").status == 1


@pytest.mark.parametrize("theirs", [1, 2, 5])
def test_mirror_finds_a_fork(theirs: int, full: Shell, copy: Shell, tmp_path: Path) -> None:
    """A source that signs another continuation than the one that was mirrored ends the mirror, whether it has fewer
    entries, as many or more. The mirror keeps what it has, and both checkpoints in a file."""
    key = key_of(full)
    other = twin(full, tmp_path, "other")
    write(full, "To some it says this.", "And that.")
    write(other, *(f"To others it says {number}." for number in range(theirs)))
    with serving(full, "serve") as (url, _):
        assert copy("mirror", url, "--key", key, "--once").status == 0
    with serving(other, "serve") as (url, _):
        done = copy("mirror", url, "--key", key, "--once")
        again = copy.apart("mirror", url, "--key", key)
    assert (done.status, again.status) == (1, 1)
    assert "FORK" in done.err and "FORK" in again.err
    assert "entry 200 is another one" in done.err
    assert copy.head == full.head
    assert rows(copy.database) == rows(full.database)
    evidence = sorted(copy.folder.glob("record.db.fork-*.txt"))
    notes = evidence[0].read_text(encoding="utf-8").split("localhost/onrecord\n")[1:]
    found = [open_checkpoint(f"localhost/onrecord\n{note.rstrip()}\n", [key]) for note in notes]
    assert [(one.size, one.root) for one in found] == [
        (202, full.head.root),
        (200 + theirs, other.head.root),
    ]


def test_mirror_finds_a_rewritten_entry(full: Shell, copy: Shell, tmp_path: Path) -> None:
    """A source that has put one entry of its past otherwise ends the mirror, which names the entry."""
    key = key_of(full)
    other = rewritten(full, tmp_path, 42)
    write(other, "And on it goes.")
    with serving(full, "serve") as (url, _):
        assert copy("mirror", url, "--key", key, "--once").status == 0
    with serving(other, "serve") as (url, _):
        done = copy("mirror", url, "--key", key, "--once")
    assert (done.status, "entry 42 is another one" in done.err) == (1, True)
    assert copy.head == full.head


def test_mirror_of_a_source_that_went_back(full: Shell, copy: Shell, tmp_path: Path) -> None:
    """A source that was restored from an old backup has fewer entries, and they are the same: that is no fork, and the
    mirror takes nothing until there are more again; and if those are others, it is one."""
    key = key_of(full)
    old = twin(full, tmp_path, "old")
    write(full, "It gets lost.")
    with serving(full, "serve") as (url, _):
        assert copy("mirror", url, "--key", key, "--once").status == 0
    with serving(old, "serve") as (url, _):
        done = copy("mirror", url, "--key", key, "--once")
        assert done.status == 1
        assert "has signed 200 entries, and had signed 201 before" in done.err
        assert "FORK" not in done.err
        # One that goes on all the time waits for that, and then ends.
        with copy.start("mirror", url, "--key", key) as process:
            try:
                assert process.stderr and b"had signed 201 before" in process.stderr.readline()
                write(old, "Something else comes in its place.")
                assert b"FORK" in process.stderr.read()
                assert process.wait(SECONDS) == 1
            finally:
                process.kill()
    assert copy.head == full.head


@pytest.mark.parametrize(("size", "first"), [(1, 0), (2, 0), (2, 1), (64, 17), (64, 63), (201, 200)])
def test_compare_halves(size: int, first: int) -> None:
    """The first entry that differs is found in as many questions as halving takes."""
    asked = []

    def ours(at: int) -> bytes:
        asked.append(at)
        return b"same" if at <= first else b"ours"

    def theirs(at: int) -> bytes:
        return b"same" if at <= first else b"theirs"

    assert following.parting(ours, theirs, size) == first
    assert len(asked) <= 2 + size.bit_length()
    assert following.parting(ours, ours, size) is None
