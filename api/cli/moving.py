"""What is recorded out of files: import."""

from __future__ import annotations

import gc
import os
import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from api.cli import files
from api.cli.common import Progress, opened, settings
from api.cli.keeping import import_ledger
from api.cli.paths import readable
from api.cli.pipeline import Batch, Job, prepared
from api.history import History
from api.importing import Item, Loader, Refused
from api.interop.loading import ReviewLoader
from api.interop.whose import Importer
from api.kinds import KINDS
from api.storage.database import Database
from api.storage.faults import EngineError
from schemas.vocabulary import RESERVED_PARTY_ID


class Interrupted(click.ClickException):
    """Ctrl-C in the middle of something that can be gone on with."""

    exit_code = 130


@click.command(
    "import",
    short_help="Record what a file holds: NDJSON, JSON, CSV or ClaimReview.",
    epilog=f"Columns of a CSV file: {', '.join(files.COLUMNS)} (tags separated by spaces).",
)
@click.argument("file", type=click.Path(dir_okay=False, allow_dash=True, path_type=str))
@click.option("--kind", type=click.Choice(list(KINDS)), help="What is in it; taken from the file's name, else claims.")
@click.option("--as", "actor", metavar="PARTY", help="In whose name; verdicts and assessments need a reviewer.")
@click.option("--format", "form", type=click.Choice(files.FORMATS), help="How it is written; taken from the suffix.")
@click.option("--ledger", is_flag=True, help="It is an export: make the same log of it, in an empty record.")
def import_(file: str, kind: str | None, actor: str | None, form: str | None, ledger: bool) -> None:
    """Record what a FILE holds (`-`: standard input): bodies of POSTs, as NDJSON, JSON array, or claims as CSV.

    A line of verdicts names its `claim`. Refused lines are reported with the reason and stop no other; what is on
    record already is left alone, so an import can be repeated.

    With --format claimreview it holds ClaimReview: reviews, lists of them, DataFeeds. With --as they must be that
    party's own; without, each is recorded in its publisher's name.

    With --ledger FILE is what 'onrecord export' wrote: every hash is computed again, and the same log with the same
    root is made of it, or nothing.
    """
    if ledger:
        if kind or actor or form:
            raise click.ClickException("--ledger takes the entries as they are: leave --kind, --as and --format out.")
        import_ledger(file)
        return
    form = form or _format(file)
    is_review = form == files.CLAIMREVIEW
    if is_review and kind:
        raise click.ClickException("A review makes parties, claims and verdicts: leave --kind out.")
    kind = kind or _kind(file)
    if form == "csv" and kind != "claims":
        raise click.ClickException(f"CSV is for claims only: give {kind} as NDJSON or JSON.")
    if KINDS[kind].needs_reviewer and actor is None and not is_review:
        raise click.ClickException(f"Whose {kind} are they? Name the reviewer: --as PARTY.")
    with opened() as database, readable(file) as stream:
        if actor is not None and History(database.reader()).party(actor) is None:
            raise click.ClickException(f"No party '{actor}' is on record: import it first, or leave --as out.")
        job = Job(form, kind, settings().max_body)
        loader = _loader(database, job, actor)
        try:
            with _interrupted_between_turns(loader) as check:
                _load(loader, stream, job, check)
        except KeyboardInterrupt:
            raise Interrupted(f"Interrupted: {_summary(loader)}. Run it again to go on.") from None
        except (OSError, *EngineError) as error:
            detail = getattr(error, "strerror", None) or error
            raise click.ClickException(
                f"{detail}: {_summary(loader)}. Mend that, and run it again to go on."
            ) from error
    click.echo(f"{_summary(loader)}.")
    if loader.counts.refused:
        sys.exit(1)


# --- import ----------------------------------------------------------------------------------------


def _loader(database: Database, job: Job, actor: str | None) -> Loader:
    if job.form == files.CLAIMREVIEW:
        return ReviewLoader(database, Importer(actor or RESERVED_PARTY_ID, for_others=actor is None))
    return Loader(database, job.kind, actor or RESERVED_PARTY_ID)


def _kind(file: str) -> str:
    words = re.split(r"[^a-z]+", Path(file).name.lower())
    named = [kind for kind in KINDS if kind in words]
    return named[0] if len(named) == 1 else "claims"


def _format(file: str) -> str:
    form = "ndjson" if file == "-" else files.SUFFIXES.get(Path(file).suffix.lower())
    if form is None:
        raise click.ClickException(f"How is {file} written? Say --format {', '.join(files.FORMATS)}.")
    return form


@contextmanager
def _interrupted_between_turns(loader: Loader) -> Iterator[Callable[[], None]]:
    """Ctrl-C lets the turn at hand come to its end, so that what is said to be recorded is; a second one does not
    wait."""
    asked = False

    def ask(*_: object) -> None:
        nonlocal asked
        if asked or not loader.busy:
            raise KeyboardInterrupt
        asked = True

    def check() -> None:
        if asked:
            raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield check
    finally:
        signal.signal(signal.SIGINT, before)


def _load(loader: Loader, stream: BinaryIO, job: Job, check: Callable[[], None]) -> None:
    total = os.fstat(stream.fileno()).st_size or None
    refused: list[Refused] = []
    with loader, prepared(stream, job) as batches, Progress("importing", total, "bytes") as progress:
        # Next to nothing of what an import makes is garbage in cycles, so there is no sense in looking for it all the
        # time.
        gc.disable()
        try:
            for items, read, last in _turns(loader, batches):
                refused += loader.load(items)
                progress.at(read, _summary(loader))
                if last:
                    _report(refused, job.form, progress)
                    gc.collect()
                check()
        finally:
            gc.enable()
            _report(refused, job.form, progress)


def _turns(loader: Loader, batches: Iterator[Batch]) -> Iterator[Batch]:
    """As many items as go into the next turn."""
    waiting: list[Item] = []
    read, last = 0, False
    for items, read, ended in batches:
        waiting += items
        last |= ended
        # How many go into one changes with each turn.
        while len(waiting) >= loader.most:
            turn, waiting = waiting[: loader.most], waiting[loader.most :]
            yield Batch(turn, read, last)
            last = False
    if waiting:
        yield Batch(waiting, read, True)


def _report(refused: list[Refused], form: str, progress: Progress) -> None:
    """Say what was refused, in the order of the file, and forget it."""
    for line, faults in sorted(refused):
        for pointer, detail in faults:
            place = files.named(pointer, form)
            progress.say(f"line {line}: {place}: {detail}" if place else f"line {line}: {detail}")
    refused.clear()


def _summary(loader: Loader) -> str:
    counts = loader.counts
    return f"{counts.recorded:,} recorded, {counts.already:,} already there, {counts.refused:,} refused"
