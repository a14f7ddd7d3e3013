"""The entry that says that a subscription was disabled is one like any other: verified, derived, copied, told."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from api import erasing, exports, ledger
from api.domain import webhooks
from api.interop.webhooks import subscriptions
from api.reads import changes, happenings
from api.storage import log
from api.storage import webhooks as storage
from api.storage.sqlite import Database
from api.storage.webhooks import Attempt, Progress
from api.verification import verify
from tests.conftest import Client
from tests.records import OPERATOR, Recorder, dump, every_table, ulid
from tests.test_query_plans import Explained, troubles

DESK = "desk"


@pytest.fixture
def told(record: Recorder) -> Recorder:
    """A record in which the subscription of a desk was disabled: entry 2 of 4."""
    record.party("house", name="Publishing House")
    record.party(DESK, "house", name="The Desk")
    event = webhooks.disable(ulid(1), DESK, "failing", 10, 1)
    record.append(lambda known: event, OPERATOR)
    record.party("later")
    return record


def test_it_is_verified_and_derived_again(told: Recorder) -> None:
    """Every hash adds up, and a rebuild makes every row of every table again."""
    database = told.database
    before = dump(database, every_table(database))
    with database.snapshot() as db:
        assert verify(db) is None
    ledger.rebuild(database)
    assert dump(database, every_table(database)) == before


def test_a_rebuild_leaves_subscriptions_alone(told: Recorder) -> None:
    """They do not follow from the log."""
    with told.database.turn() as db:
        made = subscriptions.add(db, {"url": "https://desk.example/"}, DESK, ())
        storage.record(db, [], [Attempt(made.id, "msg_1", "ping", None, 1, made.created_at, 1, 204, None)])
    own = ["webhooks", "deliveries"]
    before = dump(told.database, own)
    assert all(before.values())
    ledger.rebuild(told.database)
    assert dump(told.database, own) == before


def test_statements_have_their_index(database: Database) -> None:
    """No statement that is sent often walks over a table or sorts, but for the one that looks at all subscriptions."""
    with database.turn() as db:
        made = subscriptions.add(db, {"url": "https://desk.example/"}, DESK, ())
        explained = Explained(db)
        attempt = Attempt(made.id, "msg_1", "ping", None, 1, made.created_at, 1, 204, None)
        explained.executemany = db.executemany  # type: ignore[attr-defined]
        storage.record(explained, [Progress(made.id, 1, 0, 0, None, None, None)], [attempt])  # type: ignore[arg-type]
        storage.ping_done(explained, made.id, "msg_1")  # type: ignore[arg-type]
        storage.find(explained, made.id)  # type: ignore[arg-type]
        storage.count(explained, DESK)  # type: ignore[arg-type]
        storage.attempts(explained, made.id, 2**62, 50)  # type: ignore[arg-type]
        for owner in (None, DESK):
            storage.page(explained, owner, "", 50)  # type: ignore[arg-type]
        storage.remove(explained, made.id)  # type: ignore[arg-type]
    assert len(explained.plans) >= 10
    assert [step for plan in explained.plans.values() for step in troubles(plan)] == []


def test_it_is_copied(told: Recorder, tmp_path: Path) -> None:
    """A mirror and an import make the same record of it."""
    source, adopted, imported = told.database, Database(tmp_path / "adopted.db"), Database(tmp_path / "imported.db")
    entries = list(log.sealed_entries(source.reader()))
    for database in (adopted, imported):
        database.migrate()
    with ledger.turn(adopted) as turn:
        for sealed in entries:
            turn.adopt(sealed)
    head = log.head(source.reader())
    lines = [exports.header("record.example/log", head), *map(changes.entry, entries)]
    header, read = exports.read(io.BytesIO(b"\n".join(lines)))
    assert exports.load(imported, header, read) == head
    wanted = dump(source, every_table(source))
    for database in (adopted, imported):
        assert dump(database, every_table(database)) == wanted
        database.close()


def test_it_is_told(told: Recorder) -> None:
    """In a sentence, with the name of whose it was; and those who follow the party above hear of it, too."""
    db = told.database.reader()
    for facets in ([], ["kind=webhook.disabled"], [f"party={DESK}"], ["party=house", "kind=webhook.disabled"]):
        assert 2 in [index for index, _ in log.changes(db, 0, 4, facets, 9)]
    assert 2 not in [index for index, _ in log.changes(db, 0, 4, ["party=later"], 9)]
    [(index, line)] = log.changes(db, 2, 3, [], 1)
    sentence = happenings.happening(db, index, line).sentence
    assert sentence == "A webhook of The Desk was disabled: its receiver took no message for two days"


def test_it_is_served(client: Client) -> None:
    """As a change and as an entry."""
    client.record.append(lambda known: webhooks.disable(ulid(1), "example-desk", "gone", 1, 1), OPERATOR)
    [change] = client.get("/v1/changes?kind=webhook.disabled").json["changes"]
    assert (change["subject"], change["url"]) == (f"webhook/{ulid(1)}", f"/v1/webhooks/{ulid(1)}")
    assert (change["claim"], change["status"], change["actor"]) == (None, None, "operator")
    payload = json.loads(client.get("/v1/entries/1").json["payload"])
    assert payload == {"id": ulid(1), "party": "example-desk", "reason": "gone", "attempts": 1, "next": 1}


def test_its_erasure_is_derived(told: Recorder) -> None:
    """Nobody needs to erase it; a log from elsewhere may have done so, and is followed."""
    database = told.database
    erasing.erase(database, f"webhook/{ulid(1)}", "By order.", DESK)
    with database.snapshot() as db:
        assert verify(db) is None
        [(index, line)] = log.changes(db, 4, 5, ["party=house"], 1)
        assert happenings.happening(db, index, line).sentence == "Words of a webhook were erased from the record"
