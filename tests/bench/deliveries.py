"""Webhooks from one worker to a receiver on this machine: how many a second, and what writers of claims notice of it."""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ipaddress import ip_network
from pathlib import Path
from statistics import quantiles
from typing import Any
from urllib.parse import urlsplit

from api.interop.webhooks import subscriptions
from api.storage.database import Database
from api.storage.sqlite import Database as SQLite
from tests.bench import synthetic, writes
from tests.bench.serving import serving
from tests.records import Recorder

WANTED = 500
# Entries that wait when the worker starts, and for how many subscriptions.
ENTRIES = 5_000
SUBSCRIPTIONS = (1, 10)
# Claims that one client posts, one after another, while ten subscriptions are told of everything.
POSTS = 300
ANSWER = b"HTTP/1.1 204 No Content\r\n\r\n"
HERE = ip_network("127.0.0.0/8")


class Counting(asyncio.Protocol):
    """A receiver that answers each request, and counts it; `times` are those of the first and the last."""

    def __init__(self, count: Any, times: Any) -> None:
        self._count, self._times = count, times
        self._got = b""

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        while b"\r\n\r\n" in self._got:
            head, _, rest = self._got.partition(b"\r\n\r\n")
            length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
            if len(rest) < length:
                return
            self._got = rest[length:]
            self._times[1] = time.monotonic()
            self._times[0] = self._times[0] or self._times[1]
            self._count.value += 1
            self._transport.write(ANSWER)


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each number of subscriptions, and one of claims beside them; the sizes make no difference."""
    print("\n| webhooks, one worker | a second | wanted |\n|---|---|---|")
    for subscribed in SUBSCRIPTIONS:
        print(f"| {subscribed} subscription{'s' * (subscribed > 1)} | {rate(subscribed):,.0f} | {WANTED} |", flush=True)
    alone, beside = waits(0), waits(10)
    print("\n| POST of a claim, one client | p99 ms | longest ms | wanted |\n|---|---|---|---|")
    print(f"| nothing is delivered | {_p99(alone):.0f} | {max(alone) * 1000:.0f} | |")
    print(f"| ten subscriptions are told of {ENTRIES:,} | {_p99(beside):.0f} | {max(beside) * 1000:.0f} | 200 |")


def rate(subscribed: int) -> float:
    """Messages a second, from the first to the last of a backlog."""
    with tempfile.TemporaryDirectory() as scratch, receiving() as (port, count, times):
        path = Path(scratch) / "webhooks.db"
        _backlog(path, subscribed, port)
        with delivering(path):
            _until(count, subscribed * ENTRIES)
        return float((count.value - 1) / (times[1] - times[0]))


def waits(subscribed: int) -> list[float]:
    """How long each claim took that one client posted, in seconds."""
    with tempfile.TemporaryDirectory() as scratch, receiving() as (port, count, _):
        path = Path(scratch) / "webhooks.db"
        token = _backlog(path, subscribed, port)
        place = {"DATABASE_URL": f"sqlite:///{path}", "ONRECORD_DELIVER": "false", **writes.UNLIMITED}
        with serving("onrecord", **place) as ours, delivering(path):
            _until(count, min(subscribed, 1))
            return list(_posted(urlsplit(ours.address).netloc, token))


@contextmanager
def receiving() -> Iterator[tuple[int, Any, Any]]:
    """A receiver in a process of its own: its port, how many it was told, and when."""
    context = multiprocessing.get_context("spawn")
    count, times, port = context.Value("q", 0), context.Array("d", 2), context.Queue()
    process = context.Process(target=_receive, args=(port, count, times), daemon=True)
    process.start()
    try:
        yield port.get(timeout=60), count, times
    finally:
        process.kill()
        process.join()


@contextmanager
def delivering(path: Path) -> Iterator[None]:
    """`onrecord deliver` on a database, until the block ends."""
    environ = {
        "DATABASE_URL": f"sqlite:///{path}",
        "ONRECORD_WEBHOOK_NETWORKS": str(HERE),
        "ONRECORD_LOG_LEVEL": "error",
    }
    process = subprocess.Popen([sys.executable, "-m", "api", "deliver"], env=os.environ | environ)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)


def _receive(port: Any, count: Any, times: Any) -> None:
    async def serve() -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: Counting(count, times), "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(serve())


def _backlog(path: Path, subscribed: int, port: int) -> str:
    """A database with subscriptions to entries that wait. Out: a token that may record claims."""
    token = writes.prepared(path)
    store: Database = SQLite(path)
    with store.turn() as db:
        for _ in range(subscribed):
            subscriptions.add(db, {"url": f"http://127.0.0.1:{port}/hook"}, "root", (HERE,))
    record = Recorder(SQLite(path))
    with record.together():
        for number in range(ENTRIES):
            record.party(f"p{number}")
    record.database.close()
    store.close()
    return token


def _posted(netloc: str, token: str) -> Iterator[float]:
    made = [writes._request(token, body) for body in synthetic.claims(POSTS, 1)]
    host, _, port = netloc.partition(":")
    with socket.create_connection((host, int(port))) as line:
        for request in made:
            began = time.monotonic()
            line.sendall(request)
            writes._check(line)
            yield time.monotonic() - began


def _until(count: Any, wanted: int) -> None:
    end = time.monotonic() + 120
    while count.value < wanted:
        if time.monotonic() > end:
            raise SystemExit(f"{count.value} of {wanted} messages arrived: nothing is measured by that")
        time.sleep(0.05)


def _p99(found: list[float]) -> float:
    return quantiles(found, n=100)[-1] * 1000
