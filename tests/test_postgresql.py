"""What is PostgreSQL's own: connections that are cut, turns that wait, servers that cannot be used, other people's
databases."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from api import create_app, ledger
from api.cli.findings import of_server
from api.errors import Busy, StorageUnavailable
from api.ledger import Turn
from api.settings import Settings
from api.storage import faults, keys, log, postgresql, postgresql_tables, session
from api.storage.faults import EngineFailure, StoreError
from api.storage.postgresql import Database
from api.verification import verify
from api.writers import Writers
from tests.postgresql import PASSWORD, Server, running
from tests.processes import free_port
from tests.records import DESK, Recorder, recording

ROOT = Path(__file__).parents[1]


@pytest.fixture
def name(on_server: Database) -> str:
    """The name of the database."""
    return on_server.name.rpartition("/")[2]


@contextmanager
def opened(url: str, tmp_path: Path) -> Iterator[Database]:
    """Another look at a database, as another process would have it."""
    made = Database(url, tmp_path / "heads", tmp_path / "record")
    yield made
    made.close()


# --- turns -----------------------------------------------------------------------------------------


def test_writers_in_four_processes(on_server: Database, name: str, postgresql: Server) -> None:
    """Four processes that write at once get numbers without holes, each its own, and whoever polls meanwhile sees each
    entry once, in order."""
    record = Recorder(on_server)
    for i in range(4):
        record.party(f"writer-{i}")
    command = [sys.executable, "-m", "tests.writers", postgresql.url(name)]
    processes = [
        subprocess.Popen([*command, f"writer-{i}", str(i * 1_000), "40"], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        for i in range(4)
    ]
    seen: list[int] = []
    while len(seen) < 164:
        ended = all(process.poll() is not None for process in processes)
        with on_server.snapshot() as db:
            seen += [index for index, _ in log.changes(db, len(seen), log.head(db).size, (), 1_000)]
        if ended:
            break
    numbers = [[int(line) for line in process.communicate(timeout=60)[0].split()] for process in processes]
    assert all(process.returncode == 0 for process in processes)
    with on_server.snapshot() as db:
        seen += [index for index, _ in log.changes(db, len(seen), log.head(db).size, (), 1_000)]
    assert seen == list(range(164))
    assert all(own == sorted(own) for own in numbers)
    assert sorted(index for own in numbers for index in own) == list(range(4, 164))
    with on_server.snapshot() as db:
        assert verify(db) is None


def test_a_turn_is_whole_or_not_at_all(on_server: Database) -> None:
    """What a turn wrote before it failed is not there, and its numbers are given again."""
    with pytest.raises(ZeroDivisionError), ledger.turn(on_server) as turn:
        recording("lost")(turn)
        raise ZeroDivisionError
    with ledger.turn(on_server) as turn:
        assert recording("kept")(turn) == 0
    assert log.number(on_server.reader(), "party/lost") is None


def test_a_mistake_in_a_turn_is_told_where_it_ends(on_server: Database) -> None:
    """Statements are sent without waiting for what comes of them; none is committed if one of them failed."""
    with pytest.raises(EngineFailure) as failed, ledger.turn(on_server) as turn:
        recording("dhs")(turn)
        log.add_subject(turn.db, "party/dhs", 7)
    assert failed.value.code == "23505" and faults.refusal(failed.value) is None
    assert log.head(on_server.reader()).size == 0


def test_a_snapshot_does_not_see_what_comes_later(
    on_server: Database, name: str, postgresql: Server, tmp_path: Path
) -> None:
    """Within a snapshot nothing changes."""
    with opened(postgresql.url(name), tmp_path) as other, on_server.snapshot() as db:
        assert log.head(db).size == 0
        Recorder(other).party("dhs")
        assert log.head(db).size == 0
    assert log.head(on_server.reader()).size == 1


def test_a_reader_cannot_write(on_server: Database) -> None:
    """Reads have a connection on which nothing can be changed."""
    with pytest.raises(EngineFailure) as failed:
        on_server.reader().execute("DELETE FROM entries")
    refused = faults.refusal(failed.value)
    assert isinstance(refused, StorageUnavailable) and "only be read" in refused.detail


def test_who_waits_too_long_for_the_turn_is_told(
    on_server: Database, name: str, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A turn that does not end leaves others with 503 and Retry-After, and leaves nothing behind."""
    monkeypatch.setattr("api.storage.postgresql.LOCKED", LOCKED.replace("60s", "50ms"))
    with opened(postgresql.url(name), tmp_path) as other, other.turn(), pytest.raises(Busy) as busy, on_server.turn():
        pass
    assert busy.value.headers["Retry-After"]
    Recorder(on_server).party("dhs")


