"""Delivering webhooks in a process of its own."""

from __future__ import annotations

import signal
from types import FrameType

import click
import structlog

from api import logs
from api.cli.common import check_current, settings, store
from api.errors import ReadOnlyMirror
from api.storage import mirrors

told = structlog.get_logger()


@click.command(short_help="Deliver webhooks.")
def deliver() -> None:
    """Deliver webhooks until SIGTERM or Ctrl-C. While another process delivers from the same record, wait for its end
    and go on from there."""
    # Only here, since no other command calls anybody.
    from api.interop.webhooks import running
    from api.interop.webhooks.deliverer import Policy

    chosen = settings()
    logs.configure(chosen.log_level)
    database = store(chosen)
    stopped = _stopped_by_signals()
    try:
        check_current(database)
        if mirror := mirrors.state(database.reader()):
            raise ReadOnlyMirror(
                f"This is a mirror, which has no webhooks: deliver at its source, {mirror.source}."
            )
        database.serve()
        running.run(
            database,
            Policy(chosen.base_url, chosen.webhook_networks),
            lambda: bool(stopped),
            began=lambda: told.info("webhooks are delivered", database=database.name),
            waiting=lambda: told.info("another process delivers webhooks; this one waits", database=database.name),
        )
    finally:
        database.close()


def _stopped_by_signals() -> list[int]:
    """A list that a signal to stop is put into."""
    stopped: list[int] = []

    def stop(number: int, frame: FrameType | None) -> None:
        stopped.append(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    return stopped
