"""What keeps a record safe: export, and import of a whole ledger; backup and restore."""

from __future__ import annotations

import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import click

from api import checkpoints, exports, verification
from api.checkpoints import Heads
from api.cli.common import Progress, only_sqlite, opened, opened_file, settings
from api.cli.paths import COMPANIONS, SQLITE, new_file, part_of, readable, scratch, settle, standard_output
from api.cli.publishing import FORMATS, publish
from api.disk import sync_folder
from api.errors import LedgerRewound, Refusal
from api.reads import changes
from api.received import Gaps
from api.storage import database as stores
from api.storage import health, log
from api.storage.faults import EngineError, StoreError
from api.storage.log import Connection, Head
from api.storage.sqlite import Database

# How many entries are read at once when they are written out.
EXPORTED = 500

BLOCK = 1 << 20


@click.command(short_help="Write every entry, or the record in a format of others.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path), required=False)
@click.option(
    "--format",
    "form",
    type=click.Choice(("ledger", *FORMATS)),
    default="ledger",
    help="The log itself, or what it says now, for spreadsheets, programs and readers of ClaimReview.",
)
def export(file: Path | None, form: str) -> None:
    """Write the whole log to a new FILE or to standard output, one JSON object a line: a header with its size and
    root, then every entry with its payload and salt. 'onrecord import --ledger' makes the same log of it again.

    With --format csv, ndjson, sqlite or claimreview it is the record as it stands that is written; from that no log
    can be made again.
    """
    if form != "ledger":
        publish(file, form)
        return
    with opened() as database:
        head = log.head(database.reader())
        with new_file(file) if file else standard_output() as out, Progress("exporting", head.size) as progress:
            _export(database, head, out, progress)
    if file:
        click.echo(f"Wrote {head.size:,} entries to {file}.")


@click.command(short_help="Copy the database to a file, and verify the copy.")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def backup(file: Path) -> None:
    """Copy the database as it is now to a new FILE, while others read and write, and verify the copy."""
    only_sqlite(settings(), "use pg_dump, or 'onrecord export'")
    with opened_file() as database, part_of(file) as part:
        # Whoever may not read the record may not read its copy either.
        part.touch(stat.S_IMODE(database.path.stat().st_mode), exist_ok=False)
        with Progress("copying", 100) as progress:
            database.backup(part, lambda done, pages: progress.at(100 * done // max(pages, 1)))
        head = _verified(part, "The copy does not verify, and was removed")
    click.echo(f"Copied {head.size:,} entries to {file} and verified them.")


@click.command(short_help="Put a backup or an export in the record's place.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--replace", is_flag=True, help="Move the record that is there aside, under a name with the date.")
def restore(file: Path, replace: bool) -> None:
    """Make the record anew out of FILE: a backup ('onrecord backup', or any copy of a database), or an export.

    It is verified before it takes its place. A record that is there already is never overwritten: with --replace it
    is moved aside. Nobody may serve it meanwhile.
    """
    chosen = settings()
    only_sqlite(chosen, "use pg_restore, or 'onrecord migrate' and 'onrecord import --ledger'")
    target = Database(chosen.database, chosen.heads_path)
    path = target.path
    with target.alone(), scratch(path) as part:
        _refuse_to_overwrite(path, replace)
        with file.open("rb") as stream:
            is_database = stream.read(len(SQLITE)) == SQLITE
        # What stands beside the target says what was signed.
        made = Database(part, target.heads)
        head = _from_backup(file, made) if is_database else _from_export(file, made)
        aside = _move_aside(path) if path.exists() else None
        settle(part, path)
    click.echo(f"Restored {head.size:,} entries to {path}. Root: {head.root.hex()}")
    if aside:
        click.echo(f"What was there before is {aside}.")
    if not is_database:
        click.echo("An export has no tokens: make new ones with 'onrecord token create'.")


def import_ledger(file: str) -> None:
    """What `onrecord import --ledger` does: make the log of an export again in an empty ledger."""
    with opened() as database, readable(file) as stream:
        head = _loaded(database, stream, file)
    click.echo(f"Imported {head.size:,} entries. Root: {head.root.hex()}")


def _export(database: stores.Database, head: Head, out: BinaryIO, progress: Progress) -> None:
    out.write(exports.header(settings().origin, head) + b"\n")
    gaps = Gaps()
    for start in range(0, head.size, EXPORTED):
        end = min(start + EXPORTED, head.size)
        entries = list(log.sealed_entries(database.reader(), start, end))
        out.write(b"\n".join([*map(changes.entry, entries), b""]))
        for sealed in entries:
            gaps.see(sealed)
        progress.at(end)
    out.flush()
    # It is read part by part, so that no reader holds the database for as long as somebody reads the output. Entries
    # never change but by being erased, and what says so is then beyond the head that this began with.
    if gaps.unexplained is not None:
        raise click.ClickException(f"Entry {gaps.unexplained} was erased while this was written: export again.")


def _loaded(database: stores.Database, stream: BinaryIO, name: str) -> Head:
    try:
        header, entries = exports.read(stream)
        with Progress("importing", header.size) as progress:
            return exports.load(database, header, entries, progress.doing, lambda db: _check_heads(database, db))
    except Refusal as refusal:
        raise click.ClickException(f"{name} was not imported. {refusal.detail}") from refusal


def _verified(path: Path, otherwise: str) -> Head:
    """Verify a database, which nobody else has open. Out: its head."""
    copy = Database(path)
    try:
        with copy.snapshot() as db:
            head = log.head(db)
            with Progress("verifying", head.size) as progress:
                fault = health.damage(db) or verification.verify(db, progress.at)
    finally:
        copy.close()
    if fault:
        raise click.ClickException(f"{otherwise}: {fault}")
    return head


# --- restore ---------------------------------------------------------------------------------------


def _refuse_to_overwrite(path: Path, replace: bool) -> None:
    if replace or not path.exists():
        return
    there = Database(path)
    try:
        size = log.head(there.reader()).size if there.is_current() else None
    except (*EngineError, Refusal):
        size = None
    finally:
        there.close()
    if size != 0:
        what = "a file that is no sound record" if size is None else f"a record of {size:,} entries"
        raise click.ClickException(f"There is {what} at {path}: give --replace to have it moved aside first.")


def _from_backup(file: Path, made: Database) -> Head:
    _copy(file, made.path)
    try:
        log.rows(made.reader(), "entries")
        made.migrate()
        current = made.is_current()
    except (*EngineError, StoreError) as error:
        detail = f"{file} is no sound database of onrecord, so nothing was changed: {error}"
        raise click.ClickException(detail) from error
    finally:
        made.close()
    if not current:
        raise click.ClickException(f"{file} is from a later version of onrecord: use that version to restore it.")
    head = _verified(made.path, f"{file} does not verify, so nothing was changed")
    try:
        _check_heads(made, made.reader())
    except LedgerRewound as rewound:
        raise click.ClickException(f"{file} was not restored. {rewound.detail}") from rewound
    finally:
        made.close()
    return head


def _copy(file: Path, part: Path) -> None:
    part.touch(stat.S_IMODE(file.stat().st_mode), exist_ok=False)
    if Path(f"{file}-wal").exists():
        # Somebody has it open, or it was copied with what was not yet in it: only the engine can put the two together.
        source = Database(file)
        try:
            source.backup(part)
        finally:
            source.close()
        return
    with file.open("rb") as stream, part.open("wb") as out, Progress("copying", file.stat().st_size) as progress:
        while block := stream.read(BLOCK):
            out.write(block)
            progress.at(out.tell())


def _from_export(file: Path, made: Database) -> Head:
    try:
        made.migrate()
        made.path.chmod(stat.S_IMODE(file.stat().st_mode))
        with file.open("rb") as stream:
            return _loaded(made, stream, str(file))
    finally:
        made.close()


def _check_heads(database: stores.Database, db: Connection) -> None:
    """Raises LedgerRewound for a log that lacks any of what was signed: restored, it could not be written to."""
    checkpoints.check(db, Heads(database.heads).last())


def _move_aside(path: Path) -> Path:
    """Give the record that is there a name with the date. What was not yet moved into the database file goes first: a
    log of the old one beside the new one would be taken for its own."""
    aside = path.with_name(f"{path.name}.{datetime.now(UTC):%Y%m%dT%H%M%SZ}")
    if aside.exists():
        raise click.ClickException(f"{aside} exists: try again in a second.")
    for suffix in (*COMPANIONS, ""):
        old = Path(f"{path}{suffix}")
        if old.exists():
            old.rename(f"{aside}{suffix}")
    sync_folder(path)
    return aside
