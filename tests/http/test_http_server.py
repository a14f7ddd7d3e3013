"""The application under the real gunicorn: what never reaches the application, and how it stops."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.processes import free_port

SERVE = """
import gc, json, os, sys, threading, time
from api import create_app, http, server
from api.settings import Settings
from api.storage import keys
from tests.http.conftest import toys

settings = Settings.from_environ(os.environ)

class Toys(server.Server):
    def load(self):
        app = create_app(settings)
        app.register_blueprint(toys)

        @app.get("/v1/held")
        def held():
            os.write(1, b"held\\n")
            for _ in range(2000):
                if http.house().stopping():
                    return http.answer(b'"stopping"')
                time.sleep(0.01)
            return http.answer(b'"waited"')

        @app.get("/v1/slow")
        def slow():
            os.write(1, b"slow\\n")
            while not http.house().stopping():
                time.sleep(0.01)
            time.sleep(0.5)
            return http.answer(b'"done"')

        @app.get("/v1/garbage")
        def garbage():
            found = gc.get_objects()
            told = {
                "application": any(held is app for held in found),
                "looked_through": len(found),
                "left_alone": gc.get_freeze_count(),
            }
            return http.answer(json.dumps(told).encode())

        return app

app = create_app(settings)
database = app.extensions["onrecord"].database
database.migrate()
with database.turn() as db:
    now = "2026-11-24T10:00:00.000Z"
    print(keys.create_token(db, party="desk", scopes=["admin"], note=None, now=now)[1], flush=True)
database.close()
Toys(settings).run()
"""


@dataclass
class Running:
    """A server, and where it listens."""

    process: subprocess.Popen[str]
    port: int
    token: str

    def start(self, sent: bytes) -> socket.socket:
        """Sends bytes over a connection of its own, and returns the connection."""
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        try:
            connection.sendall(sent)
        except OSError:
            connection.close()
            raise
        return connection

    def send(self, sent: bytes) -> bytes:
        """Sends bytes and no more over a connection of its own. Returns all that comes back until the end."""
        with self.start(sent) as connection:
            with contextlib.suppress(OSError):  # a server that has heard enough may have closed already
                connection.shutdown(socket.SHUT_WR)
            return everything(connection)


def everything(connection: socket.socket) -> bytes:
    """All bytes until the other side closes."""
    received = b""
    with connection:
        while piece := connection.recv(65536):
            received += piece
    return received


def request(line: str, *headers: str, body: bytes = b"") -> bytes:
    """A request after which the connection is closed."""
    return "\r\n".join([line, "Host: x", "Connection: close", *headers, "", ""]).encode("latin-1") + body


def problem(answer: bytes) -> dict[str, object]:
    """The problem document in a raw answer, whose status line and headers must agree with it."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    members: dict[str, object] = json.loads(body)
    assert head.startswith(f"HTTP/1.1 {members['status']} ".encode())
    assert str(members["request_id"]).encode() in head
    return members


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Running]:
    """One worker with four threads, on a free port, with the toy routes and two that wait."""
    port = free_port()
    environ = os.environ | {
        "DATABASE_URL": f"sqlite:///{tmp_path}/s.db",
        "ONRECORD_BIND": f"127.0.0.1:{port}",
        "WEB_CONCURRENCY": "1",
        "ONRECORD_THREADS": "4",
        "ONRECORD_MAX_BODY": "1024",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE], env=environ, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None
    running = Running(process, port, process.stdout.readline().strip())
    until = time.monotonic() + 20
    while True:
        try:
            if b" 200 " in running.send(request("GET /readyz HTTP/1.1")):
                break
        except OSError:
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < until
            time.sleep(0.05)
    yield running
    if process.poll() is None:
        process.send_signal(signal.SIGQUIT)
    process.communicate(timeout=20)


