"""Writers of one process commit together: those who wait for the turn are served in the next one, all in one
transaction.

A commit that reaches the disk costs as much as everything else about a write, and it costs the same for one
write or ten. So whoever gets the turn takes along the work of all who wait behind it in this process; their
work is done one after another, each on the record as the one before left it, and all of it is acknowledged
after the one commit.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from threading import Lock
from typing import Any

from api import ledger
from api.errors import Busy, Refusal
from api.history import Learned
from api.ledger import Turn
from api.storage import faults
from api.storage.database import Database

# More would keep the writers of other processes waiting for too long.
MOST = 16

# How often a write is done again that the engine gave up in favour of another.
TRIES = 3

Work = Callable[[Turn], Any]


class _Job:
    """One writer's work, and what came of it."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.done = False
        self.outcome: Any = None
        self.failure: Exception | None = None
        self._called = Lock()
        self._called.acquire()

    def do(self, turn: Turn) -> None:
        """Do the work. A Refusal is an outcome like any other, as long as nothing was written before it."""
        size = turn.head.size
        try:
            self.outcome = self.work(turn)
        except Refusal as refusal:
            if turn.head.size != size:
                raise RuntimeError("refused after something was written") from refusal
            self.failure = refusal

    def wait(self) -> None:
        """Wait until somebody calls: the work is done then, or it is its writer's part to lead."""
        self._called.acquire()

    def call(self) -> None:
        """Let the writer go on who waits."""
        self._called.release()


class Writers:
    """The writers of one process on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        # The first of them leads: it does the work of all. Each of the others is called once, when its work is done or
        # when it is the first. Where all of them waited for one lock, each had to get it only to see that it was done,
        # and whoever led next stood behind them: a sixth fewer claims a second.
        self._waiting: deque[_Job] = deque()
        self._is_led = False
        self._lock = Lock()
        self._learned = Learned()

    def write(self, work: Work) -> Any:
        """Do `work` in a writer's turn and return what it returns, once that is durable. Raises what it raises."""
        job = _Job(work)
        with self._lock:
            self._waiting.append(job)
            leads, self._is_led = not self._is_led, True
        if not leads:
            job.wait()
        if not job.done:
            self._lead()
        if job.failure is not None:
            raise job.failure
        return job.outcome

    def _lead(self) -> None:
        """Serve those who wait when the turn comes, and those who join them while it lasts; then hand on the lead."""
        jobs = [self._waiting.popleft()]
        try:
            self._serve(jobs)
        finally:
            for job in jobs:
                if not job.done:
                    # The process is being ended. The others must not wait for work that nobody does any more.
                    job.failure, job.done = Busy("The process is ending.", headers={"Retry-After": "1"}), True
            for job in jobs[1:]:
                job.call()
            with self._lock:
                self._is_led = bool(self._waiting)
                if self._is_led:
                    self._waiting[0].call()
        self._database.settle()

    def _serve(self, jobs: list[_Job]) -> None:
        """Do the first of `jobs`, and add and do what waits behind it, in one turn."""
        try:
            with ledger.turn(self._database, learned=self._learned) as turn:
                jobs[0].do(turn)
                while self._waiting and len(jobs) < MOST:
                    jobs.append(self._waiting.popleft())
                    jobs[-1].do(turn)
        except Exception as error:
            # There was no turn to be had, or one of them broke in the middle of writing and took the transaction with
            # it. Nothing was committed, so each is done again by itself, and fails only for what is its own fault. But
            # where it may all be there, it must not be there twice.
            for job in jobs:
                if faults.is_uncertain(error):
                    job.failure = error
                else:
                    self._serve_alone(job)
                job.done = True
        else:
            for job in jobs:
                job.done = True

    def _serve_alone(self, job: _Job) -> None:
        for attempt in range(1, TRIES + 1):
            job.outcome, job.failure = None, None
            try:
                with ledger.turn(self._database, learned=self._learned) as turn:
                    job.do(turn)
                return
            except Exception as error:  # raised in `write`, to the one whose work it was
                job.failure = error
                if attempt == TRIES or not faults.passes(error):
                    return
