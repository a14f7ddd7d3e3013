"""Webhooks over HTTP: who may make and see them, what they show, and what is refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.interop.webhooks import subscriptions
from api.storage import moves, webhooks
from api.storage.moves import Move
from api.storage.webhooks import KEPT, Attempt, Progress
from tests.conftest import NOW, SCOPES
from tests.contract.conftest import CLAIM, OTHER, Api, problem
from tests.records import DESK, ulid

URL = "https://desk.example/hooks/1?key=s3cret"
BODY: dict[str, Any] = {"url": URL}


def made(api: Api, scope: str = "claims", **fields: Any) -> dict[str, Any]:
    """The document of a webhook that is made, with its secret."""
    return api.made("/v1/webhooks", BODY | fields, scope)


def seen(api: Api, webhook: dict[str, Any], scope: str = "claims") -> Any:
    """The document of a webhook as it stands."""
    return api.get(f"/v1/webhooks/{webhook['id']}", scope).json


def test_a_webhook_is_made(api: Api) -> None:
    """The answer has its address, its place at the end of the log, and the secret, which is in no other answer."""
    answer = api.post("/v1/webhooks", BODY | {"description": "Chat."}, "verdicts")
    webhook = answer.json
    assert (answer.status_code, answer.headers["Location"]) == (201, f"/v1/webhooks/{webhook['id']}")
    assert (webhook["owner"], webhook["url"], webhook["state"], webhook["next"]) == (DESK, URL, "active", api.size)
    everything = {"kinds": [], "party": None, "question": None, "contradiction": False, "status": False}
    assert webhook["filter"] == everything
    secret = webhook.pop("secret")
    assert secret.startswith("whsec_") and len(secret) > 40
    assert seen(api, webhook) == webhook
    assert api.get("/v1/webhooks", "claims").json == {"items": [webhook], "next": None}
    assert secret not in api.get("/v1/webhooks", "admin").get_data(as_text=True)


@pytest.mark.parametrize("scope", SCOPES)
def test_any_scope_will_do(api: Api, scope: str) -> None:
    """Whoever has a token may be told of things; nothing of it is an entry."""
    size = api.size
    assert seen(api, made(api, scope), scope)["owner"] == DESK
    assert api.size == size


def test_nobody_else_sees_it(api: Api) -> None:
    """Another party's token finds nothing, and changes nothing; that of an admin finds all."""
    webhook = made(api)
    place = f"/v1/webhooks/{webhook['id']}"
    assert api.get("/v1/webhooks", "other claims").json["items"] == []
    for answer in (
        api.get(place, "other claims"),
        api.get(f"{place}/deliveries", "other claims"),
        api.patch(place, {"enabled": False}, "other claims"),
        api.send("DELETE", place, None, "other claims"),
        api.post(f"{place}/ping", None, "other claims"),
        api.post(f"{place}/secret", None, "other claims"),
        api.post(f"{place}/replay", {"index": 0}, "other claims"),
    ):
        problem(answer, "not-found")
    assert seen(api, webhook)["enabled"] is True
    theirs = made(api, "other claims")
    assert [one["owner"] for one in api.get("/v1/webhooks", "admin").json["items"]] == [DESK, OTHER]
    assert seen(api, theirs, "admin")["owner"] == OTHER


@pytest.mark.parametrize("path", ["", f"/{ulid(1)}", f"/{ulid(1)}/deliveries"])
def test_reading_needs_a_token(api: Api, path: str) -> None:
    """Also where everything else may be read without one."""
    problem(api.get(f"/v1/webhooks{path}"), "unauthenticated")


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"url": "http://desk.example/"}, "/url", "https"),
        ({"url": "ftp://desk.example/"}, "/url", "url"),
        ({"url": "https://user:pass@desk.example/"}, "/url", "url"),
        ({"url": "https://desk.example/#here"}, "/url", "fragment"),
        ({"url": "https://desk.example:22/"}, "/url", "port"),
        ({"url": "https://127.0.0.1/"}, "/url", "address"),
        ({"url": "https://[::1]/"}, "/url", "address"),
        ({"url": "https://[::ffff:10.0.0.1]/"}, "/url", "address"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "/url", "address"),
        ({"url": "https://localhost/"}, "/url", "address"),
        ({"url": "https://metadata.google.internal/"}, "/url", "address"),
        ({"url": "https://дом.example/"}, "/url", "url"),
        ({"url": None}, "/url", "required"),
        ({"filter": {"kinds": ["claim.lost"]}}, "/filter/kinds/0", "choice"),
        ({"filter": {"party": "nobody"}}, "/filter/party", "unknown-party"),
        ({"filter": {"question": "nothing"}}, "/filter/question", "unknown-question"),
        ({"filter": {"colour": 1}}, "/filter/colour", "unknown-field"),
        ({"filter": {"status": "refuted"}}, "/filter/status", "type"),
        ({"secret": "whsec_abc"}, "/secret", "unknown-field"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, fields: dict[str, Any], pointer: str, code: str) -> None:
    """The field is named, with a remedy, at the making and at a change; nothing is stored."""
    webhook = made(api)
    for answer in (
        api.post("/v1/webhooks", BODY | fields, "claims"),
        api.patch(f"/v1/webhooks/{webhook['id']}", fields, "claims"),
    ):
        assert problem(answer, "invalid-request", pointer)["errors"][0]["code"] == code
    assert api.get("/v1/webhooks", "claims").json["items"] == [seen(api, webhook)]


