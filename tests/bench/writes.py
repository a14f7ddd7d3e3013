"""Posting claims from sixteen clients at once: rate as a ratio to the bare handler, and how long the slowest waited."""

from __future__ import annotations

import json
import multiprocessing
import socket
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

from api import ledger
from api.domain import parties, questions
from api.storage import keys
from api.storage.sqlite import Database
from tests.bench import reads, synthetic
from tests.bench.serving import serving

PROCESSES = 4
THREADS = 4
SECONDS = 8.0
# How many requests each client has ready; more than it can send in that time.
MADE = 1_000
UNLIMITED = {"ONRECORD_RATE_WRITES": "10000000/minute"}


def measure(folder: Path, sizes: list[int]) -> None:
    """Print the row of writes; the sizes are those of reads and make no difference here."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "writes.db"
        token = prepared(path)
        with serving("bare") as bare, serving("onrecord", DATABASE_URL=f"sqlite:///{path}", **UNLIMITED) as ours:
            handler = reads.bare_rate(bare)
            before = sum(ours.cpu())
            waits = _post_from_everywhere(ours.address, token)
            cpu = (sum(ours.cpu()) - before) / len(waits) * 1e6
    rate = len(waits) / SECONDS
    worst = quantiles(waits, n=100)[-1] * 1000
    print(
        "\n| write | of the bare handler's rate | wanted | a second | CPU µs | p99 ms | longest ms |\n|---|---|---|---|---|---|---|"
    )
    print(
        f"| POST of a claim, 16 clients | {rate / handler:.2f} | 0.15 | {rate:,.0f} | {cpu:.0f} | {worst:.0f} | {max(waits) * 1000:.0f} |"
    )


def prepared(path: Path) -> str:
    """A new database with the parties and questions of made-up claims. Out: a token that may record claims."""
    store = Database(path)
    store.migrate()
    with ledger.turn(store) as turn:
        for party in synthetic.parties():
            turn.append(lambda known, body=party: parties.record(body, known), "operator")  # type: ignore[misc]
        for question in synthetic.questions():
            turn.append(lambda known, body=question: questions.record(body, known), "operator")  # type: ignore[misc]
        now = "2026-11-24T10:00:00.000Z"
        _, token = keys.create_token(turn.db, party="root", scopes=["claims"], note=None, now=now)
    store.close()
    return token


def _post_from_everywhere(address: str, token: str) -> list[float]:
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        parts = pool.starmap(_post_from_threads, [(address, token, seed) for seed in range(PROCESSES)])
    return [wait for part in parts for wait in part]


def _post_from_threads(address: str, token: str, process: int) -> list[float]:
    waits: list[float] = []
    threads = [Thread(target=_post, args=(address, token, process * THREADS + i + 1, waits)) for i in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


def _post(address: str, token: str, seed: int, waits: list[float]) -> None:
    """One client: its requests are made before the clock starts, so that making them is not measured."""
    made = [_request(token, body) for body in synthetic.claims(MADE, seed)]
    with socket.create_connection(urlsplit(address).netloc.split(":")) as line:
        end = time.monotonic() + SECONDS
        for request in made:
            began = time.monotonic()
            if began > end:
                return
            line.sendall(request)
            _check(line)
            waits.append(time.monotonic() - began)
    raise SystemExit("all requests were sent before the time was over: raise MADE")


def _request(token: str, body: dict[str, Any]) -> bytes:
    sent = json.dumps(body).encode()
    head = f"Host: bench\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(sent)}"
    return f"POST /v1/claims HTTP/1.1\r\n{head}\r\n\r\n".encode() + sent


def _check(line: socket.socket) -> None:
    """Read one answer to its end; it must be 201."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += line.recv(65536)
    head, _, rest = got.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
    while len(rest) < length:
        rest += line.recv(65536)
    if not head.startswith(b"HTTP/1.1 201"):
        raise SystemExit(f"a claim was refused: nothing is measured by that: {rest!r}")
