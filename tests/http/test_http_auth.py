"""Tokens, scopes, rates, and whose address counts."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import flask
import pytest

from api import limits
from api.errors import RateLimited
from api.settings import Settings, SettingsError
from api.storage import keys
from tests.http.conftest import NOW, MakeApp, new_token


def database(app: flask.Flask):  # type: ignore[no-untyped-def]
    return app.extensions["onrecord"].database


def slug(answer: object) -> str:
    """The last part of a problem's type."""
    return str(answer.json["type"]).rpartition(":")[2]  # type: ignore[attr-defined]


class Clock:
    """Seconds of the epoch, as the rates are told them: they go on when a test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 1_000_000.0
        monkeypatch.setattr(limits, "time", SimpleNamespace(time=lambda: self.now))


# --- the store


def test_only_the_digest_of_a_token_is_stored(app: flask.Flask) -> None:
    """The token itself is nowhere in the database, and is found by its digest."""
    token, header = new_token(app, "claims", "edit")
    secret = header["Authorization"].removeprefix("Bearer ")
    assert secret.startswith("onr_") and len(secret) == 47
    assert secret not in "\n".join(database(app).reader().iterdump())
    assert keys.find_token(database(app).reader(), keys.digest_of(secret)) == token
    assert token == keys.Token(token.id, "desk", ("claims", "edit"), None, NOW, None)


def test_tokens_are_listed_and_revoked_once(app: flask.Flask) -> None:
    """A revoked token stays on the list with the instant; revoking it again, or none, says so."""
    first, _ = new_token(app, "claims")
    second, _ = new_token(app, "verdicts")
    with database(app).turn() as db:
        assert keys.revoke_token(db, first.id, NOW) is True
        assert keys.revoke_token(db, first.id, "2027-01-01T00:00:00.000Z") is False
        assert keys.revoke_token(db, "none", NOW) is False
    listed = {token.id: token.revoked_at for token in keys.list_tokens(database(app).reader())}
    assert listed == {first.id: NOW, second.id: None}


def test_an_answer_is_remembered_for_its_token_and_key(app: flask.Flask) -> None:
    """The first answer comes back whole; another token's equal key is another key; old ones are dropped."""
    answer = {
        "request": b"\x01" * 32,
        "status": 201,
        "headers": [("Location", "/v1/x")],
        "body": b'{"a":"\xc3\xbc"}',
    }
    with database(app).turn() as db:
        keys.remember_answer(db, token="t1", key="k", now=NOW, **answer)  # type: ignore[arg-type]
        recalled = keys.recall_answer(db, "t1", "k")
        assert recalled == keys.Remembered(**answer, created_at=NOW)  # type: ignore[arg-type]
        assert keys.recall_answer(db, "t2", "k") is None
        assert keys.forget_old_answers(db, NOW) == 0
        assert keys.forget_old_answers(db, "2026-11-24T10:00:00.001Z") == 1
        assert keys.recall_answer(db, "t1", "k") is None


# --- the header


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic dTpw",
        "Bearer x",
        "Bearer onr_" + "a" * 43,
        "Bearer onr_" + "a" * 42 + "ü",
        "onr_" + "a" * 43,
    ],
)
def test_anything_but_a_known_token_is_401(app: flask.Flask, header: str) -> None:
    """A bad token is refused on a read too: its owner should learn of it at once."""
    answer = app.test_client().get("/v1/toys/x", headers={"Authorization": header})
    assert (answer.status_code, slug(answer)) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="onrecord", error="invalid_token"'


def test_a_revoked_token_is_unknown(app: flask.Flask) -> None:
    """It gets the very answer of a token that never was."""
    token, header = new_token(app, "claims")
    with database(app).turn() as db:
        keys.revoke_token(db, token.id, NOW)
    client = app.test_client()
    revoked = client.get("/v1/toys/x", headers=header)
    unknown = client.get("/v1/toys/x", headers={"Authorization": "Bearer onr_" + "a" * 43})
    assert revoked.status_code == unknown.status_code == 401
    assert revoked.json is not None and unknown.json is not None
    assert revoked.json["detail"] == unknown.json["detail"]


