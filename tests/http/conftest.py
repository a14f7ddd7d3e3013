"""An application with a few toy routes that use everything a real route does, on a real database file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import flask
import pytest
from marshmallow import Schema, fields

from api import auth, create_app, errors, http
from api.settings import Settings
from api.storage import keys

NOW = "2026-11-24T10:00:00.000Z"
DOCUMENT = '{"id":"toy","text":"Freiwillig – 自願"}'.encode()


class ToyBody(Schema):
    """What a toy is made of."""

    name = fields.String(required=True)
    size = fields.Integer()


class ToyQuery(Schema):
    """What a list of toys can be asked for."""

    limit = fields.Integer(load_default=50)
    q = fields.String()


TOY_BODY, TOY_QUERY = ToyBody(), ToyQuery()
toys = flask.Blueprint("toys", __name__)


@toys.get("/v1/toys")
def list_toys() -> http.Answer:
    auth.authenticate()
    asked = http.query(TOY_QUERY)
    return http.answer(flask.json.dumps(dict(asked)).encode(), headers=[http.link_next(http.next_url("c~1"))])


@toys.get("/v1/toys/<name>")
def get_toy(name: str) -> http.Answer:
    auth.authenticate()
    if name == "none":
        raise errors.NotFound("There is no toy of that name.")
    if name == "broken":
        raise ZeroDivisionError("a secret detail")
    return http.answer(DOCUMENT, etag=http.etag(17))


@toys.post("/v1/toys")
def post_toy() -> http.Answer:
    token = auth.require("claims")
    body = http.body(TOY_BODY)
    made = {
        "name": body["name"],
        "by": token.party,
        "key": http.idempotency_key(),
        "digest": http.request_digest().hex(),
    }
    return http.answer(flask.json.dumps(made).encode(), status=201, headers=[("Location", "/v1/toys/x")])


@toys.patch("/v1/toys/<name>")
def patch_toy(name: str) -> http.Answer:
    auth.require("edit")
    revision = http.required_revision()
    patch, reason = http.patch_body()
    return http.answer(flask.json.dumps({"revision": revision, "patch": patch, "reason": reason}).encode())


MakeApp = Callable[..., flask.Flask]


@pytest.fixture
def make_app(tmp_path: Path) -> Iterator[MakeApp]:
    """Makes an application on its own migrated database; keywords are variables of the environment."""
    made: list[flask.Flask] = []

    def make(**environ: str) -> flask.Flask:
        url = f"sqlite:///{tmp_path / f'{len(made)}.db'}"
        app = create_app(Settings.from_environ({"DATABASE_URL": url} | environ))
        app.register_blueprint(toys)
        app.extensions["onrecord"].database.migrate()
        made.append(app)
        return app

    yield make
    for app in made:
        app.extensions["onrecord"].database.close()


@pytest.fixture
def app(make_app: MakeApp) -> flask.Flask:
    """An application with the default settings."""
    return make_app()


@pytest.fixture
def client(app: flask.Flask) -> flask.testing.FlaskClient:
    """A client of that application, without a token."""
    return app.test_client()


def new_token(app: flask.Flask, *scopes: str) -> tuple[keys.Token, dict[str, str]]:
    """A token of the party "desk" with these scopes, and the header that carries it."""
    with app.extensions["onrecord"].database.turn() as db:
        token, secret = keys.create_token(db, party="desk", scopes=scopes, note=None, now=NOW)
    return token, {"Authorization": f"Bearer {secret}"}
