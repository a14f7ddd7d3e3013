"""Moving a record into another database."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from api import carrying, verification
from api.carrying import MovedAlready
from api.cli.common import Progress, check_current, opened, settings, store
from api.cli.signing import key_file
from api.settings import Settings
from api.storage import log, opening
from api.storage.database import Database
from api.storage.log import Head

# For how many seconds cleaning the new database of what was erased meanwhile waits for readers.
PATIENCE = 30.0


@click.command(short_help="Move the record into another database, of SQLite or PostgreSQL.")
@click.option("--to", "url", metavar="URL", help="Where to, as in DATABASE_URL: postgresql://… or sqlite:///….")
@click.option("--undo", is_flag=True, help="Let a record be written to again here that was moved, and is lost there.")
def move(url: str | None, undo: bool) -> None:
    """Move the record of DATABASE_URL into a new, empty database, with the same entries, salts and root: cursors, ETags
    and proofs stay valid. Tokens and remembered answers go along.

    It may be read and written to meanwhile. It can be ended at any time: run it again to go on. Once all is in the new
    database, and verified, the old one takes no more writes; a record can be moved back into it.
    """
    if (url is None) is not undo:
        raise click.ClickException("Say where to (--to URL), or --undo.")
    with opened() as source:
        if url is None:
            undone = carrying.take_back(source)
            click.echo(f"{source.name} can be written to again. What {undone.other} was given since is not here.")
            return
        chosen = settings()
        there = _settings_there(chosen, url)
        with _target(there) as target:
            try:
                found = carrying.begin(source, target)
            except MovedAlready as done:
                click.echo(done.detail)
                return
            if found.size:
                click.echo(f"{target.name} has {found.size:,} entries already: going on from there.", err=True)
            head = _moved(source, target)
            click.echo(f"Moved {head.size:,} entries to {target.name} and verified them. Root: {head.root.hex()}")
            click.echo(f"{source.name} takes no more writes: set DATABASE_URL to the new one, and start the service.")
            _tell_files(chosen, there)
            _open(target)


def _settings_there(chosen: Settings, url: str) -> Settings:
    """The settings that the service has once DATABASE_URL names the new database."""
    try:
        place = opening.place(url)
    except ValueError as error:
        raise click.ClickException(f"--to cannot be used: {error}.") from None
    if place == chosen.database:
        raise click.ClickException("--to is DATABASE_URL: the record is there already.")
    return Settings.from_environ(dict(os.environ) | {"DATABASE_URL": url})


@contextmanager
def _target(there: Settings) -> Iterator[Database]:
    target = store(there)
    try:
        if not target.exists():
            target.migrate()
        check_current(target)
        yield target
    finally:
        target.close()


def _moved(source: Database, target: Database) -> Head:
    """Take everything over, look whether all of it is right, and hand over. Out: the head of both."""
    size = log.head(source.reader()).size
    with Progress("moving", size, "entries") as progress:
        carrying.catch_up(source, target, lambda done: progress.doing("moving", done))
        with target.snapshot() as db:
            fault = verification.verify(db, lambda done: progress.doing("verifying", done))
        if fault:
            raise click.ClickException(f"What is in {target.name} does not verify: {fault}. Nothing was handed over.")
        # So that only seconds are left for which writers have to wait.
        carrying.catch_up(source, target)
        return carrying.hand_over(source, target)


def _open(target: Database) -> None:
    if carrying.open_up(target) and not target.sweep(PATIENCE):
        raise click.ClickException(
            f"{target.name} may still hold what was erased while it was moved, since somebody reads an older state of"
            " it: end that, and run 'onrecord erase --sweep' there."
        )


def _tell_files(chosen: Settings, there: Settings) -> None:
    """Name the files that the service needs beside the new database."""
    along = [] if chosen.signing_key.keys else [(key_file(chosen.database), key_file(there.database))]
    along.append((Path(chosen.heads_path), Path(there.heads_path)))
    told = [f"{here} as {new}" for here, new in along if here != new and here.exists()]
    if told:
        click.echo(f"Take along, to where the service runs: {', and '.join(told)}.")
