"""The service as it runs: gunicorn in a process of its own, on a free port, over a database file."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, NamedTuple, Self

from api.storage import keys
from api.storage.sqlite import Database
from tests.conftest import NOW
from tests.processes import free_port
from tests.records import DESK, Recorder

ROOT = Path(__file__).parents[2]
SERVE = """
import os
from api.server import serve
from api.settings import Settings
serve(Settings.from_environ(os.environ))
"""


class Got(NamedTuple):
    """An answer: its status, its headers in lower case, its bytes."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)


class Asker:
    """One kept-alive connection to a server."""

    def __init__(self, port: int, token: str | None = None, timeout: float = 40) -> None:
        self.connection = HTTPConnection("127.0.0.1", port, timeout=timeout)
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.close()

    def send(self, method: str, path: str, body: Any = None, **headers: str) -> Got:
        """Sends one request and reads the whole answer. Of `headers` the underscores are hyphens."""
        sent = self.headers | {name.replace("_", "-"): value for name, value in headers.items()}
        data = None if body is None else json.dumps(body).encode()
        if data is not None:
            sent["Content-Type"] = "application/json"
        self.connection.request(method, path, data, sent)
        answer = self.connection.getresponse()
        found = {name.lower(): value for name, value in answer.getheaders()}
        return Got(answer.status, found, answer.read())

    def get(self, path: str, **headers: str) -> Got:
        """GET."""
        return self.send("GET", path, **headers)

    def post(self, path: str, body: Any, **headers: str) -> Got:
        """POST of JSON."""
        return self.send("POST", path, body, **headers)


@dataclass
class Server:
    """A running server, the tokens of "example-desk" by number (each with every scope), and where it listens."""

    process: subprocess.Popen[bytes]
    port: int
    tokens: list[str]
    database: Path

    def send(self, method: str, path: str, body: Any = None, token: int | None = None, **headers: str) -> Got:
        """Sends one request over a connection of its own, with the token of this number."""
        with Asker(self.port, None if token is None else self.tokens[token]) as asker:
            return asker.send(method, path, body, **headers)

    def get(self, path: str, token: int | None = None, **headers: str) -> Got:
        """GET, without a token unless one is named."""
        return self.send("GET", path, token=token, **headers)

    def post(self, path: str, body: Any, token: int | None = 0, **headers: str) -> Got:
        """POST of JSON, with the first token unless another is named."""
        return self.send("POST", path, body, token, **headers)

    def raw(self, sent: bytes, timeout: float = 20) -> bytes:
        """Sends bytes over a connection of its own and reads until the server closes it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as connection:
            connection.sendall(sent)
            received = b""
            while piece := connection.recv(65536):
                received += piece
        return received


@contextmanager
def serving(directory: Path, tokens: int = 1, first: str = "", **environ: str) -> Iterator[Server]:
    """A server over a new database with one party, from entering to leaving; by default two workers of eight
    threads. `first` is what its process does before it serves."""
    path = directory / "served.db"
    issued = prepared(path, tokens)
    port = free_port()
    ours = {
        "DATABASE_URL": f"sqlite:///{path}",
        "ONRECORD_BIND": f"127.0.0.1:{port}",
        "ONRECORD_RATE_WRITES": "100000/minute",
        "ONRECORD_LOG_LEVEL": "warning",
        "ONRECORD_MODEL": "off",
    }
    log = directory / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", first + SERVE], cwd=ROOT, env=clean() | ours | environ, stdout=output, stderr=output
        )
    try:
        server = Server(process, port, issued, path)
        wait_until_ready(server, log)
        yield server
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(40)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def prepared(path: Path, tokens: int) -> list[str]:
    """Makes the database, and so many tokens of "example-desk" with every scope."""
    store = Database(path)
    store.migrate()
    Recorder(store).party(DESK)
    issued = []
    with store.turn() as db:
        for _ in range(tokens):
            issued.append(keys.create_token(db, party=DESK, scopes=("admin",), note=None, now=NOW)[1])
    store.close()
    return issued


def clean() -> Mapping[str, str]:
    """The environment without the settings of whoever runs the tests."""
    ours = ("ONRECORD_", "DATABASE_URL", "PORT", "WEB_CONCURRENCY", "GUNICORN_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def wait_until_ready(server: Server, log: Path) -> None:
    """Waits until the server says that it can serve."""
    until = time.monotonic() + 30
    while True:
        try:
            if server.get("/readyz").status == 200:
                return
        except OSError:
            pass
        assert server.process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)
