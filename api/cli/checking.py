"""Whether a record is what it should be: rebuild, doctor."""

from __future__ import annotations

import os
import shutil
import stat
import sys
from collections.abc import Callable, Iterator
from contextlib import closing

import click

from api import ledger
from api.checkpoints import Heads, check
from api.cli.common import Progress, opened, settings, store
from api.cli.findings import Finding, of_judging, of_meaning, of_replica, of_server
from api.cli.signing import source
from api.errors import Busy, LedgerRewound, StorageDamaged, StorageUnavailable
from api.settings import Settings
from api.storage import faults, health, log, mirrors, moves, opening
from api.storage.database import Database
from api.storage.faults import EngineError, StoreError
from api.storage.sqlite import Database as SQLite

# Less than so many bytes, or than the database has itself, is no room for a rebuild or a backup.
ROOM = 100 << 20

# What to do about what kept a check from being made.
_REMEDIES: dict[type, str] = {
    StorageDamaged: "Stop the service, and restore a backup.",
    StorageUnavailable: "Make room, or allow this user to read and write there.",
    Busy: "Try again.",
}


@click.command(short_help="Make everything that is derived anew.")
def rebuild() -> None:
    """Make everything that is derived anew from the entries: documents, lists, search, the tree and the head.

    Readers see the old state until it is done; writers wait. Verify first if the log itself is in doubt.
    """
    with opened() as database:
        before = log.head(database.reader())
        with Progress("rebuilding", before.size) as progress:
            after = ledger.rebuild(database, progress.at)
    click.echo(f"Made everything anew from {after.size:,} entries. Root: {after.root.hex()}")
    if after.root != before.root:
        raise click.ClickException(f"The root is another one than before: {before.root.hex()}. Run 'onrecord verify'.")


@click.command(short_help="Look whether everything is in order.")
def doctor() -> None:
    """Look whether everything that serving needs is in order: a line for each thing, with what to do."""
    chosen = settings()
    problems = 0
    click.echo("ok       settings: every variable can be used")
    for finding in _examined(chosen):
        problems += finding.problem is not None
        if finding.problem is None:
            click.echo(f"ok       {finding.subject}")
        else:
            click.echo(f"PROBLEM  {finding.subject}: {finding.problem}. {finding.remedy}")
    if problems:
        click.echo(f"Error: {problems} of these need something done.", err=True)
        sys.exit(1)


def _examined(chosen: Settings) -> Iterator[Finding]:
    """What the checks find, until one finds that those after it cannot be made."""
    database = store(chosen)
    try:
        for finding in _of_file(database) if isinstance(database, SQLite) else _of_server(database):
            yield finding
            if finding.problem and finding.subject.startswith(("file", "server", "database")):
                return

        def head(of: Database) -> Finding:
            return _place(of) or _head(of)

        if chosen.replica:
            yield from _of_replica(database, opening.replica(chosen.replica))

        def key(of: Database) -> Finding:
            return _mirror(of, chosen) or _key(chosen)

        yield _found_by(head, database)
        yield _found_by(key, database)
        yield _found_by(_heads, database)

        def meaning(of: Database) -> Finding:
            return of_meaning(of, chosen)

        yield _found_by(meaning, database)
        yield of_judging(chosen)
    finally:
        database.close()


def _of_file(database: SQLite) -> Iterator[Finding]:
    """What is special about a file of SQLite. After a problem with the file or its opening nothing more is looked
    at."""
    yield _file(database)
    yield _room(database)
    yield _opens(database)

    def found_by(examine: Callable[[SQLite], Finding]) -> Finding:
        return _found_by(lambda _: examine(database), database, examine.__name__)

    yield from map(found_by, (_engine, _full_text, _journal, _schema, _pages))


def _of_server(database: Database) -> Iterator[Finding]:
    yield from of_server(database)
    yield _found_by(_schema, database)


def _of_replica(database: Database, replica: Database) -> Iterator[Finding]:
    with closing(replica):
        try:
            yield from of_replica(database, replica)
        except (*EngineError, LookupError) as error:
            remedy = "Look at its log, and whether it has the tables of this version yet."
            yield Finding(f"replica {replica.name}", f"it cannot be looked at: {str(error).rstrip('.')}", remedy)


def _found_by(examine: Callable[[Database], Finding], database: Database, name: str = "") -> Finding:
    """What a check finds; that it cannot be made is a finding too, and stops no other."""
    try:
        return examine(database)
    except (*EngineError, OSError) as error:
        subject = (name or examine.__name__).strip("_").replace("_", " ")
        remedy = _REMEDIES.get(
            type(faults.refusal(error)), "Run 'onrecord verify', and where it passes, 'onrecord rebuild'."
        )
        return Finding(subject, f"it cannot be looked at: {str(error).rstrip('.')}", remedy)


def _file(database: SQLite) -> Finding:
    path, folder = database.path, database.path.absolute().parent
    subject = f"file {path}"
    if not path.exists():
        return Finding(subject, "it is not there", "Set DATABASE_URL, or run 'onrecord init' or 'onrecord migrate'.")
    beside = [path, *(found for found in map(path.with_name, _beside(path.name)) if found.exists())]
    for found in beside:
        if not os.access(found, os.R_OK | os.W_OK):
            problem = f"{found.name} cannot be read and written by this user"
            return Finding(subject, problem, "Change its owner or mode.")
    if not os.access(folder, os.W_OK | os.X_OK):
        remedy = "SQLite keeps its log beside the database: allow it."
        return Finding(subject, f"no file can be made in {folder}", remedy)
    if path.stat().st_mode & stat.S_IWOTH:
        return Finding(subject, "every user of this machine can write to it", f"Run: chmod o-w {path}")
    return Finding(f"{subject}: can be read and written")


