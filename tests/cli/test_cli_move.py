"""`onrecord move`: the same record in another database, of whichever engine, whatever happens meanwhile."""

from __future__ import annotations

import json
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from api import carrying, create_app
from api.settings import Settings
from api.storage import keys, log, moves, opening
from api.storage.database import Database
from api.verification import verify
from tests.cli.conftest import ROOT, SECONDS, Done, Shell, claim
from tests.cli.test_cli_mirror import READ
from tests.cli.test_cli_postgresql import KEY
from tests.postgresql import PASSWORD, Server
from tests.records import DESK, Recorder

NOW = "2026-11-25T10:00:00.000Z"
SERVICE = ("tokens", "idempotency", "mirror", "move")


class Place:
    """Where a record can be: a URL, and what is there."""

    def __init__(self, url: str, folder: Path, name: str) -> None:
        self.url = url
        self.database: Database = opening.database(opening.place(url), folder / f"{name}.heads")

    def rows(self, table: str) -> list[tuple[Any, ...]]:
        """All rows of a table."""
        return sorted(map(tuple, self.database.reader().execute(f"SELECT * FROM {table}").fetchall()))


Places = Callable[[str], Place]


@pytest.fixture(autouse=True)
def in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What belongs to a record on a server is where the command is run."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def places(postgresql: Server, tmp_path: Path) -> Iterator[Places]:
    """Makes places without a record: "sqlite" is a file, "postgresql" a database of a server."""
    made: list[tuple[Place, str | None]] = []

    def place(engine: str) -> Place:
        number = len(made)
        if engine == "sqlite":
            found, name = Place(f"sqlite:///{tmp_path / f'place-{number}.db'}", tmp_path, f"place-{number}"), None
        else:
            name = postgresql.create()
            found = Place(postgresql.over_tcp(name), tmp_path, f"place-{number}")
        made.append((found, name))
        return found

    yield place
    for found, name in made:
        found.database.close()
        if name:
            postgresql.drop(name)


def run(shell: Shell, place: Place, *words: str) -> Done:
    """Run a command on the record at a place."""
    done = shell(*words, DATABASE_URL=place.url)
    assert PASSWORD not in done.out + done.err
    return done


def moved(shell: Shell, source: Place, target: Place) -> Done:
    """Move a record, and look that all of it is there and nowhere else."""
    before = log.head(source.database.reader())
    rows = {table: source.rows(table) for table in SERVICE[:3]}
    done = run(shell, source, "move", "--to", target.url)
    assert done.status == 0, done.err
    assert f"Moved {before.size:,} entries to {target.database.name}" in done.out and before.root.hex() in done.out
    assert log.head(target.database.reader()) == before
    assert {table: target.rows(table) for table in SERVICE} == rows | {"move": []}
    with source.database.snapshot() as one, target.database.snapshot() as other:
        assert list(log.sealed_entries(one)) == list(log.sealed_entries(other))
        assert verify(other) is None
    return done


@pytest.fixture
def service(full: Shell) -> Shell:
    """The DHS record, with tokens, one of them revoked, and an answer that is remembered."""
    with full.database.turn() as db:
        token, secret = keys.create_token(db, party=DESK, scopes=["admin"], note="mine", now=NOW)
        old, _ = keys.create_token(db, party=DESK, scopes=["claims"], note=None, now=NOW)
        keys.revoke_token(db, old.id, NOW)
        for number in range(moves.TOGETHER + 3):
            keys.remember_answer(
                db,
                token=token.id,
                key=f"key-{number}",
                request=bytes([number % 256]) * 32,
                status=201,
                headers=[("ETag", '"17"')],
                body=b'{"id":"\xc3\xa9"}',
                now=NOW,
            )
    full.write("token.txt", secret.encode())
    return full


@pytest.fixture
def here(service: Shell, tmp_path: Path) -> Iterator[Place]:
    """Where that record is."""
    place = Place(f"sqlite:///{service.path}", tmp_path, "here")
    yield place
    place.database.close()


