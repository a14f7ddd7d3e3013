"""Servers as a reader of the documentation has them: processes that the command line starts, on a port of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.error import URLError
from urllib.request import urlopen

from tests.docs.pages import ROOT
from tests.processes import free_port

SECONDS = 60


def environ(directory: Path, **more: str) -> dict[str, str]:
    """The environment of a reader in a directory: `python` and `onrecord` are ours, whether the package is installed
    or not, and no setting of whoever runs the tests is there."""
    commands = directory / ".commands"
    commands.mkdir(exist_ok=True)
    script = commands / "onrecord"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m api "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
    path = f"{commands}:{Path(sys.executable).parent}:{os.environ['PATH']}"
    ours = {"PATH": path, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1", "PWD": str(directory)}
    # What a page shows is what a reader sees who has installed nothing more.
    return kept | ours | {"ONRECORD_MODEL": "off"} | more


class Server:
    """`onrecord COMMAND` in a directory of its own, from entering to leaving the context; what it prints is
    in `output()`."""

    def __init__(self, command: str, directory: Path, **settings: str) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._command, self._directory, self._settings = command, directory, settings
        self._log = directory / "server.log"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start the process and wait until it can serve."""
        settings = {"ONRECORD_BIND": f"127.0.0.1:{self.port}", "WEB_CONCURRENCY": "1"} | self._settings
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "api", self._command],
                cwd=self._directory,
                env=environ(self._directory, **settings),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        end = time.monotonic() + SECONDS
        while not self._is_ready():
            assert self._process.poll() is None, self.output()
            assert time.monotonic() < end, self.output()
            time.sleep(0.05)

    def stop(self) -> None:
        """Stop it as a supervisor does, and wait until it has ended."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(SECONDS)
        finally:
            self._process.kill()
            self._process.wait()
            self._process = None

    def output(self) -> str:
        """All that it printed."""
        return self._log.read_text(encoding="utf-8")

    def _is_ready(self) -> bool:
        try:
            with urlopen(f"{self.url}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (URLError, OSError):
            return False
