"""Delivering from a real database to real receivers: in order, nothing missed, nobody delayed by another."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook as Verifier

from api.domain.webhooks import DELAYS
from api.errors import LedgerRewound
from api.interop.webhooks import books, calls, deliverer, subscriptions
from api.interop.webhooks.couriers import Clock
from api.storage import log, webhooks
from api.storage.webhooks import Webhook
from tests.records import DESK, Recorder
from tests.webhooks.receivers import HERE, Receiver, delivering, good, hang, status, until


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Every test here runs on both engines."""
    if "engine" in metafunc.fixturenames:
        metafunc.parametrize("engine", ["sqlite", "postgresql"])


@pytest.fixture
def store(engine: str, request: pytest.FixtureRequest) -> Any:
    """A migrated database without entries."""
    return request.getfixturevalue("database" if engine == "sqlite" else "on_server")


@pytest.fixture
def record(store: Any) -> Recorder:
    """Writes to it."""
    made = Recorder(store)
    made.party(DESK)
    return made


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is looked at every now and then is looked at more often, and nobody hangs for long."""
    monkeypatch.setattr(deliverer, "LOOK", 0.05)
    monkeypatch.setattr(deliverer, "GLANCE", 0.02)
    monkeypatch.setattr(books, "MOMENT", 0.02)
    monkeypatch.setattr(calls, "TOTAL", 1.0)


class Hours:
    """A clock by which days pass at once: whoever sleeps sets it forward."""

    def __init__(self) -> None:
        self.began = self.moment = datetime.now(UTC)
        self.clock = Clock(lambda: self.moment, self._sleep, random.Random(1).random)

    async def _sleep(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)
        await asyncio.sleep(0)

    @property
    def passed(self) -> float:
        """How many hours have."""
        return (self.moment - self.began).total_seconds() / 3600


def subscribe(store: Any, url: str, owner: str = DESK, **more: Any) -> Webhook:
    """Make a subscription that is told of everything from the next entry on."""
    with store.turn() as db:
        return subscriptions.add(db, {"url": url, **more}, owner, HERE)


def stands(store: Any, webhook: Webhook) -> Webhook:
    """A subscription as it stands."""
    return _there(webhooks.find(store.reader(), webhook.id))


def change(store: Any, webhook: Webhook, **body: Any) -> None:
    """Change a subscription as a PATCH does."""
    with store.turn() as db:
        now = _there(webhooks.find(db, webhook.id))
        subscriptions.amend(db, now, subscriptions.body_of(now) | body, HERE)


def _there(webhook: Webhook | None) -> Webhook:
    assert webhook is not None
    return webhook


def size(store: Any) -> int:
    """How many entries the log has."""
    return log.head(store.reader()).size


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A good one."""
    with Receiver() as made:
        yield made


def test_everything_is_told_in_order(store: Any, record: Recorder, receiver: Receiver) -> None:
    """What is appended before and while somebody delivers arrives once, in order, signed, over one connection."""
    webhook = subscribe(store, receiver.url)
    record.party("before")
    with delivering(store):
        until(lambda: receiver.indexes == [1])
        with record.together():
            for number in range(250):
                record.party(f"p{number}")
        until(lambda: receiver.indexes == list(range(1, 252)))
        until(lambda: stands(store, webhook).upcoming == 252)
    assert receiver.connections == 1
    for request in receiver.requests[:3]:
        assert Verifier(webhook.secret).verify(request.body, dict(request.headers))["data"]["index"] == request.index
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 251
    log_of_it = webhooks.attempts(store.reader(), webhook.id, 2**62, 200)
    assert [attempt.idx for _, attempt in log_of_it] == list(range(251, 151, -1))


def test_whoever_comes_next_goes_on(store: Any, record: Recorder, receiver: Receiver) -> None:
    """After a stop nothing is missed and nothing is sent twice."""
    subscribe(store, receiver.url)
    for number in range(6):
        record.party(f"a{number}")
        with delivering(store):
            until(lambda count=number + 1: len(receiver.requests) == count)
    assert receiver.indexes == [1, 2, 3, 4, 5, 6]


