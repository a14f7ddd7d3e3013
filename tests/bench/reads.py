"""Reads against the bare handler: requests a second as a ratio, and CPU time for each request."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple
from urllib.request import urlopen

from tests.bench.databases import database
from tests.bench.load import Load, load
from tests.bench.serving import Running, serving

# The best of so many rounds counts, of the one as of the other: what else runs on the machine only ever slows them down.
ROUNDS = 5
ATTEMPTS = 4
# A round counts where the idler worker did at least this share of the busier one's work.
BALANCE = 0.6


class Target(NamedTuple):
    """What is measured: a name, a path, request headers, the ratio that it has to reach, and whether it is an answer that
    is kept until the record changes: those are measured both as they are kept and made anew."""

    name: str
    path: str
    headers: dict[str, str]
    wanted: float
    kept: bool = False


class Round(NamedTuple):
    """One measured stretch: answers a second, microseconds of CPU for each, and the seconds that the slowest took."""

    rate: float
    cpu: float
    longest: float


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each target and size."""
    print("| read | claims | of the bare handler's rate | wanted | CPU µs, bare | CPU µs |\n|---|---|---|---|---|---|")
    for size in sizes:
        url = f"sqlite:///{database(folder, size).resolve()}"
        with (
            serving("bare") as bare,
            serving("onrecord", DATABASE_URL=url) as ours,
            serving("anew", DATABASE_URL=url) as anew,
        ):
            for target in targets(ours):
                print(row(bare, ours, target, size), flush=True)
                if target.kept:
                    print(row(bare, anew, target._replace(name=f"{target.name}; made anew"), size), flush=True)


def targets(server: Running) -> list[Target]:
    """The reads that the record's users make, on a server of made-up claims."""
    first = _json(f"{server.address}/v1/claims?limit=1&sort=recorded")["items"][0]["id"]
    answer = urlopen(f"{server.address}/v1/changes?since=now")
    cursor, etag = json.load(answer)["next"], answer.headers["ETag"]
    feed = urlopen(f"{server.address}/feeds/changes.atom?party=department-1").headers["ETag"]
    filtered = "/v1/claims?party=department-1&status=unreviewed&limit=50"
    timeline = "/v1/questions/question-1/timeline?party=department-1&limit=100"
    return [
        Target("one claim", f"/v1/claims/{first}", {}, 0.8, kept=True),
        Target("poll, 304", f"/v1/changes?since={cursor}", {"If-None-Match": etag}, 0.85),
        Target("feed, 304", "/feeds/changes.atom?party=department-1", {"If-None-Match": feed}, 0.85),
        Target("list of 50", "/v1/claims?limit=50", {}, 0.5, kept=True),
        Target("list of 50, by party and status", filtered, {}, 0.5, kept=True),
        Target("timeline of 100", timeline, {}, 0.35, kept=True),
    ]


def row(bare: Running, ours: Running, target: Target, size: int) -> str:
    """The row of a target, measured in turns with the bare handler."""
    theirs, own = _rounds(bare, ours, target)
    ratio = own.rate / theirs.rate
    return f"| {target.name} | {size:,} | {ratio:.2f} | {target.wanted:.2f} | {theirs.cpu:.0f} | {own.cpu:.0f} |"


def _rounds(bare: Running, ours: Running, target: Target) -> tuple[Round, Round]:
    theirs, own = [], []
    for _ in range(ROUNDS):
        theirs.append(reading(bare, "/bare", {}))
        own.append(reading(ours, target.path, target.headers))
    return best(theirs), best(own)


def best_rate(server: Running, path: str, headers: dict[str, str]) -> float:
    """Answers a second of a server in its best round, when both of its workers work."""
    return max(reading(server, path, headers).rate for _ in range(ROUNDS))


def reading(server: Running, path: str, headers: dict[str, str]) -> Round:
    """A round of one read."""
    return balanced(server, lambda: load(server.address + path, headers))


def balanced(server: Running, put: Callable[[], Load]) -> Round:
    """A round in which both workers did their share of the load that `put` puts on the server; the last attempt counts
    whatever it was."""
    for _ in range(ATTEMPTS):
        before = server.cpu()
        found = put()
        used = [after - earlier for after, earlier in zip(server.cpu(), before, strict=True)]
        if min(used) >= BALANCE * max(used):
            break
    if found.failed:
        raise SystemExit(f"{found.failed} of {found.answers} answers were errors: nothing is measured by that")
    return Round(found.rate, sum(used) / found.answers * 1e6, found.longest)


def best(rounds: list[Round]) -> Round:
    """The round with the highest rate."""
    return max(rounds, key=lambda found: found.rate)


def _json(url: str) -> dict[str, list[dict[str, str]]]:
    found: dict[str, list[dict[str, str]]] = json.load(urlopen(url))
    return found
