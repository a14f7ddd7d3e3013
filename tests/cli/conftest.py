"""A folder with a database in it, and the command line run on it: in this process, or in one of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from api.cli import main
from api.storage import log
from api.storage.log import Head
from api.storage.sqlite import Database
from tests.records import APPEARANCE, Recorder

ROOT = Path(__file__).parents[2]
SECONDS = 60


@dataclass(frozen=True)
class Done:
    """What a command did: its status, and what it wrote."""

    status: int
    out: str
    err: str


class Shell:
    """Runs commands in a folder, on the database `record.db` there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "record.db"
        self.database = Database(self.path)

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
        ours = {"PYTHONPATH": str(ROOT), "DATABASE_URL": f"sqlite:///{self.path}", "ONRECORD_MODEL": "off"}
        return kept | ours | more

    def __call__(self, *words: str | Path, **environ: str) -> Done:
        """Run a command in this process."""
        runner = CliRunner(env={"DATABASE_URL": f"sqlite:///{self.path}"} | environ)
        result = runner.invoke(main, [str(word) for word in words])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def start(self, *words: str | Path, **more: Any) -> subprocess.Popen[bytes]:
        """Start a command in a process of its own."""
        environ = self.environ(**more.pop("environ", {}))
        command = [sys.executable, "-m", "api", *map(str, words)]
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | more
        return subprocess.Popen(command, cwd=self.folder, env=environ, **pipes)

    def apart(self, *words: str | Path, **more: Any) -> Done:
        """Run a command in a process of its own, to its end."""
        given = more.pop("input", None)
        if given is not None:
            more["stdin"] = subprocess.PIPE
        with self.start(*words, **more) as process:
            try:
                out, err = process.communicate(given, timeout=SECONDS)
            finally:
                process.kill()
        return Done(process.returncode, (out or b"").decode(), (err or b"").decode())

    def write(self, name: str, lines: Iterable[Any] | bytes) -> Path:
        """Write a file: bytes as they are, or a JSON value in each line."""
        path = self.folder / name
        path.write_bytes(lines if isinstance(lines, bytes) else b"".join(orjson.dumps(line) + b"\n" for line in lines))
        return path

    @property
    def head(self) -> Head:
        """The head of the log as it is now."""
        return log.head(self.database.reader())


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """A shell on a migrated database with the parties "agency" and "example-desk", and the question "q-join"."""
    made = Shell(tmp_path)
    made.database.migrate()
    record = Recorder(made.database)
    record.party("agency")
    record.party("example-desk")
    record.question("q-join", "free", "bound")
    yield made
    made.database.close()


@pytest.fixture
def bare(tmp_path: Path) -> Iterator[Shell]:
    """A shell without a database."""
    made = Shell(tmp_path)
    yield made
    made.database.close()


@pytest.fixture
def full(tmp_path: Path, dhs: Database) -> Iterator[Shell]:
    """A shell on a copy of the DHS record."""
    made = Shell(tmp_path)
    dhs.backup(made.path)
    yield made
    made.database.close()


def claim(text: str, **more: Any) -> dict[str, Any]:
    """The body of a claim by "agency"."""
    body = {"text": text, "wording": "direct", "attribution": {"speaker": "agency"}, "appearances": [APPEARANCE]}
    return body | more
