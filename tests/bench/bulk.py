"""`onrecord import` of many claims: how many a second, in how much memory, and how long another writer waits meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from threading import Event, Thread

from ulid import ULID

from api.domain import claims
from api.storage.sqlite import Database
from api.writers import Writers
from tests.bench import synthetic
from tests.bench.writes import prepared

COUNT = int(os.environ.get("BENCH_IMPORT", "50000"))
PAUSE = 0.05


def measure(folder: Path, sizes: list[int]) -> None:
    """Print the rows of imports, alone and beside a writer; the sizes are those of reads and make no difference here."""
    print(
        "\n| import of claims | claims | claims/s | wanted | CPU µs a claim | MB at a tenth | MB at most | longest wait of another writer, ms |"
    )
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "claims.ndjson"
        with file.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(body) + "\n" for body in synthetic.claims(COUNT))
        for name in ("alone", "beside a writer"):
            path = Path(scratch) / f"{name.split()[0]}.db"
            prepared(path)
            print(f"| {name} | {COUNT:,} | {_imported(path, file, name != 'alone')} |", flush=True)


def _imported(path: Path, file: Path, beside: bool) -> str:
    done, waits = Event(), [0.0]
    writer = Thread(target=_write, args=(path, waits, done))
    began, before = time.monotonic(), sum(os.times()[2:4])
    process = subprocess.Popen(
        [sys.executable, "-m", "api", "import", str(file)],
        env=os.environ | {"DATABASE_URL": f"sqlite:///{path}"},
        stdout=subprocess.DEVNULL,
    )
    if beside:
        writer.start()
    memory: list[float] = []
    while process.poll() is None:
        memory.append(megabytes(process.pid))
        time.sleep(PAUSE)
    seconds, cpu = time.monotonic() - began, sum(os.times()[2:4]) - before
    done.set()
    if beside:
        writer.join()
    if process.returncode:
        raise SystemExit("the import failed: nothing is measured by that")
    wait = f"{max(waits) * 1000:.0f}" if beside else ""
    rest = f"{cpu / COUNT * 1e6:.0f} | {memory[len(memory) // 10]:.0f} | {max(memory):.0f} | {wait}"
    return f"{COUNT / seconds:,.0f} | 5,000 | {rest}"


def _write(path: Path, waits: list[float], done: Event) -> None:
    """Record one claim after another as the service does, and note how long each took."""
    store = Database(path)
    writers = Writers(store)
    for body in synthetic.claims(1_000_000, seed=2):
        began = time.monotonic()
        recording = partial(claims.record, body, str(ULID()))
        writers.write(lambda turn, recording=recording: turn.append(recording, "operator"))  # type: ignore[misc]
        waits.append(time.monotonic() - began)
        if done.wait(PAUSE):
            break
    store.close()


def megabytes(pid: int) -> float:
    """Memory of a process and its children."""
    found = 0.0
    try:
        for one in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())):
            for line in Path(f"/proc/{one}/status").read_text().splitlines():
                if line.startswith("VmRSS:"):
                    found += int(line.split()[1]) / 1024
    except OSError:
        pass  # it has just ended
    return found
