"""Which node answers: a replica that is far behind, of another log, or lost is left alone; a primary that is lost is
done without."""

from __future__ import annotations

import os
import signal
import socket
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api import ledger, watch
from api.cli.findings import of_replica
from api.errors import ConsistencyUnmet
from api.nodes import NOTHING, PATIENCE, Needs, Nodes
from api.reads import changes, consistency
from api.storage import opening
from api.storage.database import Replica
from api.storage.postgresql import Database
from api.watch import difference
from tests.postgresql import Server, following
from tests.records import DESK, Recorder
from tests.replicas.conftest import Service, ids, party, told, until


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
    assert time.monotonic() - began < PATIENCE
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


def test_a_replica_whose_machine_is_gone_is_given_up_soon(service: Service) -> None:
    """A machine that cannot even say that it is gone is given up after seconds, unless the URL says otherwise."""
    found = []
    for more in ("", "?tcp_user_timeout=9000"):
        replica = opening.replica(service.standby.over_tcp(service.name) + more)
        with closing(replica):
            session: Any = replica.reader()
            with socket.socket(fileno=os.dup(session.raw.fileno())) as connection:
                found.append(connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT))
    assert found == [3_000, 9_000]


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
