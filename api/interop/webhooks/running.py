"""Delivering for as long as a process lives: waiting for the right to, and giving it back."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from api.errors import Refusal
from api.interop.webhooks.couriers import Clock
from api.interop.webhooks.deliverer import PAUSE, Deliverer, Policy
from api.storage import moves
from api.storage.database import Database, Delivering
from api.storage.faults import EngineError

# How often somebody who waits asks whether to stop, in seconds, and how often whether the right is still there.
ASKED, LOOKED = 0.1, 2.0

told = structlog.get_logger()


def run(
    database: Database,
    policy: Policy,
    stopping: Callable[[], bool],
    began: Callable[[], None] = lambda: None,
    waiting: Callable[[], None] = lambda: None,
) -> None:
    """Deliver webhooks whenever no other process does, until `stopping` says so. `began` is called each time that it
    begins, `waiting` when another process is found to deliver.

    Failures of the database are in the log, and tried again.
    """
    waited = False
    while not stopping():
        try:
            # Where the record was moved to another database, that one's webhooks are delivered, not these.
            right = None if moves.state(database.reader()) else database.deliver()
            if right is not None:
                waited = False
                began()
                _deliver(database, policy, stopping, right)
                continue
        except (*EngineError, OSError, Refusal) as error:
            told.error("webhooks cannot be delivered; it is tried again", reason=str(error))
        except Exception as error:
            told.error("webhooks cannot be delivered; it is tried again", exc_info=error)
        else:
            if not waited:
                waiting()
            waited = True
        _rest(stopping)


def _deliver(database: Database, policy: Policy, stopping: Callable[[], bool], right: Delivering) -> None:
    looked = time.monotonic()

    def over() -> bool:
        nonlocal looked
        if time.monotonic() - looked > LOOKED:
            looked = time.monotonic()
            if not right.holds():
                told.error("the right to deliver webhooks was lost with its connection")
                return True
            if moves.state(database.reader()):
                return True
        return stopping()

    async def deliver() -> None:
        await Deliverer(database, policy, over, Clock()).run()

    try:
        asyncio.run(deliver())
    finally:
        right.release()


def _rest(stopping: Callable[[], bool]) -> None:
    end = time.monotonic() + PAUSE
    while time.monotonic() < end and not stopping():
        time.sleep(ASKED)
