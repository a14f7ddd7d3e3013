"""The books of whoever delivers: what became of messages, written down many at once.

A receiver takes hundreds of messages a second, and a commit that reaches the disk takes milliseconds in which no claim
can be written. So outcomes are collected for a moment and stored in one short turn. What is lost when the process is
killed in that moment is sent again, with the same ids.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import structlog

from api.errors import Refusal
from api.storage import webhooks
from api.storage.database import Database
from api.storage.faults import EngineError
from api.storage.webhooks import Attempt, Progress

# Seconds for which outcomes are collected, and to wait before what failed is tried again.
MOMENT, PAUSE = 0.2, 5.0
# Outcomes that one turn stores; and that may wait for it: whoever delivers more has to wait as well.
MOST, WAITING = 500, 2_000

told = structlog.get_logger()


class Books:
    """What is to be written down: attempts, and how far each subscription is."""

    def __init__(self, database: Database, pause: float = PAUSE) -> None:
        self._database, self._pause = database, pause
        self._progress: dict[str, Progress] = {}
        self._attempts: list[Attempt] = []
        self._pings: list[tuple[str, str]] = []
        self._something, self._room = asyncio.Event(), asyncio.Event()
        self._room.set()
        self._writing = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, "webhook-books")

    async def enter(self, progress: Progress, attempt: Attempt | None = None) -> None:
        """Note how far a subscription is, and the attempt that brought it there. Waits while too much is waiting."""
        await self._room.wait()
        self._progress[progress.webhook] = progress
        if attempt is not None:
            self._attempts.append(attempt)
        self._woken()

    def enter_ping(self, attempt: Attempt) -> None:
        """Note that a test message was sent."""
        self._attempts.append(attempt)
        self._pings.append((attempt.webhook, attempt.message))
        self._woken()

    async def keep(self) -> None:
        """Write down whatever comes, until cancelled."""
        while True:
            await self._something.wait()
            await asyncio.sleep(MOMENT)
            await self.write()

    async def write(self) -> None:
        """Write down all that waits. Returns when it is durable; what fails is tried again."""
        async with self._writing:
            while self._progress or self._attempts:
                await self._write_some()

    async def do(self, writing: Callable[[], None]) -> None:
        """Do something else that writes, in the same thread. Raises what it raises."""
        async with self._writing:
            await asyncio.get_running_loop().run_in_executor(self._thread, writing)

    def close(self) -> None:
        """End the thread that writes."""
        self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    async def _write_some(self) -> None:
        attempts, progress, pings = self._attempts[:MOST], self._progress, self._pings
        self._attempts, self._progress, self._pings = self._attempts[MOST:], {}, []
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._store, progress, attempts, pings)
        except (*EngineError, OSError, Refusal) as error:
            # It is all still here, and what came meanwhile is newer.
            self._attempts, self._pings = attempts + self._attempts, pings + self._pings
            self._progress = progress | self._progress
            told.error("what became of webhooks cannot be stored; it is tried again", reason=str(error))
            await asyncio.sleep(self._pause)
        self._woken()

    def _store(self, progress: dict[str, Progress], attempts: list[Attempt], pings: list[tuple[str, str]]) -> None:
        with self._database.turn() as db:
            webhooks.record(db, progress.values(), attempts)
            for webhook, message in pings:
                webhooks.ping_done(db, webhook, message)
        # This is a server's thread, too: clients wait for what its commits do.
        self._database.settle()

    def _woken(self) -> None:
        if self._progress or self._attempts:
            self._something.set()
        else:
            self._something.clear()
        if len(self._attempts) < WAITING:
            self._room.set()
        else:
            self._room.clear()
