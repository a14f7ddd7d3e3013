"""A record on a primary and on a standby that streams from it, read by an application that knows both."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api import create_app, notes
from api.context import House
from api.settings import Settings
from api.storage import keys
from api.storage.postgresql import Database
from tests.conftest import NOW
from tests.postgresql import FAST, Server, Unavailable, following, running
from tests.records import DESK, Recorder

KEY = notes.new_key("localhost/onrecord")


@pytest.fixture(scope="session")
def pair() -> Iterator[tuple[Server, Server]]:
    """A primary and a standby that streams from it. Whoever stops one starts it again."""
    try:
        with running(FAST | {"wal_retrieve_retry_interval": "100ms"}) as primary, following(primary) as standby:
            yield primary, standby
    except Unavailable as why:
        pytest.skip(f"PostgreSQL is not tested: {why}")


class Service:
    """An application over a primary and a replica, with one party and its token, none of which the replica lacks."""

    def __init__(self, primary: Server, standby: Server, folder: Path) -> None:
        self.primary, self.standby = primary, standby
        self.name = primary.create()
        self.database = Database(primary.url(self.name), folder / "heads", folder / "record")
        self.database.migrate()
        self.record = Recorder(self.database)
        self.record.party(DESK)
        with self.database.turn() as db:
            token, secret = keys.create_token(db, party=DESK, scopes=("admin",), note=None, now=NOW)
        self.token, self.secret, self.headers = token, secret, {"Authorization": f"Bearer {secret}"}
        self.caught_up()
        self.environ = {
            "DATABASE_URL": primary.url(self.name),
            "ONRECORD_HEADS": str(folder / "heads"),
            "ONRECORD_SIGNING_KEY": KEY.private_text(),
        }
        self.houses: list[House] = []

    def client(self, **environ: str) -> FlaskClient:
        """A client of an application that reads the replica, once it is known to."""
        environ = {"DATABASE_REPLICA_URL": self.standby.url(self.name)} | environ
        app = create_app(Settings.from_environ(self.environ | environ))
        house: House = app.extensions["onrecord"]
        self.houses.append(house)
        if house.watch and environ["DATABASE_REPLICA_URL"] == self.standby.url(self.name):
            until(house.watch.usable)
        return app.test_client()

    def caught_up(self) -> None:
        """Wait until the standby has all that the primary has."""
        [(reached,)] = self.primary.run("SELECT pg_current_wal_lsn()")
        until(lambda: self.standby.run(f"SELECT pg_last_wal_replay_lsn() >= '{reached}'") == [(True,)])

    def hold(self) -> None:
        """Let the standby take in nothing more."""
        self.standby.run("SELECT pg_wal_replay_pause()")
        until(lambda: self.standby.run("SELECT pg_get_wal_replay_pause_state()") == [("paused",)])

    def delay(self, by: str) -> None:
        """Let the standby take everything in so much later."""
        self.standby.run(f"ALTER SYSTEM SET recovery_min_apply_delay = '{by}'")
        self.standby.run("SELECT pg_reload_conf()")

    def release(self) -> None:
        """Let the standby go on."""
        self.standby.run("SELECT pg_wal_replay_resume()")

    def close(self) -> None:
        """Close this thread's connections."""
        for house in self.houses:
            house.database.close()
            if house.watch:
                until(lambda house=house: not house.watch.is_looking)
                house.watch.replica.close()
        self.database.close()


@pytest.fixture
def service(pair: tuple[Server, Server], tmp_path: Path) -> Iterator[Service]:
    """A service of its own for each test."""
    made = Service(*pair, tmp_path)
    yield made
    for server in pair:
        if server.process is None:
            server.start()
    made.delay("0")
    made.release()
    made.close()


def until(true: Callable[[], bool]) -> None:
    """Wait for something."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def party(name: str) -> dict[str, Any]:
    """The body of a party."""
    return {"id": name, "name": name, "kind": "organization"}


def ids(client: FlaskClient, **headers: str) -> list[str]:
    """The parties that a list has."""
    answer = client.get("/v1/parties", headers={name.replace("_", "-"): value for name, value in headers.items()})
    assert answer.status_code == 200, answer.get_data(as_text=True)
    return [item["id"] for item in answer.json["items"]]


def told(captured: pytest.CaptureFixture[str], event: str) -> list[dict[str, Any]]:
    """The lines of the log with this text since this was asked last."""
    lines = [json.loads(line) for line in captured.readouterr().err.splitlines() if line.startswith("{")]
    return [line for line in lines if line["event"] == event]
