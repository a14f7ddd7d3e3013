"""Copies of a record elsewhere: keeping one, and comparing two."""

from __future__ import annotations

import signal
import sys
import time

import click

from api import notes
from api.cli import served
from api.cli.common import Progress, check_current, settings, store
from api.cli.following import Behind, Follower, Fork, compared
from api.cli.served import Server
from api.errors import Busy
from api.notes import BadKey, VerifierKey
from api.verifier import Checkpoint, Difference

# Seconds before a source that cannot be read is asked again: the first time, and at most.
FIRST, MOST = 2.0, 60.0


@click.command(short_help="Keep a copy of another record, and verify it.")
@click.argument("url")
@click.option("--key", "keys", metavar="VKEY", multiple=True, required=True, help="The source's verifier key, or keys.")
@click.option("--once", is_flag=True, help="Stop when everything that is signed now is here.")
def mirror(url: str, keys: tuple[str, ...], once: bool) -> None:
    """Follow the record at URL into the database of the settings, which it makes: the same entries, the same root.

    Every entry is checked, and nothing is kept but what the source has signed with the --key. It can be ended at any
    time, and goes on where it was. Serve it with ONRECORD_MIRROR_OF set.
    """
    trusted = _checked(url, keys)
    database = store(settings())
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        if not database.exists():
            database.migrate()
        check_current(database)
        database.serve()
        follower = Follower(database, url, trusted)
        try:
            if once:
                _tell(_with_progress(follower))
                _sweep(follower)
            else:
                _follow(follower)
        except (Behind, Difference) as error:
            raise click.ClickException(_sentence(error)) from None
    finally:
        signal.signal(signal.SIGTERM, before)
        database.close()


@click.command(short_help="Whether two servers have the same log, or a fork of it.")
@click.argument("urls", metavar="URL URL", nargs=2)
@click.option("--key", "keys", metavar="VKEY", multiple=True, help="The log's verifier key; several are allowed.")
def compare(urls: tuple[str, str], keys: tuple[str, ...]) -> None:
    """Compare the checkpoints of two servers of one log, such as two mirrors: they are the same, or one has more than
    the other, or it is a fork, which is printed with both signatures.

    Without --key each is believed who it says it is: whether they have the same log can be told all the same.
    """
    one, other = (_checked(url, keys) or _published(url) for url in urls)
    try:
        click.echo(compared(urls, (one, other)))
    except Fork as fork:
        raise click.exceptions.Exit(_shout(fork)) from None
    except Difference as difference:
        raise click.ClickException(_sentence(difference)) from None


def _shout(fork: Fork) -> int:
    """Print a fork as it is: checkpoints have line breaks. Out: the status."""
    click.echo(f"Error: {fork}", err=True)
    return 1


def _follow(follower: Follower) -> None:
    """Follow for ever. What passes by itself is waited for, and said once."""
    said, pause, told = "", FIRST, -1
    while True:
        try:
            signed = _with_progress(follower) if told < 0 else follower.catch_up()
            if signed.size != told:
                _tell(signed)
            said, pause, told = "", FIRST, signed.size
            _sweep(follower)
            follower.wait()
        except (Behind, Busy, click.ClickException) as error:
            text = str(error)
            if text != said:
                click.echo(f"{text} Trying again.", err=True)
            time.sleep(pause)
            said, pause = text, min(2 * pause, MOST)


def _with_progress(follower: Follower) -> Checkpoint:
    with Progress("mirroring", None, "entries") as progress:
        return follower.catch_up(progress.at)


def _sweep(follower: Follower) -> None:
    if not follower.sweep():
        click.echo(
            "The file still holds what was erased from the record, since somebody has been reading an older state of"
            " it: end that (a backup, a long query). It is tried again.",
            err=True,
        )


def _tell(signed: Checkpoint) -> None:
    click.echo(f"{signed.size:,} entries of {signed.origin}. Root: {signed.root.hex()}")


def _checked(url: str, keys: tuple[str, ...]) -> list[str]:
    if not url.startswith(("http://", "https://")):
        raise click.ClickException(f"{url} is no address: write it as https://record.example.org.")
    trusted = " ".join(keys).split()
    for key in trusted:
        try:
            usable = isinstance(notes.parse(key), VerifierKey)
        except BadKey:
            usable = False
        if not usable:
            # It is not repeated: it may be a private key that was taken for the other one.
            raise click.ClickException("A --key is no verifier key: it is NAME+ID+BASE64, as /v1/log/key has it.")
    return trusted


def _published(url: str) -> list[str]:
    """The verifier keys that a server itself publishes."""
    return Server(url, [], served.PAUSE).get("log/key").decode("utf-8", "replace").split()


def _sentence(error: Exception) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:]}" + ("" if text.endswith((".", "\n")) else ".")
