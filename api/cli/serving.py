"""Serving a record, and a demonstration that needs nothing but this package."""

from __future__ import annotations

import os
import socket
from importlib.resources import as_file, files
from pathlib import Path

import click
import structlog

from api import logs, notes
from api.checkpoints import Heads, check
from api.cli.common import check_current, now, settings, store
from api.cli.pipeline import Job, batches
from api.cli.signing import key_file, make_key, source
from api.errors import LedgerRewound
from api.importing import Loader
from api.settings import Settings
from api.storage import keys, log, mirrors, moves
from api.storage.database import Database, is_server
from api.storage.faults import EngineError, StoreError
from schemas.vocabulary import RESERVED_PARTY_ID

told = structlog.get_logger()

DEMO = Path("demo.db")
DESK = "example-desk"
DOCTOR = "onrecord doctor"
# The note of the token by which a demo knows a database as one of its own.
MADE_BY_DEMO = "made by onrecord demo"
# The files of the example data, in order, with their kinds.
LOADED = ("parties", "questions", "claims", "verdicts", "assessments")


@click.command()
def serve() -> None:
    """Serve the record over HTTP until SIGTERM or Ctrl-C."""
    chosen = settings()
    logs.configure(chosen.log_level)
    database = store(chosen)
    try:
        check_current(database)
        _warn(chosen, database)
    finally:
        database.close()
    _serve(chosen)


@click.command()
@click.option(
    "--database",
    "path",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where to make it, if not on the server that DATABASE_URL names.  [default: demo.db]  One that a demo made"
    " before is made anew; any other is left alone.",
)
def demo(path: Path | None) -> None:
    """Make a database with the example record in it, and serve it."""
    chosen = _demo_settings(path)
    _check_free(chosen.bind)
    database = store(chosen)
    try:
        _remove_demo(database)
        database.migrate()
        if not is_server(chosen.database):
            make_key(chosen)
        with database.turn() as db:
            _, secret = keys.create_token(
                db, party=DESK, scopes=["claims", "verdicts", "edit"], note=MADE_BY_DEMO, now=now()
            )
        _load_fixtures(database)
        claim = _claim_to_try(database)
    finally:
        database.close()
    click.echo(_welcome(chosen.bind, database.name, secret, claim))
    _serve(chosen)


def _demo_settings(path: Path | None) -> Settings:
    """Where a demo is made, and what signs it: the key and the heads of a real record have nothing to do with it."""
    environ = dict(os.environ) | {"ONRECORD_SIGNING_KEY": "", "ONRECORD_HEADS": ""}
    if path is None and is_server((chosen := Settings.from_environ(environ)).database):
        # The files of the real one would have the same names: so its key is in no file, and lasts as long as the demo.
        made = notes.new_key(chosen.key_name).private_text()
        own = {"ONRECORD_SIGNING_KEY": made, "ONRECORD_HEADS": str(DEMO.absolute().with_suffix(".heads"))}
    else:
        own = {"DATABASE_URL": f"sqlite:///{(path or DEMO).absolute()}"}
    return Settings.from_environ(environ | own)


def _warn(chosen: Settings, database: Database) -> None:
    """Say in the log what the service will refuse. Raises StoreError for keys or heads that cannot be used, and for a
    record of which only a part is here."""
    if move := moves.state(database.reader()):
        if move.direction == moves.INTO:
            raise StoreError(f"Only a part of the record is here: move all of it from {move.other} ('onrecord move').")
        told.error("nothing will be written", reason=f"the record was moved to {move.other}: set DATABASE_URL to that")
    if mirrors.state(database.reader()) is None and not source(chosen).keyring().signing:
        told.warning("no key: checkpoints and proofs of verdicts are not served", remedy="onrecord key add")
    try:
        check(database.reader(), Heads(database.heads).last())
    except LedgerRewound as rewound:
        told.error("nothing will be written", reason=rewound.detail)
    except EngineError as error:
        # What can be read is served all the same; each write meets the same failure and is refused.
        told.error("nothing will be written", reason=f"what was signed cannot be compared: {error}", remedy=DOCTOR)


def _serve(chosen: Settings) -> None:
    # Only here, since no other command needs the server.
    from api.server import serve as run

    run(chosen)


def _check_free(bind: str) -> None:
    host, _, port = bind.rpartition(":")
    family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host.strip("[]"), int(port)))
        except OSError as error:
            raise click.ClickException(
                f"Cannot listen on {bind} ({error.strerror}): set ONRECORD_BIND to another address, as 127.0.0.1:8001."
            ) from None


def _remove_demo(database: Database) -> None:
    if database.exists():
        try:
            ours = any(token.note == MADE_BY_DEMO for token in keys.list_tokens(database.reader()))
        except (*EngineError, StoreError):
            ours = False
        if not ours:
            remedy = "move it away, or choose another --database"
            raise click.ClickException(f"{database.name} was not made by a demo: {remedy}.")
        database.discard()
        if not is_server(database.name):
            key_file(database.name).unlink(missing_ok=True)
            database.heads.unlink(missing_ok=True)
    if is_server(database.name):
        database.heads.unlink(missing_ok=True)


def _load_fixtures(database: Database) -> None:
    for kind in LOADED:
        actor = RESERVED_PARTY_ID if kind in ("parties", "questions") else DESK
        loader = Loader(database, kind, actor)
        with as_file(files("fixtures") / f"{kind}.ndjson") as path, path.open("rb") as stream, loader:
            for batch in batches(stream, Job("ndjson", kind, 1 << 20)):
                if refused := loader.load(batch.items):
                    raise click.ClickException(f"fixtures/{kind}.ndjson is damaged: {refused[0].faults[0].detail}")


def _claim_to_try(database: Database) -> str:
    with database.snapshot() as db:
        sealed = next(entry for entry in log.sealed_entries(db) if entry.kind == "claim.recorded")
    return sealed.subject.removeprefix("claim/")


def _welcome(bind: str, place: str, secret: str, claim: str) -> str:
    host, _, port = bind.rpartition(":")
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 (compared, not bound)
    verdict = '{"rating":"unproven","evidence":[{"url":"https://example.org/what-i-found"}]}'
    return f"""\
The example record is in {place}, and is served at {url} (Ctrl-C ends it).
Its words are described at {url}/docs. This token may record claims and publish verdicts as '{DESK}':

  ONRECORD_TOKEN={secret}

What did DHS say on whether "Secure Communities" was voluntary, and when did it change? Rule on a claim; poll for it:

  curl '{url}/v1/questions/q-voluntary/timeline?party=dhs'
  curl -H "Authorization: Bearer $ONRECORD_TOKEN" -H 'Content-Type: application/json' -d '{verdict}' \
'{url}/v1/claims/{claim}/verdicts'
  curl '{url}/v1/changes?since=now'
"""
