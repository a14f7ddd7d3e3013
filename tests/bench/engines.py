"""PostgreSQL beside SQLite, in one run: import, reads over HTTP, and entries that four processes write one by one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import quantiles
from urllib.request import urlopen

from api.reads import lists
from api.storage import log, opening
from api.storage.database import Database
from tests.bench import reads, searches, synthetic
from tests.bench.serving import serving
from tests.postgresql import running
from tests.records import Recorder

COUNT = int(os.environ.get("BENCH_ENGINES", "20000"))
PROCESSES, EACH = 4, 1_000
# Of each search: fewer than where searches are what is measured.
REPEATS = 50
# As a server is set up that keeps what it acknowledges.
DURABLE = {"max_connections": "200"}


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each measurement, with both engines; the sizes are those of reads and make no difference here."""
    with tempfile.TemporaryDirectory() as scratch, running(DURABLE) as server:
        file = Path(scratch) / "claims.ndjson"
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(body) + "\n" for body in synthetic.claims(COUNT))
        urls = {"SQLite": f"sqlite:///{scratch}/record.db", "PostgreSQL": server.url(server.create())}
        found = {name: _measured(url, Path(scratch), file) for name, url in urls.items()}
    print(f"\n| {COUNT:,} claims | SQLite | PostgreSQL | ratio |\n|---|---|---|---|")
    for name, here in found["SQLite"].items():
        there = found["PostgreSQL"][name]
        print(f"| {name} | {here:,.1f} | {there:,.1f} | {there / here:.2f} |")


def _measured(url: str, scratch: Path, file: Path) -> dict[str, float]:
    store = opening.database(opening.place(url), scratch / "heads")
    store.migrate()
    record = Recorder(store)
    with record.together():
        for party in synthetic.parties():
            record.party(party["id"], party.get("parent"), kind=party["kind"])
        for question in synthetic.questions():
            positions = [one["id"] for one in question["positions"] if not one.get("neutral")]
            neutral = tuple(one["id"] for one in question["positions"] if one.get("neutral"))
            record.question(question["id"], *positions, neutral=neutral)
        for i in range(PROCESSES):
            record.party(f"writer-{i}")
    found: dict[str, float] = {}
    command = [sys.executable, "-m", "api", "import", str(file)]
    environ = os.environ | {"DATABASE_URL": url, "ONRECORD_HEADS": str(scratch / "heads")}
    found["import, claims a second"] = _grown(store, [subprocess.Popen(command, env=environ, stdout=subprocess.DEVNULL)])
    found["appends of four processes, entries a second"] = _grown(store, _writers(opening.place(url)))
    with serving("anew", DATABASE_URL=url, ONRECORD_HEADS=str(scratch / "heads")) as server:
        for target in (*reads.targets(server), _search(server.address)):
            found[f"{target.name}, answers a second"] = reads.best_rate(server, target.path, target.headers)
    for name, queries in searches.QUERIES.items():
        found[f"search for {name}, p99 ms"] = _p99(store, queries)
    store.close()
    return found


def _search(address: str) -> reads.Target:
    assert json.load(urlopen(f"{address}/v1/claims?q=topic77"))["items"]
    return reads.Target("search for a rare word", "/v1/claims?q=topic77", {}, 0)


def _writers(place: str) -> list[subprocess.Popen[bytes]]:
    return [
        subprocess.Popen(
            [sys.executable, "-m", "tests.writers", place, f"writer-{i}", str(i * 100_000), str(EACH)],
            stdout=subprocess.DEVNULL,
        )
        for i in range(PROCESSES)
    ]


def _grown(store: Database, processes: list[subprocess.Popen[bytes]]) -> float:
    """Entries a second that the processes write, from the first one on: to start an interpreter takes as long on any
    engine."""
    before = first = log.head(store.reader()).size
    while first == before and any(process.poll() is None for process in processes):
        time.sleep(0.001)
        first = log.head(store.reader()).size
    began = time.monotonic()
    if sum(process.wait() for process in processes):
        raise SystemExit("a writer failed: nothing is measured by that")
    took = time.monotonic() - began
    return (log.head(store.reader()).size - first) / took


def _p99(store: Database, queries: list[str]) -> float:
    seconds = []
    for _ in range(REPEATS):
        for query in queries:
            began = time.perf_counter()
            with store.snapshot() as db:
                lists.claims(db, {"q": query, "limit": 20}, None)
            seconds.append(time.perf_counter() - began)
    return quantiles(seconds, n=100)[-1] * 1000
