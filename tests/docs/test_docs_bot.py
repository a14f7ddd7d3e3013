"""The bot of docs/polling.md against a real server: through kills, restarts, a busy proxy and another log."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from api import verifier
from api.storage.sqlite import Database
from tests.docs import pages, servers
from tests.instances import SIGNER
from tests.records import Recorder, fixed_source
from tests.rewriting import rewritten
from tests.signing import Signer

SECONDS = 60
PAGE = 50  # what the bot gets at once, since it asks for no other limit


class Proxy(ThreadingHTTPServer):
    """Stands before a server, as proxies do: passes requests on and notes how polls end, or answers by itself with
    `refusals`, and notes these."""

    daemon_threads = True

    def __init__(self, port: int) -> None:
        self.behind = port
        self.refusals: list[tuple[int, dict[str, str]]] = []
        self.statuses: list[int] = []
        super().__init__(("127.0.0.1", 0), _Passing)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A bot that is killed leaves its request behind."""


class _Passing(BaseHTTPRequestHandler):
    server: Proxy

    def do_GET(self) -> None:
        if self.server.refusals:
            status, headers = self.server.refusals.pop(0)
            self._answer(status, headers, b"")
            return
        conditions = {"If-None-Match": tag} if (tag := self.headers["If-None-Match"]) else {}
        connection = HTTPConnection("127.0.0.1", self.server.behind, timeout=SECONDS)
        try:
            connection.request("GET", self.path, headers=conditions)
            answer = connection.getresponse()
            body = answer.read()
        except OSError:
            self._answer(502, {}, b"")
            return
        finally:
            connection.close()
        self._answer(answer.status, {"ETag": answer.headers.get("ETag", "")}, body)

    def _answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
        if self.path.startswith("/v1/changes") or status >= 400:
            self.server.statuses.append(status)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """The test's output is not the place."""


class Bot:
    """The bot as the page has it, in a directory of its own. Each start is a new process in the same place."""

    def __init__(self, directory: Path, url: str) -> None:
        self._directory = directory
        page = (pages.ROOT / "docs" / "polling.md").read_text(encoding="utf-8")
        source = next(block.text for block in pages.blocks(page) if block.name == "bot.py")
        (directory / "bot.py").write_text(source.replace(pages.HOME, url), encoding="utf-8")
        (directory / "keys.txt").write_text(f"{SIGNER.public}\n", encoding="utf-8")
        shutil.copy(verifier.__file__, directory / "verifier.py")
        self._lives = 0
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a process."""
        self._lives += 1
        with self._file("out").open("wb") as out, self._file("err").open("wb") as err:
            self._process = subprocess.Popen(
                [sys.executable, "bot.py"],
                cwd=self._directory,
                env=servers.environ(self._directory),
                stdout=out,
                stderr=err,
            )

    def kill(self) -> None:
        """End it as a power cut does."""
        if self._process:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None

    def handled(self) -> list[int]:
        """The indices that the current life, or the last one, has handled."""
        lines = self._file("out").read_text(encoding="utf-8").splitlines(keepends=True)
        return [int(line.split()[0]) for line in lines if line.endswith("\n")]

    def compared(self) -> int:
        """How many entries it has read and compared with what is signed."""
        try:
            place = json.loads((self._directory / "bot.json").read_text(encoding="utf-8"))
        except FileNotFoundError:
            return 0
        return int(min(place["tree"]["size"], place["signed"][0]))

    def said(self) -> str:
        """What it had to say beside that."""
        return self._file("err").read_text(encoding="utf-8")

    def end(self) -> int:
        """Wait until it ends by itself. Out: its status."""
        assert self._process
        return self._process.wait(SECONDS)

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait for something that must come."""
        end = time.monotonic() + SECONDS
        while not condition():
            assert self._process and self._process.poll() is None, self.said()
            assert time.monotonic() < end, f"{self.handled()}\n{self.said()}"
            time.sleep(0.02)

    def _file(self, kind: str) -> Path:
        return self._directory / f"life-{self._lives}.{kind}"


class World:
    """A record, its server, a proxy before it, and the bot."""

    def __init__(self, directory: Path) -> None:
        self.databases = [Database(directory / "one.db"), Database(directory / "other.db")]
        for database in self.databases:
            database.migrate()
        self.record = Recorder(self.databases[0])
        self.server = self.server_on(0, directory)
        self.proxy = Proxy(self.server.port)
        self._passing = threading.Thread(target=self.proxy.serve_forever)
        self._passing.start()
        self.bot = Bot(directory, self.proxy.url)

    def server_on(self, number: int, directory: Path, **settings: str) -> servers.Server:
        """A server on one of the two databases."""
        own = {
            "DATABASE_URL": f"sqlite:///{self.databases[number].path}",
            "ONRECORD_SIGNING_KEY": SIGNER.private,
            "ONRECORD_POLL_AFTER": "1",
        }
        return servers.Server("serve", directory, **(own | settings))

    def write(self, entries: int) -> None:
        """Append so many entries."""
        with self.record.together():
            for _ in range(entries):
                self.record.party(f"party-{self.record.next_id().lower()}")

    def close(self) -> None:
        """End everything that was started."""
        self.bot.kill()
        self.server.stop()
        self.proxy.shutdown()
        self.proxy.server_close()
        self._passing.join()
        for database in self.databases:
            database.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def test_docs_bot_survives_restarts(world: World) -> None:
    """Killed in the middle and started again, with the server restarted under it, the bot misses nothing."""
    bot, server = world.bot, world.server
    world.write(230)
    server.start()
    bot.start()
    bot.until(lambda: len(bot.handled()) > PAGE + 10)
    bot.kill()
    first = bot.handled()
    assert first == list(range(len(first)))

    bot.start()
    # On a busy machine it may have come to the end before it was killed; then nothing comes again.
    bot.until(lambda: (first + bot.handled())[-1] == 229)
    # It goes on where it stored that it was: at most the page that it was killed in comes again.
    assert all(len(first) - PAGE <= index for index in bot.handled()[:1])

    server.stop()
    world.write(2)
    server.start()
    bot.until(lambda: bool(bot.handled()) and bot.handled()[-1] == 231)
    bot.kill()
    second = bot.handled()
    assert second == list(range(second[0], 232))

    world.write(1)
    bot.start()
    bot.until(lambda: bool(bot.handled()) and bot.handled()[-1] == 232)
    # What was stored as handled is not handled again; the page that it was killed in may be, if it was killed before
    # it had stored that.
    third = bot.handled()
    assert third == list(range(third[0], 233))
    assert third[0] >= 230


