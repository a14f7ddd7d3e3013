"""The DHS record as pages, and a record of which a test writes what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flask.testing
import pytest

from api import create_app
from api.settings import Settings
from api.storage.sqlite import Database
from tests.conftest import Client

HTML = {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.fixture(scope="session")
def pages(dhs: Database) -> Iterator[flask.testing.FlaskClient]:
    """Asks for pages of the DHS record."""
    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{dhs.path}"}))
    yield app.test_client()
    app.extensions["onrecord"].database.close()


@pytest.fixture
def site(client: Client) -> Client:
    """Asks for pages of a record with the organisations "ministry" and "office" under it, the person "speaker" of the
    office, and the question "open" with the positions yes, no and (neutral) maybe. Writes with `site.record`."""
    record = client.record
    record.party("ministry", name="The Ministry")
    record.party("office", name="The Office", parent="ministry")
    record.party("speaker", name="A Speaker", kind="person", parent="office")
    record.question("open", "yes", "no", neutral=("maybe",), text="Is it open?")
    return client


@pytest.fixture
def closed(tmp_path: Path) -> Iterator[flask.testing.FlaskClient]:
    """A record that is closed for reading."""
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path / 'closed.db'}", "ONRECORD_READ_TOKEN_REQUIRED": "true"}
    app = create_app(Settings.from_environ(settings))
    app.extensions["onrecord"].database.migrate()
    yield app.test_client()
    app.extensions["onrecord"].database.close()
