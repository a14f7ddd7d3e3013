"""One subscription: its messages go out one after another, in the order of the log. While one fails, those after it
wait; and nobody else does, since every subscription has a courier of its own."""

from __future__ import annotations

import asyncio
import contextlib
import random
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

import structlog

from api.domain import webhooks as rules
from api.domain.entries import instant
from api.domain.webhooks import Filter
from api.interop.webhooks import messages, subscriptions
from api.interop.webhooks.calls import Answer, Line
from api.interop.webhooks.messages import Message, Page
from api.storage.webhooks import Attempt, Progress, Webhook

# Seconds for which a connection is kept while there is nothing to say. Receivers close theirs after a while, too.
IDLE = 15.0
# How long a sleep is at the most, in seconds: so that a clock that was set is noticed.
NAP = 60.0
# What a filter passes over is written down with the next message, or once it is so many entries: looking through them
# again after a restart costs less than a write for each.
NOTED = 1_000

told = structlog.get_logger()


class Clock(NamedTuple):
    """The time, and how it passes: the world's, or a test's, where days take no time."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    chance: Callable[[], float] = random.random


class Office(Protocol):
    """What a courier needs of whoever delivers (see `deliverer`)."""

    clock: Clock

    def line(self, webhook: Webhook) -> Line: ...

    def slot(self, line: Line, failing: bool) -> contextlib.AbstractAsyncContextManager[None]: ...

    def idle(self, line: Line) -> contextlib.AbstractContextManager[None]: ...

    async def page(self, webhook: Webhook, wanted: Filter, since: int) -> Page: ...

    async def news(self, since: int) -> None: ...

    async def enter(self, progress: Progress, attempt: Attempt | None = None) -> None: ...

    async def give_up(self, webhook: Webhook, progress: Progress, reason: str) -> None: ...


class Courier:
    """Delivers to one subscription, as it stood when the courier was made, until it is cancelled or gives it up."""

    def __init__(self, office: Office, webhook: Webhook) -> None:
        self._office, self._webhook = office, webhook
        self._filter = Filter.of(webhook.filter)
        self._line = office.line(webhook)
        self._now = Progress(
            webhook.id, webhook.epoch, webhook.upcoming, webhook.attempts, webhook.due, webhook.error, webhook.answered
        )
        self._noted = webhook.upcoming

    async def run(self) -> None:
        """Deliver. Returns when the subscription was given up."""
        try:
            while not self._is_given_up():
                await self._until_due()
                page = await self._office.page(self._webhook, self._filter, self._now.upcoming)
                if await self._send_all(page) and not page.messages:
                    await self._news()
            reason = "gone" if self._now.error == "gone" else "failing"
            await self._office.give_up(self._webhook, self._now, reason)
        finally:
            self._line.close()

    def _is_given_up(self) -> bool:
        return self._now.attempts > 0 and self._now.due is None

    async def _until_due(self) -> None:
        clock = self._office.clock
        while self._now.due is not None and (left := _seconds(instant(clock.now()), self._now.due)) > 0:
            self._line.close()
            await clock.sleep(min(left, NAP))

    async def _send_all(self, page: Page) -> bool:
        """Send the messages of a page, up to one that fails. Out: whether none did."""
        for message in page.messages:
            answer, attempt = await send(self._office, self._line, self._webhook, message, self._now.attempts + 1)
            if answer.error is not None:
                await self._enter(self._failed(answer, _number(message)), attempt)
                return False
            await self._enter(self._at(_number(message) + 1), attempt)
        if page.reached - self._noted >= NOTED:
            await self._enter(self._at(page.reached))
        self._now = self._now._replace(upcoming=page.reached)
        return True

    def _at(self, upcoming: int) -> Progress:
        return Progress(self._webhook.id, self._webhook.epoch, upcoming, 0, None, None, None)

    def _failed(self, answer: Answer, number: int) -> Progress:
        """What stands in the books after an attempt with the message of an entry failed. Without a time when it is due
        again it is given up."""
        attempts, clock = self._now.attempts + 1, self._office.clock
        wait = None if answer.error == "gone" else rules.delay(attempts, clock.chance(), answer.retry_after)
        due = None if wait is None else instant(clock.now() + timedelta(seconds=wait))
        return self._at(number)._replace(attempts=attempts, due=due, error=answer.error, answered=answer.status)

    async def _enter(self, progress: Progress, attempt: Attempt | None = None) -> None:
        self._now, self._noted = progress, progress.upcoming
        await self._office.enter(progress, attempt)

    async def _news(self) -> None:
        """Wait until the log has more; the connection not for so long."""
        since = self._now.upcoming
        with self._office.idle(self._line):
            if self._line.is_open:
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._office.news(since), IDLE)
                    return
                self._line.close()
        await self._office.news(since)


async def send(office: Office, line: Line, webhook: Webhook, message: Message, attempt: int) -> tuple[Answer, Attempt]:
    """Send a message once. Out: what came of it, and the line for the books."""
    clock = office.clock
    async with office.slot(line, attempt > 1 or message.entry is None):
        at = clock.now()
        began = time.perf_counter()
        signed = messages.headers(message, int(at.timestamp()), subscriptions.signing(webhook, instant(at)))
        answer = await line.post([*_HEADERS, *signed], message.body)
    took = round((time.perf_counter() - began) * 1000)
    entered = Attempt(
        webhook.id,
        message.id,
        message.kind,
        message.entry,
        attempt,
        instant(at),
        took,
        answer.status,
        answer.error,
    )
    if answer.error is not None:
        # Neither the address nor anything that was answered: both are for the owner alone.
        told.warning("a webhook failed", webhook=webhook.id, attempt=attempt, error=answer.error, status=answer.status)
    return answer, entered


_HEADERS = [("Content-Type", "application/json"), ("User-Agent", "onrecord (+https://www.standardwebhooks.com)")]


def _number(message: Message) -> int:
    return message.entry or 0


def _seconds(now: str, due: str) -> float:
    return (datetime.fromisoformat(due) - datetime.fromisoformat(now)).total_seconds()