def test_docs_bot_gets_304_while_nothing_is_new(world: World, tmp_path: Path) -> None:
    """A bot that has seen everything is answered by 304, and by a page once there is something new."""
    # Nobody may be held here: a poll that finds nothing new then ends at once.
    world.server = world.server_on(0, tmp_path, ONRECORD_WAITERS="0")
    world.write(PAGE + 1)
    world.server.start()
    world.proxy.behind = world.server.port
    world.bot.start()
    world.bot.until(lambda: world.proxy.statuses[-2:] == [304, 304])
    assert world.proxy.statuses[:4] == [200, 200, 304, 304]
    world.write(1)
    world.bot.until(lambda: world.bot.handled() == list(range(PAGE + 2)))


def test_docs_bot_waits_when_it_is_told_to(world: World) -> None:
    """Refused with 503 or 429 it comes back after Retry-After, and a proxy's 502 without one does not end it."""
    world.write(1)
    world.server.start()
    world.bot.start()
    world.bot.until(lambda: len(world.bot.handled()) == 1)
    world.proxy.refusals = [(503, {"Retry-After": "1"}), (429, {"Retry-After": "1"}), (502, {})]
    began = time.monotonic()
    world.write(1)
    world.bot.until(lambda: not world.proxy.refusals)
    world.write(1)
    world.bot.until(lambda: world.bot.handled() == [0, 1, 2])
    assert time.monotonic() - began >= 3
    assert [status for status in world.proxy.statuses if status > 400] == [503, 429, 502]


@pytest.fixture
def caught_up(world: World) -> World:
    """A bot that has read five entries and compared them with what is signed; its server is stopped."""
    world.write(5)
    world.server.start()
    world.bot.start()
    world.bot.until(lambda: world.bot.compared() == 5)
    world.server.stop()
    return world


def serve(world: World, directory: Path, number: int, **settings: str) -> None:
    """Serve one of the two databases, behind the same address."""
    world.server = world.server_on(number, directory, **settings)
    world.server.start()
    world.proxy.behind = world.server.port


def test_docs_bot_compares_in_passing(world: World) -> None:
    """However much is written meanwhile, what was signed is compared when the bot has read as much."""
    world.write(3 * PAGE + 20)
    world.server.start()
    world.bot.start()
    world.bot.until(lambda: world.bot.compared() == 3 * PAGE + 20)
    assert world.bot.handled() == list(range(3 * PAGE + 20))


def test_docs_bot_stops_on_another_log(caught_up: World, tmp_path: Path) -> None:
    """When the log was replaced the bot stops and says so, and does so again however often it is started."""
    world = caught_up
    Recorder(world.databases[1], fixed_source(timedelta(seconds=2))).party("other")
    serve(world, tmp_path, 1)
    for _ in range(2):
        assert world.bot.end() == 1
        assert "Difference: the log does not know the place where we were" in world.bot.said()
        world.bot.start()


def test_docs_bot_stops_when_the_past_was_rewritten(caught_up: World, tmp_path: Path) -> None:
    """An entry that was read long ago and then rewritten, with every hash and a signed root, ends the bot as soon as
    anything new is signed."""
    world = caught_up
    other = tmp_path / "rewritten.db"
    with rewritten(world.databases[0], other, {2: lambda payload: payload | {"name": "Another"}}) as database:
        world.record.database = database
        world.write(1)
    serve(world, tmp_path, 0, DATABASE_URL=f"sqlite:///{other}")
    assert world.bot.end() == 1
    assert "Difference: the 6 entries that we have read are not those that are signed" in world.bot.said()


def test_docs_bot_stops_at_an_altered_entry(caught_up: World, tmp_path: Path) -> None:
    """An entry whose payload is not the one that was hashed is named, and not handled."""
    world = caught_up
    world.write(2)
    with world.databases[0].turn() as db:
        db.execute("UPDATE payloads SET bytes = CAST(replace(bytes, 'party', 'parti') AS BLOB) WHERE idx = 6")
    serve(world, tmp_path, 0)
    assert world.bot.end() == 1
    assert "Difference: entry 6 (party.recorded): its payload and salt do not give its payload hash" in world.bot.said()
    assert world.bot.handled() == list(range(5))


def test_docs_bot_stops_when_a_stranger_signs(caught_up: World, tmp_path: Path) -> None:
    """A checkpoint by another key ends the bot."""
    world = caught_up
    world.write(1)
    serve(world, tmp_path, 0, ONRECORD_SIGNING_KEY=Signer(SIGNER.name, 7).private)
    assert world.bot.end() == 1
    assert "Difference: the checkpoint is not signed by a key that you trust" in world.bot.said()
