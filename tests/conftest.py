"""What the tests share: a database, a way to write to it, the DHS record, and an application with tokens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import flask.testing
import pytest

from api.embedding.embedder import OFF, Embedder
from api.storage import keys, log
from api.storage.log import Connection, Head
from api.storage.sqlite import Database
from tests.histories import Chronicle
from tests.postgresql import Server, Unavailable, running
from tests.records import DESK, Recorder, load_fixtures

if TYPE_CHECKING:
    from api.storage.postgresql import Database as ServerDatabase

NOW = "2026-11-24T10:00:00.000Z"
SCOPES = ("claims", "verdicts", "edit", "admin")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Each test has an id of its own: of those that share one pytest-xdist runs the first, and leaves the rest out
    without a word."""
    for item in items:
        # schemathesis 4.32 has the operation in the name alone, and pytest 9.2 makes no id of that.
        operation = getattr(item, "operation_label", None)
        if operation is not None and item.id.params is None:
            item._id = item.id.with_params(operation)
    shared = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if shared:
        raise pytest.UsageError(f"More than one test has the id {', '.join(shared)}.")


@pytest.fixture(scope="session", autouse=True)
def words_alone() -> Iterator[None]:
    """What matches, matches by words alone, but where a test brings the model."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("api.context.Embedder", lambda path, *rest: Embedder(path or OFF, *rest))
        yield


@pytest.fixture(scope="session")
def embedder() -> Embedder:
    """The model that `onrecord[semantic]` brings; tests that need it are skipped where it is not installed."""
    made = Embedder("")
    if made.name is None:
        pytest.skip(f"Meaning is not tested. {made.reason}")
    return made


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The sizes of the heads that a store was asked for."""
    sizes: list[int] = []
    head = log.head

    def noted(db: Connection) -> Head:
        found = head(db)
        sizes.append(found.size)
        return found

    monkeypatch.setattr(log, "head", noted)
    return sizes


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """A migrated database without entries, in a file."""
    made = Database(tmp_path / "record.db")
    made.migrate()
    yield made
    made.close()


@pytest.fixture
def record(database: Database) -> Recorder:
    """Writes to `database` through the ledger; times and salts are the same in every run."""
    return Recorder(database)


@pytest.fixture(scope="session")
def dhs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """The DHS record of `fixtures`, loaded with fixed times and salts. It is shared: tests only read it."""
    made = Database(tmp_path_factory.mktemp("dhs") / "dhs.db")
    made.migrate()
    load_fixtures(made)
    yield made
    made.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server; tests that need one are skipped where none can be started."""
    with ExitStack() as stack:
        try:
            server = stack.enter_context(running())
        except Unavailable as why:
            pytest.skip(f"PostgreSQL is not tested: {why}")
        yield server


@pytest.fixture
def on_server(postgresql: Server, tmp_path: Path) -> Iterator[ServerDatabase]:
    """A migrated database without entries, on a PostgreSQL server."""
    from api.storage.postgresql import Database as ServerDatabase

    name = postgresql.create()
    made = ServerDatabase(postgresql.url(name), tmp_path / "heads", tmp_path / "record")
    made.migrate()
    yield made
    made.close()
    postgresql.drop(name)


class Client(flask.testing.FlaskClient):
    """Asks an application. `tokens` has for each scope the header with a token of "example-desk"."""

    tokens: dict[str, dict[str, str]]
    record: Recorder

    @property
    def database(self) -> Database:
        """The application's database."""
        found: Database = self.application.extensions["onrecord"].database
        return found


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """An application over a new database with one party, "example-desk", and a token of each scope."""
    from api import create_app
    from api.settings import Settings

    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{tmp_path / 'client.db'}"}))
    app.test_client_class = Client
    made = app.test_client()
    assert isinstance(made, Client)
    store = made.database
    store.migrate()
    made.tokens = {}
    with store.turn() as db:
        for scope in SCOPES:
            _, secret = keys.create_token(db, party=DESK, scopes=(scope,), note=None, now=NOW)
            made.tokens[scope] = {"Authorization": f"Bearer {secret}"}
    made.record = Recorder(store)
    made.record.party(DESK, name="Example Desk")
    yield made
    store.close()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A record in which everything happened that can happen."""
    made = Database(tmp_path_factory.mktemp("history") / "record.db")
    made.migrate()
    Chronicle(21).write(made, 257)
    yield made
    made.close()
