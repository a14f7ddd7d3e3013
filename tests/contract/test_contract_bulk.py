"""The whole record over HTTP: each file with its headers, one state of the record, and no more readers than there are
places for."""

from __future__ import annotations

import csv
import io
import json
import socket
import sqlite3
import tempfile
import time
from pathlib import Path

import pytest

from api import erasing
from api.storage.sqlite import Database
from tests.contract.conftest import MANDATORY, VERDICT, Api, problem
from tests.contract.servers import Asker, Server, serving
from tests.records import DESK, Recorder

PUBLIC = "public, max-age=5, stale-while-revalidate=30"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "ndjson": "application/x-ndjson",
    "jsonld": "application/ld+json",
    "sqlite": "application/vnd.sqlite3",
}


@pytest.mark.parametrize("suffix", TYPES)
def test_headers(api: Api, suffix: str) -> None:
    """Each has its type, the name under which it is kept, an ETag, and what caches may do; HEAD has the same."""
    answer = api.get(f"/v1/export.{suffix}")
    assert answer.status_code == 200 and answer.data
    head = api.send("HEAD", f"/v1/export.{suffix}", scope=None)
    assert head.data == b""
    for found in (answer.headers, head.headers):
        assert found["Content-Type"] == TYPES[suffix]
        assert found["Content-Disposition"] == f'attachment; filename="onrecord.{suffix}"'
        assert (found["Cache-Control"], found["Access-Control-Allow-Origin"]) == (PUBLIC, "*")
        assert found["ETag"] == answer.headers["ETag"] and found["X-Request-Id"]
    assert api.get(f"/v1/export.{suffix}", If_None_Match=answer.headers["ETag"]).status_code == 304
    assert api.get(f"/v1/export.{suffix}", "admin").headers["Cache-Control"] == "private, no-store"


def test_what_is_in_them(api: Api) -> None:
    """All four have the claims of the record and the verdict on one of them."""
    verdict = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT, "verdicts")["id"]
    rows = list(csv.DictReader(io.StringIO(api.get("/v1/export.csv").get_data(as_text=True), newline="")))
    assert [(row["claim"] == MANDATORY, row["verdict"]) for row in rows] == [(False, ""), (True, verdict)]
    lines = [json.loads(line) for line in api.get("/v1/export.ndjson").data.splitlines()]
    assert [line.get("type") for line in lines] == [None, *["party"] * 5, "question", "claim", "claim"]
    assert lines[-1]["document"] == api.get(f"/v1/claims/{MANDATORY}").json
    assert api.get("/v1/export.jsonld").json == api.get("/v1/claimreview").json
    db = sqlite3.connect(":memory:")
    db.deserialize(api.get("/v1/export.sqlite").data)
    assert db.execute("SELECT verdicts.id FROM verdicts JOIN claims ON claims.id = claim").fetchall() == [(verdict,)]
    db.close()


@pytest.mark.parametrize("suffix", TYPES)
def test_the_record_as_it_stood(api: Api, suffix: str) -> None:
    """With `at` a file has what was on record then."""
    before, size = api.get(f"/v1/export.{suffix}").data, api.size
    api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT, "verdicts")
    assert api.get(f"/v1/export.{suffix}").data != before
    assert api.get(f"/v1/export.{suffix}?at={size}").data == before
    problem(api.get(f"/v1/export.{suffix}?at=99"), "invalid-request", "/at")
    problem(api.get(f"/v1/export.{suffix}?limit=5"), "invalid-request", "/limit")


@pytest.mark.parametrize("suffix", TYPES)
def test_there_are_so_many_places(api: Api, suffix: str) -> None:
    """Who comes when all places are taken is told when to come back; whoever leaves, in whatever way, gives his
    place back."""
    places = api.app.extensions["onrecord"].exports
    assert places.acquire(blocking=False) and places.acquire(blocking=False)
    refused = api.get(f"/v1/export.{suffix}")
    problem(refused, "busy")
    assert int(refused.headers["Retry-After"]) > 0
    places.release()
    problem(api.get(f"/v1/export.{suffix}?at=99"), "invalid-request")
    for _ in range(3):
        assert api.get(f"/v1/export.{suffix}").data
        assert api.send("HEAD", f"/v1/export.{suffix}", scope=None).status_code == 200
        api.client.get(f"/v1/export.{suffix}", buffered=False).close()
    places.release()