def test_what_never_reaches_the_application_is_a_problem_too(server: Running) -> None:
    """A request line over the limit is 414 by name; what is no HTTP is 400, and nothing of it is repeated."""
    long = problem(server.send(request(f"GET /v1/toys?q={'x' * 9000} HTTP/1.1")))
    assert (long["status"], long["type"]) == (414, "urn:onrecord:problem:uri-too-long")
    broken = problem(server.send(b"<script>alert(1)</script>\r\n\r\n"))
    assert (broken["status"], broken["type"]) == (400, "about:blank")
    assert "script" not in json.dumps(broken)
    headers = problem(server.send(request("GET /v1/toys HTTP/1.1", *(f"X-{n}: 1" for n in range(200)))))
    assert headers["status"] == 431
    coding = problem(server.send(request("POST /v1/toys HTTP/1.1", "Transfer-Encoding: brotli, chunked")))
    assert coding["status"] == 501


def post(server: Running, *headers: str, body: bytes) -> bytes:
    """The answer to a POST with the token of the server."""
    line, kind = "POST /v1/toys HTTP/1.1", "Content-Type: application/json"
    return server.send(request(line, kind, f"Authorization: Bearer {server.token}", *headers, body=body))


def test_the_body_limit_holds_without_a_length(server: Running) -> None:
    """A chunked body of exactly the limit is taken; one byte more is 413."""

    def chunked(size: int) -> bytes:
        body = b'{"name":"x"}'.ljust(size)
        return f"{size:x}\r\n".encode() + body + b"\r\n0\r\n\r\n"

    assert post(server, "Transfer-Encoding: chunked", body=chunked(1024)).startswith(b"HTTP/1.1 201 ")
    over = problem(post(server, "Transfer-Encoding: chunked", body=chunked(1025)))
    assert over["type"] == "urn:onrecord:problem:body-too-large"


@pytest.mark.parametrize(
    ("header", "body"),
    [
        ("Transfer-Encoding: chunked", b"xyz\r\n"),
        ("Transfer-Encoding: chunked", b'c\r\n{"name":"x"}\r\n'),
        ("Content-Length: 100", b'{"name":"x"}'),
    ],
)
def test_a_broken_body_is_malformed(server: Running, header: str, body: bytes) -> None:
    """Chunks that are none, a last chunk that never comes, and a body that ends early are the client's fault:
    400."""
    assert problem(post(server, header, body=body))["type"] == "urn:onrecord:problem:malformed-json"


def test_a_stop_loses_nothing_and_is_quick(server: Running) -> None:
    """On SIGTERM a held poll is answered at once, a request in progress is finished, and the process ends
    with 0."""
    held = server.start(request("GET /v1/held HTTP/1.1"))
    slow = server.start(request("GET /v1/slow HTTP/1.1"))
    assert server.process.stdout is not None
    assert {server.process.stdout.readline(), server.process.stdout.readline()} == {"held\n", "slow\n"}
    began = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    assert everything(held).endswith(b'"stopping"')
    assert everything(slow).endswith(b'"done"')
    _, errors = server.process.communicate(timeout=20)
    assert server.process.returncode == 0
    assert time.monotonic() - began < 10  # far below the 30 s of grace: nobody used them up
    assert all(json.loads(line)["event"] for line in errors.splitlines()), "every line of the log is JSON"


def test_the_log_has_no_query_and_no_token(server: Running) -> None:
    """A refused request leaves one line with its request id and path; neither its query nor its token is
    there."""
    secret = "onr_" + "s" * 43
    answer = server.send(
        request("GET /v1/toys/x?q=private HTTP/1.1", f"Authorization: Bearer {secret}", "X-Request-Id: log-1")
    )
    assert problem(answer)["status"] == 401
    server.process.send_signal(signal.SIGTERM)
    _, errors = server.process.communicate(timeout=20)
    lines = [json.loads(line) for line in errors.splitlines()]
    (line,) = [line for line in lines if line.get("request_id") == "log-1"]
    assert (line["method"], line["path"], line["status"]) == ("GET", "/v1/toys/x", 401)
    assert not re.search(f"private|{secret}", errors)


def test_what_the_application_is_made_of_is_not_looked_through_for_garbage(server: Running) -> None:
    """It was, within a writer's turn: everybody waited 60 ms longer."""
    answer = server.send(request("GET /v1/garbage HTTP/1.1"))
    told = json.loads(answer.partition(b"\r\n\r\n")[2])
    assert not told["application"]
    assert told["looked_through"] < told["left_alone"] / 10
