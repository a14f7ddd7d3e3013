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
from api.history import Numbers
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

    def do(self, turn: Turn) -> None:
        """Do the work. A Refusal is an outcome like any other, as long as nothing was written before it."""
        size = turn.head.size
        try:
            self.outcome = self.work(turn)
        except Refusal as refusal:
            if turn.head.size != size:
                raise RuntimeError("refused after something was written") from refusal
            self.failure = refusal


class Writers:
    """The writers of one process on one database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: deque[_Job] = deque()
        self._turn = Lock()
        self._numbers = Numbers()

    def write(self, work: Work) -> Any:
        """Do `work` in a writer's turn and return what it returns, once that is durable. Raises what it raises."""
        job = _Job(work)
        self._waiting.append(job)
        with self._turn:
            while not job.done:
                self._serve()
        if job.failure is not None:
            raise job.failure
        return job.outcome

    def _serve(self) -> None:
        """Serve those who wait when the turn comes, and those who join them while it lasts."""
        jobs = [self._waiting.popleft()]
        try:
            with ledger.turn(self._database, numbers=self._numbers) as turn:
                jobs[0].do(turn)
                while self._waiting and len(jobs) < MOST:
                    jobs.append(self._waiting.popleft())
                    jobs[-1].do(turn)
        except Exception as error:
            if faults.is_uncertain(error):
                # It may all be there, and must not be there twice.
                for job in jobs:
                    job.failure, job.done = error, True
                return
            # There was no turn to be had, or one of them broke in the middle of writing and took the transaction with
            # it. Nothing was committed, so each is done again by itself, and fails only for what is its own fault.
            for job in jobs:
                self._serve_alone(job)
        except BaseException:
            # The process is being ended. The others must not wait for work that nobody does any more.
            for job in jobs:
                job.failure, job.done = Busy("The process is ending.", headers={"Retry-After": "1"}), True
            raise
        for job in jobs:
            job.done = True

    def _serve_alone(self, job: _Job) -> None:
        for attempt in range(1, TRIES + 1):
            job.outcome, job.failure = None, None
            try:
                with ledger.turn(self._database, numbers=self._numbers) as turn:
                    job.do(turn)
                return
            except Exception as error:  # raised in `write`, to the one whose work it was
                job.failure = error
                if attempt == TRIES or not faults.passes(error):
                    return