def test_a_failed_message_holds_up_those_after_it(store: Any, record: Recorder, receiver: Receiver) -> None:
    """It is sent again, with the same id and a new time, until it is taken; then the next ones come."""
    receiver.behaves = status("503 Busy")
    webhook = subscribe(store, receiver.url)
    record.party("one")
    record.party("two")
    hours = Hours()

    def well() -> bool:
        if len(receiver.requests) >= 4:
            receiver.behaves = good
        return stands(store, webhook).upcoming == 3

    with delivering(store, hours.clock):
        until(well)
    numbers = receiver.indexes
    failures = numbers.count(1) - 1
    assert failures >= 4 and numbers == [1] * (failures + 1) + [2]
    assert len({request.headers["webhook-id"] for request in receiver.requests}) == 2
    assert len({request.headers["webhook-timestamp"] for request in receiver.requests[:4]}) == 4
    attempts = [attempt for _, attempt in webhooks.attempts(store.reader(), webhook.id, 2**62, 100)]
    assert [attempt.attempt for attempt in reversed(attempts)] == [*range(1, failures + 2), 1]
    assert (attempts[-1].answered, attempts[-1].error) == (503, "status")
    assert (stands(store, webhook).attempts, stands(store, webhook).due) == (0, None)


def test_a_failure_shows(store: Any, record: Recorder, receiver: Receiver) -> None:
    """What went wrong, how often, and when it is tried again."""
    receiver.behaves = status("500 Oh")
    webhook = subscribe(store, receiver.url)
    record.party("one")
    with delivering(store):
        until(lambda: stands(store, webhook).attempts == 1)
    after = stands(store, webhook)
    assert (after.error, after.answered, after.upcoming, after.enabled) == ("status", 500, 1, True)
    assert after.due and after.due > webhook.created_at


def test_a_dead_receiver_is_given_up_after_54_hours(store: Any, record: Recorder) -> None:
    """It is disabled with the reason, and the log says so; the entry has no address in it."""
    with Receiver() as gone:
        url = gone.url
    webhook = subscribe(store, f"{url}?key=s3cret")
    record.party("one")
    hours = Hours()
    with delivering(store, hours.clock):
        until(lambda: not stands(store, webhook).enabled)
    assert 48 < hours.passed < 60
    after = stands(store, webhook)
    assert (after.disabled, after.error, after.attempts, after.upcoming) == ("failing", "connection", 10, 1)
    entry = log.opened(next(log.sealed_entries(store.reader(), size(store) - 1)))
    assert (entry.kind, entry.subject, entry.actor) == ("webhook.disabled", f"webhook/{webhook.id}", "operator")
    assert entry.payload == {"id": webhook.id, "party": DESK, "reason": "failing", "attempts": 10, "next": 1}
    assert (after.disabled_by, after.disabled_at) == (entry.index, entry.recorded_at)
    assert len(DELAYS) + 1 == 10


def test_a_receiver_that_is_gone_is_given_up_at_once(store: Any, record: Recorder, receiver: Receiver) -> None:
    """Whoever answers 410 is not asked again."""
    receiver.behaves = status("410 Gone")
    webhook = subscribe(store, receiver.url)
    other = subscribe(store, receiver.url, filter={"kinds": ["webhook.disabled"]})
    record.party("one")
    with delivering(store):
        until(lambda: stands(store, webhook).disabled == "gone")
        receiver.behaves = good
        until(lambda: stands(store, other).disabled == "gone" or stands(store, other).upcoming == 3)
    assert receiver.indexes[:1] == [1]


def test_one_that_is_taken_up_again_misses_nothing(store: Any, record: Recorder, receiver: Receiver) -> None:
    """What came while it was disabled comes first."""
    receiver.behaves = status("410 Gone")
    webhook = subscribe(store, receiver.url)
    record.party("one")
    with delivering(store):
        until(lambda: stands(store, webhook).disabled)
        record.party("two")
        receiver.behaves = good
        receiver.requests.clear()
        change(store, webhook, enabled=True)
        until(lambda: receiver.indexes == [1, 2, 3])
    assert [request.message["type"] for request in receiver.requests] == [
        "party.recorded",
        "webhook.disabled",
        "party.recorded",
    ]
    assert stands(store, webhook).disabled is None