def test_a_write_needs_its_scope(app: flask.Flask) -> None:
    """No token is 401, a token without the scope 403, one with it or with admin may write."""
    client = app.test_client()
    none = client.post("/v1/toys", json={"name": "x"})
    other = client.post("/v1/toys", json={"name": "x"}, headers=new_token(app, "verdicts", "edit")[1])
    assert (none.status_code, slug(none), none.headers["WWW-Authenticate"]) == (
        401,
        "unauthenticated",
        'Bearer realm="onrecord"',
    )
    assert (other.status_code, slug(other)) == (403, "forbidden")
    assert 'scope="claims"' in other.headers["WWW-Authenticate"]
    for scope in ("claims", "admin"):
        made = client.post("/v1/toys", json={"name": "x"}, headers=new_token(app, scope)[1])
        assert made.status_code == 201
        assert made.json is not None and made.json["by"] == "desk"


def test_bearer_is_written_in_any_case(app: flask.Flask) -> None:
    """The scheme's name is not case-sensitive."""
    secret = new_token(app, "claims")[1]["Authorization"].split()[1]
    assert (
        app.test_client().get("/v1/toys/x", headers={"Authorization": f"bearer  {secret} "}).status_code
        == 200
    )


def test_reading_can_be_closed(make_app: MakeApp) -> None:
    """With the setting every read needs a token, of any scope; health does not."""
    app = make_app(ONRECORD_READ_TOKEN_REQUIRED="true")
    client = app.test_client()
    assert client.get("/v1/toys/x").status_code == 401
    assert client.get("/v1/toys/x", headers={"If-None-Match": '"17"'}).status_code == 401
    assert client.get("/v1/toys/x", headers=new_token(app, "verdicts")[1]).status_code == 200
    assert client.get("/livez").status_code == 200


# --- rates


def test_writes_are_limited_for_each_token(make_app: MakeApp) -> None:
    """Over the rate is 429 with the seconds to wait; other tokens and all reads go on."""
    app = make_app(ONRECORD_RATE_WRITES="2/hour")
    client, (_, mine), (_, other) = app.test_client(), new_token(app, "claims"), new_token(app, "claims")
    statuses = [client.post("/v1/toys", json={"name": "x"}, headers=mine).status_code for _ in range(3)]
    assert statuses == [201, 201, 429]
    limited = client.post("/v1/toys", json={"name": "x"}, headers=mine)
    assert slug(limited) == "rate-limited"
    assert 0 < int(limited.headers["Retry-After"]) <= 3600
    assert client.post("/v1/toys", json={"name": "x"}, headers=other).status_code == 201
    assert client.get("/v1/toys/x", headers=mine | {"If-None-Match": '"17"'}).status_code == 304