def _beside(name: str) -> tuple[str, ...]:
    return f"{name}-wal", f"{name}-shm", f"{name}.lock", f"{name}.serving", f"{name}.delivering"


def _room(database: SQLite) -> Finding:
    free = shutil.disk_usage(database.path.absolute().parent).free
    needed = max(ROOM, database.path.stat().st_size)
    subject = f"disk: {free >> 20:,} MiB are free"
    if free < needed:
        return Finding(subject, f"a rebuild or a backup needs up to {needed >> 20:,} MiB", "Make room.")
    return Finding(subject)


def _opens(database: SQLite) -> Finding:
    try:
        database.reader().execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except Exception as error:
        return Finding(
            "database",
            f"it cannot be read: {str(error).rstrip('.')}",
            "Restore a backup ('onrecord backup' makes them).",
        )
    return Finding("database: opens")


def _engine(database: SQLite) -> Finding:
    return Finding(f"engine: SQLite {health.version(database.reader())}")


def _full_text(database: SQLite) -> Finding:
    if not health.has_full_text(database.reader()):
        return Finding("search", "this SQLite has no FTS5", "Use a Python whose sqlite3 has it, as python.org's.")
    return Finding("search: FTS5 is there")


def _journal(database: SQLite) -> Finding:
    mode = health.journal_mode(database.reader())
    with database.turn() as writer:
        reached = health.synchronous(writer)
    if mode != "wal":
        return Finding("journal", f"its mode is {mode}, not wal", "Keep the database on a local disk that allows WAL.")
    if reached != "FULL":
        return Finding("journal", f"a commit is {reached}, not FULL", "An acknowledged write may be lost: report this.")
    return Finding("journal: WAL, and a commit is on the disk before it is acknowledged")


def _schema(database: Database) -> Finding:
    if not database.is_current():
        return Finding("schema", "it is not the one of this version", "Take a backup, then run 'onrecord migrate'.")
    return Finding("schema: is the one of this version")


def _pages(database: SQLite) -> Finding:
    damage = health.damage(database.reader())
    if damage:
        remedy = "Stop the service, and restore a backup; 'onrecord export' may save the entries."
        return Finding("pages", " ".join(damage.split()), remedy)
    return Finding("pages: sound (quick_check)")


def _head(database: Database) -> Finding:
    if not database.is_current():
        return Finding("head", "it cannot be compared before the schema is current", "Run 'onrecord migrate'.")
    with database.snapshot() as db:
        head, entries = log.head(db), log.rows(db, "entries")
        last_leaf = log.leaf_at(db, entries - 1) or b""
    remedy = "Run 'onrecord verify' to see where the log broke."
    if head.size != entries:
        return Finding("head", f"it says {head.size:,} entries, and there are {entries:,}", remedy)
    if head.last_leaf != last_leaf:
        return Finding("head", "its last leaf is not the last entry's", remedy)
    return Finding(f"head: fits the {entries:,} entries")


def _key(chosen: Settings) -> Finding:
    try:
        signing = source(chosen).keyring().signing
    except StoreError as error:
        return Finding("key", error.detail.rstrip("."), "No checkpoint is signed until it can be used.")
    if not signing:
        return Finding("key: none, so no checkpoints are signed ('onrecord key add' makes one)")
    others = [key.name for key in signing if key.name != chosen.key_name]
    if len(others) == len(signing):
        problem = f"its name is {others[0]}, and verifiers expect {chosen.key_name}"
        return Finding("key", problem, "Set ONRECORD_ORIGIN to what it was, or add a key ('onrecord key add').")
    return Finding(f"key: {', '.join(key.verifier.id.hex() for key in signing)} signs")


def _mirror(database: Database, chosen: Settings) -> Finding | None:
    """What is looked at instead of a key, since a mirror signs nothing; None where it is none."""
    mirror = mirrors.state(database.reader()) if database.is_current() else None
    if mirror is None:
        return None
    subject = f"mirror of {mirror.source}"
    if mirror.unswept:
        remedy = "Let 'onrecord mirror' run, and end what reads an old state of the file (a backup, a long query)."
        return Finding(subject, "its file may still hold what was erased", remedy)
    if chosen.mirror_of not in ("", mirror.source):
        return Finding(subject, f"ONRECORD_MIRROR_OF says {chosen.mirror_of}", "Set it to where the record comes from.")
    size = log.head(database.reader()).size
    if size != mirror.size:
        return Finding(f"{subject}: has {size:,} entries, and is catching up")
    return Finding(f"{subject}: has the {size:,} entries that were signed last")


def _place(database: Database) -> Finding | None:
    """Whether the record is here; None where nothing else was ever said."""
    move = moves.state(database.reader()) if database.is_current() else None
    if move is None:
        return None
    if move.direction == moves.INTO:
        return Finding("move", f"only a part of the record of {move.other} is here", "Run 'onrecord move' there again.")
    return Finding("move", f"the record was moved to {move.other}", "Set DATABASE_URL to that.")


def _heads(database: Database) -> Finding:
    subject = f"heads {database.heads}"
    if not database.is_current():
        return Finding(subject, "they cannot be compared before the schema is current", "Run 'onrecord migrate'.")
    try:
        last = Heads(database.heads).last()
        check(database.reader(), last)
    except (LedgerRewound, StoreError) as error:
        return Finding(subject, error.detail.rstrip("."), "Until then nothing is written.")
    if last is None:
        return Finding(f"{subject}: nothing was signed yet")
    return Finding(f"{subject}: the log has all {last.size:,} entries that were signed last")