def test_no_file_is_left(api: Api, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The SQLite file that is made before it is sent is gone afterwards, and where it became too large, too."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "made"))
    (tmp_path / "made").mkdir()
    assert api.get("/v1/export.sqlite").data.startswith(b"SQLite format 3")
    monkeypatch.setattr("api.routes.bulk.MOST", 8192)
    refused = api.get("/v1/export.sqlite")
    assert "export.ndjson" in problem(refused, "busy")["detail"] and refused.headers["Retry-After"] == "3600"
    assert list((tmp_path / "made").iterdir()) == []
    monkeypatch.undo()
    assert api.get("/v1/export.sqlite").status_code == 200


def stalled(server: Server, path: str) -> socket.socket:
    """A reader that asks for a file, takes the beginning, and then stands still."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.settimeout(20)
    connection.connect(("127.0.0.1", server.port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\n\r\n".encode())
    assert connection.recv(64).startswith(b"HTTP/1.1 200 OK")
    return connection


def crowded(server: Server) -> tuple[Database, str]:
    """Write more to a server's database than waits in sockets. Out: the database, and the last claim."""
    store = Database(server.database)
    record = Recorder(store)
    with record.together():
        record.party("agency")
        claims = [record.claim(f"Claim {i}.", "agency", context="Words. " * 1_400) for i in range(450)]
    return store, claims[-1]


def wait_for_a_place(server: Server) -> None:
    """Wait until a download is taken."""
    until = time.monotonic() + 30
    while server.get("/v1/export.jsonld").status == 503:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_slow_reader_holds_one_place_and_nothing_else(tmp_path: Path) -> None:
    """Over a real server: while one reads slowly the next is told to come back, everybody else is served, writers
    write; and when the slow one goes away his place is free. Words that are erased meanwhile break his file off."""
    with serving(tmp_path, WEB_CONCURRENCY="1", ONRECORD_EXPORTS="1") as server:
        store, last = crowded(server)
        slow = stalled(server, "/v1/export.csv")
        refused = server.get("/v1/export.ndjson")
        assert (refused.status, refused.headers["retry-after"]) == (503, "30")
        assert server.get("/v1/claims?limit=1").status == 200
        party = {"id": "another", "name": "Another", "kind": "organization"}
        assert server.post("/v1/parties", party).status == 201
        slow.close()
        wait_for_a_place(server)
        whole = server.get("/v1/export.csv").body.decode()
        assert len(list(csv.reader(io.StringIO(whole, newline="")))) == 451
        with stalled(server, "/v1/export.csv") as slow:
            erasing.erase(store, f"claim/{last}", "By order.", DESK)
            store.close()
            received = b"".join(iter(lambda: slow.recv(1 << 20), b""))
        assert received and not received.endswith(b"0\r\n\r\n") and b"Claim 449." not in received


def test_a_reader_who_stands_still_is_given_up(tmp_path: Path) -> None:
    """He does not keep his place for ever; one who reads keeps his connection for what he asks next."""
    impatient = "import api.streaming; api.streaming.PATIENCE = 1\n"
    with serving(tmp_path, first=impatient, WEB_CONCURRENCY="1", ONRECORD_EXPORTS="1") as server:
        crowded(server)[0].close()
        with stalled(server, "/v1/export.csv"):
            assert server.get("/v1/export.csv").status == 503
            wait_for_a_place(server)
        with Asker(server.port) as asker:
            assert [asker.get(f"/v1/{path}").status for path in ("export.csv", "export.csv", "claims")] == [200] * 3
