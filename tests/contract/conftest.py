"""A small record in which one party contradicts itself, asked and written to over HTTP; and what every test
says about answers."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import flask
import pytest
from werkzeug.test import TestResponse

from api import create_app, keyring, ledger, notes
from api.context import House
from api.limits import Limits
from api.problems import PROBLEMS, TYPE_PREFIX
from api.settings import Settings
from api.storage import keys, log
from api.storage.sqlite import Database
from api.writers import Writers
from tests.conftest import NOW, SCOPES
from tests.postgresql import Server
from tests.records import APPEARANCE, DESK, Recorder, ulid

OTHER = "other-desk"
VOLUNTARY, MANDATORY = ulid(1), ulid(2)
# The key that signs the log of every test, and what verifiers need of it.
KEY = notes.new_key("localhost/onrecord")
PUBLIC_KEYS = [str(KEY.verifier)]
BY_NUMBER = {problem.slug: problem for problem in PROBLEMS.values()}

CLAIM: dict[str, Any] = {
    "text": "No agency has to take part.",
    "wording": "direct",
    "attribution": {"speaker": "ice"},
    "stated_on": "2010-10",
    "appearances": [APPEARANCE],
}
VERDICT: dict[str, Any] = {"rating": "false", "evidence": [APPEARANCE]}
ASSESSMENT: dict[str, Any] = {"claims": [VOLUNTARY, MANDATORY], "assessment": "reversal", "reason": "denial"}
PARTY: dict[str, Any] = {"id": "cbp", "name": "Customs and Border Protection", "kind": "organization"}
QUESTION: dict[str, Any] = {
    "id": "costs",
    "text": "Does it cost anything?",
    "positions": [{"id": "free", "label": "Free"}, {"id": "costly", "label": "Costly"}],
}


class Api:
    """Asks the application. `scope` names the token of "example-desk" that goes along; None sends none."""

    def __init__(self, app: flask.Flask, database: Any, tokens: Mapping[str, dict[str, str]]) -> None:
        settings = app.extensions["onrecord"].settings
        waiters = threading.Semaphore(settings.waiters)
        app.extensions["onrecord"] = House(settings, database, Limits(settings), waiters, Writers(database))
        self.app, self.client, self.database, self.tokens = app, app.test_client(), database, tokens

    @property
    def size(self) -> int:
        """How many entries the log has."""
        return log.head(self.database.reader()).size

    def send(
        self, method: str, path: str, body: Any = None, scope: str | None = "admin", **headers: str
    ) -> TestResponse:
        """Sends a request. Of `headers` the underscores are hyphens; `body` is made JSON unless it is bytes."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if scope is not None:
            sent = self.tokens[scope] | sent
        data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        if data is not None:
            sent = {"Content-Type": "application/json"} | sent
        return self.client.open(path, method=method, data=data, headers=sent)

    def get(self, path: str, scope: str | None = None, **headers: str) -> TestResponse:
        """GET, without a token unless a scope is named."""
        return self.send("GET", path, scope=scope, **headers)

    def post(self, path: str, body: Any, scope: str | None = "admin", **headers: str) -> TestResponse:
        """POST with the token of all scopes, unless another is named."""
        return self.send("POST", path, body, scope, **headers)

    def patch(self, path: str, body: Any, scope: str | None = "admin", **headers: str) -> TestResponse:
        """PATCH with the token of all scopes, unless another is named."""
        return self.send("PATCH", path, body, scope, **headers)

    def made(self, path: str, body: Any, scope: str = "admin", **headers: str) -> dict[str, Any]:
        """The document that a POST makes."""
        answer = self.post(path, body, scope, **headers)
        assert answer.status_code in (200, 201), answer.get_data(as_text=True)
        found: dict[str, Any] = answer.json
        return found

    def etag(self, path: str) -> str:
        """The ETag of a document."""
        return str(self.get(path).headers["ETag"])


@pytest.fixture(scope="session")
def served() -> flask.Flask:
    """The application of every test: it is the same code for all, and each brings a database of its own."""
    return create_app(Settings.from_environ({"DATABASE_URL": "sqlite:///nowhere.db"}))


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, dict[str, str]]]:
    """A database with eight entries (two desks, DHS with ICE under it, one question, one claim on each side of it), and
    the headers with the tokens."""
    path = tmp_path_factory.mktemp("contract") / "template.db"
    store = Database(path)
    store.migrate()
    record = Recorder(store)
    with record.together():
        record.party(DESK, name="Example Desk")
        record.party(OTHER)
        record.party("dhs", name="Homeland Security")
        record.party("ice", "dhs", name="Immigration and Customs Enforcement")
        record.person("napolitano", "dhs")
        record.question("sc-voluntary", "voluntary", "mandatory", neutral=("unclear",))
        said = {"stated_on": "2010-09-07", "tags": ["letter"]}
        record.claim("A locality may opt out.", "ice", {"sc-voluntary": "voluntary"}, **said)
        said = {"stated_on": "2011-04-22", "language": "en"}
        record.claim("It never was voluntary.", "dhs", {"sc-voluntary": "mandatory"}, **said)
    tokens = {}
    with store.turn() as db:
        for party, prefix in ((DESK, ""), (OTHER, "other ")):
            for scope in SCOPES:
                _, secret = keys.create_token(db, party=party, scopes=(scope,), note=None, now=NOW)
                tokens[prefix + scope] = {"Authorization": f"Bearer {secret}"}
    store.close()
    return path, tokens