def answers(place: Place) -> list[tuple[int, str | None, bytes]]:
    """What readers get."""
    environ = {"DATABASE_URL": place.url, "ONRECORD_SIGNING_KEY": KEY.private_text()}
    environ["ONRECORD_HEADS"] = str(place.database.heads)
    client = create_app(Settings.from_environ(environ)).test_client()
    found = [client.get(path) for path in READ]
    client.application.extensions["onrecord"].database.close()
    assert all(answer.status_code == 200 for answer in found)
    return [(answer.status_code, answer.headers.get("ETag"), answer.data) for answer in found]


def test_a_record_moves_there_and_back(service: Shell, here: Place, places: Places) -> None:
    """To a server, from there to another, on to a file, and back to the file that it came from: each has the same
    entries, the same answers with the same ETags, cursors and proofs, and the tokens; the one before takes no more
    writes. Who moves is told which files to take along."""
    first, second, third = places("postgresql"), places("postgresql"), places("sqlite")
    before = answers(here)
    assert service("key", "add").status == 0
    told = moved(service, here, first).out
    assert f"Take along, to where the service runs: {service.path}.key as onrecord.key.\n" in told
    assert answers(first) == before == answers(here)
    moved(service, first, second)
    moved(service, second, third)
    Recorder(third.database).party("newcomer")
    assert moves.state(here.database.reader()) == moves.Move(moves.AWAY, first.database.name)
    done = moved(service, third, here)
    assert "has 200 entries already: going on from there" in done.err
    Recorder(here.database).party("one-more")
    for place in (first, second, third):
        refused = run(service, place, "import", str(service.write("parties.ndjson", [NEWS])))
        assert refused.status == 1 and "The record was moved to another database" in refused.out + refused.err
        assert run(service, place, "verify").status == 0


NEWS = {"id": "agency", "name": "Agency", "kind": "organization"}


def test_a_writer_is_told_to_repeat_it(service: Shell, here: Place, places: Places) -> None:
    """Whoever writes to a record that was moved gets 503 with Retry-After; the same request succeeds where the record
    is now, with the same token. Tokens are made and revoked only there."""
    there = places("postgresql")
    moved(service, here, there)
    token = (service.folder / "token.txt").read_text()
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": "a-claim"}
    body = claim("We move.") | {"attribution": {"speaker": "dhs"}}
    found = {}
    for place in (here, there):
        app = create_app(Settings.from_environ({"DATABASE_URL": place.url, "ONRECORD_HEADS": f"{service.path}.heads"}))
        found[place] = app.test_client().post("/v1/claims", json=body, headers=headers)
        app.extensions["onrecord"].database.close()
    assert found[there].status_code == 201
    refused = found[here]
    assert (refused.status_code, refused.json["type"].rpartition(":")[2]) == (503, "storage-unavailable")
    assert refused.headers["Retry-After"] and "postgresql" not in refused.text
    for words in (("create", "--party", DESK, "--scope", "claims"), ("revoke", here.rows("tokens")[0][0])):
        done = run(service, here, "token", *words)
        assert done.status == 1 and "moved to another database" in done.err
    looked = run(service, here, "doctor")
    assert f"PROBLEM  move: the record was moved to {there.database.name}. Set DATABASE_URL to that." in looked.out


def parts(size: int, then: str = "") -> str:
    """A program that is `onrecord`, but moves that many entries at once, and does something after each part."""
    after = f"taken = carrying._take; carrying._take = lambda *given: ({then}, taken(*given))[1]; " if then else ""
    return f"from api import carrying; from api.cli import main; carrying.TOGETHER = {size}; {after}main()"


