"""The OpenAPI document against the application: generated requests, good and bad, find no failure of ours and no answer
that the document does not describe."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import flask
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.config import SchemathesisConfig

import fixtures
from api import create_app, keyring, notes
from api.settings import Settings
from api.storage import keys
from api.storage.sqlite import Database
from tests.conftest import NOW
from tests.records import DESK

# How many generated requests each operation gets, beside those that cover each rule of the document once.
EXAMPLES = 40

CHECKS = {
    # Some rules (who is on record, what opposes what) cannot be said in a schema: what keeps to it can still be
    # refused.
    # 400: 0.0 is an integer to JSON Schema, and a number with a fraction to our loader, which refuses it.
    "positive_data_acceptance": {"expected-statuses": ["2xx", "3xx", "400", "404", "409", "410", "412", "422"]},
    "missing_required_header": {"expected-statuses": ["428"]},
    # 412: a condition that does not hold is told before the body is looked at.
    "negative_data_rejection": {"expected-statuses": ["400", "401", "404", "405", "412", "413", "415", "422", "428"]},
}


def ids(name: str) -> list[str]:
    """The ids of what a file of the fixtures records."""
    lines = (Path(fixtures.__file__).parent / f"{name}.ndjson").read_text(encoding="utf-8").splitlines()
    return [json.loads(line)["id"] for line in lines][:20]


# For each parameter some values that are on record.
KNOWN = {
    "path.party_id": ids("parties"),
    "path.question_id": ids("questions"),
    "path.claim_id": ids("claims"),
    "path.verdict_id": ids("verdicts"),
    "path.earlier": ids("claims"),
    "path.later": ids("claims"),
    "query.party": ids("parties"),
    "query.question": ids("questions"),
    "query.reviewer": [DESK],
    "query.claim": ids("claims"),
    "query.since": ["now"],
    "query.index": ["0", "199"],
    "query.size": ["200"],
    "query.from": ["1", "100"],
    "query.to": ["200"],
    "query.revision": ["100"],
    "header.If-Match": ["*"],
}

CONFIG = SchemathesisConfig.from_dict(
    {
        # JSON Schema has no short way to forbid NUL in a text; that it is refused is tested beside the other bad
        # bodies.
        "generation": {"deterministic": True, "database": "none", "allow-x00": False},
        "checks": CHECKS,
        "dictionaries": {name: {"values": found} for name, found in KNOWN.items()},
        "parameters": {name: {"dictionary": name, "probability": 0.7} for name in KNOWN},
    }
)


def application(path: Path) -> flask.Flask:
    """An application over a database that need not be there before the first read; it holds no poll and counts no
    rates."""
    environ = {
        "DATABASE_URL": f"sqlite:///{path}",
        "ONRECORD_RATE_WRITES": "1000000/minute",
        "ONRECORD_RATE_AUTH_FAILURES": "1000000/minute",
        "ONRECORD_WAITERS": "0",
        "ONRECORD_LOG_LEVEL": "error",
    }
    return create_app(Settings.from_environ(environ))


class Served:
    """The application that is asked: the tests are made when this module is read, from the document alone, and the one
    with the record comes with the fixture."""

    def __init__(self) -> None:
        self.app = application(Path("nowhere.db"))

    def __call__(self, environ: Any, start_response: Any) -> Any:
        return self.app(environ, start_response)


served = Served()
schema = schemathesis.openapi.from_wsgi("/openapi.json", served, config=CONFIG)
# A method of Google's that is always answered by a 501, as it is documented.
schema = schema.exclude(path="/v1alpha1/claims:imageSearch")


@pytest.fixture(scope="module")
def token(dhs: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A token of every scope for an application over a copy of the DHS record, which is asked from here on."""
    path = tmp_path_factory.mktemp("schemathesis") / "dhs.db"
    with closing(sqlite3.connect(path)) as copy:
        dhs.reader().backup(copy)
    keyring.add(keyring.beside(path), notes.new_key("localhost/onrecord"), NOW)
    served.app = application(path)
    store = served.app.extensions["onrecord"].database
    with store.turn() as db:
        _, secret = keys.create_token(db, party=DESK, scopes=("admin",), note=None, now=NOW)
    yield secret
    store.close()


@schema.parametrize()
@settings(
    max_examples=EXAMPLES,
    deadline=timedelta(seconds=20),
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_matches_the_document(case: Any, token: str) -> None:
    """No 5xx, no undocumented status, media type, header or member, and nothing bad is taken."""
    case.call_and_validate(headers={"Authorization": f"Bearer {token}"})