def test_a_webhook_is_changed(api: Api) -> None:
    """A merge patch, without a reason and without If-Match; null takes away, and what is not named stays."""
    webhook = made(api, description="Chat.", filter={"party": "dhs", "kinds": ["claim.recorded"]})
    place = f"/v1/webhooks/{webhook['id']}"
    patch = {"description": None, "filter": {"party": "ice", "kinds": None, "status": True}, "enabled": False}
    after = api.patch(place, patch, "claims").json
    assert (after["description"], after["enabled"], after["state"], after["url"]) == (None, False, "paused", URL)
    told = {"kinds": [], "party": "ice", "question": None, "contradiction": False, "status": True}
    assert after["filter"] == told
    assert seen(api, webhook) == after
    assert api.patch(place, {"enabled": True}, "claims").json["state"] == "active"
    problem(api.patch(place, {"name": "x"}, "claims"), "invalid-request", "/name")
    problem(api.patch(place, [], "claims"), "invalid-request", "")


def test_a_webhook_is_deleted(api: Api) -> None:
    """With an answer without a body; then there is none, and none to delete."""
    webhook = made(api)
    place = f"/v1/webhooks/{webhook['id']}"
    answer = api.send("DELETE", place, None, "claims")
    assert (answer.status_code, answer.data) == (204, b"")
    assert "Content-Type" not in answer.headers and "Content-Length" not in answer.headers
    problem(api.get(place, "claims"), "not-found")
    problem(api.send("DELETE", place, None, "claims"), "not-found")


def test_a_secret_is_changed(api: Api) -> None:
    """The new one is shown once; the answer says how long the one before signs beside it."""
    webhook = made(api)
    after = api.made(f"/v1/webhooks/{webhook['id']}/secret", None, "claims")
    assert after["secret"] not in (None, webhook["secret"])
    stored = webhooks.find(api.database.reader(), webhook["id"])
    assert stored
    assert subscriptions.signing(stored, NOW) == [after["secret"], webhook["secret"]]
    assert after["former_secret_until"] == stored.former_until
    assert subscriptions.signing(stored, "9999-01-01T00:00:00.000Z") == [after["secret"]]
    assert "secret" not in seen(api, webhook)


def test_secrets_are_in_no_representation(api: Api) -> None:
    """What a log or a traceback would print of a subscription has neither a secret nor its address."""
    webhook = made(api)
    api.made(f"/v1/webhooks/{webhook['id']}/secret", None, "claims")
    shown = repr(webhooks.find(api.database.reader(), webhook["id"]))
    assert "whsec_" not in shown and "s3cret" not in shown


def test_a_key_makes_one(api: Api) -> None:
    """A repeated request with the same Idempotency-Key gets the first answer, secret and all, and makes no second."""
    first, again = (api.post("/v1/webhooks", BODY, "claims", Idempotency_Key="k") for _ in range(2))
    assert (first.status_code, first.data) == (again.status_code, again.data)
    assert len(api.get("/v1/webhooks", "claims").json["items"]) == 1


