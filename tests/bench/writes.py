"""Posting claims from sixteen clients at once: rate as a ratio to the bare handler, and how long the slowest waited.

Both are loaded by the same client, `wrk` where it is installed.
"""

from __future__ import annotations

import json
import multiprocessing
import socket
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api import ledger
from api.domain import parties, questions
from api.storage import keys
from api.storage.sqlite import Database
from tests.bench import load, reads, synthetic
from tests.bench.load import Load
from tests.bench.serving import Running, serving

PROCESSES = 4
THREADS = 4
SECONDS = 4.0
# How many requests all clients have ready in a round; more than they can send in that time.
MADE = 8_000
USED_UP = "all requests were sent before the time was over: raise MADE"
UNLIMITED = {"ONRECORD_RATE_WRITES": "10000000/minute"}

# What `wrk` sends: the lines of a file, one after another. Where they are used up it goes on with what is refused.
SCRIPT = """
wrk.method = "POST"
local bodies = io.open("{bodies}")
request = function() return wrk.format(nil, nil, nil, bodies:read("*l") or "used up") end
"""


def measure(folder: Path, sizes: list[int]) -> None:
    """Print the row of writes; the sizes are those of reads and make no difference here."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "writes.db"
        token = prepared(path)
        with serving("bare") as bare, serving("onrecord", DATABASE_URL=f"sqlite:///{path}", **UNLIMITED) as ours:
            post, theirs, own = Posting(ours, token, Path(scratch)), [], []
            for _ in range(reads.ROUNDS):
                theirs.append(reads.reading(bare, "/bare", {}))
                own.append(reads.balanced(ours, post))
    best, longest = reads.best(own), max(found.longest for found in own)
    client = "wrk" if load.has_wrk() else "clients in Python"
    print(
        f"\nBoth loaded by {client}, 16 connections.\n"
        "\n| write | of the bare handler's rate | wanted | a second | CPU µs | longest ms |\n|---|---|---|---|---|---|"
    )
    ratio = best.rate / reads.best(theirs).rate
    print(f"| POST of a claim | {ratio:.2f} | 0.15 | {best.rate:,.0f} | {best.cpu:.0f} | {longest * 1000:.0f} |")


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


class Posting:
    """Puts the load of sixteen clients on a server that post claims; each time others."""

    def __init__(self, server: Running, token: str, scratch: Path) -> None:
        self._address, self._token, self._scratch = server.address, token, scratch
        self._seed = 0

    def __call__(self) -> Load:
        self._seed += PROCESSES * THREADS
        found = self._wrk() if load.has_wrk() else _post_from_everywhere(self._address, self._token, self._seed)
        if found.answers >= MADE:
            raise RuntimeError(USED_UP)
        return found

    def _wrk(self) -> Load:
        bodies, script = self._scratch / "bodies", self._scratch / "script.lua"
        bodies.write_text("".join(json.dumps(body) + "\n" for body in synthetic.claims(MADE, self._seed)))
        script.write_text(SCRIPT.format(bodies=bodies))
        headers = {"Authorization": f"Bearer {self._token}", "Content-Type": "application/json"}
        return load.wrk(f"{self._address}/v1/claims", headers, SECONDS, script=script)


def _post_from_everywhere(address: str, token: str, seed: int) -> Load:
    context = multiprocessing.get_context("spawn")
    with context.Pool(PROCESSES) as pool:
        firsts = range(seed, seed + PROCESSES * THREADS, THREADS)
        parts = pool.starmap(_post_from_threads, [(address, token, first) for first in firsts])
    waits = [wait for part in parts for wait in part]
    return Load(len(waits), SECONDS, 0, max(waits))


def _post_from_threads(address: str, token: str, first: int) -> list[float]:
    # Not bare threads: what one of them ends with, a claim that was refused say, nobody would hear of.
    with ThreadPoolExecutor(THREADS) as pool:
        parts = pool.map(partial(_post, address, token), range(first, first + THREADS))
        return [wait for part in parts for wait in part]


def _post(address: str, token: str, seed: int) -> list[float]:
    """One client: its requests are made before the clock starts, so that making them is not measured. Out: for how many
    seconds it waited for each."""
    waits: list[float] = []
    made = [_request(token, body) for body in synthetic.claims(MADE // PROCESSES // THREADS, seed)]
    with socket.create_connection(urlsplit(address).netloc.split(":")) as line:
        end = time.monotonic() + SECONDS
        for request in made:
            began = time.monotonic()
            if began > end:
                return waits
            line.sendall(request)
            _check(line)
            waits.append(time.monotonic() - began)
    raise RuntimeError(USED_UP)


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
        raise RuntimeError(f"a claim was refused: nothing is measured by that: {rest!r}")