def test_those_that_hang_delay_nobody(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two hundred receivers say nothing; the one that works has everything before any of them was given up on."""
    monkeypatch.setattr(calls, "TOTAL", 600.0)
    monkeypatch.setattr(subscriptions, "MOST", 1_000)
    with Receiver(hang) as dead:
        for number in range(200):
            subscribe(store, f"{dead.url}/{number}")
        subscribe(store, receiver.url)
        record.party("one")
        with delivering(store):
            until(lambda: len(dead.requests) == 200)
            for number in range(5):
                record.party(f"p{number}")
                until(lambda count=number + 2: len(receiver.requests) == count)
            assert receiver.indexes == [1, 2, 3, 4, 5, 6]
            assert len(dead.requests) == 200


def test_those_that_fail_have_places_of_their_own(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more hang than there are places, those that work wait for one time limit, once: afterwards those that
    failed wait among themselves."""
    monkeypatch.setattr(deliverer, "SOUND", 3)
    monkeypatch.setattr(deliverer, "FAILING", 1)
    monkeypatch.setattr(calls, "TOTAL", 0.3)
    with Receiver(hang) as dead:
        for number in range(9):
            subscribe(store, f"{dead.url}/{number}")
        subscribe(store, receiver.url)
        record.party("one")
        hours = Hours()
        with delivering(store, hours.clock):
            until(lambda: receiver.indexes == [1])
            monkeypatch.setattr(calls, "TOTAL", 600.0)
            until(lambda: len(dead.requests) > 10)
            for number in range(5):
                record.party(f"p{number}")
            until(lambda: receiver.indexes == [1, 2, 3, 4, 5, 6])


def test_few_connections_are_kept(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where there are more subscriptions than a process may have open files, connections are closed, and everything
    still arrives in order."""
    monkeypatch.setattr(deliverer, "SOUND", 2)
    monkeypatch.setattr(deliverer, "IDLE", 1)
    for _ in range(8):
        subscribe(store, receiver.url)
    with record.together():
        for number in range(5):
            record.party(f"p{number}")
    with delivering(store):
        until(lambda: len(receiver.requests) == 40)
        until(lambda: len(receiver._open) <= 1)
    told = [(request.headers["webhook-id"].split("_")[1], request.index) for request in receiver.requests]
    for webhook in {webhook for webhook, _ in told}:
        assert [index for one, index in told if one == webhook] == [1, 2, 3, 4, 5]


def test_a_replay_begins_where_it_is_asked_to(store: Any, record: Recorder, receiver: Receiver) -> None:
    """Also with entries from before the subscription; a message that comes again has the id that it had."""
    record.party("before")
    webhook = subscribe(store, receiver.url)
    record.party("one")
    with delivering(store):
        until(lambda: receiver.indexes == [2])
        with store.turn() as db:
            subscriptions.replay(db, _there(webhooks.find(db, webhook.id)), 0)
        until(lambda: receiver.indexes == [2, 0, 1, 2])
    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[3].headers["webhook-id"]


def test_a_ping_comes_whatever_the_state(store: Any, record: Recorder, receiver: Receiver) -> None:
    """Also to one that is paused; it is told nothing else."""
    webhook = subscribe(store, receiver.url, enabled=False)
    record.party("one")
    with delivering(store):
        for count in (1, 2):
            with store.turn() as db:
                promised = subscriptions.ping(db, _there(webhooks.find(db, webhook.id))).ping
            until(lambda count=count: len(receiver.requests) == count)
            assert receiver.requests[-1].headers["webhook-id"] == promised
            until(lambda: stands(store, webhook).ping is None)
        [*_, (_, attempt)] = webhooks.attempts(store.reader(), webhook.id, 2**62, 9)
    assert (attempt.kind, attempt.idx, attempt.answered) == ("ping", None, 204)
    assert [request.message["type"] for request in receiver.requests] == ["ping", "ping"]


def test_a_ping_that_fails_is_sent_once(store: Any, record: Recorder, receiver: Receiver) -> None:
    """What came of it stands among the deliveries, and counts as no failure of the subscription."""
    receiver.behaves = status("500 Oh")
    webhook = subscribe(store, receiver.url)
    with delivering(store):
        with store.turn() as db:
            subscriptions.ping(db, webhook)
        until(lambda: webhooks.attempts(store.reader(), webhook.id, 2**62, 9))
        until(lambda: stands(store, webhook).ping is None)
    [(_, attempt)] = webhooks.attempts(store.reader(), webhook.id, 2**62, 9)
    assert (attempt.error, attempt.answered, stands(store, webhook).attempts) == ("status", 500, 0)


def heeded(store: Any, made: deliverer.Deliverer) -> None:
    """Return once whoever delivers knows the subscriptions as they stand."""
    until(lambda: list(made._known.values()) == webhooks.glimpses(store.reader()))


def test_changes_are_heeded_soon(store: Any, record: Recorder, receiver: Receiver) -> None:
    """Another address, another filter, another secret beside the old one, a pause, the end."""
    webhook = subscribe(store, receiver.url)
    with Receiver() as other, delivering(store) as made:
        record.party("one")
        until(lambda: receiver.indexes == [1])
        change(store, webhook, url=other.url, filter={"kinds": ["question.opened"]})
        with store.turn() as db:
            rotated = subscriptions.rotate(db, _there(webhooks.find(db, webhook.id)))
        heeded(store, made)
        record.party("two")
        record.question("q")
        until(lambda: other.indexes == [3])
        for secret in (webhook.secret, rotated.secret):
            Verifier(secret).verify(other.requests[0].body, dict(other.requests[0].headers))
        change(store, webhook, enabled=False)
        heeded(store, made)
        record.question("r")
        third = subscribe(store, receiver.url)
        record.party("three")
        until(lambda: receiver.indexes == [1, 5])
        with store.turn() as db:
            webhooks.remove(db, third.id)
        heeded(store, made)
        record.question("s")
        assert other.indexes == [3]
        change(store, webhook, enabled=True)
        until(lambda: other.indexes == [3, 4, 6])
    assert receiver.indexes == [1, 5]


def test_what_is_passed_over_is_not_looked_through_for_ever(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """How far a subscription is that nothing concerns is noted every so many entries."""
    from api.interop.webhooks import couriers

    monkeypatch.setattr(couriers, "NOTED", 50)
    webhook = subscribe(store, receiver.url, filter={"kinds": ["question.opened"]})
    with record.together():
        for number in range(120):
            record.party(f"p{number}")
    with delivering(store):
        until(lambda: stands(store, webhook).upcoming >= 100)
    assert receiver.requests == []


def test_a_store_that_fails_for_a_while_loses_nothing(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be read or written down is, later; nothing is sent twice for that, and the order stays."""
    monkeypatch.setattr(deliverer, "PAUSE", 0.05)
    webhook = subscribe(store, receiver.url)
    real, failures = type(store).turn, iter(range(3))

    def turn(self: Any) -> Any:
        if next(failures, None) is not None:
            raise OSError(28, "No space left on device")
        return real(self)

    with delivering(store) as made:
        made._books._pause = 0.05
        until(lambda: made._couriers)
        record.party("one")
        monkeypatch.setattr(type(store), "turn", turn)
        until(lambda: receiver.indexes == [1])
        until(lambda: stands(store, webhook).upcoming == 2)
        assert next(failures, None) is None
    assert receiver.indexes == [1]


def test_it_stops_while_the_store_fails(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever is told to end ends, also when nothing can be written down; what was sent comes again."""
    monkeypatch.setattr(deliverer, "PAUSE", 0.05)
    webhook = subscribe(store, receiver.url)
    record.party("one")

    def turn(self: Any) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as failing, delivering(store):
        failing.setattr(type(store), "turn", turn)
        until(lambda: receiver.indexes == [1])
    assert stands(store, webhook).upcoming == 1
    with delivering(store):
        until(lambda: stands(store, webhook).upcoming == 2)
    assert receiver.indexes == [1, 1]
    assert receiver.requests[0].headers["webhook-id"] == receiver.requests[1].headers["webhook-id"]


def test_an_entry_that_cannot_be_written_waits(
    store: Any, record: Recorder, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that takes no writes keeps a subscription from being disabled, and its receiver is not asked meanwhile."""
    monkeypatch.setattr(deliverer, "PAUSE", 0.05)
    receiver.behaves = status("410 Gone")
    webhook = subscribe(store, receiver.url)
    record.party("one")
    refused = iter(range(3))
    real = deliverer.ledger.turn

    def turn(database: Any) -> Any:
        if next(refused, None) is not None:
            raise LedgerRewound("It has lost what was signed.")
        return real(database)

    monkeypatch.setattr(deliverer.ledger, "turn", turn)
    with delivering(store):
        until(lambda: stands(store, webhook).disabled == "gone")
    assert next(refused, None) is None
    assert receiver.indexes == [1]


def test_one_process_delivers_at_a_time(store: Any) -> None:
    """The right to deliver is one process's; when it ends, another has it."""
    right = store.deliver()
    assert right is not None and right.holds()
    assert store.deliver() is None
    right.release()
    again = store.deliver()
    assert again is not None
    again.release()
