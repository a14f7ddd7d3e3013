"""`onrecord verify FILE|URL`: what others serve or hand over is believed as far as it is signed, and no further."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from api import ledger
from api.cli import served
from api.domain.entries import Entry, canonical
from api.reads import changes
from api.storage import log
from api.storage.sqlite import Database
from tests.cli.conftest import Done, Shell
from tests.instances import ORIGIN, SIGNER, Instance
from tests.proving import mth
from tests.records import Recorder
from tests.rewriting import rewritten
from tests.signing import Signer

KEY = ("--key", SIGNER.public)
STRANGER = Signer(ORIGIN, 9)


@pytest.fixture(autouse=True)
def _no_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """What could pass by itself is asked again at once."""
    monkeypatch.setattr(served, "PAUSE", 0.01)


@pytest.fixture
def copy(history: Database, tmp_path: Path) -> Iterator[Database]:
    """A copy of it."""
    history.backup(tmp_path / "copy.db")
    made = Database(tmp_path / "copy.db")
    yield made
    made.close()


def tamper(database: Database, *statements: str) -> None:
    database.close()
    connection = sqlite3.connect(database.path, isolation_level=None)
    connection.create_function("flipped", 1, lambda data: bytes([data[0] ^ 1]) + data[1:], deterministic=True)
    for statement in statements:
        assert connection.execute(statement).rowcount >= 1, statement
    connection.close()


def refused(done: Done) -> str:
    """What a verifier says of something that does not verify, in one line."""
    assert (done.status, done.out, done.err.count("\n")) == (1, "", 1), done
    return done.err.removeprefix("Error: It does not verify. ").rstrip("\n")


# --- a server --------------------------------------------------------------------------------------


def test_server_agrees_with_what_it_signed(bare: Shell, history: Database) -> None:
    """Every entry is read, and their root is the one that is signed."""
    head = log.head(history.reader())
    with Instance(history) as instance:
        for url in (instance.url, f"{instance.url}/", f"{instance.url}/v1"):
            done = bare("verify", url, *KEY)
            assert (done.status, done.err) == (0, "")
            assert done.out == (
                f"{head.size} entries of {ORIGIN} agree with what is signed.\n"
                f"Root of the {head.size}: {head.root.hex()}\n"
            )


def test_server_is_followed_from_where_one_was(bare: Shell, database: Database, record: Recorder) -> None:
    """With a state only what is new is read, and the whole is compared all the same."""
    state = ("--state", bare.folder / "state.json")
    with Instance(database) as instance:
        assert "0 entries of record.example/log agree" in bare("verify", instance.url, *KEY, *state).out
        with record.together():
            for i in range(450):
                record.party(f"party-{i}")
        done = bare("verify", instance.url, *KEY, *state)
        assert done.out.startswith("450 entries of record.example/log agree")
        record.party("one-more")
        assert bare("verify", instance.url, *KEY, *state).out.startswith("450 that were known, and 1 entries of")
        assert bare("verify", instance.url, *KEY, *state).out.startswith("451 that were known, and 0 entries of")
        assert bare("verify", instance.url, *KEY).out.endswith(
            f"Root of the 451: {log.head(database.reader()).root.hex()}\n"
        )
    assert sorted(path.name for path in bare.folder.glob("state*")) == ["state.json"]


def test_server_that_fails_in_the_middle(bare: Shell, history: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was read before a server failed is not read again, and is compared as soon as it answers."""
    state, asked = bare.folder / "state.json", []
    with Instance(history) as instance:
        sound = instance.app.wsgi_app

        def failing(environ: Any, start: Any) -> Any:
            asked.append(environ["QUERY_STRING"])
            if "since" not in environ["QUERY_STRING"]:
                return sound(environ, start)
            start("503 Service Unavailable", [])
            return [b""]

        monkeypatch.setattr(served, "PAGE", 120)
        monkeypatch.setattr(instance.app, "wsgi_app", failing)
        done = bare("verify", instance.url, *KEY, "--state", state)
        assert (done.status, done.out) == (1, "")
        assert "it answers 503. Try again later." in done.err
        monkeypatch.setattr(instance.app, "wsgi_app", sound)
        done = bare("verify", instance.url, *KEY, "--state", state)
    assert len(asked) == 2 + served.TRIES
    assert done.out.startswith("120 that were known, and 78 entries of record.example/log agree")


