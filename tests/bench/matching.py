"""Matching: how many sentences a second the service matches, and how long the slowest take, over few claims and many."""

from __future__ import annotations

import json
import random
import sys
import time
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path
from statistics import quantiles
from threading import Thread
from urllib.parse import urlsplit

from api import vectorizing
from api.embedding.embedder import Embedder
from api.storage.sqlite import Database
from tests.bench import synthetic
from tests.bench.databases import database
from tests.bench.serving import serving

CLIENTS = 4
SECONDS = 6.0


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each size: matches a second, CPU of each, and the 99th percentile."""
    print("\n| matches over | a second | CPU µs | 99th percentile, ms |\n|---|---|---|---|")
    for size in sizes:
        _row(f"{size:,} claims", database(folder, size), size, "off")


def measure_meaning(folder: Path, sizes: list[int]) -> None:
    """The same with the model, over the smallest size: as many claims are ranked by it however many there are. They are
    given their vectors first, at some 10 ms of CPU each."""
    embedder = Embedder("")
    if embedder.name is None:
        print(f"\n(Matching by meaning is left out. {embedder.reason})")
        return
    size = min(sizes)
    path = database(folder, size)
    began = time.monotonic()
    vectorizing.embed(
        Database(path), embedder, progress=lambda after, done: print(f"\r{done.made:,}", end="", flush=True)
    )
    print(f"\rThe vectors of {size:,} claims took {time.monotonic() - began:,.0f} s.")
    print("\n| matches by meaning over | a second | CPU µs | 99th percentile, ms |\n|---|---|---|---|")
    _row(f"{size:,} claims", path, size, "")


def _row(name: str, path: Path, size: int, model: str) -> None:
    with serving("onrecord", DATABASE_URL=f"sqlite:///{path.resolve()}", ONRECORD_MODEL=model) as server:
        asked = sentences(size)
        _ask(server.address, asked, 2.0 if model == "" else 1.0)
        before = sum(server.cpu())
        times = _ask(server.address, asked, SECONDS)
        cpu = (sum(server.cpu()) - before) / len(times) * 1e6
    slowest = quantiles(times, n=100)[-1] * 1000
    print(f"| {name} | {len(times) / SECONDS:,.0f} | {cpu:,.0f} | {slowest:.0f} |", flush=True)


def sentences(size: int, count: int = 400) -> list[bytes]:
    """What is asked: claims on record with three words in ten left out, common words and rare ones."""
    chance = random.Random(3)
    every = max(1, size // count)
    chosen = islice(synthetic.claims(size), 0, size, every)
    texts = (" ".join(word for word in claim["text"].split() if chance.random() < 0.7) for claim in chosen)
    made = [json.dumps({"text": text}).encode() for text in texts]
    chance.shuffle(made)
    return made


def _ask(address: str, asked: list[bytes], seconds: float) -> list[float]:
    times: list[float] = []
    clients = [Thread(target=_client, args=(address, asked[i::CLIENTS], seconds, times)) for i in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    return times


def _client(address: str, asked: list[bytes], seconds: float, times: list[float]) -> None:
    line = HTTPConnection(urlsplit(address).netloc)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for body in asked:
            began = time.monotonic()
            if began > end:
                break
            line.request("POST", "/v1/claims/match", body, {"Content-Type": "application/json"})
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                sys.exit(f"a match was answered by {answer.status}: nothing is measured by that")
            times.append(time.monotonic() - began)
    line.close()