def test_guessing_tokens_is_limited_for_each_address(make_app: MakeApp) -> None:
    """Failures are counted, successes are not; over the rate even a good token has to wait, and anonymous
    reads go on."""
    app = make_app(ONRECORD_RATE_AUTH_FAILURES="2/hour")
    client, good, bad = (
        app.test_client(),
        new_token(app, "claims")[1],
        {"Authorization": "Bearer onr_" + "a" * 43},
    )
    assert [client.get("/v1/toys/x", headers=good).status_code for _ in range(5)] == [200] * 5
    assert [client.get("/v1/toys/x", headers=bad).status_code for _ in range(3)] == [401, 401, 429]
    blocked = client.get("/v1/toys/x", headers=good)
    assert (blocked.status_code, slug(blocked)) == (429, "rate-limited")
    assert int(blocked.headers["Retry-After"]) > 0
    assert client.get("/v1/toys/x").status_code == 200
    elsewhere = client.get("/v1/toys/x", headers=good, environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert elsewhere.status_code == 200


def test_anonymous_writes_are_no_failed_authentication(make_app: MakeApp) -> None:
    """To send no token is not to guess one."""
    app = make_app(ONRECORD_RATE_AUTH_FAILURES="1/hour")
    client = app.test_client()
    assert [client.post("/v1/toys", json={}).status_code for _ in range(3)] == [401] * 3


def test_a_window_ends_and_the_next_one_is_counted_from_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """As `Retry-After` says: not before, and the moment after."""
    clock = Clock(monkeypatch)
    limited = limits.Limits(Settings.from_environ({"ONRECORD_RATE_WRITES": "2/minute"}))
    limited.count_write("one")
    clock.now += 50.5
    limited.count_write("one")
    with pytest.raises(RateLimited) as refused:
        limited.count_write("one")
    assert refused.value.headers == {"Retry-After": "10"}
    clock.now += 9
    with pytest.raises(RateLimited):
        limited.count_write("one")
    clock.now += 1
    limited.count_write("one")


def test_windows_that_are_over_are_put_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many addresses fail once and never come again, they take no memory for longer than a minute more."""
    clock = Clock(monkeypatch)
    counters = limits.Counters()
    for number in range(1_000):
        counters.incr(f"over {number}", 30)
    counters.incr("still on", 3_600)
    clock.now += limits.SWEPT_EVERY + 1
    assert (counters.get("over 1"), counters.get("still on")) == (0, 1)
    assert counters.get_expiry("over 1") == clock.now
    counters.incr("new", 30)
    assert counters.reset() == 2


def test_counting_from_many_threads_loses_nothing_and_starts_none() -> None:
    """The library's own counters started a thread a hundred times a second."""
    counters, before = limits.Counters(), threading.active_count()
    with ThreadPoolExecutor(8) as pool:
        counted = [pool.submit(counters.incr, "all", 3_600) for _ in range(2_000)]
        assert threading.active_count() <= before + 8
    assert sorted(each.result() for each in counted) == list(range(1, 2_001))
    counters.clear("all")
    assert counters.get("all") == 0


def test_a_storage_without_its_client_library_is_named() -> None:
    """Redis needs the package `redis`, which we do not bring; the error names the setting to change."""
    with pytest.raises(SettingsError, match="ONRECORD_RATE_STORAGE"):
        limits.Limits(Settings.from_environ({"ONRECORD_RATE_STORAGE": "redis://127.0.0.1:1"}))


def test_an_ipv6_network_counts_as_one() -> None:
    """Whoever has a /64 has more addresses than a rate can count."""
    limited = limits.Limits(Settings.from_environ({"ONRECORD_RATE_AUTH_FAILURES": "1/hour"}))
    limited.count_auth_failure("2001:db8::1")
    with pytest.raises(RateLimited):
        limited.refuse_if_blocked("2001:db8::2:1")
    limited.refuse_if_blocked("2001:db8:0:1::1")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("10.0.0.1", "203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "6.6.6.6, 203.0.113.7", "203.0.113.7"),
        ("10.0.0.1", "203.0.113.7, 10.0.0.2", "203.0.113.7"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("::ffff:10.0.0.1", "2001:db8::7", "2001:db8::7"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6, nonsense", "10.0.0.1"),
        ("203.0.113.7", "6.6.6.6", "203.0.113.7"),
        ("", "6.6.6.6", ""),
    ],
)
def test_only_named_proxies_are_believed(peer: str, forwarded: str, address: str) -> None:
    """X-Forwarded-For counts from the right, and only as far as our own proxies wrote it."""
    limited = limits.Limits(Settings.from_environ({"ONRECORD_TRUSTED_PROXIES": "10.0.0.0/8"}))
    assert limited.client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}) == address


def test_without_named_proxies_nobody_is_believed() -> None:
    """By default the address is the connection's."""
    limited = limits.Limits(Settings.from_environ({}))
    assert (
        limited.client_address({"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "6.6.6.6"}) == "127.0.0.1"
    )
