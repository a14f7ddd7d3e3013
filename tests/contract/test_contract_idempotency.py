"""Idempotency-Key: a retry gets the first answer, and is never a second entry."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api.domain.entries import instant
from tests.contract.conftest import (
    ASSESSMENT,
    CLAIM,
    MANDATORY,
    PARTY,
    QUESTION,
    VERDICT,
    VOLUNTARY,
    Api,
    problem,
)

KEY = "retry-1"

POSTS = [
    ("/v1/parties", PARTY),
    ("/v1/questions", QUESTION),
    ("/v1/claims", CLAIM),
    (f"/v1/claims/{MANDATORY}/verdicts", VERDICT),
    (f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "Forged."}),
    ("/v1/contradictions", ASSESSMENT),
]


def post(api: Api, path: str, body: Any, key: str = KEY, scope: str = "admin", **headers: str) -> TestResponse:
    """A POST with a key, and with an If-Match that fits where one is needed."""
    if path.endswith("/withdrawal"):
        headers = {"If_Match": '"7"'} | headers
    return api.post(path, body, scope, Idempotency_Key=key, **headers)


def same(one: TestResponse, other: TestResponse) -> bool:
    """Whether two answers are the same but for the id of the request."""
    heads = [{**answer.headers, "X-Request-Id": ""} for answer in (one, other)]
    return (one.status_code, one.data, heads[0]) == (other.status_code, other.data, heads[1])


@pytest.mark.parametrize(("path", "body"), POSTS)
def test_a_retry_gets_the_first_answer(api: Api, path: str, body: dict[str, Any]) -> None:
    """The same status, bytes, Location and ETag come again, and nothing is written a second time."""
    first = post(api, path, body)
    assert first.status_code in (200, 201)
    size = api.size
    assert size == 9
    assert same(first, post(api, path, body))
    assert api.size == size


def test_a_retraction_can_be_retried(api: Api) -> None:
    """The second retraction would be refused; with the key it is the answer to the first."""
    verdict = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)["id"]
    path, body = f"/v1/verdicts/{verdict}/retraction", {"reason": "Hasty."}
    assert same(post(api, path, body), post(api, path, body))
    problem(post(api, path, body, "retry-2"), "already-retracted")


def test_a_retry_gets_the_first_answer_whatever_happened_since(api: Api) -> None:
    """The answer is the one that was given, not the document as it stands now."""
    path = f"/v1/claims/{MANDATORY}/verdicts"
    first = post(api, path, VERDICT)
    api.made(f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "Forged."}, If_Match="*")
    assert same(first, post(api, path, VERDICT))


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/claims", CLAIM | {"text": "Other words."}),
        ("/v1/claims", b" " + b'{"reason":"same","text":"other bytes"}'),
        ("/v1/parties", PARTY),
        (f"/v1/claims/{MANDATORY}/verdicts", VERDICT),
        (f"/v1/claims/{VOLUNTARY}/verdicts", VERDICT),
    ],
)
def test_a_key_is_for_one_request(api: Api, path: str, body: Any) -> None:
    """Another body or another path under the same key is refused, and nothing is written."""
    assert post(api, "/v1/claims", CLAIM).status_code == 201
    answer = post(api, path, body)
    if isinstance(body, bytes):
        assert answer.status_code == 422
    else:
        assert KEY in problem(answer, "idempotency-mismatch")["detail"]
    assert api.size == 9


def test_the_path_belongs_to_the_request(api: Api) -> None:
    """The same verdict on another claim is another request: it is neither published nor answered by the first."""
    assert post(api, f"/v1/claims/{MANDATORY}/verdicts", VERDICT).status_code == 201
    problem(post(api, f"/v1/claims/{VOLUNTARY}/verdicts", VERDICT), "idempotency-mismatch")
    assert api.size == 9


def test_keys_belong_to_their_token(api: Api) -> None:
    """Two tokens may choose the same key, also two tokens of one party: each gets its own answer."""
    first = post(api, f"/v1/claims/{MANDATORY}/verdicts", VERDICT, scope="verdicts")
    second = post(api, f"/v1/claims/{MANDATORY}/verdicts", VERDICT, scope="other verdicts")
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json["reviewer"] != second.json["reviewer"]
    third = post(api, f"/v1/claims/{VOLUNTARY}/verdicts", VERDICT, scope="admin")
    assert third.status_code == 201


@pytest.mark.parametrize(
    ("path", "body", "slug"),
    [
        ("/v1/claims", CLAIM | {"attribution": {"speaker": "cbp"}}, "invalid-request"),
        ("/v1/claims", CLAIM | {"stances": [{"question": "costs", "position": "free"}]}, "invalid-request"),
    ],
)
def test_a_refusal_does_not_use_a_key_up(api: Api, path: str, body: dict[str, Any], slug: str) -> None:
    """The very request that was refused goes through under the same key once its cause is mended."""
    problem(post(api, path, body), slug)
    api.made("/v1/parties", PARTY)
    api.made("/v1/questions", QUESTION)
    assert post(api, path, body).status_code == 201


@pytest.mark.parametrize("body", [b"", b"{", b'{"text":1}', b"[]"])
def test_a_malformed_request_does_not_use_a_key_up(api: Api, body: bytes) -> None:
    """What never was a request leaves the key free."""
    assert api.post("/v1/claims", body, Idempotency_Key=KEY).status_code in (400, 422)
    assert post(api, "/v1/claims", CLAIM).status_code == 201


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ü", "a\tb"])
def test_a_key_that_cannot_be_one_is_refused(api: Api, key: str) -> None:
    """A key is 1 to 255 printable characters; with another the request is not carried out."""
    problem(post(api, "/v1/claims", CLAIM, key.encode().decode("latin-1")), "invalid-request", "/Idempotency-Key")
    assert api.size == 8


@pytest.mark.parametrize("key", ["x" * 255, '"k"', "~", "0"])
def test_every_other_key_is_taken(api: Api, key: str) -> None:
    """Any printable ASCII will do."""
    assert same(post(api, "/v1/claims", CLAIM, key), post(api, "/v1/claims", CLAIM, key))


def test_the_media_type_and_the_request_id_do_not_make_another_request(api: Api) -> None:
    """Only method, path and body say what the request is."""
    first = post(api, "/v1/claims", CLAIM)
    assert same(first, post(api, "/v1/claims", CLAIM, Content_Type="application/json; charset=utf-8"))


def test_a_key_is_forgotten_after_a_day(api: Api) -> None:
    """After 24 hours the key is new again; before, it is not."""

    def age(hours: float) -> None:
        then = instant(datetime.now(UTC) - timedelta(hours=hours))
        with api.database.turn() as db:
            db.execute("UPDATE idempotency SET created_at = :then", {"then": then})

    post(api, "/v1/claims", CLAIM)
    age(23.9)
    problem(post(api, "/v1/parties", PARTY), "idempotency-mismatch")
    age(24.1)
    assert post(api, "/v1/parties", PARTY).status_code == 201
    problem(post(api, "/v1/claims", CLAIM), "idempotency-mismatch")


def test_the_answer_is_kept_with_the_entry_or_not_at_all(api: Api) -> None:
    """Where the answer cannot be stored, the entry is not there either: the retry is the first request."""
    with api.database.turn() as db:
        db.execute("ALTER TABLE idempotency RENAME TO gone")
    assert problem(post(api, "/v1/claims", CLAIM), "internal")
    assert api.size == 8
    with api.database.turn() as db:
        db.execute("ALTER TABLE gone RENAME TO idempotency")
    assert post(api, "/v1/claims", CLAIM).status_code == 201
    assert api.size == 9


def test_a_write_without_a_key_is_not_remembered(api: Api) -> None:
    """Nobody asked for it; the second one meets the rules of the record."""
    api.made("/v1/claims", CLAIM)
    again = problem(api.post("/v1/claims", CLAIM), "duplicate-claim")
    assert api.get(again["existing"]).json["text"] == CLAIM["text"]