def started(shell: Shell, source: Place, program: str, *words: str) -> subprocess.Popen[bytes]:
    """Start `onrecord`, altered, in a process of its own."""
    command = [sys.executable, "-c", program, *words]
    environ = shell.environ(DATABASE_URL=source.url)
    return subprocess.Popen(command, cwd=shell.folder, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    end = time.monotonic() + SECONDS
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def size(place: Place) -> int:
    """How many entries are at a place."""
    return log.head(place.database.reader()).size if place.database.exists() else 0


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_move_that_is_killed_goes_on(service: Shell, here: Place, places: Places, engine: str) -> None:
    """A move that is killed leaves the source as it was, and a part of the record that nobody can serve or write to.
    Run again it goes on from there."""
    there = places(engine)
    slow = parts(5, "__import__('time').sleep(0.05)")
    with started(service, here, slow, "move", "--to", there.url) as process:
        until(lambda: there.database.exists() and there.database.is_current() and size(there) >= 20)
        process.send_signal(signal.SIGKILL)
    reached = size(there)
    assert 20 <= reached < 200
    with there.database.snapshot() as db:
        assert verify(db) is None
    served = service.apart("serve", environ={"DATABASE_URL": there.url})
    assert served.err.startswith("Error: Only a part of the record is here: move all of it from")
    refused = run(service, there, "import", str(service.write("parties.ndjson", [NEWS])))
    assert refused.status == 1 and "is being moved into this database" in refused.out + refused.err
    assert "only a part of the record" in run(service, there, "doctor").out
    assert "only a part of the record" in run(service, there, "move", "--to", places("sqlite").url).err
    Recorder(here.database).party("newcomer")
    done = moved(service, here, there)
    assert f"has {reached} entries already: going on from there" in done.err


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_a_move_that_is_killed_at_the_end_goes_on(service: Shell, here: Place, places: Places, engine: str) -> None:
    """Killed after the source was closed and before the target was opened, neither can be written to. Run again it is
    done, and once more there is nothing to do."""
    there = places(engine)
    ended = "from os import _exit; from api import carrying; carrying.open_up = lambda _: _exit(9);"
    ended += "from api.cli import main; main()"
    with started(service, here, ended, "move", "--to", there.url) as process:
        process.communicate(timeout=SECONDS)
    assert process.returncode == 9
    for place in (here, there):
        refused = run(service, place, "import", str(service.write("parties.ndjson", [NEWS])))
        assert refused.status == 1 and "moved" in refused.out + refused.err
    elsewhere = places("sqlite")
    assert f"was moved to {carrying.called(there.database)}" in run(service, here, "move", "--to", elsewhere.url).err
    moved(service, here, there)
    Recorder(there.database).party("newcomer")
    again = run(service, here, "move", "--to", there.url)
    assert (again.status, "was moved to" in again.out) == (0, True), again.err


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_nothing_that_is_written_meanwhile_is_lost(service: Shell, here: Place, places: Places, engine: str) -> None:
    """Two processes write to the source while it is moved. All that they were told is durable is in the target; from
    the moment on when the source is closed they are refused."""
    there = places(engine)
    writers = [
        subprocess.Popen(
            [sys.executable, "-m", "tests.writers", str(service.path), "dhs", str(start), "100000"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for start in (1_000_000, 2_000_000)
    ]
    acknowledged = []
    for writer in writers:
        assert writer.stdout
        acknowledged.append(int(writer.stdout.readline()))
    with started(service, here, parts(100), "move", "--to", there.url) as process:
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 0, err.decode()
    for writer in writers:
        assert writer.stdout and writer.stderr
        acknowledged += map(int, writer.stdout.read().split())
        assert "The record was moved to another database" in writer.stderr.read()
        writer.stdout.close()
        writer.stderr.close()
        assert writer.wait(SECONDS) == 1
    assert sorted(acknowledged) == list(range(200, 200 + len(acknowledged)))
    assert log.head(there.database.reader()) == log.head(here.database.reader())
    assert size(there) == 200 + len(acknowledged)
    with there.database.snapshot() as db:
        assert verify(db) is None
    Recorder(there.database).party("newcomer")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
def test_what_was_erased_stays_erased(service: Shell, here: Place, places: Places, engine: str) -> None:
    """What was erased before a move does not come with it; what is erased while it is half done is erased in the
    target, too, and from its file."""
    there = places(engine)
    said = [entry for entry in log.sealed_entries(here.database.reader()) if entry.kind == "claim.recorded"]
    environ = {"ONRECORD_TOKEN": (service.folder / "token.txt").read_text()}

    def erase(subject: str) -> None:
        done = service("erase", subject, "--reason", "An order.", "--yes", **environ)
        assert done.status == 0, done.err

    erase(said[0].subject)
    slow = parts(5, "__import__('time').sleep(0.05)")
    with started(service, here, slow, "move", "--to", there.url) as process:
        until(lambda: there.database.exists() and there.database.is_current() and size(there) > said[2].idx)
        process.send_signal(signal.SIGKILL)
    assert log.has_payload(there.database.reader(), [said[1].idx])
    erase(said[1].subject)
    erase(said[-1].subject)
    moved(service, here, there)
    gone = [said[0].idx, said[1].idx, said[-1].idx]
    assert not log.has_payload(there.database.reader(), gone)
    kept = list(log.sealed_entries(there.database.reader()))
    assert all(kept[index].erased and kept[index].payload is None for index in gone)
    if engine == "sqlite":
        there.database.close()
        files = list(service.folder.glob(f"{Path(there.database.name).name}*"))
        words = json.loads(said[1].payload or b"")["text"].encode()
        assert files and not any(words in file.read_bytes() for file in files)
    moved(service, there, here)
    assert not log.has_payload(here.database.reader(), gone)


def test_a_mirror_moves_as_one(service: Shell, here: Place, places: Places) -> None:
    """What a record is a mirror of goes along, and nobody else writes to it there either."""
    from api.storage import mirrors

    state = mirrors.Mirror("https://record.example.org", "record.example.org/log", ("key",), 200, "note", False)
    with here.database.turn() as db:
        mirrors.put(db, state)
    there = places("postgresql")
    moved(service, here, there)
    assert mirrors.state(there.database.reader()) == state


def test_a_record_that_is_lost_where_it_went_is_taken_back(service: Shell, here: Place, places: Places) -> None:
    """Somebody may decide that the source is written to again, with what it has. A record that was not moved is left
    alone."""
    assert "was not moved away" in run(service, here, "move", "--undo").err
    there = places("sqlite")
    moved(service, here, there)
    done = run(service, here, "move", "--undo")
    lost = f"What {there.database.name} was given since is not here."
    assert done.out == f"{here.database.name} can be written to again. {lost}\n"
    Recorder(here.database).party("newcomer")
    assert size(here) == 201


def another_log(place: Place, _: Shell) -> None:
    """A record of somebody else."""
    place.database.migrate()
    Recorder(place.database).party("somebody")


def the_same_log(place: Place, shell: Shell) -> None:
    """The same entries, brought there by an import: nobody said that this is not used."""
    place.database.migrate()
    assert shell("export", shell.folder / "all.ndjson").status == 0
    assert run(shell, place, "import", "--ledger", str(shell.folder / "all.ndjson")).status == 0


def a_mirror(place: Place, _: Shell) -> None:
    """The copy of another record, without entries yet."""
    from api.storage import mirrors

    place.database.migrate()
    with place.database.turn() as db:
        mirrors.put(db, mirrors.Mirror("https://record.example.org", "record.example.org/log", ("key",)))


def a_later_version(place: Place, _: Shell) -> None:
    """A schema that this version does not know."""
    place.database.migrate()
    table = "_sqlite_migrations (migration_set, name, applied_at) VALUES ('onrecord', '9999_later', '2026')"
    if place.url.startswith("postgresql"):
        table = "onrecord_migrations (name) VALUES ('9999_later')"
    with place.database.turn() as db:
        db.execute(f"INSERT INTO {table}")


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
@pytest.mark.parametrize(
    ("prepare", "told"),
    [
        (another_log, "has 1 entries: move into a new database"),
        (the_same_log, "has 200 entries: move into a new database"),
        (a_mirror, "is a mirror: move into a new database"),
        (a_later_version, "is not the one of this version"),
    ],
)
def test_a_target_that_is_somebody_else_s(
    service: Shell, here: Place, places: Places, engine: str, prepare: Callable[[Place, Shell], None], told: str
) -> None:
    """A target with anything in it is left alone, and the source can still be written to."""
    there = places(engine)
    prepare(there, service)
    before = log.head(there.database.reader())
    done = run(service, here, "move", "--to", there.url)
    assert done.status == 1 and told in done.err and len(done.err.splitlines()) == 1, done.err
    assert log.head(there.database.reader()) == before and moves.state(there.database.reader()) is None
    Recorder(here.database).party("newcomer")


def test_a_target_of_another_application(
    service: Shell, here: Place, places: Places, postgresql: Server, tmp_path: Path
) -> None:
    """A database in which somebody else has tables is left alone, be it a file or on a server."""
    server, file = places("postgresql"), places("sqlite")
    postgresql.run("CREATE TABLE documents (id serial)", server.database.name.rpartition("/")[2])
    with sqlite3.connect(opening.place(file.url)) as other:
        other.execute("CREATE TABLE notes (text)")
    other.close()
    assert "another application's (it has a table documents)" in run(service, here, "move", "--to", server.url).err
    assert "run 'onrecord migrate'" in run(service, here, "move", "--to", file.url).err
    done = run(service, file, "migrate")
    assert done.status == 1 and "another application's (it has a table notes)" in done.err
    assert size(here) == 200 and moves.state(here.database.reader()) is None


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Say where to"),
        (("--to", "mysql://me:wrong-one@h/db"), "--to cannot be used: write sqlite:///relative.db"),
        (("--to", "postgresql://me:wrong-one@127.0.0.1:1/db"), "postgresql://127.0.0.1:1/db cannot be opened"),
        (("--to", "sqlite:///nowhere/new.db"), "cannot be opened: unable to open database file"),
    ],
)
def test_a_target_that_cannot_be_used(service: Shell, here: Place, words: tuple[str, ...], told: str) -> None:
    """One line says what is wrong, without a password, and nothing has begun."""
    done = run(service, here, "move", *words)
    assert done.status == 1 and told in done.err and len(done.err.splitlines()) == 1, done.err
    assert "wrong-one" not in done.err
    assert moves.state(here.database.reader()) is None


def test_what_cannot_be_moved(service: Shell, here: Place, bare: Shell, places: Places) -> None:
    """A record is not moved to where it is, one without entries not at all, and none to where the heads of another log
    lie."""
    assert "--to is DATABASE_URL" in run(service, here, "move", "--to", here.url).err
    alias = f"sqlite:///{service.path.parent}/./{service.path.name}"
    assert "has 200 entries: move into a new database" in run(service, here, "move", "--to", alias).err
    empty, there = places("sqlite"), places("postgresql")
    empty.database.migrate()
    assert "has no entries" in run(service, empty, "move", "--to", there.url).err
    head = {"size": 7, "root": "00" * 32, "signed_at": NOW, "key_ids": []}
    service.write("onrecord.heads", [head])
    assert "onrecord.heads are of another log" in run(service, here, "move", "--to", there.url).err
    (service.folder / "onrecord.heads").unlink()
    moved(service, here, there)


def test_a_source_that_lost_what_was_signed_is_not_moved(service: Shell, here: Place, places: Places) -> None:
    """What was signed must be there: else the loss would go along unnoticed."""
    service.write("record.db.heads", [{"size": 201, "root": "00" * 32, "signed_at": NOW, "key_ids": []}])
    done = run(service, here, "move", "--to", places("sqlite").url)
    assert done.status == 1 and "Signed were 201 entries" in done.err
    assert moves.state(here.database.reader()) is None


def test_a_target_that_does_not_verify_gets_nothing(service: Shell, here: Place, places: Places) -> None:
    """Where what arrived is not what was sent, the source stays the one that is written to."""
    there = places("sqlite")
    with started(service, here, parts(50, "__import__('time').sleep(0.2)"), "move", "--to", there.url) as process:
        until(lambda: there.database.exists() and there.database.is_current() and size(there) >= 100)
        with there.database.turn() as db:
            db.execute("UPDATE payloads SET salt = zeroblob(32) WHERE idx = 7")
        _, err = process.communicate(timeout=SECONDS)
    assert process.returncode == 1 and b"does not verify: entry 7: " in err
    assert moves.state(here.database.reader()) is None
    Recorder(here.database).party("newcomer")
