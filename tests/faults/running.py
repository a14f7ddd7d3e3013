"""A server that can be started again and again on one database, and killed with everything that belongs to it."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from types import TracebackType
from typing import Any, Self

from api import keyring
from api.notes import SigningKey
from api.storage import keys
from api.storage.sqlite import Database
from tests.conftest import NOW
from tests.contract.servers import ROOT, Asker, Got, clean
from tests.faults.nursery import OBEYS_MODES
from tests.processes import free_port
from tests.records import Recorder

# Seconds within which whatever is awaited must have happened, also on a machine that is busy with other things.
PATIENCE = 60
UNLIMITED = resource.RLIM_INFINITY
# Of many starts every so manyth is of the command itself, in a process that has imported nothing yet.
COLD = 10


class Nursery:
    """The process that forks servers (`tests.faults.nursery`)."""

    def __init__(self) -> None:
        command = [sys.executable, "-m", "tests.faults.nursery"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(command, cwd=ROOT, env=clean(), stdin=pipe, stdout=pipe, text=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.close()
        self._process.wait(PATIENCE)
        self._process.stdout.close()

    def ask(self, line: str) -> str:
        """One line of the protocol, and its answer."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().strip()
        assert answer, "the nursery has died: see its traceback above"
        return answer


class Running:
    """`onrecord serve` with two workers on a database, started and ended as often as one likes. `pid` is also the
    process group of the server; None while none runs."""

    def __init__(self, nursery: Nursery, database: Path, **environ: str) -> None:
        self.database, self.port, self.log = database, free_port(), database.with_suffix(".log")
        self.pid: int | None = None
        self.starts = 0
        self._nursery = nursery
        self._environ = {
            "DATABASE_URL": f"sqlite:///{database}",
            "ONRECORD_BIND": f"127.0.0.1:{self.port}",
            "ONRECORD_RATE_WRITES": "1000000/minute",
            "ONRECORD_LOG_LEVEL": "warning",
            "ONRECORD_MODEL": "off",
            "WEB_CONCURRENCY": "2",
        } | environ
        self._cold: subprocess.Popen[bytes] | None = None
        self._alive = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self.pid is not None:
            self.kill()

    def start(self, cold: bool | None = None) -> None:
        """Starts the server and does not wait for it. `cold`: as a process of its own; None: every tenth time."""
        assert self.pid is None
        self.starts += 1
        if self.starts % COLD == 0 if cold is None else cold:
            self._alive, held = os.pipe()
            environ = clean() | {name: value for name, value in self._environ.items() if name != OBEYS_MODES}
            command = [sys.executable, "-m", "api", "serve"]
            with self.log.open("ab") as log:
                self._cold = subprocess.Popen(
                    command, cwd=ROOT, env=environ, stdout=log, stderr=log, process_group=0, pass_fds=(held,)
                )
            os.close(held)
            self.pid = self._cold.pid
        else:
            self.pid = int(self._nursery.ask(f"start {self.log} {json.dumps(self._environ)}"))

    def await_ready(self) -> Self:
        """Waits until the server says that it can serve."""
        awaited(lambda: self.answers("/readyz"), self.said)
        return self

    def await_end(self) -> str:
        """Waits until the server has ended by itself. Out: what it wrote."""
        self._await_end()
        return self.said()

    def answers(self, path: str) -> bool:
        """Whether GET of a path is answered with 200."""
        try:
            return self.get(path).status == 200
        except OSError:
            return False

    def kill(self) -> None:
        """Kills every process of the server with SIGKILL, and waits until none is left."""
        assert self.pid is not None
        os.killpg(self.pid, signal.SIGKILL)
        self._await_end()

    def stop(self) -> None:
        """Ends the server as a supervisor does, with SIGTERM, and waits until it has ended."""
        assert self.pid is not None
        os.kill(self.pid, signal.SIGTERM)
        self._await_end()

    def workers(self) -> list[int]:
        """The pids of the server's workers as they are now; none where only the system could tell."""
        assert self.pid is not None
        if sys.platform != "linux":
            return []
        return [int(word) for word in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def kill_worker(self, random: Random) -> bool:
        """Kills one worker with SIGKILL; False where there is none yet."""
        workers = self.workers()
        try:
            os.kill(random.choice(workers), signal.SIGKILL)
        except (IndexError, ProcessLookupError):
            return False
        return True

    def limit_files(self, size: int | None) -> None:
        """Lets no process of the server write any file beyond so many bytes, as if the disk ended there; None: no
        limit."""
        assert self.pid is not None
        for pid in (self.pid, *self.workers()):
            resource.prlimit(pid, resource.RLIMIT_FSIZE, (UNLIMITED if size is None else size, UNLIMITED))

    def send(self, method: str, path: str, body: Any = None, token: str | None = None, **headers: str) -> Got:
        """Sends one request over a connection of its own. Of `headers` the underscores are hyphens."""
        with Asker(self.port, token) as asker:
            return asker.send(method, path, body, **headers)

    def get(self, path: str, **headers: str) -> Got:
        """GET, without a token."""
        return self.send("GET", path, **headers)

    def said(self) -> str:
        """What the server wrote to standard error, in all of its lives."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def _await_end(self) -> None:
        pid, self.pid = self.pid, None
        if self._cold is None:
            self._nursery.ask(f"gone {pid}")
            return
        while os.read(self._alive, 1):
            pass
        os.close(self._alive)
        self._cold.wait(PATIENCE)
        self._cold = None


@contextmanager
def running(database: Path, **environ: str) -> Iterator[Running]:
    """A server that is ready, from entering to leaving."""
    with Nursery() as nursery, Running(nursery, database, **environ) as server:
        server.start(cold=False)
        yield server.await_ready()


def prepared(path: Path, *parties: str) -> dict[str, str]:
    """Makes a database with these parties, a question "q-voluntary" and a claim "It is voluntary." by "agency", and a
    key that signs its checkpoints.

    Out: a token with every scope for each party.
    """
    store = Database(path)
    store.migrate()
    record, tokens = Recorder(store), {}
    with record.together():
        record.party("agency")
        record.question("q-voluntary", "voluntary", "mandatory", neutral=("unclear",))
        record.claim("It is voluntary.", "agency", {"q-voluntary": "voluntary"})
        for party in parties:
            record.party(party)
    with store.turn() as db:
        for party in parties:
            tokens[party] = keys.create_token(db, party=party, scopes=("admin",), note=None, now=NOW)[1]
    store.close()
    keyring.add(keyring.beside(path), SigningKey("record.example", os.urandom(32)), NOW)
    return tokens


def awaited(condition: Callable[[], bool], told: Callable[[], str] = lambda: "") -> None:
    """Waits until a condition holds; `told` explains why it does not."""
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, f"awaited for {PATIENCE} s in vain\n{told()}"
        time.sleep(0.005)
