"""A record that is read from a replica, which is held back, lost and found: nobody is told anything that is not so."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import create_app, ledger, notes, watch
from api.cli.findings import of_replica
from api.context import House
from api.errors import ConsistencyUnmet
from api.nodes import NOTHING, Needs, Nodes
from api.reads import changes, consistency
from api.settings import Settings
from api.storage import keys, log, opening
from api.storage.database import Replica
from api.storage.postgresql import Database
from api.watch import difference
from tests.conftest import NOW
from tests.contract.servers import Asker, serving
from tests.postgresql import FAST, Server, Unavailable, following, running
from tests.records import DESK, Recorder

ROOT = Path(__file__).parents[1]
ORIGIN = "localhost/onrecord"
KEY = notes.new_key(ORIGIN)


@pytest.fixture(scope="module")
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and a standby that streams from it. Whoever stops one starts it again."""
    try:
        with running(FAST | {"wal_retrieve_retry_interval": "100ms"}) as primary, following(primary) as standby:
            yield primary, standby
    except Unavailable as why:
        pytest.skip(f"PostgreSQL is not tested: {why}")


class Service:
    """An application over a primary and a replica, with one party and its token, none of which the replica lacks."""

    def __init__(self, primary: Server, standby: Server, folder: Path) -> None:
        self.primary, self.standby = primary, standby
        self.name = primary.create()
        self.database = Database(primary.url(self.name), folder / "heads", folder / "record")
        self.database.migrate()
        self.record = Recorder(self.database)
        self.record.party(DESK)
        with self.database.turn() as db:
            token, secret = keys.create_token(db, party=DESK, scopes=("admin",), note=None, now=NOW)
        self.token, self.secret, self.headers = token, secret, {"Authorization": f"Bearer {secret}"}
        self.caught_up()
        self.environ = {
            "DATABASE_URL": primary.url(self.name),
            "ONRECORD_HEADS": str(folder / "heads"),
            "ONRECORD_SIGNING_KEY": KEY.private_text(),
        }
        self.houses: list[House] = []

    def client(self, **environ: str) -> FlaskClient:
        """A client of an application that reads the replica, once it is known to."""
        environ = {"DATABASE_REPLICA_URL": self.standby.url(self.name)} | environ
        app = create_app(Settings.from_environ(self.environ | environ))
        house: House = app.extensions["onrecord"]
        self.houses.append(house)
        if house.watch and environ["DATABASE_REPLICA_URL"] == self.standby.url(self.name):
            until(house.watch.usable)
        return app.test_client()

    def caught_up(self) -> None:
        """Wait until the standby has all that the primary has."""
        [(reached,)] = self.primary.run("SELECT pg_current_wal_lsn()")
        until(lambda: self.standby.run(f"SELECT pg_last_wal_replay_lsn() >= '{reached}'") == [(True,)])

    def hold(self) -> None:
        """Let the standby take in nothing more."""
        self.standby.run("SELECT pg_wal_replay_pause()")
        until(lambda: self.standby.run("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])

    def delay(self, by: str) -> None:
        """Let the standby take everything in so much later."""
        self.standby.run(f"ALTER SYSTEM SET recovery_min_apply_delay = '{by}'")
        self.standby.run("SELECT pg_reload_conf()")

    def release(self) -> None:
        """Let the standby go on."""
        self.standby.run("SELECT pg_wal_replay_resume()")

    def close(self) -> None:
        """Close this thread's connections."""
        for house in self.houses:
            house.database.close()
            if house.watch:
                until(lambda house=house: not house.watch.is_looking)
                house.watch.replica.close()
        self.database.close()


@pytest.fixture
def service(pair: tuple[Server, Server], tmp_path: Path) -> Iterator[Service]:
    """A service of its own for each test."""
    made = Service(*pair, tmp_path)
    yield made
    for server in pair:
        if server.process is None:
            server.start()
    made.delay("0")
    made.release()
    made.close()


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def party(name: str) -> dict[str, Any]:
    """The body of a party."""
    return {"id": name, "name": name, "kind": "organization"}


def ids(client: FlaskClient, **headers: str) -> list[str]:
    """The parties that a list has."""
    answer = client.get("/v1/parties", headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [item["id"] for item in answer.json["items"]]


def told(captured: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """The lines of the log with this text since this was asked last."""
    lines = [json.loads(line) for line in captured.readouterr().err.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]


# --- what a replica knows, and what it does not -----------------------------------------------------


def test_who_wrote_sees_it(service: Service) -> None:
    """The replica answers, and may be behind; who sends the token of a write back, or a newer ETag, is not told
    anything older."""
    client = service.client()
    service.hold()
    made = client.post("/v1/parties", json=party("cbp"), headers=service.headers)
    assert made.status_code == 201
    assert ids(client) == [DESK], "the replica answers"
    assert ids(client, Consistency_Token=made.headers["Consistency-Token"]) == [DESK, "cbp"]
    ahead = Recorder(service.database)
    before = client.get(f"/v1/parties/{DESK}")
    ahead.amend_party(DESK, name="The Desk")
    assert client.get(f"/v1/parties/{DESK}").data == before.data
    etag = f'"{log.head(service.database.reader()).size - 1}"'
    assert client.get(f"/v1/parties/{DESK}", headers={"If-None-Match": etag}).status_code == 304
    fresh = client.get(f"/v1/parties/{DESK}", headers={"Consistency-Token": made.headers["Consistency-Token"]})
    assert fresh.json["name"] == "The Desk"
    tag = client.get("/v1/parties", headers={"Consistency-Token": made.headers["Consistency-Token"]}).headers["ETag"]
    assert client.get("/v1/parties", headers={"If-None-Match": tag}).status_code == 304


def test_what_is_not_there_only_the_primary_says(service: Service) -> None:
    """A document, an entry, a filter, a size and an instant that the replica does not know yet are there."""
    client = service.client()
    service.hold()
    made = client.post("/v1/parties", json=party("cbp"), headers=service.headers)
    assert client.get(made.headers["Location"]).data == made.data
    assert client.get("/v1/entries/1").json["subject"] == "party/cbp"
    assert client.get("/v1/claims?party=cbp").json["items"] == []
    assert len(client.get("/v1/parties?at=2").json["items"]) == 2
    assert len(client.get("/v1/parties?at=2999-01-01T00:00:00Z").json["items"]) == 2
    assert client.get("/v1/log/proofs/inclusion?index=1&size=2").status_code == 200
    assert client.get("/v1/parties/nobody").status_code == 404
    assert client.get("/v1/parties?at=3").status_code == 422


def test_a_patch_is_of_what_the_primary_has(service: Service) -> None:
    """Changes are based on, and compared with, the newest revision."""
    client = service.client()
    service.hold()
    etag = client.post("/v1/parties", json=party("cbp"), headers=service.headers).headers["ETag"]
    change = {"name": "Customs", "reason": "Its name."}
    assert client.patch("/v1/parties/cbp", json=change, headers=service.headers | {"If-Match": etag}).status_code == 200
    assert client.patch("/v1/parties/cbp", json=change, headers=service.headers | {"If-Match": etag}).status_code == 412


def test_a_token_counts_at_once(service: Service) -> None:
    """A token that was just made works, and one that was just revoked does not, whatever the replica knows."""
    client = service.client()
    service.hold()
    with service.database.turn() as db:
        _, secret = keys.create_token(db, party=DESK, scopes=("claims",), note=None, now=NOW)
        assert keys.revoke_token(db, service.token.id, NOW)
    assert client.get("/v1/parties", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert client.get("/v1/parties", headers=service.headers).status_code == 401


def test_what_is_signed_is_what_the_primary_has(service: Service) -> None:
    """A replica that is behind what was signed does not look like a ledger that has lost it."""
    client = service.client()
    service.hold()
    service.record.party("cbp")
    for _ in range(2):
        assert client.get("/v1/log/checkpoint").data.splitlines()[1] == b"2"
        assert len(client.get("/v1/parties").json["items"]) == 1
    assert client.get("/v1/log/key").status_code == 200
    assert client.post("/v1/parties", json=party("ice"), headers=service.headers).status_code == 201


# --- following --------------------------------------------------------------------------------------


def test_a_cursor_ahead_of_the_replica_is_no_rewind(service: Service) -> None:
    """Whoever has seen more than the replica has goes on; `now` is what the primary has; a cursor that fits no log is
    refused as ever."""
    client = service.client()
    service.hold()
    service.record.party("cbp")
    now = client.get("/v1/changes?since=now").json
    assert now["head"]["size"] == 2
    assert client.get("/v1/changes").json["head"]["size"] == 1, "the replica answers"
    again = client.get(f"/v1/changes?since={now['next']}")
    assert (again.status_code, again.json["changes"], again.json["next"]) == (200, [], now["next"])
    tag = {"If-None-Match": again.headers["ETag"]}
    assert client.get(f"/v1/changes?since={now['next']}", headers=tag).status_code == 304
    assert client.get(f"/v1/changes?since={now['next']}&wait=1", headers=tag).status_code == 304
    for size in (1, 2, 3):
        assert client.get(f"/v1/changes?since={changes.cursor(size, b'another leaf')}").status_code == 410


def test_a_held_poll_ends_when_the_replica_has_more(service: Service) -> None:
    """Who waits at the replica is told of an entry once it is there."""
    client = service.client()
    cursor = client.get("/v1/changes").json["next"]
    writer = threading.Timer(0.2, lambda: with_own(service, lambda record: record.party("cbp")))
    writer.start()
    began = time.monotonic()
    answer = client.get(f"/v1/changes?since={cursor}&wait=20").json
    writer.join()
    assert [change["subject"] for change in answer["changes"]] == ["party/cbp"]
    assert time.monotonic() - began < 10


def with_own(service: Service, work: Callable[[Recorder], object]) -> None:
    """Work on the primary in another thread."""
    database = Database(service.primary.url(service.name), service.database.heads, service.database.beside)
    work(Recorder(database))
    database.close()


def test_a_poller_of_both_nodes_sees_each_entry_once(service: Service, tmp_path: Path) -> None:
    """Four writers and two servers, one of which reads a replica that is always a little behind, and is killed and
    comes back: a poller that asks either in turn sees every entry once, in order."""
    for number in range(4):
        service.record.party(f"speaker-{number}")
    service.delay("150ms")
    urls = [service.standby.url(service.name), ""]
    with ExitStack() as stack:
        servers = []
        for number, url in enumerate(urls):
            folder = tmp_path / str(number)
            folder.mkdir()
            environ = service.environ | {"DATABASE_REPLICA_URL": url, "ONRECORD_LOG_LEVEL": "info"}
            servers.append(stack.enter_context(serving(folder, **environ)))
        askers = [stack.enter_context(Asker(server.port)) for server in servers]
        ports = [str(server.port) for server in servers]
        writers = [written_by(service, ports[number % 2], number) for number in range(4)]
        seen = polled(service, askers, writers)
        lines = [json.loads(line) for line in (tmp_path / "0" / "server.log").read_text().splitlines()]
    assert seen == list(range(89))
    events = [line["event"] for line in lines if line["event"].startswith("the ")]
    # Each of the two processes tells of what it saw, and not of each request.
    assert 1 <= events.count("the replica is read") <= 4, events
    assert 1 <= events.count("the primary is read instead of the replica") <= 4, events
    assert {line["status"] for line in lines if line["event"] == "request"} == {201}


def written_by(service: Service, port: str, number: int) -> subprocess.Popen[bytes]:
    """A writer of 14 claims and 7 verdicts, over HTTP."""
    command = [sys.executable, "-m", "tests.contract.bots", "write", port]
    return subprocess.Popen(
        [*command, service.secret, str(number), "14"], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )


def polled(service: Service, askers: list[Asker], writers: list[subprocess.Popen[bytes]]) -> list[int]:
    """The entries that a poller of two servers sees while others write, and the replica of the first is lost."""
    seen: list[int] = []
    cursor, tag, asked, lagged = "", "", 0, 0
    until = time.monotonic() + 90
    while len(seen) < 89 and time.monotonic() < until:
        asked += 1
        since = f"&since={cursor}" if cursor else ""
        query = f"/v1/changes?limit=7{since}{'&wait=1' if asked % 5 == 0 else ''}"
        answer = askers[asked % 2].get(query, **({"If_None_Match": tag} if tag else {}))
        assert answer.status in (200, 304), answer.body
        if answer.status == 304:
            time.sleep(0.02)
            continue
        page = answer.json
        lagged += asked % 2 == 0 and page["head"]["size"] < log.head(service.database.reader()).size
        before, seen = len(seen), seen + [change["index"] for change in page["changes"]]
        cursor, tag = page["next"], answer.headers["etag"]
        if before < 40 <= len(seen):
            service.standby.stop(signal.SIGKILL)
        if before < 65 <= len(seen):
            service.standby.start()
    assert [writer.wait(30) for writer in writers] == [0, 0, 0, 0]
    assert lagged, "the replica was never behind, so nothing was tested"
    return seen


# --- which node answers -----------------------------------------------------------------------------


@pytest.fixture
def nodes(service: Service) -> Nodes:
    """The nodes of a service, whose replica is read."""
    service.client()
    return service.houses[-1].nodes


def answering(nodes: Nodes, needs: Needs = NOTHING) -> str:
    """Which node answers."""
    return nodes.read(lambda database: "primary" if database is nodes.primary else "replica", needs)


def test_a_replica_is_waited_for_a_moment(service: Service, nodes: Nodes) -> None:
    """Where it gets as far in time, the replica answers; else the primary does, and for a while nobody waits again."""
    service.hold()
    service.record.party("cbp")
    timer = threading.Timer(0.2, service.release)
    timer.start()
    assert answering(nodes, Needs(size=2)) == "replica"
    timer.join()
    service.hold()
    service.record.party("ice")
    assert answering(nodes, Needs(size=3)) == "primary"
    began = time.monotonic()
    assert answering(nodes, Needs(seen=3)) == "primary"
    assert time.monotonic() - began < 0.5
    assert answering(nodes, Needs(size=2)) == answering(nodes) == "replica"
    assert answering(nodes, Needs(newest=True)) == answering(nodes, Needs(signed=True)) == "primary"
    with pytest.raises(ConsistencyUnmet):
        answering(nodes, Needs(point=consistency.Point(2, b"another!")))


def test_a_replica_that_is_far_behind_is_not_read(
    service: Service, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """One that does not catch up within some seconds is left alone until it has; each change is told once."""
    monkeypatch.setattr(watch, "LAG", 0.2)
    monkeypatch.setattr(watch, "EVERY", 0.1)
    client = service.client()
    service.hold()
    service.record.party("cbp")
    until(lambda: ids(client) == [DESK, "cbp"])
    assert [line["reason"] for line in told(capsys, "the primary is read instead of the replica")] == [
        "it is 1 entries behind"
    ]
    service.release()
    seen = service.houses[-1].watch
    assert seen is not None
    until(seen.usable)
    assert len(told(capsys, "the replica is read")) == 1


def test_a_replica_of_another_log_is_refused(
    service: Service, pair: tuple[Server, Server], capsys: pytest.CaptureFixture[str]
) -> None:
    """Another database, though of the same server, is not read: one line says why."""
    other = pair[0].create()
    made = Database(pair[0].url(other), service.database.heads, service.database.beside)
    made.migrate()
    Recorder(made).party("intruder")
    made.close()
    service.caught_up()
    client = service.client(DATABASE_REPLICA_URL=pair[1].url(other))
    seen = service.houses[-1].watch
    assert seen is not None
    assert ids(client) == [DESK]
    until(lambda: seen.is_other)
    assert [ids(client) for _ in range(3)] == [[DESK]] * 3
    lines = told(capsys, "the primary is read instead of the replica")
    assert [line["state"] for line in lines] == ["it is no copy of the primary"]
    assert "another database" in lines[0]["reason"] and lines[0]["level"] == "error"


def test_a_log_that_went_another_way_is_no_copy(
    service: Service, pair: tuple[Server, Server], tmp_path: Path
) -> None:
    """A standby that was promoted by itself is a copy only until both have gone on."""
    with following(pair[0]) as parted:
        assert parted.run("SELECT pg_promote()") == [(True,)]
        other = Database(parted.url(service.name), tmp_path / "other", tmp_path / "other")
        replica = opening.replica(parted.url(service.name))
        assert difference(service.database, replica) is None
        Recorder(other).party("ice")
        assert difference(service.database, replica) is None
        assert "no standby" in " ".join(problems(service, replica))
        service.record.party("cbp")
        assert "first 2 entries are others" in str(difference(service.database, replica))
        assert "first 2 entries are others" in " ".join(problems(service, replica))
        other.close()
        replica.close()


def problems(service: Service, replica: Replica) -> list[str]:
    """What doctor finds to be wrong with a replica."""
    return [finding.problem for finding in of_replica(service.database, replica) if finding.problem]


def test_doctor_looks_at_the_replica(
    service: Service, pair: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It tells whether the replica follows, how far it is behind, and that it cannot be reached."""
    monkeypatch.setattr("api.cli.findings.LAG", 0)
    replica = opening.replica(pair[1].url(service.name))
    assert [finding.problem for finding in of_replica(service.database, replica)] == [None]
    service.hold()
    service.record.party("cbp")
    until(lambda: problems(service, replica) != [])
    assert "it is 1 entries behind" in problems(service, replica)[0]
    replica.close()
    away = opening.replica("postgresql://127.0.0.1:1/none")
    [found] = of_replica(service.database, away)
    assert found.problem == "it cannot be used" and "DATABASE_REPLICA_URL" in found.remedy


def test_a_rebuild_reaches_the_replica(service: Service) -> None:
    """Where everything was made anew the replica reads the new tables, over the connections that it has."""
    client = service.client()
    service.record.party("cbp")
    service.caught_up()
    before = [ids(client) for _ in range(8)]  # often enough to be prepared
    ledger.rebuild(service.database)
    service.caught_up()
    service.hold()
    service.record.party("ice")
    assert [ids(client) for _ in range(8)] == before == [[DESK, "cbp"]] * 8


# --- when one of them is lost -----------------------------------------------------------------------


def test_a_replica_that_is_lost(service: Service, capsys: pytest.CaptureFixture[str]) -> None:
    """Reads go on at the primary, one line tells of it, and once the replica is back it is read again."""
    client = service.client()
    service.client(DATABASE_REPLICA_URL="")
    service.hold()
    service.record.party("cbp")
    assert ids(client) == [DESK]
    capsys.readouterr()
    service.standby.stop(signal.SIGKILL)
    for _ in range(5):
        assert ids(client) == [DESK, "cbp"]
    lines = told(capsys, "the primary is read instead of the replica")
    assert [(line["state"], line["level"]) for line in lines] == [("it failed", "warning")]
    service.standby.start()
    seen = service.houses[0].watch
    assert seen is not None
    until(seen.usable)
    assert [line["level"] for line in told(capsys, "the replica is read")] == ["info"]
    service.caught_up()
    service.hold()
    service.record.party("ice")
    assert ids(client) == [DESK, "cbp"], "the replica answers again"


def test_a_primary_that_is_lost(service: Service) -> None:
    """What the replica knows is read on, also with a token and from a process that has just started; what it does not
    know, and whatever is written or signed, gets 503 with Retry-After; and all is well when the primary is back."""
    client = service.client()
    known = client.post("/v1/parties", json=party("cbp"), headers=service.headers)
    service.caught_up()
    service.primary.stop(signal.SIGKILL)
    late = service.client()
    for asked in (client, late):
        assert ids(asked) == ids(asked, **service.headers) == [DESK, "cbp"]
        assert ids(asked, Consistency_Token=known.headers["Consistency-Token"]) == [DESK, "cbp"]
        assert asked.get("/readyz").json == {"status": "read-only"}
        now = asked.get("/v1/changes?since=now").json
        assert asked.get(f"/v1/changes?since={now['next']}").json["next"] == now["next"]
        unknown = [
            asked.get("/v1/parties/nobody"),
            asked.get(f"/v1/changes?since={changes.cursor(9, b'a leaf')}"),
            asked.get("/v1/parties", headers={"Authorization": f"Bearer onr_{'a' * 43}"}),
            asked.get("/v1/log/checkpoint"),
            asked.post("/v1/parties", json=party("ice"), headers=service.headers),
        ]
        assert [answer.status_code for answer in unknown] == [503] * 5
        assert all(answer.headers["Retry-After"] for answer in unknown)
    service.primary.start()
    assert client.post("/v1/parties", json=party("ice"), headers=service.headers).status_code == 201
    assert client.get("/readyz").json == {"status": "ok"}
    assert client.get("/v1/parties/nobody").status_code == 404
