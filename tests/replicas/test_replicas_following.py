"""Polling a replica: each entry once and in order, whichever node answers."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from api.reads import changes
from api.storage import log
from api.storage.postgresql import Database
from tests.contract.servers import Asker, serving
from tests.records import Recorder
from tests.replicas.conftest import Service

ROOT = Path(__file__).parents[2]


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
