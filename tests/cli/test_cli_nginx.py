"""Two web processes on one PostgreSQL behind a real nginx with the configuration that the documentation has."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from api.storage import keys, log
from tests import nginx
from tests.cli.conftest import claim
from tests.cli.test_cli_postgresql import ServerShell
from tests.cli.test_cli_serving import served
from tests.postgresql import Server
from tests.processes import Unavailable, folder
from tests.records import DESK, Recorder

NOW = "2026-11-25T10:00:00.000Z"
WAITERS = 6


@dataclass
class Front:
    """nginx, the two processes behind it, their record, and a token that may write to it."""

    url: str
    nodes: list[str]
    shell: ServerShell
    token: str

    def ask(
        self, path: str, method: str = "GET", body: object = None, node: str = "", **headers: str
    ) -> tuple[int, HTTPMessage, bytes]:
        """One request over a connection of its own, through nginx or to one of the processes."""
        connection = HTTPConnection(urlsplit(node or self.url).netloc, timeout=60)
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if body is not None:
            sent |= {"Content-Type": "application/json", "Authorization": f"Bearer {self.token}"}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), sent)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def write(self, text: str) -> bytes:
        """Record a claim through nginx. Out: its document."""
        status, _, document = self.ask("/v1/claims", "POST", claim(text))
        assert status == 201, document
        return document


@pytest.fixture(scope="module")
def front(postgresql: Server) -> Iterator[Front]:
    """All of it, running. What is public may be kept for longer than the tests take."""
    with ExitStack() as stack:
        at = stack.enter_context(folder("onrecord-web-"))
        shell = ServerShell(at, postgresql)
        stack.callback(postgresql.drop, shell.name)
        stack.callback(shell.database.close)
        shell.database.migrate()
        record = Recorder(shell.database)
        record.party(DESK)
        record.party("agency")
        with shell.database.turn() as db:
            _, token = keys.create_token(db, party=DESK, scopes=["claims"], note=None, now=NOW)
        settings = {"ONRECORD_TRUSTED_PROXIES": "127.0.0.1", "WEB_CONCURRENCY": "1", "ONRECORD_THREADS": "16"}
        key = shell("key", "add", "--print").out.strip()
        settings |= {"ONRECORD_SIGNING_KEY": key, "ONRECORD_LOG_LEVEL": "debug"}
        nodes = [stack.enter_context(served(_in(shell, name), "serve", **settings))[0] for name in ("web1", "web2")]
        try:
            url = stack.enter_context(nginx.running([urlsplit(node).port or 0 for node in nodes]))
        except Unavailable as why:
            pytest.skip(f"nginx is not tested: {why}")
        yield Front(url, nodes, shell, token)


def _in(shell: ServerShell, name: str) -> ServerShell:
    """The same record, served from another folder."""
    other = object.__new__(ServerShell)
    other.__dict__ |= shell.__dict__
    other.folder = shell.folder / name
    other.folder.mkdir()
    return other


def asked(front: Front, path: str) -> int:
    """How often the two processes were asked for a path."""
    logs = [(front.shell.folder / name / "output.txt").read_text() for name in ("web1", "web2")]
    lines = [json.loads(line) for text in logs for line in text.splitlines() if line.startswith("{")]
    return sum(line.get("path") == path for line in lines)


def test_public_reads_are_kept(front: Front) -> None:
    """Who reads what is public is answered by nginx while the copy is good; both processes answer what is not there."""
    document = json.loads(front.write("This is kept."))
    path = f"/v1/claims/{document['id']}"
    first = front.ask(path)
    for _ in range(20):
        status, headers, body = front.ask(path)
        assert (status, headers["ETag"], body) == (200, first[1]["ETag"], first[2])
    assert asked(front, path) == 1
    assert first[1]["ETag"] == front.ask(path, node=front.nodes[0])[1]["ETag"]
    parts = [f"/v1/claims?limit={number}" for number in range(1, 21)]
    for part in parts:
        assert front.ask(part)[0] == 200
    for node in ("web1", "web2"):
        assert '"/v1/claims"' in (front.shell.folder / node / "output.txt").read_text()


def test_what_is_new_is_not_hidden_by_a_copy(front: Front) -> None:
    """Whoever holds a copy that is too old revalidates it, and gets 304 or what is new."""
    document = json.loads(front.write("This changes."))
    path = f"/v1/claims/{document['id']}"
    status, headers, _ = front.ask(path)
    assert status == 200
    tag = headers["ETag"]
    for condition in (tag, f"W/{tag}", f'"nonsense", {tag}'):
        status, headers, body = front.ask(path, If_None_Match=condition)
        assert (status, headers["ETag"], body) == (304, tag, b"")
        assert "max-age=5" in headers["Cache-Control"]
    Recorder(front.shell.database).amend_claim(document["id"], text="This has changed.")
    end = time.monotonic() + 45
    while front.ask(path, If_None_Match=tag)[0] == 304:
        assert time.monotonic() < end
        time.sleep(0.2)
    assert b"This has changed." in front.ask(path)[2]


def test_nothing_with_a_token_is_kept(front: Front) -> None:
    """What is asked for with a token is asked of the service each time, and is given to nobody else; nor is what must
    be as new as a write taken from a copy."""
    path = "/v1/parties/agency"
    assert front.ask(path)[0] == 200
    before, tag = asked(front, path), front.ask(path)[1]["ETag"]
    for _ in range(3):
        status, headers, _ = front.ask(path, Authorization=f"Bearer {front.token}")
        assert (status, headers["Cache-Control"]) == (200, "private, no-store")
    assert asked(front, path) == before + 3
    assert "public" in front.ask(path)[1]["Cache-Control"]
    front.ask(path, Consistency_Token="any")
    assert asked(front, path) == before + 4
    status, _, body = front.ask(path, Authorization=f"Bearer {front.token}", If_None_Match=tag)
    assert (status, body) == (304, b"")
    status, headers, _ = front.ask(path, Authorization="Bearer onr_nonsense")
    assert status == 401 and headers["Content-Type"] == "application/problem+json"
    for number in range(2):
        checkpoint = front.ask("/v1/log/checkpoint")
        assert checkpoint[0] == 200 and checkpoint[1]["Cache-Control"] == "no-store"
        front.write(f"The log grows, {number}.")
    size = log.head(front.shell.database.reader()).size
    assert f"\n{size}\n".encode() in front.ask("/v1/log/checkpoint")[2]


def test_polls_are_held(front: Front) -> None:
    """Polls that wait are neither cut nor kept nor answered late: all of them get what is written meanwhile, whichever
    process it was written to, and one for which nothing comes is held to its end."""
    cursor = json.loads(front.ask("/v1/changes?since=now", node=front.nodes[0])[2])["next"]
    answers: list[tuple[float, list[str]]] = []

    def poll() -> None:
        status, _, body = front.ask(f"/v1/changes?since={cursor}&wait=25")
        assert status == 200
        answers.append((time.monotonic(), [change["subject"] for change in json.loads(body)["changes"]]))

    waiters = [threading.Thread(target=poll) for _ in range(WAITERS)]
    for waiter in waiters:
        waiter.start()
    time.sleep(1.0)
    assert not answers
    written = f"claim/{json.loads(front.write('News.'))['id']}"
    at = time.monotonic()
    for waiter in waiters:
        waiter.join()
    assert [subjects for _, subjects in answers] == [[written]] * WAITERS
    assert max(moment for moment, _ in answers) - at < 10
    cursor = json.loads(front.ask("/v1/changes?since=now", node=front.nodes[0])[2])["next"]
    began = time.monotonic()
    status, headers, body = front.ask(f"/v1/changes?since={cursor}&wait=3")
    assert (status, json.loads(body)["changes"]) == (200, []) and time.monotonic() - began > 2.5
    assert front.ask(f"/v1/changes?since={cursor}&wait=1", If_None_Match=headers["ETag"])[0] == 304


def test_what_is_compressed_can_be_amended(front: Front) -> None:
    """A copy that nginx compressed has a weak tag, and is good for If-Match."""
    document = json.loads(front.write("A long statement. " * 40))
    path = f"/v1/claims/{document['id']}"
    status, headers, _ = front.ask(path, Accept_Encoding="gzip")
    assert (status, headers["Content-Encoding"], headers["ETag"][:2]) == (200, "gzip", "W/")
    assert "Accept-Encoding" in ", ".join(headers.get_all("Vary"))
    assert front.ask(path, If_None_Match=headers["ETag"], Accept_Encoding="gzip")[0] == 304
    with front.shell.database.turn() as db:
        _, token = keys.create_token(db, party=DESK, scopes=["edit"], note=None, now=NOW)
    connection = HTTPConnection(urlsplit(front.url).netloc, timeout=60)
    sent = {"Authorization": f"Bearer {token}", "If-Match": headers["ETag"]}
    sent["Content-Type"] = "application/merge-patch+json"
    connection.request("PATCH", path, json.dumps({"text": "A short one.", "reason": "Shortened."}), sent)
    answer = connection.getresponse()
    assert answer.status == 200, answer.read()
    connection.close()


def test_a_process_that_is_gone(postgresql: Server, tmp_path: Path) -> None:
    """Where no process answers clients get a problem with Retry-After, and no page of nginx's own."""
    try:
        with nginx.running([1, 1]) as url:
            front = Front(url, [], None, "")  # type: ignore[arg-type]
            status, headers, body = front.ask("/v1/claims")
    except Unavailable as why:
        pytest.skip(f"nginx is not tested: {why}")
    assert (status, headers["Retry-After"], headers["Content-Type"]) == (503, "5", "application/problem+json")
    assert headers["Cache-Control"] == "no-store" and json.loads(body)["status"] == 503