LOCKED = postgresql.LOCKED


# --- a rebuild -------------------------------------------------------------------------------------


def test_readers_read_on_while_everything_is_made_anew(
    on_server: Database, name: str, postgresql: Server, tmp_path: Path
) -> None:
    """Until a rebuild ends others see the old tables, and afterwards the new ones, without connecting again."""
    Recorder(on_server).party("dhs")
    seen = []
    with opened(postgresql.url(name), tmp_path) as other:
        for _ in range(8):  # often enough to be prepared
            assert log.document(other.reader(), "party/dhs") is not None
        ledger.rebuild(on_server, lambda done: seen.append(log.document(other.reader(), "party/dhs")))
        assert seen == [log.document(other.reader(), "party/dhs")] and seen[0]
        with other.snapshot() as db:
            assert log.document(db, "party/dhs") == seen[0]
    assert postgresql.run("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'onrecord%'", name) == []


def test_a_rebuild_waits_for_who_reads_an_older_state(
    on_server: Database, name: str, postgresql: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A snapshot that began before never finds the new tables, which would be empty to it."""
    monkeypatch.setattr(postgresql_tables, "TRIES", 200)
    Recorder(on_server).party("dhs")
    done = threading.Event()

    def rebuild() -> None:
        with opened(postgresql.url(name), tmp_path) as other:
            ledger.rebuild(other)
        done.set()

    thread = threading.Thread(target=rebuild)
    with on_server.snapshot() as db:
        thread.start()
        assert not done.wait(0.7)
        assert log.document(db, "party/dhs") is not None
    assert done.wait(30)
    thread.join()
    assert log.document(on_server.reader(), "party/dhs") is not None


# --- connections -----------------------------------------------------------------------------------


def test_a_reader_that_was_cut_off_connects_again(on_server: Database, name: str, postgresql: Server) -> None:
    """A server that was restarted, or a connection that somebody cut, is not noticed by who reads."""
    assert log.head(on_server.reader()).size == 0
    postgresql.cut(name)
    assert log.head(on_server.reader()).size == 0
    postgresql.cut(name)
    with on_server.snapshot() as db:
        assert log.head(db).size == 0
    postgresql.cut(name)
    Recorder(on_server).party("dhs")
    assert log.head(on_server.reader()).size == 1


def test_a_turn_that_is_cut_off_leaves_nothing(on_server: Database, name: str, postgresql: Server) -> None:
    """Half a turn is none. Whoever wrote is told, unless it is done again from the beginning."""
    with pytest.raises(EngineFailure) as failed, ledger.turn(on_server) as turn:
        recording("half")(turn)
        postgresql.cut(name)
        log.head(turn.db)
    refused = faults.refusal(failed.value)
    assert isinstance(refused, StorageUnavailable) and refused.headers["Retry-After"]
    assert log.head(on_server.reader()).size == 0
    tries = []

    def work(turn: Turn) -> int:
        tries.append(1)
        index = recording("whole")(turn)
        if len(tries) == 1:
            postgresql.cut(name)
            log.head(turn.db)
        return index

    assert Writers(on_server).write(work) == 0
    assert len(tries) == 2 and log.head(on_server.reader()).size == 1


def written_as_it_is_lost(
    on_server: Database,
    monkeypatch: pytest.MonkeyPatch,
    committing: Callable[[session.Session, Callable[[], session.Cursor]], session.Cursor],
) -> int:
    """How many entries there are after a write whose COMMIT is done by `committing`, which is given how to send it. It
    is tried once, and the writer is told to ask again with its key, since nobody knows what the server did."""
    tries = []
    run = session.Session.run

    def patched(self: session.Session, command: str) -> session.Cursor:
        if command == "COMMIT" and tries:
            return committing(self, lambda: run(self, command))
        return run(self, command)

    def work(turn: Turn) -> int:
        tries.append(1)
        return recording("once")(turn)

    monkeypatch.setattr(session.Session, "run", patched)
    with pytest.raises(EngineFailure) as failed:
        Writers(on_server).write(work)
    monkeypatch.undo()
    refused = faults.refusal(failed.value)
    assert refused is not None and "Idempotency-Key" in refused.detail
    assert len(tries) == 1
    return log.head(on_server.reader()).size


def test_what_may_be_committed_is_not_done_again(on_server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the connection is lost while the server commits, nothing is written twice."""

    def lose(lost: session.Session, commit: Callable[[], session.Cursor]) -> session.Cursor:
        assert commit().rowcount == -1  # which waits until it is done
        lost.raw.close()
        raise EngineFailure("server closed the connection unexpectedly", None, lost=True)

    assert written_as_it_is_lost(on_server, monkeypatch, lose) == 1


def test_what_is_cut_off_as_it_commits_may_be_there_or_not(
    on_server: Database, name: str, postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit is sent right behind what it commits: the writer is told the same where the server never came to
    it."""

    def cut_off(lost: session.Session, commit: Callable[[], session.Cursor]) -> session.Cursor:
        postgresql.cut(name)
        return commit()

    assert written_as_it_is_lost(on_server, monkeypatch, cut_off) == 0


def test_a_pooler_is_noticed(on_server: Database, name: str, postgresql: Server, tmp_path: Path) -> None:
    """Behind pgbouncer nothing is prepared and nothing is set for the session, since the next transaction may have
    another one. It is known by the process id, which is not the server's."""
    with Pooler(postgresql) as pooler, opened(pooler.url(name), tmp_path) as behind:
        record = Recorder(behind)
        record.party("dhs")
        for number in range(12):
            record.claim(f"Statement {number}.", "dhs")
        assert behind.reader().raw.prepare_threshold is None
        assert on_server.reader().raw.prepare_threshold is not None
        [(prepared,)] = behind.reader().execute("SELECT count(*) FROM pg_prepared_statements")
        [(idle,)] = behind.reader().execute("SELECT current_setting('idle_in_transaction_session_timeout')")
        assert (prepared, idle) == (0, "0")
        with behind.snapshot() as db:
            assert verify(db) is None


class Pooler:
    """Passes bytes on to the server, and tells clients another process id, as pgbouncer does."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]

    def url(self, name: str) -> str:
        port = self._listening.getsockname()[1]
        return f"postgresql://onrecord:{PASSWORD}@127.0.0.1:{port}/{name}?sslmode=disable&gssencmode=disable"

    def __enter__(self) -> Pooler:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        for one in self._open:
            one.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", self._server.port))
            self._open += [client, server]
            threading.Thread(target=self._pass, args=(client, server, False), daemon=True).start()
            threading.Thread(target=self._pass, args=(server, client, True), daemon=True).start()

    def _pass(self, source: socket.socket, target: socket.socket, answers: bool) -> None:
        told = not answers
        try:
            while piece := source.recv(65_536):
                at = -1 if told else piece.find(b"K\x00\x00\x00")
                if at >= 0:
                    # BackendKeyData: its length, the process id, the key.
                    told = True
                    piece = piece[: at + 5] + (1).to_bytes(4) + piece[at + 9 :]
                target.sendall(piece)
        except OSError:
            pass


# --- standbys --------------------------------------------------------------------------------------


def test_a_standby_is_read_and_takes_over(tmp_path: Path, postgresql: Server) -> None:
    """A server that only follows another is read, and writes are refused with what to do; once it is promoted it is
    written to, by the same process."""
    with running() as server:
        url = server.url(server.create())
        with opened(url, tmp_path) as database:
            database.migrate()
            Recorder(database).party("dhs")
        server.stop(signal.SIGINT)
        (server.folder / "data" / "standby.signal").touch()
        server.start()
        with opened(url, tmp_path) as database:
            assert database.is_current() and log.document(database.reader(), "party/dhs")
            with database.snapshot() as db:
                assert verify(db) is None
            for _ in range(2):
                with pytest.raises(EngineFailure) as failed, ledger.turn(database) as turn:
                    recording("ice")(turn)
                refused = faults.refusal(failed.value)
                assert isinstance(refused, StorageUnavailable) and "only be read" in refused.detail
            problems = [finding.problem for finding in of_server(database) if finding.problem]
            assert problems[:1] == ["the server is a standby"]
            assert server.run("SELECT pg_promote()") == [(True,)]
            with ledger.turn(database) as turn:
                assert recording("ice")(turn) == 1
        server.stop()


# --- servers that cannot be used -------------------------------------------------------------------


def refused(url: str, tmp_path: Path) -> str:
    """What a database is refused with."""
    with opened(url, tmp_path) as database, pytest.raises(StoreError) as error:
        database.migrate()
    assert PASSWORD not in str(error.value) and "wrong-one" not in str(error.value)
    assert "\n" not in str(error.value)
    return str(error.value)


def test_a_server_that_cannot_be_reached(postgresql: Server, tmp_path: Path) -> None:
    """One line that says which, why, and what to look at; never a password."""
    port = free_port()
    told = refused(f"postgresql://me:wrong-one@127.0.0.1:{port}/record", tmp_path)
    assert f"postgresql://127.0.0.1:{port}/record" in told and "refused" in told and "DATABASE_URL" in told
    assert "password" in refused(postgresql.over_tcp("postgres", "wrong-one"), tmp_path)
    assert "does not exist" in refused(postgresql.url("nowhere"), tmp_path)


def test_clients_are_told_to_come_back(tmp_path: Path, postgresql: Server, capfd: pytest.CaptureFixture[str]) -> None:
    """A server that goes away, that only reads, or whose password was changed is 503 with Retry-After for clients, who
    learn nothing of where it is. Nothing is written by half, and all is well again without a restart."""
    with running() as server:
        name = server.create()
        environ = {"DATABASE_URL": server.over_tcp(name), "ONRECORD_HEADS": str(tmp_path / "heads")}
        app = create_app(Settings.from_environ(environ))
        database, client = app.extensions["onrecord"].database, app.test_client()
        database.migrate()
        Recorder(database).party(DESK)
        with database.turn() as db:
            _, token = keys.create_token(db, party=DESK, scopes=["claims"], note=None, now="2026-11-25T10:00:00.000Z")
        headers = {"Authorization": f"Bearer {token}"}
        body = {"id": "dhs", "name": "DHS", "kind": "organization"}

        def refused(*paths: str) -> None:
            answers = [client.get(path) for path in paths]
            answers.append(client.post("/v1/parties", json=body, headers=headers))
            for answer in answers:
                assert answer.status_code == 503 and answer.headers["Retry-After"], answer.text
                assert answer.json["type"].endswith(":storage-unavailable")
                assert PASSWORD not in answer.text and "127.0.0.1" not in answer.text and name not in answer.text

        server.stop(signal.SIGINT)
        refused("/v1/claims", f"/v1/parties/{DESK}", "/v1/changes", "/v1/log/checkpoint", "/readyz")
        (server.folder / "data" / "standby.signal").touch()
        server.start()
        assert client.get(f"/v1/parties/{DESK}").status_code == 200
        refused()
        assert server.run("SELECT pg_promote()") == [(True,)]
        server.run("ALTER ROLE onrecord PASSWORD 'another-one'")
        server.cut(name)
        refused("/v1/claims")
        server.run(f"ALTER ROLE onrecord PASSWORD '{PASSWORD}'")
        assert client.post("/v1/parties", json=body, headers=headers).status_code == 201
        assert log.head(database.reader()).size == 2
        with database.snapshot() as db:
            assert verify(db) is None
        database.close()
    logged = "".join(capfd.readouterr())
    assert "the store cannot be used" in logged and PASSWORD not in logged


@pytest.mark.parametrize("url", ["postgresql://me:wr%ong-one@h/db", "postgresql://me:wrong-one@h/db?nothing=1"])
def test_a_url_that_is_none_is_not_repeated(url: str, tmp_path: Path) -> None:
    """What the driver does not understand of a URL may be of its password."""
    with pytest.raises(StoreError) as error:
        Database(url, tmp_path / "heads")
    assert "DATABASE_URL" in str(error.value) and "ong-one" not in str(error.value)


def test_a_database_without_durable_commits_is_refused(
    on_server: Database, name: str, postgresql: Server, tmp_path: Path
) -> None:
    """Where synchronous_commit is off an acknowledged write could be lost."""
    postgresql.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    assert "synchronous_commit" in refused(postgresql.url(name), tmp_path)


def test_a_database_of_another_application_is_left_alone(postgresql: Server, tmp_path: Path) -> None:
    """Tables that have our names and are not ours are not touched."""
    name = postgresql.create()
    postgresql.run("CREATE TABLE documents (id serial, title text)", name)
    assert "another application" in refused(postgresql.url(name), tmp_path)
    assert postgresql.run("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name) == [(1,)]
    with opened(postgresql.url(name), tmp_path) as database:
        assert not database.exists() and not database.is_current()
    postgresql.drop(name)


def test_a_database_of_a_later_version_is_left_alone(
    on_server: Database, name: str, postgresql: Server, tmp_path: Path
) -> None:
    """A schema that this version does not know is not current, and is not migrated."""
    postgresql.run("INSERT INTO onrecord_migrations (name) VALUES ('9999_later')", name)
    assert not on_server.is_current()
    assert "later version" in refused(postgresql.url(name), tmp_path)


def test_text_in_another_encoding_is_refused(postgresql: Server, tmp_path: Path) -> None:
    """A database that cannot hold every text is refused before anything is in it."""
    postgresql.run("CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'")
    assert "UTF8" in refused(postgresql.url("latin"), tmp_path)
    postgresql.drop("latin")


def test_what_was_erased_is_written_over(on_server: Database, name: str, postgresql: Server) -> None:
    """After a sweep the files of the tables have nothing of what was deleted."""
    with on_server.turn() as db:
        db.execute("INSERT INTO payloads (idx, salt, bytes) VALUES (?, ?, ?)", (7, b"salt", b"Never to be read again."))
    postgresql.run("CHECKPOINT")
    [(path,)] = postgresql.run("SELECT pg_relation_filepath('payloads')", name)
    assert b"Never to be read" in (postgresql.folder / "data" / path).read_bytes()
    with on_server.turn() as db:
        log.drop_payloads(db, [7])
    assert on_server.sweep(5)
    postgresql.run("CHECKPOINT")
    [(path,)] = postgresql.run("SELECT pg_relation_filepath('payloads')", name)
    assert b"Never to be read" not in (postgresql.folder / "data" / path).read_bytes()
    with pytest.raises(EngineFailure):
        on_server.reader().execute("DELETE FROM entries")


def test_the_driver_is_only_the_store_s_business(on_server: Database) -> None:
    """What callers see of a failure is never the driver's."""
    with pytest.raises(EngineFailure) as failed:
        on_server.reader().execute("SELECT nothing FROM nowhere")
    assert isinstance(failed.value, faults.EngineError) and not isinstance(failed.value, psycopg.Error)