def test_there_is_a_most(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """A party has so many and no more, whatever others have."""
    monkeypatch.setattr(subscriptions, "MOST", 2)
    made(api)
    made(api, "verdicts")
    assert "delete one" in problem(api.post("/v1/webhooks", BODY, "claims"), "too-many-webhooks")["detail"]
    made(api, "other claims")


def test_a_webhook_is_told_again(api: Api) -> None:
    """From any entry, or from the end; not from beyond it. What was failing begins anew."""
    webhook = made(api)
    place = f"/v1/webhooks/{webhook['id']}/replay"
    with api.database.turn() as db:
        webhooks.record(db, [Progress(webhook["id"], 1, 8, 3, NOW, "timeout", None)], [])
    failing = seen(api, webhook)
    assert failing["state"] == "failing"
    assert failing["failure"] == {"attempts": 3, "error": "timeout", "answered": None, "next_attempt_at": NOW}
    after = api.post(place, {"index": 0}, "claims").json
    assert (after["next"], after["state"], after["failure"]) == (0, "active", None)
    assert api.post(place, {"index": api.size}, "claims").json["next"] == api.size
    problem(api.post(place, {"index": api.size + 1}, "claims"), "invalid-request", "/index")
    problem(api.post(place, {"index": -1}, "claims"), "invalid-request", "/index")
    problem(api.post(place, {}, "claims"), "invalid-request", "/index")


def test_progress_of_before_does_not_count(api: Api) -> None:
    """What was under way when a replay was asked for does not undo it."""
    webhook = made(api)
    api.post(f"/v1/webhooks/{webhook['id']}/replay", {"index": 0}, "claims")
    with api.database.turn() as db:
        webhooks.record(db, [Progress(webhook["id"], 1, 8, 0, None, None, None)], [])
    assert seen(api, webhook)["next"] == 0
    with api.database.turn() as db:
        webhooks.record(db, [Progress(webhook["id"], 2, 5, 0, None, None, None)], [])
    assert seen(api, webhook)["next"] == 5


def test_deliveries_are_listed(api: Api) -> None:
    """Newest first, page by page; a hundred are kept of each webhook, and none of one that is gone."""
    webhook, other = made(api), made(api)
    attempts = [
        Attempt(webhook["id"], f"msg_{n}", "claim.recorded", n, 1, NOW, n, None, "dns") for n in range(KEPT + 20)
    ]
    foreign = [Attempt(one, "msg_x", "ping", None, 1, NOW, 7, 204, None) for one in (other["id"], ulid(9))]
    with api.database.turn() as db:
        webhooks.record(db, [], attempts[:50])
        webhooks.record(db, [], foreign)
        webhooks.record(db, [], attempts[50:])
    found: list[int] = []
    url: str | None = f"/v1/webhooks/{webhook['id']}/deliveries?limit=60"
    while url:
        page = api.get(url, "claims")
        found += [item["index"] for item in page.json["items"]]
        url = page.headers["Link"][1:].split(">")[0] if page.json["next"] else None
    assert found == list(reversed(range(20, KEPT + 20)))
    [ping] = api.get(f"/v1/webhooks/{other['id']}/deliveries", "claims").json["items"]
    assert (ping["delivered"], ping["answered"], ping["index"], ping["kind"]) == (True, 204, None, "ping")
    assert api.database.reader().execute("SELECT count(*) FROM deliveries").fetchone()[0] == KEPT + 1


def test_lists_are_paged(api: Api) -> None:
    """One by one, as other lists."""
    wanted = [made(api)["id"] for _ in range(3)]
    found, url = [], "/v1/webhooks?limit=1"
    while True:
        page = api.get(url, "claims")
        found += [item["id"] for item in page.json["items"]]
        if page.json["next"] is None:
            break
        url = f"/v1/webhooks?limit=1&cursor={page.json['next']}"
    assert found == wanted
    problem(api.get("/v1/webhooks?cursor=abc", "claims"), "invalid-request", "/cursor")
    problem(api.get("/v1/webhooks?colour=1", "claims"), "invalid-request", "/colour")


def test_a_ping_is_promised(api: Api) -> None:
    """The id of the message comes at once; a body is refused."""
    webhook = made(api, enabled=False)
    answer: TestResponse = api.post(f"/v1/webhooks/{webhook['id']}/ping", None, "claims")
    assert answer.status_code == 202
    stored = webhooks.find(api.database.reader(), webhook["id"])
    assert stored and stored.ping == json.loads(answer.data)["message"]
    problem(api.post(f"/v1/webhooks/{webhook['id']}/ping", {"a": 1}, "claims"), "invalid-request", "")


def test_a_claim_may_be_written_beside(api: Api) -> None:
    """Making a webhook and recording a claim do not come in each other's way."""
    made(api)
    assert api.post("/v1/claims", CLAIM, "claims").status_code == 201
    assert made(api)["next"] == api.size


def test_nothing_is_changed_where_the_record_was(api: Api) -> None:
    """Once the record was moved to another database a change here would be lost: it is refused, and nothing is."""
    webhook = made(api)
    place = f"/v1/webhooks/{webhook['id']}"
    with api.database.turn() as db:
        moves.put(db, Move(moves.AWAY, "elsewhere"))
    for answer in (
        api.post("/v1/webhooks", BODY, "claims"),
        api.patch(place, {"enabled": False}, "claims"),
        api.send("DELETE", place, None, "claims"),
        api.post(f"{place}/ping", None, "claims"),
        api.post(f"{place}/secret", None, "claims"),
        api.post(f"{place}/replay", {"index": 0}, "claims"),
    ):
        problem(answer, "storage-unavailable")
    assert api.get("/v1/webhooks", "claims").json["items"] == [seen(api, webhook)]
