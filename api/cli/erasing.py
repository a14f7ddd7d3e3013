"""Erasing words on a legal order."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

import click
from marshmallow import ValidationError

from api import erasing
from api.cli.common import Progress, opened
from api.domain import erasure
from api.domain.entries import Entry
from api.errors import Forbidden, Unauthenticated
from api.history import History
from api.storage import keys, log, pairs
from api.storage.database import Database
from api.storage.faults import EngineError
from api.storage.log import Connection
from schemas.fields import Text
from schemas.vocabulary import SLUG_PATTERN, ULID_PATTERN

# For how many seconds a sweep waits for readers who hold an older state of the file.
PATIENCE = 30.0

_SUBJECT = re.compile(
    rf"(?:party|question)/{SLUG_PATTERN}|(?:claim|verdict)/{ULID_PATTERN}|contradiction/({ULID_PATTERN})[:~]({ULID_PATTERN})"
)
_SHAPES = "party/ID, question/ID, claim/ULID, verdict/ULID or contradiction/ULID:ULID"


@click.command(short_help="Erase words on a legal order.")
@click.argument("subject", required=False)
@click.option("--entry", "chosen", metavar="N", type=int, multiple=True, help="Only this entry; repeat it for more.")
@click.option("--reason", help="Why, as it is shown wherever the words were. Do not repeat them.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--sweep", is_flag=True, help="Erase nothing more, but clean the file of what was erased before.")
@click.option(
    "--patience", metavar="SECONDS", type=float, default=PATIENCE, show_default=True, help="How long to wait."
)
def erase(
    subject: str | None, chosen: tuple[int, ...], reason: str | None, yes: bool, sweep: bool, patience: float
) -> None:
    """Erase the words of a SUBJECT (such as claim/ULID) from the record and its file, on a legal order.

    The token of an admin is taken from ONRECORD_TOKEN: its party is shown as the one who erased. Entries keep their
    numbers and hashes, and `[erased]` stands with the reason where the words were. There is no way back.
    """
    with opened() as database:
        if sweep:
            if subject or chosen or reason:
                raise click.ClickException("--sweep erases nothing: leave SUBJECT, --entry and --reason out.")
            _sweep(database, patience)
            return
        named, why = _subject(subject), _reason(reason)
        actor = _actor(database.reader())
        about = History(database.reader()).about(named)
        # Refused here if it is to be refused at all; the turn decides again.
        event = erasure.erase(named, about, why, chosen)
        _confirm(named, about, [one["index"] for one in event.payload["entries"]], yes)
        with Progress("deriving anew", log.head(database.reader()).size) as progress:
            entry = erasing.erase(database, named, why, actor, chosen, progress=progress.at)
        click.echo(f"Erased from the record: {named}, {_numbers(entry)}. Entry {entry.index} says so.")
        _tell_of_others(database.reader(), named)
        _sweep(database, patience)


def _subject(given: str | None) -> str:
    found = _SUBJECT.fullmatch(given or "")
    if given is None or found is None:
        raise click.ClickException(f"What is to be erased? Name it as the changes do: {_SHAPES}.")
    if found[1] is None:
        return given
    return "contradiction/" + ":".join(sorted((found[1], found[2])))


def _reason(given: str | None) -> str:
    if given is None or not given.strip():
        raise click.ClickException("Say why, such as the court and the number of the order: --reason TEXT.")
    try:
        return Text().read(given)
    except ValidationError as error:
        raise click.ClickException(f"The reason cannot be used. {error.messages[0]}") from None


def _actor(db: Connection) -> str:
    """The party of the admin's token. Raises Unauthenticated, Forbidden."""
    secret = os.environ.get("ONRECORD_TOKEN", "")
    if not secret:
        raise Unauthenticated("Set ONRECORD_TOKEN to a token with the scope admin: whoever erases is named.")
    token = keys.find_token(db, keys.digest_of(secret))
    if token is None or token.revoked_at is not None:
        raise Unauthenticated("The token in ONRECORD_TOKEN is unknown here, or revoked: see 'onrecord token list'.")
    if not token.allows("admin"):
        raise Forbidden(f"The token in ONRECORD_TOKEN lacks the scope 'admin'; it has {' '.join(token.scopes)}.")
    return token.party


def _confirm(subject: str, about: Sequence[Entry], indexes: Sequence[int], yes: bool) -> None:
    if yes:
        return
    for entry in about:
        if entry.index in indexes:
            click.echo(f"{entry.index}\t{entry.kind}\t{entry.recorded_at}\t{entry.actor}", err=True)
    try:
        agreed = click.confirm(f"Erase what these entries say of {subject}, for good?", err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise click.ClickException("Nothing was erased. (To erase without being asked: --yes.)")


def _numbers(entry: Entry) -> str:
    numbers = [str(one["index"]) for one in entry.payload["entries"]]
    return f"entr{'y' if len(numbers) == 1 else 'ies'} {', '.join(numbers)}"


def _tell_of_others(db: Connection, subject: str) -> None:
    """Name what may repeat a claim's words: erasing a claim leaves what others said of it."""
    kind, identifier = subject.split("/", 1)
    claim = History(db).claim(identifier) if kind == "claim" else None
    if claim is None:
        return
    others = [f"verdict/{verdict.id}" for verdict in claim.verdicts if verdict.erased is None]
    others += [f"contradiction/{one}:{other}" for one, other in pairs.of_claim(db, claim.id)]
    if others:
        click.echo(f"These may repeat the words, and are as they were: {', '.join(others)}.")


def _sweep(database: Database, patience: float) -> None:
    remedy = "then run 'onrecord erase --sweep'."
    try:
        emptied = database.sweep(patience)
    except EngineError as error:
        raise click.ClickException(
            f"The file still holds what was erased from the record, since it could not be written anew ({error}):"
            f" make room, {remedy}"
        ) from error
    if not emptied:
        raise click.ClickException(
            "The write-ahead log still holds what was erased from the record, since somebody has been reading an older"
            f" state for {patience:g} s: end that (a backup, a long query), {remedy}"
        )
    click.echo(database.swept)
