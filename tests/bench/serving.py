"""Real servers for measuring: gunicorn as `onrecord serve` starts it, with our application or with a bare
Flask handler."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.processes import free_port

TICKS = os.sysconf("SC_CLK_TCK")


@dataclass
class Running:
    """A server that runs: its address, and its process."""

    address: str
    pid: int

    def workers(self) -> list[int]:
        """The process ids of its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text()
        return [int(child) for child in children.split()]

    def cpu(self) -> list[float]:
        """Seconds of CPU time that each worker has used."""
        return [_cpu(pid) for pid in self.workers()]


@contextmanager
def serving(app: str, **environ: str) -> Iterator[Running]:
    """Serve `app` ("bare", "onrecord", or "anew": onrecord that keeps no answer) on a free port of 127.0.0.1 until the
    block ends; it is then stopped by its process id."""
    port = free_port()
    settings = {"ONRECORD_BIND": f"127.0.0.1:{port}", "ONRECORD_LOG_LEVEL": "error", "ONRECORD_MODEL": "off", **environ}
    process = subprocess.Popen([sys.executable, "-m", "tests.bench.serving", app], env=os.environ | settings)
    try:
        _await(f"http://127.0.0.1:{port}/livez", process)
        yield Running(f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(timeout=40)


def bare(settings: Any) -> Any:
    """A Flask application that answers 1 KB and does nothing else."""
    from flask import Flask, Response

    app = Flask("bare", static_folder=None)
    body = b'{"text":"' + b"x" * 1000 + b'"}'

    @app.route("/bare")
    @app.route("/livez")
    def handler() -> Response:
        return Response(body, content_type="application/json")

    # What the server's own hook expects of an application; it has no record of which webhooks could be told.
    app.extensions["onrecord"] = type("House", (), {"settings": replace(settings, deliver=False)})()
    return app


def anew(settings: Any) -> Any:
    """The application, keeping no answer that it made: each is made anew."""
    from api import create_app
    from api.kept import Kept

    app = create_app(settings)
    house = app.extensions["onrecord"]
    house.kept, house.documents = Kept(0), Kept(0)
    return app


def _cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    for _ in range(200):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with status {process.returncode} before it answered")
        try:
            urlopen(url, timeout=1).read()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError(f"no answer from {url}")


def main() -> None:
    """The server process: the application that the first argument names, with settings from the environment."""
    from api.server import Server
    from api.settings import Settings

    settings = Settings.from_environ(os.environ)
    server = Server(settings)
    if sys.argv[1] == "bare":
        server.load = lambda: bare(settings)  # type: ignore[method-assign]
    elif sys.argv[1] == "anew":
        server.load = lambda: anew(settings)  # type: ignore[method-assign]
    server.run()


if __name__ == "__main__":
    sys.argv = [sys.argv[0], *sys.argv[1:2]]
    main()
