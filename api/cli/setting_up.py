"""Making a record, and the tokens that let others write to it."""

from __future__ import annotations

import click
from marshmallow import ValidationError

from api import ledger
from api.cli.common import now, opened, settings, store
from api.cli.signing import key_file, make_key
from api.domain import parties
from api.domain.record import Body
from api.history import History
from api.storage import keys, moves
from api.storage.keys import Token
from api.storage.log import Connection
from schemas.parties import PartySchema
from schemas.problems import field_errors
from schemas.vocabulary import PARTY_KINDS, RESERVED_PARTY_ID, SCOPES


@click.command(short_help="Make a record, its party and a token.")
@click.option("--party", "party_id", required=True, metavar="ID", help="The id of the party that runs this record.")
@click.option("--name", required=True, help="Its name.")
@click.option("--kind", type=click.Choice(PARTY_KINDS), default="organization", show_default=True, help="What it is.")
def init(party_id: str, name: str, kind: str) -> None:
    """Make a record, with the key that signs its checkpoints, the party that runs it, and a token for it."""
    body = _party(party_id, name, kind)
    chosen = settings()
    database = store(chosen)
    try:
        database.migrate()
        if key := make_key(chosen):
            path = key_file(chosen.database)
            click.echo(f"Made the key {path}: keep it secret, and keep a copy. Verifiers need {key.verifier}", err=True)
        with ledger.turn(database) as turn:
            known = turn.history.party(party_id)
            if known is None:
                turn.append(lambda record: parties.record(body, record), RESERVED_PARTY_ID)
                click.echo(f"Recorded the party '{party_id}' in {database.name}.", err=True)
            elif known.name != name:
                raise click.ClickException(f"The party '{party_id}' is on record as {known.name!r}, not as {name!r}.")
            if any(token.party == party_id and not token.revoked_at for token in keys.list_tokens(turn.db)):
                click.echo(
                    f"'{party_id}' has a token already, which is shown only when it is made:"
                    f" make another with 'onrecord token create --party {party_id} --scope admin'."
                )
                return
            made, secret = keys.create_token(turn.db, party=party_id, scopes=["admin"], note="init", now=now())
        _show(made, secret)
    finally:
        database.close()


@click.command(short_help="Bring the schema up to this version.")
def migrate() -> None:
    """Bring the database's schema up to this version, making the file if there is none."""
    database = store(settings())
    try:
        done = database.migrate()
    finally:
        database.close()
    click.echo(f"Migrated {database.name}: {', '.join(done)}." if done else f"{database.name} is current.")


@click.group()
def token() -> None:
    """Make, list and revoke the tokens that let others write."""


@token.command()
@click.option("--party", "party_id", required=True, metavar="ID", help="In whose name it writes.")
@click.option("--scope", "scopes", multiple=True, required=True, metavar="SCOPE", help=f"One of {', '.join(SCOPES)}.")
@click.option("--note", help="What it is for.")
def create(party_id: str, scopes: tuple[str, ...], note: str | None) -> None:
    """Make a token for a party. It is shown once and stored nowhere."""
    for scope in scopes:
        if scope not in SCOPES:
            raise click.ClickException(f"There is no scope {scope!r}: use {', '.join(SCOPES)}.")
    with opened() as database, database.turn() as db:
        moves.check_here(db)
        _check_party(db, party_id)
        made, secret = keys.create_token(
            db, party=party_id, scopes=[scope for scope in SCOPES if scope in scopes], note=note, now=now()
        )
    _show(made, secret)


@token.command("list")
def list_() -> None:
    """List every token, oldest first, the revoked ones too."""
    with opened() as database:
        known = keys.list_tokens(database.reader())
    for one in known:
        state = f"revoked {one.revoked_at}" if one.revoked_at else "valid"
        click.echo("\t".join((one.id, one.party, " ".join(one.scopes), one.created_at, state, one.note or "")).rstrip())
    if not known:
        click.echo("There are no tokens: make one with 'onrecord token create'.", err=True)


@token.command()
@click.argument("token_id", metavar="ID")
def revoke(token_id: str) -> None:
    """End a token for good, by its id."""
    with opened() as database, database.turn() as db:
        moves.check_here(db)
        if not keys.revoke_token(db, token_id, now()):
            was = next((one for one in keys.list_tokens(db) if one.id == token_id), None)
            if was is None:
                raise click.ClickException(f"There is no token with the id {token_id!r}: see 'onrecord token list'.")
            raise click.ClickException(f"The token {token_id} was revoked before, at {was.revoked_at}.")
    click.echo(f"Revoked {token_id}.")


def _show(made: Token, secret: str) -> None:
    click.echo(f"The token {made.id} of '{made.party}' may: {' '.join(made.scopes)}. It is shown only now:", err=True)
    click.echo(secret)


def _check_party(db: Connection, party_id: str) -> None:
    if History(db).party(party_id) is None:
        raise click.ClickException(f"No party '{party_id}' is on record: record it first ('onrecord import', or POST).")


def _party(party_id: str, name: str, kind: str) -> Body:
    try:
        body: Body = PartySchema().load({"id": party_id, "name": name, "kind": kind})
    except ValidationError as error:
        _, detail, _ = field_errors(error)[0]
        raise click.ClickException(detail) from None
    return body
