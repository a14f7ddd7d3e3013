"""What a read costs over few claims and over many: CPU time of the application alone, in process.

The rates of `reads` come with the noise of a whole machine, which hides a tenth. Here no client and no socket takes part,
each target is asked for in many short rounds, and the quickest round counts: whatever else runs can only add to it.
"""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import Any

from api.settings import Settings
from tests.bench.databases import database
from tests.bench.reads import Target, targets
from tests.bench.serving import anew, serving

ROUNDS = 60
IN_A_ROUND = 50


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each target: microseconds of CPU at each size, and how many times the first the last is."""
    costs = {size: dict(_costs(folder, size)) for size in sizes}
    print("\n| read, made anew, in process | " + " | ".join(f"{size:,} claims, CPU µs" for size in sizes) + " | times |")
    print("|---|" + "---|" * (len(sizes) + 1))
    for name, first in costs[sizes[0]].items():
        cells = " | ".join(f"{costs[size][name]:.0f}" for size in sizes)
        print(f"| {name} | {cells} | {costs[sizes[-1]][name] / first:.2f} |", flush=True)


def _costs(folder: Path, size: int) -> list[tuple[str, float]]:
    url = f"sqlite:///{database(folder, size).resolve()}"
    with serving("onrecord", DATABASE_URL=url) as server:
        asked = targets(server)
    app = application(url)
    return [(target.name, min(round_of(app, target) for _ in range(ROUNDS)) * 1e6) for target in asked]


def application(url: str) -> Any:
    """The application in this process; it keeps no answer, so that each is made anew."""
    return anew(Settings.from_environ({"DATABASE_URL": url, "ONRECORD_LOG_LEVEL": "error"}))


def round_of(app: Any, target: Target) -> float:
    """Seconds of CPU for each request of a round."""
    began = time.process_time()
    for _ in range(IN_A_ROUND):
        environ = _environ(target)
        status: list[str] = []
        b"".join(app(environ, lambda line, headers, status=status: status.append(line)))
        if status[0][0] not in "23":
            raise SystemExit(f"{target.path} was answered by {status[0]}: nothing is measured by that")
    return (time.process_time() - began) / IN_A_ROUND


def _environ(target: Target) -> dict[str, Any]:
    path, _, query = target.path.partition("?")
    return {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": "127.0.0.1",
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": sys.stderr,
        **{f"HTTP_{name.upper().replace('-', '_')}": value for name, value in target.headers.items()},
    }
