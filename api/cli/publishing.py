"""What an export is in the formats that others read: `onrecord export --format`."""

from __future__ import annotations

from pathlib import Path

import click

from api.cli.common import Progress, opened, settings
from api.cli.paths import new_file, part_of, standard_output
from api.interop import bulk
from api.interop.moments import Moment
from api.interop.provenance import Provenance
from api.storage.portable import TooLarge

FORMATS = (*bulk.STREAMS, "sqlite")


def publish(file: Path | None, form: str) -> None:
    """Write the record as it is now in one of FORMATS, to a new file or to standard output."""
    chosen = settings()
    whose = Provenance(chosen.base_url, chosen.origin, chosen.license, chosen.attribution)
    with opened() as database:
        moment = Moment(database)
        if form == "sqlite":
            _database(file, moment, whose)
        else:
            _stream(file, form, moment, whose)
    if file:
        click.echo(f"Wrote the record of {moment.size:,} entries to {file}.")


def _database(file: Path | None, moment: Moment, whose: Provenance) -> None:
    if file is None:
        raise click.ClickException("A database cannot be written to standard output: name a FILE.")
    with part_of(file) as part:
        try:
            bulk.sqlite(part, moment, whose)
        except TooLarge as error:
            raise click.ClickException(f"There is no room for {file}: choose another disk.") from error


def _stream(file: Path | None, form: str, moment: Moment, whose: Provenance) -> None:
    done = 0
    with new_file(file) if file else standard_output() as out, Progress("exporting", None, "bytes") as progress:
        for chunk in bulk.STREAMS[form].stream(moment, whose):
            out.write(chunk)
            done += len(chunk)
            progress.at(done)
        out.flush()
