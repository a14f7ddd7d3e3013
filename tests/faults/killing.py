"""Kills a server at random points while writers write and a bot polls, and checks after each kill what is left."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.checking import check, check_derived, copied
from tests.faults.pollers import Poller
from tests.faults.running import Nursery, Running, awaited, prepared
from tests.faults.writers import Write, Writer

WRITERS = 4
# After every so manyth kill the derived tables are compared with a rebuild as well.
REBUILT_EVERY = 10
# The share of lives that end before the server answers, and of those in which a worker dies before the whole server.
STILLBORN, WORKER_DIES = 0.1, 0.4
# How long a server lives after its first acknowledgement, at the most, in seconds.
LIFE = 0.2


@dataclass
class Tally:
    """What a run has done so far."""

    kills: int = 0
    workers_killed: int = 0
    acknowledged: int = 0
    resent: int = 0
    repeated: int = 0
    interrupted: int = 0
    signed: int = 0
    entries: int = 0
    rebuilds: int = 0
    seconds: float = 0

    def __str__(self) -> str:
        return (
            f"{self.kills} kills, and {self.workers_killed} of single workers; {self.acknowledged:,} writes"
            f" acknowledged ({self.resent:,} after more than one attempt, {self.repeated:,} repeated),"
            f" {self.entries:,} entries, {self.rebuilds} rebuilds, the poller interrupted {self.interrupted:,} times,"
            f" {self.signed:,} checkpoints, {self.seconds:.1f} s"
        )


class Run:
    """So many kills on one database. The seed decides what is written and when is killed, as far as one can decide
    that: how far a server has got by then is up to the machine."""

    def __init__(self, folder: Path, nursery: Nursery, seed: int) -> None:
        path = folder / "record.db"
        self.tally = Tally()
        self._random = Random(seed)
        names = [f"w{number}" for number in range(WRITERS)]
        tokens = prepared(path, *names)
        # The agency, the question, a claim on it, and a party for each writer.
        self._before = 3 + WRITERS
        self._server = Running(nursery, path)
        self._writers = [Writer(name, self._server.port, tokens[name], f"{seed}-{name}") for name in names]
        self._poller = Poller(self._server.port, f"{seed}-poller")

    def __call__(self, kills: int, progress: Callable[[Tally], None] = lambda tally: None) -> Tally:
        """Kills so many times, then lets the writers finish, and checks once more. Out: what was done."""
        began = time.monotonic()
        threads = [*self._writers, self._poller]
        with self._server as server:
            for thread in threads:
                thread.start()
            try:
                for _ in range(kills):
                    self._live_and_die()
                    self._examine(rebuild=self.tally.kills % REBUILT_EVERY == 0)
                    self.tally.seconds = time.monotonic() - began
                    progress(self.tally)
                server.start()
                self._finish()
            finally:
                # After a failure nobody answers them any more.
                for writer in self._writers:
                    writer.abandon()
                self._poller.end()
        self._examine(rebuild=True)
        self._examine_end()
        self.tally.seconds = time.monotonic() - began
        return self.tally

    def _live_and_die(self) -> None:
        server, random = self._server, self._random
        done = self._acknowledged()
        server.start()
        if random.random() < STILLBORN:
            time.sleep(random.uniform(0, 0.15))
        else:
            awaited(lambda: self._acknowledged() > done or self._failed(), server.said)
            if random.random() < WORKER_DIES:
                time.sleep(random.uniform(0, LIFE / 2))
                self.tally.workers_killed += server.kill_worker(random)
            time.sleep(random.uniform(0, LIFE))
        server.kill()
        self.tally.kills += 1

    def _examine(self, rebuild: bool) -> None:
        """Checks what the dead server left behind."""
        self._raise()
        with copied(self._server.database) as database:
            check(database, self._writes(), self._poller, self._before)
            if rebuild:
                check_derived(database)
                self.tally.rebuilds += 1
        self.tally.acknowledged = self._acknowledged()
        self.tally.resent = sum(write.sent > 1 for write in self._writes())
        self.tally.repeated = sum(writer.repeated for writer in self._writers)
        self.tally.interrupted = self._poller.interrupted
        self.tally.signed = len(self._poller.signed)
        self.tally.entries = max((write.index for write in self._writes() if write.reply), default=0) + 1

    def _finish(self) -> None:
        """Lets every writer finish the write that it is at, the poller see everything, and the server stop."""
        for writer in self._writers:
            writer.end()
        for writer in self._writers:
            awaited(lambda writer=writer: not writer.is_alive(), self._server.said)
        last = max(write.index for write in self._writes() if write.reply)
        awaited(lambda: len(self._poller.seen) > last or self._failed(), self._server.said)
        self._poller.end()
        awaited(lambda: not self._poller.is_alive(), self._server.said)
        self._raise()
        self._server.stop()

    def _examine_end(self) -> None:
        """When all is told every write is acknowledged, and nothing else is on record than those."""
        assert all(write.reply is not None for write in self._writes())
        assert len(self._poller.seen) == self._before + len(self._writes())

    def _writes(self) -> list[Write]:
        return [write for writer in self._writers for write in list(writer.writes)]

    def _acknowledged(self) -> int:
        return sum(writer.acknowledged for writer in self._writers)

    def _failed(self) -> bool:
        return any(thread.failure for thread in (*self._writers, self._poller))

    def _raise(self) -> None:
        for thread in (*self._writers, self._poller):
            if thread.failure is not None:
                raise thread.failure
