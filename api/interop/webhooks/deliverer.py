"""The process that delivers. Within it everything that waits for receivers is a task of one event loop, so a thousand
that hang cost a thousand sockets and nobody's time; reading the record and writing the books have a thread each.

One process delivers at a time, since two would break the order: `Database.delivering` sees to that. Where each
subscription is stands in the database, so whoever comes next goes on from there.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple, TypeVar

import structlog

from api import ledger
from api.domain import webhooks as rules
from api.domain.entries import instant
from api.domain.webhooks import Filter
from api.errors import Refusal
from api.interop.webhooks import messages
from api.interop.webhooks.addresses import Network
from api.interop.webhooks.books import Books
from api.interop.webhooks.calls import Line
from api.interop.webhooks.couriers import Clock, Courier, send
from api.interop.webhooks.messages import Page, Tidings
from api.storage import log, webhooks
from api.storage.database import Database
from api.storage.faults import EngineError
from api.storage.log import Connection
from api.storage.webhooks import Attempt, Glimpse, Progress, Webhook
from schemas.vocabulary import RESERVED_PARTY_ID

# How often the head of the log is looked at, and the subscriptions, in seconds.
GLANCE, LOOK = 0.1, 1.0
# Seconds before what failed on our side is tried again.
PAUSE = 5.0
# How many calls may be under way: to receivers that took the last message, and to those that did not. So those that
# hang cannot take the places of the others, but once. And how many connections are kept while there is nothing to say.
# All together are less than the 1,024 open files that a process may have.
SOUND, FAILING, IDLE = 400, 200, 200

Found = TypeVar("Found")

told = structlog.get_logger()

# What can go wrong on our side, and may be well again later.
TROUBLE = (*EngineError, OSError, Refusal)


class Policy(NamedTuple):
    """What addresses in messages begin with, and in which networks receivers may be that are not public."""

    base: str
    networks: Sequence[Network] = ()


class Deliverer:
    """Delivers what is appended to every subscription, until it is told to stop."""

    def __init__(
        self,
        database: Database,
        policy: Policy,
        stopping: Callable[[], bool],
        clock: Clock = Clock(),  # noqa: B008 (it is not changed)
        secured: ssl.SSLContext | None = None,
    ) -> None:
        """`stopping` is asked ten times a second. `secured` is how TLS is spoken: by default with the certificates that
        the system trusts."""
        self.clock = clock
        self._database, self._policy, self._stopping = database, policy, stopping
        self._secured = secured or ssl.create_default_context()
        self._books = Books(database)
        self._tidings = Tidings(policy.base)
        self._thread = ThreadPoolExecutor(1, "webhook-reader")
        self._slots = {False: asyncio.Semaphore(SOUND), True: asyncio.Semaphore(FAILING)}
        self._idle = 0
        self._size, self._more = 0, asyncio.Event()
        self._known: dict[str, Glimpse] = {}
        self._couriers: dict[str, asyncio.Task[None]] = {}
        self._pinging: dict[str, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Deliver until `stopping` says so; then write down what is known, and give up what is under way."""
        keeping = asyncio.create_task(self._books.keep())
        # Apart from this loop, so that it can be stopped while they wait for a store that fails.
        watching = [asyncio.create_task(_every(LOOK, self._look)), asyncio.create_task(_every(GLANCE, self._glance))]
        try:
            while not self._stopping():
                for task in (keeping, *watching):
                    if task.done():
                        task.result()
                await asyncio.sleep(GLANCE)
        finally:
            await _cancelled([*watching, *self._couriers.values(), *self._pinging.values()])
            await self._end(keeping)

    # --- what couriers need ------------------------------------------------------------------------

    def line(self, webhook: Webhook) -> Line:
        """A connection to a receiver, not opened yet."""
        return Line(webhook.url, self._policy.networks, self._secured)

    @contextlib.asynccontextmanager
    async def slot(self, line: Line, failing: bool) -> AsyncIterator[None]:
        """A place among the calls under way, those to receivers that fail apart from the others. Whoever has to wait
        for it gives up the connection that it kept."""
        if self._slots[failing].locked():
            line.close()
        async with self._slots[failing]:
            yield

    @contextlib.contextmanager
    def idle(self, line: Line) -> Iterator[None]:
        """A place among the connections that are kept while there is nothing to say; where none is left it is
        closed."""
        if self._idle >= IDLE:
            line.close()
        self._idle += 1
        try:
            yield
        finally:
            self._idle -= 1

    async def page(self, webhook: Webhook, wanted: Filter, since: int) -> Page:
        """The next messages of a subscription."""
        size = self._size
        if since >= size:
            return Page([], since)
        return await self._read(lambda db: self._tidings.page(db, webhook.id, wanted, since, size))

    async def news(self, since: int) -> None:
        """Return once the log has more than so many entries."""
        while self._size <= since:
            await self._more.wait()

    async def enter(self, progress: Progress, attempt: Attempt | None = None) -> None:
        """Note how far a subscription is."""
        await self._books.enter(progress, attempt)

    async def give_up(self, webhook: Webhook, progress: Progress, reason: str) -> None:
        """Disable a subscription, with an entry that says so. Raises what the write path refuses with."""
        await self._books.write()
        await self._books.do(lambda: self._disable(webhook, progress, reason))
        told.warning("a webhook was disabled", webhook=webhook.id, reason=reason)

    # --- what the loop does ------------------------------------------------------------------------

    async def _look(self) -> None:
        """Look at the subscriptions, and have each one delivered as it stands now."""
        try:
            seen = {glimpse.id: glimpse for glimpse in await self._read(webhooks.glimpses)}
            await self._stop([one for one, known in self._known.items() if _changed(known, seen.get(one))])
            for one, glimpse in seen.items():
                if self._known.get(one) != glimpse:
                    await self._begin(glimpse, self._known.get(one))
                    self._known[one] = glimpse
        except TROUBLE as error:
            self._trouble("webhooks cannot be read", error)

    async def _stop(self, changed: Sequence[str]) -> None:
        """Stop delivering to those that changed or are gone."""
        if changed:
            await _cancelled([self._couriers.pop(one) for one in changed if one in self._couriers])
            for one in changed:
                del self._known[one]
            # What they had done stands in the books, and is where the next courier goes on.
            await self._books.write()

    async def _begin(self, glimpse: Glimpse, known: Glimpse | None) -> None:
        webhook = await self._read(lambda db: webhooks.find(db, glimpse.id))
        if webhook is None:
            return
        if webhook.enabled and known is None:
            self._couriers[webhook.id] = asyncio.create_task(self._deliver(webhook))
        if webhook.ping and webhook.ping not in self._pinging:
            self._pinging[webhook.ping] = asyncio.create_task(self._ping(webhook, webhook.ping))

    async def _deliver(self, webhook: Webhook) -> None:
        """Deliver to a subscription, whatever fails on our side in between."""
        while True:
            try:
                await Courier(self, webhook).run()
                return
            except TROUBLE as error:
                self._trouble("a webhook cannot be delivered", error, webhook=webhook.id)
            except Exception as error:
                told.error("a webhook cannot be delivered", webhook=webhook.id, exc_info=error)
            await asyncio.sleep(PAUSE)
            webhook = await self._again(webhook)

    async def _again(self, webhook: Webhook) -> Webhook:
        """The subscription as it stands after trouble; as it was, if that cannot be read either."""
        try:
            await self._books.write()
            return await self._read(lambda db: webhooks.find(db, webhook.id)) or webhook
        except TROUBLE:
            return webhook

    async def _ping(self, webhook: Webhook, message_id: str) -> None:
        line = self.line(webhook)
        try:
            message = messages.ping(webhook.id, message_id, instant(self.clock.now()))
            _, attempt = await send(self, line, webhook, message, 1)
            self._books.enter_ping(attempt)
        finally:
            line.close()
            del self._pinging[message_id]

    async def _glance(self) -> None:
        """Look at the head of the log, and wake those who wait for more."""
        if not self._couriers:
            return
        try:
            size = (await self._read(log.head)).size
        except TROUBLE as error:
            self._trouble("the log cannot be read", error)
            return
        if size != self._size:
            self._size = size
            self._more.set()
            self._more = asyncio.Event()

    def _disable(self, webhook: Webhook, progress: Progress, reason: str) -> None:
        event = rules.disable(webhook.id, webhook.owner, reason, progress.attempts, progress.upcoming)
        with ledger.turn(self._database) as turn:
            stands = webhooks.find(turn.db, webhook.id)
            # Its owner may have deleted it meanwhile, or begun anew with it.
            if stands is None or not stands.enabled or stands.epoch != webhook.epoch:
                return
            entry = turn.append(lambda known: event, RESERVED_PARTY_ID)
            webhooks.disable(turn.db, webhook.id, reason, entry.recorded_at, entry.index)

    async def _read(self, reading: Callable[[Connection], Found]) -> Found:
        def read() -> Found:
            with self._database.snapshot() as db:
                return reading(db)

        return await asyncio.get_running_loop().run_in_executor(self._thread, read)

    async def _end(self, keeping: asyncio.Task[None]) -> None:
        try:
            await asyncio.wait_for(self._books.write(), PAUSE)
        except TimeoutError:
            told.error("what became of the last webhooks could not be stored: they are sent again")
        await _cancelled([keeping])
        self._books.close()
        self._thread.submit(self._database.close).result()
        self._thread.shutdown()

    def _trouble(self, what: str, error: Exception, **about: str) -> None:
        told.error(f"{what}; it is tried again", reason=str(error), **about)


async def _every(seconds: float, doing: Callable[[], Awaitable[None]]) -> None:
    while True:
        await doing()
        await asyncio.sleep(seconds)


def _changed(known: Glimpse, seen: Glimpse | None) -> bool:
    """Whether a subscription is another one than it was, but for a test message that is to be sent."""
    return seen is None or (known.version, known.enabled) != (seen.version, seen.enabled)


async def _cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
