"""Search: what a query costs over few claims and over many, common words and rare ones, in process."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import quantiles

from api.reads import lists
from api.storage.sqlite import Database
from tests.bench.databases import database

QUERIES = {
    "a common word": ["voluntary", "mandatory", "counties", "states"],
    "two common words": ["voluntary states", "officials said", "leave counties"],
    "a common and a rare word": ["voluntary topic77", "states topic1500", "officials topic9"],
    "a rare word": ["topic77", "topic1500", "only1x4242"],
    "a common phrase": ['"voluntary for"', '"the programme"'],
    "a common prefix": ["volu*", "topic1*"],
}
# Of so many that the slowest hundredth is more than one that the machine held up.
REPEATS = 200


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each kind of query: 99th percentile at each size, and how many times the first it is."""
    stores = [(size, Database(database(folder, size))) for size in sizes]
    print(
        "\n| search | "
        + " | ".join(f"{size:,} claims, p99 ms" for size in sizes)
        + " | times |\n|---|"
        + "---|" * (len(sizes) + 1)
    )
    for name, queries in QUERIES.items():
        worst = [_p99(list(_seconds(store, queries))) for _, store in stores]
        cells = " | ".join(f"{seconds * 1000:.1f}" for seconds in worst)
        print(f"| {name} | {cells} | {worst[-1] / worst[0]:.1f} |", flush=True)


def _seconds(store: Database, queries: list[str]) -> Iterator[float]:
    for i in range(REPEATS + 1):
        for query in queries:
            began = time.perf_counter()
            with store.snapshot() as db:
                lists.claims(db, {"q": query, "limit": 20}, None)
            # What the first one waits for is the disk, of which a larger file needs more: the others say what is done.
            if i:
                yield time.perf_counter() - began


def _p99(seconds: list[float]) -> float:
    return quantiles(seconds, n=100)[-1]
