"""`onrecord verify`: the own log, a proof, an export, or what a server serves."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, BinaryIO

import click

from api import comparison, exports, verification
from api.checkpoints import Heads
from api.cli import served
from api.cli.common import Progress, opened
from api.cli.paths import SQLITE, readable
from api.cli.served import Place, Reading, Server
from api.storage import log, tree
from api.storage.database import Database
from api.storage.log import Connection, Head
from api.storage.sqlite import Database as SQLite
from api.verification import Fault
from api.verifier import Checkpoint, Difference, check_proof, named, open_checkpoint
from schemas import strict_json
from schemas.strict_json import BadJSON


@click.command(short_help="Check the log, a proof, an export, or another server.")
@click.argument("what", metavar="[FILE|URL]", required=False)
@click.option(
    "--key", "keys", metavar="VKEY", multiple=True, help="A verifier key that you trust; several are allowed."
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="With a URL: the file that keeps where you were, to go on from there the next time.",
)
@click.option(
    "--checkpoint",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="With an export: the signed checkpoint that it must agree with.",
)
@click.option("--derived", is_flag=True, help="Without argument: compare all that is derived with a rebuild, too.")
def verify(what: str | None, keys: tuple[str, ...], state: Path | None, checkpoint: Path | None, derived: bool) -> None:
    """Recompute every hash of the log, from the payloads to the head, and name the first that fails.

    FILE is a proof, which says by itself what was logged, or an export (`-`: standard input). URL is a server, whose
    entries are read from the first to the last and compared with what it signed. Both believe nobody but the --key.
    """
    trusted = " ".join(keys).split()
    is_url = what is not None and what.startswith(("http://", "https://"))
    _refuse("--state", state is not None and not is_url, "a URL")
    _refuse("--checkpoint", checkpoint is not None and (what is None or is_url), "an export")
    _refuse("--derived", derived and what is not None, "your own database, without FILE or URL")
    _refuse("--key", bool(keys) and what is None, "a FILE or a URL")
    try:
        if what is None:
            _own(derived)
        elif is_url:
            _server(what, trusted, state)
        else:
            _file(what, trusted, checkpoint)
    except Difference as difference:
        raise click.ClickException(f"It does not verify. {_sentence(difference)}") from None
    except ValueError as error:
        raise click.ClickException(_sentence(error)) from None


def _refuse(option: str, wrong: bool, where: str) -> None:
    if wrong:
        raise click.UsageError(f"{option} goes with {where}.")


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}."


def _trusted(keys: list[str]) -> list[str]:
    if not keys:
        raise click.ClickException(
            "Whose signature do you trust? Give --key, the verifier key, as the people who run the record published it."
        )
    return keys


# --- the own database ------------------------------------------------------------------------------


def _own(derived: bool) -> None:
    with opened() as database:
        heads = Heads(database.heads)
        if derived:
            if not isinstance(database, SQLite):
                raise click.ClickException(
                    "--derived is for SQLite. On PostgreSQL 'onrecord rebuild' makes all that is derived anew."
                )
            with comparison.copied(database) as copy:
                head = _verified(copy, heads)
                with Progress("rebuilding a copy", head.size) as progress:
                    fault = comparison.compare(copy, progress.at)
            if fault:
                remedy = "The log itself verifies, so 'onrecord rebuild' puts it right; find out who altered it."
                raise click.ClickException(f"What is derived does not follow from the log. {fault}. {remedy}")
        else:
            head = _verified(database, heads)
    also = ", and all that is derived follows from them" if derived else ""
    click.echo(f"{head.size:,} entries verify{also}. Root: {head.root.hex()}")


def _verified(database: Database, heads: Heads) -> Head:
    with database.snapshot() as db:
        head = log.head(db)
        with Progress("verifying", head.size) as progress:
            fault = verification.verify(db, progress.at) or _unsigned(db, heads, head.size)
    if fault:
        raise click.ClickException(f"The log does not verify. {fault}.")
    return head


def _unsigned(db: Connection, heads: Heads, size: int) -> Fault | None:
    """Where a log whose hashes are all in order parts from what was signed of it: whoever rewrites a log can do that,
    but the heads that were signed before are kept elsewhere."""
    before = 0
    for head in heads.every():
        if head.size > size:
            return Fault(f"entry {size}", f"it is not there, and {head.size} entries were signed at {head.signed_at}")
        if tree.root_at(db, head.size) != head.root:
            what = f"one of them is not the one that was signed at {head.signed_at}"
            return Fault(f"entries {before} to {head.size - 1}", what)
        before = head.size
    return None


# --- a server --------------------------------------------------------------------------------------


def _server(url: str, keys: list[str], state: Path | None) -> None:
    place = Place.from_json(state.read_text(encoding="utf-8")) if state and state.exists() else Place()
    began = place.size
    server = Server(url, _trusted(keys), served.PAUSE)
    try:
        with Progress("verifying", None, "entries") as progress:
            checkpoint = server.follow(place, progress.at)
    except click.ClickException:
        # What was read until the server failed need not be read again: it is compared when there is an answer.
        if state:
            _keep(state, place.to_json())
        raise
    if state:
        _keep(state, place.to_json())
    known = f"{began:,} that were known, and " if began else ""
    click.echo(f"{known}{checkpoint.size - began:,} entries of {checkpoint.origin} agree with what is signed.")
    click.echo(f"Root of the {checkpoint.size:,}: {checkpoint.root.hex()}")


def _keep(path: Path, text: str) -> None:
    """All of it or nothing: half a state would be taken for a difference the next time."""
    new = path.with_name(f"{path.name}.new")
    with new.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)


# --- files -----------------------------------------------------------------------------------------


def _file(name: str, keys: list[str], checkpoint: Path | None) -> None:
    with readable(name) as stream:
        first = stream.readline()
        if first.startswith(SQLITE):
            raise click.ClickException(f"{name} is a database: DATABASE_URL=sqlite:///{name} onrecord verify")
        header = _object(first)
        if str(header.get("format", "")).startswith("onrecord/export/"):
            _export(header, stream, keys, checkpoint)
        else:
            _refuse("--checkpoint", checkpoint is not None, "an export")
            _proof(first + stream.read(), keys)


def _object(line: bytes) -> dict[str, Any]:
    try:
        value = strict_json.loads(line)
    except BadJSON:
        return {}
    return value if isinstance(value, dict) else {}


def _proof(data: bytes, keys: list[str]) -> None:
    proven = check_proof(data, _trusted(keys))
    entry, checkpoint = proven["entry"], proven["checkpoint"]
    erased = "" if proven["payload"] is not None else " Its payload was erased."
    click.echo(f"{named(entry).capitalize()} of {checkpoint.origin} is in the log, as signed: {entry['subject']},")
    click.echo(f"by {entry['actor']}, recorded at {entry['recorded_at']}.{erased}")
    click.echo(f"Root of the {checkpoint.size:,} entries then: {checkpoint.root.hex()}")


def _export(header: dict[str, Any], stream: BinaryIO, keys: list[str], path: Path | None) -> None:
    """Every entry adds up to the header's size and root; those to a signed checkpoint, if there is one."""
    if header["format"] != exports.FORMAT:
        told = f"This export is written as {header['format']!a}; this version reads {exports.FORMAT}."
        raise click.ClickException(told)
    if keys and path is None:
        raise click.ClickException(
            "An export is not signed: give --checkpoint FILE with the signed one that it must fit."
        )
    signed = _signed(path, keys, header) if path else None
    reading = Reading()
    root_then = reading.frontier.root()
    with Progress("verifying", header.get("size")) as progress:
        for line in stream:
            reading.take(_object(line))
            if signed and reading.frontier.size == signed.size:
                root_then = reading.frontier.root()
            progress.at(reading.frontier.size)
    size, root = reading.frontier.size, reading.frontier.root()
    if size != header.get("size"):
        raise Difference(
            f"after entry {size - 1}: the file ends, and its first line speaks of {header.get('size')} entries"
        )
    if signed and signed.size > size:
        raise Difference(f"after entry {size - 1}: the file ends, and {signed.size} entries were signed")
    if signed and root_then != signed.root:
        raise Difference(
            f"the first {signed.size} entries have the root {root_then.hex()}; {signed.root.hex()} was signed"
        )
    if root.hex() != header.get("root"):
        raise Difference(f"the entries have the root {root.hex()}, and the first line says {header.get('root')}")
    reading.check_complete()
    click.echo(f"{size:,} entries add up. Root: {root.hex()}")
    click.echo(
        f"The first {signed.size:,} are those that were signed."
        if signed
        else "Nothing in an export is signed: compare the root with a signed checkpoint (--checkpoint)."
    )


def _signed(path: Path, keys: list[str], header: dict[str, Any]) -> Checkpoint:
    text = path.read_bytes().decode("utf-8", "replace")
    return open_checkpoint(text, _trusted(keys), str(header.get("origin")))