class Pristine:
    """The same record on a PostgreSQL server, made anew for who asks whenever anybody has written to the last one."""

    def __init__(self, server: Server, beside: Path) -> None:
        self.server, self.beside = server, beside
        self._template, self._copy, self._untouched = "contract_template", "contract", -1
        server.create(name=self._template)

    def url(self) -> str:
        """The URL of one that nobody has written to."""
        if self._touched() != self._untouched:
            self.server.drop(self._copy)
            self.server.create(self._template, self._copy)
            self._untouched = self._touched()
        return self.server.url(self._copy)

    def template(self) -> str:
        """The URL of the one that is copied."""
        return self.server.url(self._template)

    def _touched(self) -> int:
        # Who writes is given a number, and these are given in order.
        return int(self.server.run("SELECT pg_snapshot_xmax(pg_current_snapshot())::text")[0][0])


@pytest.fixture(scope="session")
def pristine(
    postgresql: Server, template: tuple[Path, dict[str, dict[str, str]]], tmp_path_factory: pytest.TempPathFactory
) -> Pristine:
    """The entries and tokens of `template` on a server."""
    from api.storage.postgresql import Database as OnServer

    made = Pristine(postgresql, tmp_path_factory.mktemp("server"))
    source, target = Database(template[0]), OnServer(made.template(), made.beside / "heads", made.beside / "record")
    target.migrate()
    with target.turn() as db:
        for sealed in log.sealed_entries(source.reader()):
            log.add_entry(db, sealed)
        for row in source.reader().execute("SELECT id, digest, party, scopes, created_at FROM tokens"):
            db.execute("INSERT INTO tokens (id, digest, party, scopes, created_at) VALUES (?, ?, ?, ?, ?)", row)
    assert ledger.rebuild(target) == log.head(source.reader())
    source.close()
    target.close()
    return made


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test of the application runs on both engines, but for those of what only SQLite has."""
    if "engine" in metafunc.fixturenames:
        only = metafunc.definition.get_closest_marker("sqlite") is not None
        metafunc.parametrize("engine", ["sqlite"] if only else ["sqlite", "postgresql"], scope="session")


@pytest.fixture
def api(
    engine: str,
    served: flask.Flask,
    template: tuple[Path, dict[str, dict[str, str]]],
    tmp_path: Path,
    request: pytest.FixtureRequest,
) -> Iterator[Api]:
    """The application over a copy of that database, with new rates and no answer remembered."""
    path, tokens = template
    keyring.add(keyring.beside(tmp_path / "record.db"), KEY, NOW)
    if engine == "sqlite":
        shutil.copy(path, tmp_path / "record.db")
        database: Any = Database(tmp_path / "record.db")
    else:
        from api.storage.postgresql import Database as OnServer

        pristine: Pristine = request.getfixturevalue("pristine")
        database = OnServer(pristine.url(), tmp_path / "record.db.heads", tmp_path / "record.db")
    made = Api(served, database, tokens)
    yield made
    made.database.close()


def problem(answer: TestResponse, slug: str, *pointers: str) -> dict[str, Any]:
    """The problem document of an answer, which must be of this type, point at these places, and have the one
    shape there is."""
    expected = BY_NUMBER[slug]
    assert answer.status_code == expected.status, answer.get_data(as_text=True)[:2000]
    members = shaped(answer)
    assert (members["type"], members["title"]) == (TYPE_PREFIX + slug, expected.title)
    if pointers:
        assert [error["pointer"] for error in members["errors"]] == list(pointers)
    return members


def shaped(answer: TestResponse) -> dict[str, Any]:
    """The members of a problem document, in the shape that every one has."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    members: dict[str, Any] = json.loads(answer.data)
    assert {"type", "title", "status", "detail", "instance", "request_id"} <= members.keys()
    assert members["status"] == answer.status_code
    assert members["request_id"] == answer.headers["X-Request-Id"]
    assert members["instance"].isascii() and members["instance"].startswith("/")
    assert members["detail"].strip() and members["detail"][-1] in ".…"
    for error in members.get("errors", []):
        assert error.keys() == {"pointer", "detail", "code"}
        assert error["pointer"] == "" or error["pointer"].startswith("/")
        assert error["detail"] and error["code"]
    return members
