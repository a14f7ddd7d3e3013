"""The record in the formats of others: what a review costs to render, and a whole file to write, in how much memory."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from ulid import ULID

from api import ledger
from api.cli.publishing import FORMATS
from api.domain import parties, verdicts
from api.storage import lists
from api.storage.lists import Selection
from api.storage.sqlite import Database
from tests.bench.bulk import PAUSE, megabytes
from tests.bench.databases import database
from tests.bench.growth import ROUNDS, application, round_of
from tests.bench.reads import Target

REVIEWED = 1_000
REVIEWER = "bench-desk"
EVIDENCE = [{"url": "https://example.org/evidence", "title": "Evidence", "published_on": "2011-02"}]


def measure(folder: Path, sizes: list[int]) -> None:
    """Print the rows of reviews over the first size, and those of whole files at each."""
    print("\n| ClaimReview, in process, first size with 1,000 verdicts | CPU µs |\n|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "reviewed.db"
        shutil.copy(database(folder, sizes[0]), path)
        verdict, claim = _reviewed(path)
        app = application(f"sqlite:///{path}")
        for name, url in (
            ("of a verdict", f"/v1/verdicts/{verdict}/claimreview"),
            ("of a claim", f"/v1/claims/{claim}/claimreview"),
            ("page of 50 of the feed", "/v1/claimreview?limit=50"),
            ("of a claim, for comparison as its document", f"/v1/claims/{claim}"),
        ):
            cost = min(round_of(app, Target(name, url, {}, 0)) for _ in range(max(5, ROUNDS // 6)))
            print(f"| {name} | {cost * 1e6:.0f} |", flush=True)
        print("\n| whole record as | claims | claims/s | MB | MB of memory at most |\n|---|---|---|---|---|")
        for form in FORMATS:
            print(_written(path, sizes[0], form), flush=True)
    for size in sizes[1:]:
        for form in FORMATS:
            print(_written(database(folder, size), size, form), flush=True)


def _reviewed(path: Path) -> tuple[str, str]:
    """Publish verdicts on the first claims. Out: one of them, and its claim."""
    store = Database(path)
    rows = lists.by_number(store.reader(), Selection(("claims",)), None, REVIEWED, newest_first=False)
    claims = [row[-1][7:33].decode() for row in rows]  # a claim's document begins with {"id":" and its id
    made = {claim: str(ULID()) for claim in claims}
    with ledger.turn(store) as turn:
        turn.append(lambda known: parties.record({"id": REVIEWER, "name": "Desk", "kind": "organization"}, known), REVIEWER)
        for claim, verdict in made.items():
            body = {"rating": "false", "label": "False", "evidence": EVIDENCE, "reviewed_on": "2026-11-24"}
            turn.append(lambda known, c=claim, v=verdict, b=body: verdicts.publish(known.claim(c), b, v, REVIEWER, known), REVIEWER)
    store.close()
    return made[claims[-1]], claims[-1]


def _written(path: Path, size: int, form: str) -> str:
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "out"
        began = time.monotonic()
        process = subprocess.Popen(
            [sys.executable, "-m", "api", "export", str(file), "--format", form],
            env=os.environ | {"DATABASE_URL": f"sqlite:///{path.resolve()}"},
            stdout=subprocess.DEVNULL,
        )
        memory = [0.0]
        while process.poll() is None:
            memory.append(megabytes(process.pid))
            time.sleep(PAUSE)
        seconds = time.monotonic() - began
        if process.returncode:
            raise SystemExit("the export failed: nothing is measured by that")
        written = file.stat().st_size / 1e6
    return f"| {form} | {size:,} | {size / seconds:,.0f} | {written:.1f} | {max(memory):.0f} |"
