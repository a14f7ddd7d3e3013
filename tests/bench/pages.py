"""The page of a question: how fast it is sent and made, what it weighs with all that it needs, and, where Chromium is
installed, how soon 2,000 statements are seen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

from tests.bench import synthetic
from tests.bench.reads import Target, row
from tests.bench.serving import Running, serving

PAGE = "/questions/question-0?party=department-0"
FEW, MANY = 100, 2_000
# Each is an address of its own, so none was made before: the last day that the public could know of.
ADDRESSES = 40


def measure(folder: Path, sizes: list[int]) -> None:
    """Print the rows of both pages; the sizes of other parts mean nothing here."""
    print("| page | statements | of the bare handler's rate | wanted | CPU µs, bare | CPU µs |\n|---|---|---|---|---|---|")
    target = Target("a question, made before", PAGE, {}, 0.15)
    with serving("bare") as bare:
        for count in (FEW, MANY):
            with serving("onrecord", DATABASE_URL=f"sqlite:///{_database(folder, count).resolve()}") as ours:
                print(row(bare, ours, target, count), flush=True)
                print(_told(ours, count), flush=True)


def _told(ours: Running, count: int) -> str:
    whole, files = weight(ours.address)
    said = f"{count:,} statements: {whole:,} bytes with {files} files, uncompressed; made anew in {making(ours) * 1000:.1f} ms"
    seen = showing(ours.address)
    return said + (f"; seen in Chromium after {seen:.2f} s" if seen else "; no Chromium here to see it in")


def weight(address: str) -> tuple[int, int]:
    """Bytes of the page and of all that it loads, none of them compressed, and how many files that are."""
    page = urlopen(address + PAGE).read()
    files = sorted(set(re.findall(rb'(?:src|href)="(/assets/[^"]+)"', page)))
    return len(page) + sum(len(urlopen(address + file.decode()).read()) for file in files), len(files)


def making(ours: Running) -> float:
    """Seconds of CPU time that a page takes which was not made before."""
    before = sum(ours.cpu())
    for number in range(ADDRESSES):
        day = date(2040, 1, 1) + timedelta(days=number)
        urlopen(f"{ours.address}{PAGE}&known_by={day.isoformat()}").read()
    return (sum(ours.cpu()) - before) / ADDRESSES


def showing(address: str) -> float | None:
    """Seconds from going to the page until it is loaded and laid out in a browser: the middle one of five."""
    from tests.pages.browsing import browsing, installed

    found = installed()
    if found is None:
        return None
    seconds = []
    with TemporaryDirectory() as profile, browsing(found, Path(profile)) as browser:
        browser.base = address
        for _ in range(5):
            began = time.perf_counter()
            browser.open(PAGE)
            # To ask where the last statement stands is to have all of it laid out.
            browser.run("return [...document.querySelectorAll('.list tr')].pop().getBoundingClientRect().top")
            seconds.append(time.perf_counter() - began)
    return sorted(seconds)[2]


def _database(folder: Path, count: int) -> Path:
    path = folder / f"pages-{count}.db"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    building = path.with_suffix(".building")
    environ = os.environ | {"DATABASE_URL": f"sqlite:///{building.resolve()}"}
    kinds = {"parties": synthetic.parties(), "questions": synthetic.questions(), "claims": _claims(count)}
    commands = [["migrate"]]
    for kind, made in kinds.items():
        file = folder / f"{kind}.ndjson"
        file.write_text("".join(json.dumps(body) + "\n" for body in made), encoding="utf-8")
        commands.append(["import", str(file)])
    for command in commands:
        subprocess.run([sys.executable, "-m", "api", *command], check=True, env=environ, stdout=subprocess.DEVNULL)
    for kind in kinds:
        (folder / f"{kind}.ndjson").unlink()
    building.rename(path)
    return path


def _claims(count: int) -> Iterator[dict[str, Any]]:
    """Claims of the two offices of one department on one question."""
    for i, body in enumerate(synthetic.claims(count)):
        body["attribution"] = {"speaker": f"office-{i % 2 * 10}", "role": "spokesperson"}
        body["stances"][0]["question"] = "question-0"
        yield body
