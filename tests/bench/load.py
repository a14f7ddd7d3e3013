"""Load on a server of this machine: `wrk` where it is installed, else a client of our own. Bounded in time,
127.0.0.1 only."""

from __future__ import annotations

import http.client
import multiprocessing
import re
import shutil
import subprocess
import time
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

CONNECTIONS = 16
SECONDS = 3.0


class Load(NamedTuple):
    """What a load came to: answers, seconds, how many answers were neither 2xx nor 3xx, and for how many seconds the
    slowest was waited for, where that was measured."""

    answers: int
    seconds: float
    failed: int
    longest: float = 0.0

    @property
    def rate(self) -> float:
        """Answers per second."""
        return self.answers / self.seconds


def load(
    url: str, headers: dict[str, str] | None = None, seconds: float = SECONDS, connections: int = CONNECTIONS
) -> Load:
    """GET `url` for so many seconds over so many kept-alive connections."""
    if urlsplit(url).hostname != "127.0.0.1":
        raise ValueError("load is put on 127.0.0.1 only")
    if has_wrk():
        return wrk(url, headers or {}, seconds, connections)
    return _python(url, headers or {}, seconds, connections)


def has_wrk() -> bool:
    """Whether `wrk` is installed."""
    return shutil.which("wrk") is not None


def wrk(
    url: str, headers: dict[str, str], seconds: float, connections: int = CONNECTIONS, script: Path | None = None
) -> Load:
    """What `wrk` measures of a URL; its `script` may say what it sends."""
    given = [part for name, value in headers.items() for part in ("-H", f"{name}: {value}")]
    given += ["-s", str(script)] if script else []
    command = ["wrk", "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", *given, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    answers, took = re.search(r"(\d+) requests in ([\d.]+)s", said).groups()  # type: ignore[union-attr]
    failed = re.search(r"Non-2xx or 3xx responses: (\d+)", said)
    longest, unit = re.search(r"Latency +\S+ +\S+ +([\d.]+)(us|ms|s)", said).groups()  # type: ignore[union-attr]
    slowest = float(longest) / {"us": 1e6, "ms": 1e3, "s": 1.0}[unit]
    return Load(int(answers), float(took), int(failed[1]) if failed else 0, slowest)


def _python(url: str, headers: dict[str, str], seconds: float, connections: int) -> Load:
    processes = 2
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        jobs = [(url, headers, seconds, connections // processes)] * processes
        parts = pool.starmap(_visit, jobs)
    return Load(sum(part[0] for part in parts), seconds, sum(part[1] for part in parts))


def _visit(url: str, headers: dict[str, str], seconds: float, connections: int) -> tuple[int, int]:
    at = urlsplit(url)
    path = f"{at.path}?{at.query}" if at.query else at.path
    lines = [http.client.HTTPConnection(at.hostname or "", at.port) for _ in range(connections)]
    answers = failed = 0
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        for line in lines:
            line.request("GET", path, headers=headers)
        for line in lines:
            answer = line.getresponse()
            answer.read()
            answers += 1
            failed += answer.status >= 400
    return answers, failed
