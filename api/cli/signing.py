"""The keys that sign the log's checkpoints, and the heads that were signed."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from api import checkpoints, keyring, notes
from api.checkpoints import Heads
from api.cli.common import now, opened, settings
from api.errors import LedgerRewound
from api.keyring import KeySource
from api.notes import SigningKey
from api.settings import Settings
from api.storage import log
from api.storage.database import beside
from api.storage.faults import StoreError
from api.storage.log import Connection

GIVEN = "The keys come from ONRECORD_SIGNING_KEY: change them there."


@click.group()
def key() -> None:
    """List, add and retire the keys that sign checkpoints."""


@key.command("list")
def list_keys() -> None:
    """List every key, those that sign first: id, what it does, verifier key."""
    known = source(settings()).keyring()
    signing = {one.verifier for one in known.signing}
    for one in known.published:
        click.echo("\t".join((one.id.hex(), "signs" if one in signing else "retired", str(one))))
    if not known.keys:
        click.echo("There are no keys: make one with 'onrecord key add'.", err=True)


@key.command("add")
@click.option("--print", "printed", is_flag=True, help="Print it, for ONRECORD_SIGNING_KEY, and write it nowhere.")
def add_key(printed: bool) -> None:
    """Make a key that signs from now on, beside those that do already."""
    chosen = settings()
    made = notes.new_key(chosen.key_name)
    if printed:
        click.echo(made.private_text())
        return
    if chosen.signing_key.keys:
        raise click.ClickException(f"{GIVEN} 'onrecord key add --print' makes one.")
    path = key_file(chosen.database)
    keyring.add(path, made, now())
    click.echo(f"Added a key to {path}. It signs at once; verifiers need:", err=True)
    click.echo(str(made.verifier))


@key.command("retire")
@click.argument("key_id", metavar="ID")
def retire_key(key_id: str) -> None:
    """Let a key sign no more. It stays published, so that what it signed can be checked."""
    chosen = settings()
    if chosen.signing_key.keys:
        raise click.ClickException(GIVEN)
    retired = keyring.retire(key_file(chosen.database), key_id, now())
    click.echo(f"Retired {retired.id.hex()}. What could sign is gone from the file: only {retired} is left.")


@click.group()
def heads() -> None:
    """List the heads that were signed, and give them up."""


@heads.command("list")
def list_heads() -> None:
    """List every head that was signed, oldest first: size, when, root, ids of the keys."""
    file = Heads(Path(settings().heads_path))
    none = True
    for head in file.every():
        none = False
        click.echo("\t".join((str(head.size), head.signed_at, head.root.hex(), " ".join(head.key_ids))))
    if none:
        click.echo(f"No head was signed yet: {file.path} has none.", err=True)


@heads.command("abandon")
def abandon() -> None:
    """Give up, for good, the signed entries that the ledger has lost: writing starts again.

    The heads file is moved aside. Whoever has a checkpoint of what is given up can prove that it is gone.
    """
    with opened() as database:
        file = Heads(database.heads)
        if not file.path.exists():
            raise click.ClickException(f"No head was signed yet: there is no {file.path}.")
        with database.turn() as db:
            given_up = _given_up(file, db)
            aside = file.abandon(datetime.now(UTC))
            size = log.head(db).size
    click.echo(f"{given_up} The heads are in {aside}; the log goes on from {size:,} entries.")


def _given_up(file: Heads, db: Connection) -> str:
    """What abandoning gives up. Raises ClickException where that is nothing."""
    try:
        last = file.last()
    except StoreError as damaged:
        return f"Given up: whatever was signed. {damaged.detail}"
    try:
        checkpoints.check(db, last)
    except LedgerRewound:
        if last:  # as it is: of nothing the ledger has all
            return f"Given up: {last.size:,} entries with the root {last.root.hex()}, signed at {last.signed_at}."
    raise click.ClickException("There is nothing to give up: the ledger has all that was signed.")


def source(chosen: Settings) -> KeySource:
    """Where the settings take the keys from."""
    return KeySource(chosen.signing_key, key_file(chosen.database))


def key_file(database: str | Path) -> Path:
    """The key file of a database, which is a path or a URL."""
    return keyring.beside(Path(beside(database)))


def make_key(chosen: Settings) -> SigningKey | None:
    """Make the first key of a record, where it has none. Out: the new key."""
    if source(chosen).keyring().keys:
        return None
    made = notes.new_key(chosen.key_name)
    keyring.add(key_file(chosen.database), made, now())
    return made
