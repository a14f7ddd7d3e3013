"""What commands share: the settings, the database, the time, and how long work shows itself."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

import click

from api.domain.entries import instant
from api.settings import Settings
from api.storage import opening
from api.storage.database import Database, is_server
from api.storage.sqlite import Database as SQLite

# Seconds between two looks of the progress line.
REFRESH = 0.1


def settings() -> Settings:
    """The settings that the environment gives. Raises SettingsError."""
    return Settings.from_environ(os.environ)


def store(chosen: Settings) -> Database:
    """The database of the settings, whatever is in it."""
    return opening.database(chosen.database, chosen.heads_path)


@contextmanager
def opened(path: str | Path | None = None) -> Iterator[Database]:
    """The database of the settings, or at a path, as long as the context lasts; its schema must be current."""
    database = opening.database(path) if path else store(settings())
    try:
        check_current(database)
        yield database
    finally:
        database.close()


@contextmanager
def opened_file() -> Iterator[SQLite]:
    """The database of the settings, which is a file (see `only_sqlite`)."""
    with opened() as database:
        if isinstance(database, SQLite):
            yield database


def check_current(database: Database) -> None:
    """Fail where there is no database, or one of another version."""
    if not database.exists():
        raise click.ClickException(f"There is no database at {database.name}: run 'onrecord migrate' first.")
    if not database.is_current():
        raise click.ClickException(
            f"The schema of {database.name} is not the one of this version: run 'onrecord migrate' (after a backup)."
        )


def only_sqlite(chosen: Settings, instead: str) -> None:
    """Fail where the record is on a server, with what to do there."""
    if is_server(chosen.database):
        raise click.ClickException(f"This is for SQLite. On PostgreSQL {instead}.")


def now() -> str:
    """This moment as the ledger writes it."""
    return instant(datetime.now(UTC))


class Progress:
    """A line on stderr that says how far long work is; nothing where stderr is no terminal."""

    def __init__(self, doing: str, total: int | None, unit: str = "") -> None:
        self._doing, self._total, self._unit = doing, total, unit
        self._shown = sys.stderr.isatty()
        self._began = self._last = time.monotonic()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.clear()

    def at(self, done: int, note: str = "") -> None:
        """Say that so much of the total is done, and a few words more."""
        moment = time.monotonic()
        if not self._shown or moment - self._last < REFRESH:
            return
        self._last = moment
        if self._total:
            share = min(done / self._total, 1.0)
            bar = ("█" * round(20 * share)).ljust(20, "░")
            left = (moment - self._began) * (1 - share) / share if share else 0.0
            text = f"{self._doing} {bar} {share:4.0%}  {note}  {_duration(left)} left"
        else:
            text = f"{self._doing} {done:,} {self._unit}  {note}"
        click.echo(f"\r\x1b[K{text}", err=True, nl=False)

    def doing(self, what: str, done: int) -> None:
        """Say that so much of the total is done of one of several works, each of which begins at nothing."""
        if what != self._doing:
            self._doing, self._began, self._last = what, time.monotonic(), 0.0
        self.at(done)

    def say(self, line: str) -> None:
        """Write a line of its own to stderr."""
        self.clear()
        click.echo(line, err=True)

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            click.echo("\r\x1b[K", err=True, nl=False)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