def test_server_that_gives_more_than_was_asked_for(
    bare: Shell, history: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is not read beyond what was asked for, and so not beyond what is signed."""
    with Instance(history) as instance:
        sound = instance.app.wsgi_app

        def generous(environ: Any, start: Any) -> Any:
            environ["QUERY_STRING"] = environ["QUERY_STRING"].replace("limit=120", "limit=121")
            return sound(environ, start)

        monkeypatch.setattr(served, "PAGE", 120)
        monkeypatch.setattr(instance.app, "wsgi_app", generous)
        assert refused(bare("verify", instance.url, *KEY)) == "Entry 0: 120 entries were asked for, and 121 came."


def test_server_that_is_written_to_meanwhile(bare: Shell, database: Database) -> None:
    """Whatever is appended while somebody reads, what was signed agrees."""
    stop = threading.Event()

    def write() -> None:
        record, count = Recorder(database), 0
        while not stop.is_set():
            record.party(f"party-{count}")
            count += 1
        database.close()

    writer = threading.Thread(target=write)
    with Instance(database) as instance:
        writer.start()
        try:
            for _ in range(8):
                done = bare("verify", instance.url, *KEY, "--state", bare.folder / "state.json")
                assert (done.status, done.err) == (0, "")
        finally:
            stop.set()
            writer.join()


ALTERED = {
    "payload": ("UPDATE payloads SET bytes = flipped(bytes) WHERE idx = 150", "its payload and salt do not give"),
    "salt": ("UPDATE payloads SET salt = flipped(salt) WHERE idx = 150", "its payload and salt do not give"),
    "payload gone": ("DELETE FROM payloads WHERE idx = 150", "its payload is missing, and no later entry says"),
    "payload hash": (
        "UPDATE entries SET payload_hash = flipped(payload_hash) WHERE idx = 150",
        "its payload and salt do not give",
    ),
    "leaf": ("UPDATE entries SET leaf_hash = flipped(leaf_hash) WHERE idx = 150", "its fields do not give its leaf"),
    "actor": ("UPDATE entries SET actor = actor || 'x' WHERE idx = 150", "the change that brings it has another actor"),
    "subject": ("UPDATE entries SET subject = 'party/x' WHERE idx = 150", "brings it has another subject"),
    "time": ("UPDATE entries SET recorded_at = '2027-01-01T00:00:00.000Z' WHERE idx = 150", "has another at"),
    "change": (
        "UPDATE changes SET line = CAST(replace(line, 'actor\":\"', 'actor\":\"x') AS BLOB) WHERE idx = 150",
        "the change that brings it has another actor",
    ),
}


@pytest.mark.parametrize(("statement", "told"), ALTERED.values(), ids=ALTERED)
def test_server_whose_database_was_altered(bare: Shell, copy: Database, statement: str, told: str) -> None:
    """A value altered in what is served is found, and its entry named with index and kind."""
    kind = copy.reader().execute("SELECT kind FROM entries WHERE idx = 150").fetchone()[0]
    tamper(copy, statement)
    with Instance(copy) as instance:
        said = refused(bare("verify", instance.url, *KEY))
    assert said.startswith(f"Entry 150 ({kind}): ")
    assert told in said


def test_server_whose_kinds_were_altered(bare: Shell, copy: Database) -> None:
    """So is one that is altered in the entry and in the change alike."""
    tamper(
        copy,
        "UPDATE changes SET line = CAST(replace(line, (SELECT kind FROM entries WHERE idx = 150), 'x.y') AS BLOB)"
        " WHERE idx = 150",
        "UPDATE entries SET kind = 'x.y' WHERE idx = 150",
    )
    with Instance(copy) as instance:
        assert refused(bare("verify", instance.url, *KEY)) == "Entry 150 (x.y): its fields do not give its leaf hash."


def test_server_that_leaves_an_entry_out(bare: Shell, copy: Database) -> None:
    """What comes in the place of an entry that is gone is named."""
    tamper(copy, "DELETE FROM changes WHERE idx = 150")
    with Instance(copy) as instance:
        said = refused(bare("verify", instance.url, *KEY))
    assert said.startswith("Entry 151 (")
    assert said.endswith("it came where entry 150 should be.")


def test_server_that_does_not_serve_what_it_signed(bare: Shell, copy: Database) -> None:
    """Entries that end before the signed size are missed by number."""
    tamper(copy, "DELETE FROM changes WHERE idx >= 60")
    with Instance(copy) as instance:
        said = refused(bare("verify", instance.url, *KEY))
    assert said == "Entry 60: it is not there, and 198 entries are signed."


def _reseal(database: Database, index: int) -> None:
    """Rewrite an entry with all hashes of its own, and leave the tree above it as it is."""
    sealed = next(log.sealed_entries(database.reader(), index, index + 1))
    entry = Entry(sealed.idx, sealed.recorded_at, sealed.kind, sealed.subject, sealed.actor, {})
    other = ledger.seal(entry, bytes(32), b'{"other":true}')
    with database.turn() as db:
        db.execute(
            "UPDATE entries SET payload_hash = ?, leaf_hash = ? WHERE idx = ?",
            (other.payload_hash, other.leaf_hash, index),
        )
        db.execute("UPDATE payloads SET salt = ?, bytes = ? WHERE idx = ?", (other.salt, other.payload, index))


@pytest.mark.parametrize(
    ("index", "first", "last"), [(0, 0, 1), (60, 60, 61), (61, 60, 61), (150, 150, 151), (197, 196, 197)]
)
def test_server_that_rewrote_one_entry(bare: Shell, copy: Database, index: int, first: int, last: int) -> None:
    """An entry that was rewritten with its hashes does not lead to the signed root; the server's own proofs show where,
    as far as they reach."""
    names = [f"entry {i} ({kind})" for i, kind in copy.reader().execute("SELECT idx, kind FROM entries ORDER BY idx")]
    _reseal(copy, index)
    with Instance(copy) as instance:
        said = refused(bare("verify", instance.url, *KEY))
    assert said == f"One of {names[first]} to {names[last]}: it is not what was signed."


def test_server_that_rewrote_its_whole_log(bare: Shell, history: Database) -> None:
    """Whoever was there before tells the part of the log that was rewritten, though all its hashes are in order and the
    new root is signed; whoever was not cannot tell."""
    state = bare.folder / "state.json"
    with Instance(history) as instance:
        assert bare("verify", instance.url, *KEY, "--state", state).status == 0
    kept = state.read_bytes()
    for index, first, last in ((60, 0, 127), (130, 128, 191), (197, 196, 197)):
        change: dict[int, Callable[[Any], Any]] = {index: lambda payload: payload | {"reason": "Other words."}}
        with rewritten(history, bare.folder / f"{index}.db", change) as other, Instance(other) as instance:
            said = refused(bare("verify", instance.url, *KEY, "--state", state))
            assert said.startswith(f"One of entry {first} (")
            assert f" to entry {last} (" in said
            assert said.endswith("): it is not what was read before.")
            assert bare("verify", instance.url, *KEY).status == 0
        assert state.read_bytes() == kept, "what proves the difference is kept"


def test_server_that_rewrote_its_log_with_another_key(bare: Shell, history: Database) -> None:
    """A new key for a new log is not the key that was trusted."""
    change = {60: lambda payload: payload | {"reason": "Other words."}}
    with rewritten(history, bare.folder / "other.db", change) as other, Instance(other, STRANGER) as instance:
        said = refused(bare("verify", instance.url, *KEY))
        assert said == "The checkpoint is not signed by a key that you trust."
        assert bare("verify", instance.url, "--key", STRANGER.public).status == 0


def test_server_whose_log_was_cut(bare: Shell, history: Database) -> None:
    """A log that ends before where one was is named with the entry that is now its last."""
    state = bare.folder / "state.json"
    with Instance(history) as instance:
        assert bare("verify", instance.url, *KEY, "--state", state).status == 0
    with rewritten(history, bare.folder / "cut.db", {}, size=60) as cut, Instance(cut) as instance:
        said = refused(bare("verify", instance.url, *KEY, "--state", state))
    assert said == ("The log is signed with 60 entries, and 198 were there before: what follows entry 59 was cut off.")


def test_server_whose_log_went_on_otherwise(bare: Shell, history: Database) -> None:
    """A log that was cut and has grown again does not know the place where one was; where they part is named."""
    state = bare.folder / "state.json"
    with Instance(history) as instance:
        assert bare("verify", instance.url, *KEY, "--state", state).status == 0
    with rewritten(history, bare.folder / "cut.db", {}, size=190) as cut:
        record = Recorder(cut)
        for i in range(20):
            record.party(f"party-{i}")
        with Instance(cut) as instance:
            said = refused(bare("verify", instance.url, *KEY, "--state", state))
    assert said.startswith("One of entry 128 (")
    assert " to entry 191 (party.recorded): it is not what was read before." in said


def test_server_with_another_name(bare: Shell, history: Database) -> None:
    """One key may sign two logs; they are not taken for each other."""
    state = bare.folder / "state.json"
    with Instance(history) as instance:
        assert bare("verify", instance.url, *KEY, "--state", state).status == 0
    with Instance(history, origin="record.example/other") as instance:
        said = refused(bare("verify", instance.url, *KEY, "--state", state))
    assert said == "The checkpoint is of the log 'record.example/other', not of 'record.example/log'."


def test_server_that_cannot_be_asked(bare: Shell, history: Database) -> None:
    """Without a key, with one that is none, and where nobody answers or something else does, one line says so."""
    with Instance(history) as instance:
        assert "Give --key" in bare("verify", instance.url).err
        assert "no Ed25519 verifier key" in bare("verify", instance.url, "--key", "x").err
        assert "answers 404" in bare("verify", f"{instance.url}/elsewhere", *KEY).err
        bad = bare.write("state.json", b"{}")
        assert "no state of 'onrecord verify'" in bare("verify", instance.url, *KEY, "--state", bad).err
    done = bare("verify", instance.url, *KEY)
    assert (done.status, done.err.count("\n")) == (1, 1)
    assert "cannot be read" in done.err
    assert "Try again later" in done.err


@pytest.mark.parametrize(
    "words",
    [
        ("--state", "state.json"),
        ("file", "--state", "state.json"),
        ("--key", "x"),
        ("file", "--derived"),
        ("http://127.0.0.1:1", "--derived", "--key", "x"),
    ],
)
def test_options_that_do_not_go_together(full: Shell, words: tuple[str, ...]) -> None:
    """An option that would do nothing is refused with what it goes with."""
    done = full("verify", *words)
    assert done.status == 2
    assert "goes with" in done.err


# --- a proof file ----------------------------------------------------------------------------------


def _verdict(database: Database) -> tuple[int, str]:
    """The index and the id of a verdict."""
    index, subject = (
        database.reader()
        .execute("SELECT idx, subject FROM entries WHERE kind = 'verdict.published' ORDER BY idx LIMIT 1 OFFSET 3")
        .fetchone()
    )
    return index, subject.removeprefix("verdict/")


@pytest.fixture(scope="module")
def proof(history: Database) -> bytes:
    """The proof of a verdict, as it is served."""
    with Instance(history) as instance, urlopen(f"{instance.url}/v1/verdicts/{_verdict(history)[1]}/proof") as answer:
        return bytes(answer.read())


def test_proof_of_a_verdict(bare: Shell, history: Database, proof: bytes) -> None:
    """A proof file says by itself which entry is in which log, without a database and without a server."""
    index, verdict = _verdict(history)
    head = log.head(history.reader())
    for name, data in (("one.json", proof), ("indented.json", json.dumps(json.loads(proof), indent=2).encode())):
        done = bare("verify", bare.write(name, data), *KEY)
        assert (done.status, done.err) == (0, "")
        first, second, third = done.out.splitlines()
        assert first == f"Entry {index} (verdict.published) of {ORIGIN} is in the log, as signed: verdict/{verdict},"
        assert second.startswith("by ")
        assert third == f"Root of the 198 entries then: {head.root.hex()}"
    assert bare.apart("verify", "-", *KEY, input=proof).status == 0


def test_proof_that_is_none(bare: Shell, history: Database, proof: bytes) -> None:
    """An altered one, one that a stranger signed, and one without a key to trust are refused."""
    index = _verdict(history)[0]
    told = json.loads(proof)
    told["entry"]["payload"] = told["entry"]["payload"].replace("claim", "clain", 1)
    altered = bare.write("altered.json", json.dumps(told).encode())
    said = refused(bare("verify", altered, *KEY))
    assert said == f"Entry {index} (verdict.published): its payload and salt do not give its payload hash."
    whole = bare.write("proof.json", proof)
    assert refused(bare("verify", whole, "--key", STRANGER.public)) == (
        "The checkpoint is not signed by a key that you trust."
    )
    assert "Give --key" in bare("verify", whole).err
    assert "no file of the format onrecord/proof/v1" in refused(bare("verify", bare.write("x", b"{}\n"), *KEY))
    assert "no JSON" in refused(bare("verify", bare.write("y", b"\xff\n"), *KEY))
    assert "DATABASE_URL=sqlite:///" in bare("verify", history.path, *KEY).err
    assert "No such file" in bare("verify", "nowhere", *KEY).err


# --- an export -------------------------------------------------------------------------------------

Line = dict[str, Any]


def exported(database: Database) -> list[Line]:
    """The lines of an export, as JSON values."""
    head = log.head(database.reader())
    header = {"format": "onrecord/export/v1", "origin": ORIGIN, "size": head.size, "root": head.root.hex()}
    return [header, *(json.loads(changes.entry(sealed)) for sealed in log.sealed_entries(database.reader()))]


@pytest.fixture(scope="module")
def lines(history: Database) -> list[Line]:
    return exported(history)


@pytest.fixture
def checkpoint(bare: Shell, lines: list[Line]) -> tuple[str, Path]:
    """The signed checkpoint that somebody kept when the log had 100 entries."""
    data = [
        "".join(f"{line}\n" for line in ("onrecord/entry/v1", *(entry[name] for name in LEAF))).encode()
        for entry in lines[1:101]
    ]
    return "--checkpoint", bare.write("checkpoint", SIGNER.checkpoint(ORIGIN, 100, mth(data)).encode())


LEAF = ("index", "recorded_at", "kind", "subject", "actor", "payload_hash")


def test_export_adds_up(bare: Shell, history: Database, lines: list[Line], checkpoint: tuple[str, Path]) -> None:
    """Every entry of an export is checked, up to its root, and up to what was signed."""
    root = log.head(history.reader()).root.hex()
    done = bare("verify", bare.write("export", lines))
    assert done.out.startswith(f"198 entries add up. Root: {root}\nNothing in an export is signed")
    done = bare("verify", bare.write("export", lines), *KEY, *checkpoint)
    assert done.out == f"198 entries add up. Root: {root}\nThe first 100 are those that were signed.\n"


DAMAGED: dict[str, tuple[Callable[[list[Line]], list[Line]], str]] = {
    "dropped": (lambda lines: [*lines[:61], *lines[62:]], "Entry 61 ({61}): it came where entry 60 should be."),
    "reordered": (
        lambda lines: [*lines[:61], lines[62], lines[61], *lines[63:]],
        "Entry 61 ({61}): it came where entry 60 should be.",
    ),
    "repeated": (lambda lines: [*lines, lines[-1]], "Entry 197 ({197}): it came where entry 198 should be."),
    "cut": (lambda lines: lines[:61], "After entry 59: the file ends, and its first line speaks of 198 entries."),
    "cut, and the header with it": (
        lambda lines: [lines[0] | {"size": 60}, *lines[1:61]],
        "After entry 59: the file ends, and 100 entries were signed.",
    ),
    "altered": (
        lambda lines: [*lines[:61], lines[61] | {"payload": "{}"}, *lines[62:]],
        "Entry 60 ({60}): its payload and salt do not give its payload hash.",
    ),
    "no entry": (lambda lines: [*lines[:61], {}, *lines[62:]], "Entry None (None): its index is no number."),
    "payload gone": (
        lambda lines: [*lines[:61], lines[61] | {"payload": None, "salt": None}, *lines[62:]],
        "Entry 60 ({60}): its payload is missing, and no later entry says that it was erased.",
    ),
    "another root": (lambda lines: [lines[0] | {"root": "00"}, *lines[1:]], "The entries have the root "),
}


@pytest.mark.parametrize(("damage", "told"), DAMAGED.values(), ids=DAMAGED)
def test_export_that_does_not_add_up(
    bare: Shell,
    lines: list[Line],
    checkpoint: tuple[str, Path],
    damage: Callable[[list[Line]], list[Line]],
    told: str,
) -> None:
    """Entries dropped, reordered, repeated, cut off or altered are named with index and kind."""
    for entry in lines[1:]:
        told = told.replace(f"{{{entry['index']}}}", entry["kind"])
    assert refused(bare("verify", bare.write("export", damage(lines)), *KEY, *checkpoint)).startswith(told)


def test_export_that_was_rewritten(bare: Shell, history: Database, checkpoint: tuple[str, Path]) -> None:
    """An export of a rewritten log adds up, and is not what was signed."""
    with rewritten(history, bare.folder / "other.db", {60: lambda payload: payload | {"reason": "Other."}}) as other:
        file = bare.write("export", exported(other))
    assert bare("verify", file).status == 0
    assert refused(bare("verify", file, *KEY, *checkpoint)).startswith("The first 100 entries have the root ")


def test_export_with_an_erased_payload(bare: Shell) -> None:
    """A payload that a later entry says was erased is not missing."""
    entries: list[Line] = []
    for index, (kind, payload) in enumerate(
        [
            ("party.recorded", {"id": "x"}),
            ("party.amended", {"id": "x"}),
            ("payload.erased", {"reason": "An order.", "entries": [{"index": 1, "payload": {"id": "x"}}]}),
        ]
    ):
        entry = Entry(index, "2026-11-24T10:00:00.000Z", kind, "party/x", "operator", {})
        sealed = ledger.seal(entry, sha256(bytes(index)).digest(), canonical(payload))
        entries.append(json.loads(changes.entry(sealed)))
    data = ["".join(f"{line}\n" for line in ("onrecord/entry/v1", *(e[n] for n in LEAF))).encode() for e in entries]
    header = {"format": "onrecord/export/v1", "origin": ORIGIN, "size": 3, "root": mth(data).hex()}
    gone = {"payload": None, "salt": None}
    erased = [header, entries[0], entries[1] | gone, entries[2]]
    assert bare("verify", bare.write("export", erased)).status == 0
    for index in (0, 2):
        missing = [header, *(entry | gone if entry["index"] in (1, index) else entry for entry in entries)]
        told = refused(bare("verify", bare.write("export", missing)))
        assert told.startswith(f"Entry {min(index, 1)} (party.")


def test_export_of_a_later_version(bare: Shell, lines: list[Line]) -> None:
    """What this version cannot read is refused by name, and so are options that do nothing."""
    file = bare.write("export", [lines[0] | {"format": "onrecord/export/v2"}, *lines[1:]])
    assert "'onrecord/export/v2'; this version reads onrecord/export/v1" in bare("verify", file).err
    assert "give --checkpoint FILE" in bare("verify", bare.write("export", lines), *KEY).err
