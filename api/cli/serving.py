"""Serving a record, and a demonstration that needs nothing but this package."""

from __future__ import annotations

import os
import socket
from importlib.resources import as_file, files
from pathlib import Path

import click
import structlog

from api import logs
from api.checkpoints import Heads, check
from api.cli.common import check_current, now, settings, store
from api.cli.pipeline import Job, batches
from api.cli.signing import make_key, source
from api.errors import LedgerRewound
from api.importing import Loader
from api.settings import Settings
from api.storage import keys, log, mirrors, opening
from api.storage.database import Database
from api.storage.faults import EngineError, StoreError
from schemas.vocabulary import RESERVED_PARTY_ID

told = structlog.get_logger()

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
    default=Path("demo.db"),
    show_default=True,
    help="Where to make it. One that a demo made before is made anew; any other file is left alone.",
)
def demo(path: Path) -> None:
    """Make a database with the example record in it, and serve it."""
    path = path.absolute()
    # The key and the heads of a real record have nothing to do with this one.
    own = {"DATABASE_URL": f"sqlite:///{path}", "ONRECORD_SIGNING_KEY": "", "ONRECORD_HEADS": ""}
    chosen = Settings.from_environ(dict(os.environ) | own)
    _check_free(chosen.bind)
    _remove_demo(path)
    database = opening.database(path)
    try:
        database.migrate()
        make_key(chosen)
        with database.turn() as db:
            _, secret = keys.create_token(
                db, party=DESK, scopes=["claims", "verdicts", "edit"], note=MADE_BY_DEMO, now=now()
            )
        _load_fixtures(database)
        claim = _claim_to_try(database)
    finally:
        database.close()
    click.echo(_welcome(chosen.bind, path, secret, claim))
    _serve(chosen)


def _warn(chosen: Settings, database: Database) -> None:
    """Say in the log what the service will refuse. Raises StoreError for keys or heads that cannot be used."""
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


def _remove_demo(path: Path) -> None:
    if not path.exists():
        return
    database = opening.database(path)
    try:
        ours = any(token.note == MADE_BY_DEMO for token in keys.list_tokens(database.reader()))
    except (*EngineError, StoreError):
        ours = False
    finally:
        database.close()
    if not ours:
        raise click.ClickException(f"{path} was not made by a demo: move it away, or choose another --database.")
    for suffix in ("", "-wal", "-shm", ".lock", ".serving", ".key", ".heads"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)


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


def _welcome(bind: str, path: Path, secret: str, claim: str) -> str:
    host, _, port = bind.rpartition(":")
    url = f"http://{'127.0.0.1' if host == '0.0.0.0' else host}:{port}"  # noqa: S104 (compared, not bound)
    verdict = '{"rating":"unproven","evidence":[{"url":"https://example.org/what-i-found"}]}'
    return f"""\
The example record is in {path}, and is served at {url} (Ctrl-C ends it).
Look at {url}/questions/q-voluntary: who said what, and when the answer changed.
The API is described at {url}/docs. This token may record claims and publish verdicts as '{DESK}':

  ONRECORD_TOKEN={secret}

What did DHS say on whether "Secure Communities" was voluntary, and when did it change? Rule on a claim; poll for it:

  curl '{url}/v1/questions/q-voluntary/timeline?party=dhs'
  curl -H "Authorization: Bearer $ONRECORD_TOKEN" -H 'Content-Type: application/json' -d '{verdict}' \
'{url}/v1/claims/{claim}/verdicts'
  curl '{url}/v1/changes?since=now'
"""
