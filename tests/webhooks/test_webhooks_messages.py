"""What a receiver is sent, checked as a receiver checks it."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from jsonschema_rs import Draft202012Validator
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from api import create_app, openapi
from api.domain.webhooks import Filter
from api.interop.webhooks import messages
from api.interop.webhooks.messages import Message, Tidings
from api.settings import Settings
from api.storage import log
from api.storage.sqlite import Database
from tests.records import DESK, Recorder, ulid
from tests.webhooks.receivers import BASE

SECRET, FORMER = messages.new_secret(), messages.new_secret()


def told(record: Recorder, since: int = 0, **wanted: Any) -> list[Any]:
    """The bodies of the messages of a whole log that pass a filter, page by page."""
    db, found = record.database.reader(), []
    size, tidings = log.head(db).size, Tidings(BASE)
    while since < size:
        page = tidings.page(db, ulid(9), Filter.of(wanted), since, size)
        found += [json.loads(message.body) for message in page.messages]
        assert since < page.reached <= size
        since = page.reached
    return found


@pytest.fixture
def said(record: Recorder) -> Recorder:
    """A record in which a party contradicts itself: entries 0 to 7."""
    record.party("dhs")
    record.party("ice", "dhs")
    record.party(DESK)
    record.question("q", "yes", "no")
    record.claim("Secret words.", "ice", {"q": "yes"}, stated_on="2010")
    claim = record.claim("Other secret words.", "dhs", {"q": "no"}, stated_on="2011")
    verdict = record.verdict(claim, "false")
    record.retract(verdict)
    return record


def test_a_receiver_can_verify_a_message() -> None:
    """With the library of Standard Webhooks: a message with its headers verifies, and with any other body does not."""
    message = messages.ping(ulid(1), "msg_1", "2026-11-24T10:00:00.000Z")
    headers = dict(messages.headers(message, int(datetime.now(UTC).timestamp()), [SECRET]))
    assert Webhook(SECRET).verify(message.body, headers)["type"] == "ping"
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(message.body + b" ", headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(FORMER).verify(message.body, headers)


def test_two_secrets_sign_beside_each_other() -> None:
    """Whoever knows the one or the other can verify."""
    message = Message("msg_1", "ping", None, b'{"a":1}')
    headers = dict(messages.headers(message, int(datetime.now(UTC).timestamp()), [SECRET, FORMER]))
    for secret in (SECRET, FORMER):
        assert Webhook(secret).verify(message.body, headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(messages.new_secret()).verify(message.body, headers)


def test_an_old_message_is_refused_by_receivers() -> None:
    """The time is signed: a message that somebody caught cannot be sent again later."""
    message = Message("msg_1", "ping", None, b"{}")
    old = int((datetime.now(UTC) - timedelta(minutes=10)).timestamp())
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(message.body, dict(messages.headers(message, old, [SECRET])))


def test_a_message_says_what_happened_and_where(said: Recorder) -> None:
    """The kind, the time, the entry with its leaf, an absolute address, and the status; none of the words."""
    [message] = told(said, kinds=["verdict.published"])
    sealed = next(log.sealed_entries(said.database.reader(), 6, 7))
    data = message.pop("data")
    assert message == {"type": "verdict.published", "timestamp": sealed.recorded_at, "version": 1}
    assert data["url"] == f"{BASE}/v1/verdicts/{sealed.subject.removeprefix('verdict/')}"
    assert data["status"] == {"from": "unreviewed", "to": "refuted"}
    assert (data["index"], data["actor"], data["leaf_hash"]) == (6, DESK, sealed.leaf_hash.hex())
    assert "ecret words" not in json.dumps(told(said))


def test_messages_are_as_documented(said: Recorder) -> None:
    """Every message keeps to the schema in the OpenAPI document."""
    app = create_app(Settings.from_environ({"DATABASE_URL": "sqlite:///nowhere.db"}))
    document = openapi.spec(app)
    schema = document["webhooks"]["entry"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    validator = Draft202012Validator({**schema, "components": document["components"]})
    found = told(said)
    assert len(found) == 8
    for message in found:
        validator.validate(message)


@pytest.mark.parametrize(
    ("wanted", "indexes"),
    [
        ({}, [0, 1, 2, 3, 4, 5, 6, 7]),
        ({"kinds": ["party.recorded"]}, [0, 1, 2]),
        ({"kinds": ["verdict.published", "verdict.retracted"]}, [6, 7]),
        ({"party": "dhs"}, [0, 1, 4, 5, 6, 7]),
        ({"party": "ice"}, [1, 4]),
        ({"question": "q"}, [3, 4, 5, 6, 7]),
        ({"question": "q", "party": "ice"}, [4]),
        ({"contradiction": True}, [5]),
        ({"contradiction": True, "party": "ice"}, []),
        ({"status": True}, [6, 7]),
        ({"contradiction": True, "status": True}, [5, 6, 7]),
    ],
)
def test_a_subscription_is_told_of_what_it_asks_for(said: Recorder, wanted: dict[str, Any], indexes: list[int]) -> None:
    """By kind, party with all under it, question, contradictions that an entry brought, and changes of a status."""
    assert [message["data"]["index"] for message in told(said, **wanted)] == indexes


def test_a_contradiction_names_what_it_opposes(said: Recorder) -> None:
    """The claims of the same party that it contradicts, by their ids."""
    first = told(said, kinds=["claim.recorded"])[0]["data"]["claim"]
    assert told(said, contradiction=True)[0]["data"]["contradicts"] == [first]


def test_a_long_log_is_told_page_by_page(record: Recorder) -> None:
    """Nothing is left out or told twice where one page ends and the next begins."""
    with record.together():
        for number in range(2 * messages.TOGETHER + 1):
            record.party(f"p{number}")
    assert [message["data"]["index"] for message in told(record)] == list(range(2 * messages.TOGETHER + 1))


def test_the_id_of_a_message_is_its_entrys(said: Recorder, tmp_path: Any) -> None:
    """The same entry has the same id whenever it is told; another one with its number, in a log that was restored and
    went on differently, has another."""
    db = said.database.reader()
    first, again = (Tidings(BASE).page(db, ulid(9), Filter(), 0, 1).messages[0] for _ in range(2))
    assert first.id == again.id
    assert "." not in first.id
    other = Database(tmp_path / "other.db")
    other.migrate()
    Recorder(other).party("someone-else")
    tidings = Tidings(BASE)
    kept = tidings.page(db, ulid(9), Filter(), 0, 1).messages[0]
    told_after = tidings.page(other.reader(), ulid(9), Filter(), 0, 1).messages[0]
    assert len({first.id, kept.id, told_after.id}) == 2
    assert json.loads(told_after.body)["data"]["subject"] == "party/someone-else"
    other.close()
