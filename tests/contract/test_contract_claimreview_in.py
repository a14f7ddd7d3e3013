"""POST /v1/claimreview: a report for each review, whose they are, safe repetition, and what is refused as a whole."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.storage import keys
from schemas.reviews import EXAMPLE
from schemas.vocabulary import MAX_REVIEWS
from tests.conftest import NOW
from tests.contract.conftest import DESK, MANDATORY, Api, problem

PATH = "/v1/claimreview"
FOREIGN = EXAMPLE | {
    "url": "https://www.politifact.com/x",
    "author": {"@type": "Organization", "name": "PolitiFact", "url": "https://www.politifact.com"},
    "reviewRating": {"alternateName": "Pants on Fire!"},
}


@pytest.fixture
def own(api: Api) -> Api:
    """The application, with a token of "example-desk" that may record claims and verdicts and nothing else."""
    with api.database.turn() as db:
        _, secret = keys.create_token(db, party=DESK, scopes=("claims", "verdicts"), note=None, now=NOW)
    api.tokens = {**api.tokens, "own": {"Authorization": f"Bearer {secret}"}}
    return api


def report(api: Api, body: Any, scope: str = "own", **headers: str) -> dict[str, Any]:
    """The report on what was sent."""
    return api.made(PATH, body, scope, **headers)


def test_a_review_becomes_a_claim_and_a_verdict(own: Api) -> None:
    """The report leads to both, and both are served."""
    [item] = report(own, EXAMPLE)["items"]
    assert item["outcome"] == "created"
    assert (item["label"], item["rating"]) == ("Mostly false", "mostly_false")
    assert (item["pointer"], item["url"], item["errors"]) == ("", EXAMPLE["url"], [])
    verdict = own.get(item["verdict"]).json
    assert verdict["mapping"] == item["mapping"] == "ratings/1/general/mostly false"
    assert (verdict["reviewer"], verdict["reviewed_on"], verdict["url"]) == (DESK, "2026-10-07", EXAMPLE["url"])
    claim = own.get(item["claim"]).json
    assert (claim["status"], claim["attribution"]["speaker"]) == ("refuted", "town-of-exampleton")
    assert own.get("/v1/parties/town-of-exampleton").status_code == 200


def test_a_report_has_one_line_for_each_review(own: Api) -> None:
    """What is refused stops no other; the report counts, and says where and why."""
    feed = {
        "@type": "DataFeed",
        "dataFeedElement": [
            {"@type": "DataFeedItem", "item": [EXAMPLE, EXAMPLE | {"url": "/relative"}]},
            {"@type": "DataFeedItem", "item": FOREIGN},
            {"@type": "MediaReview"},
            EXAMPLE,
            EXAMPLE | {"reviewRating": {"alternateName": "Half a croissant"}},
        ],
    }
    answer = report(own, feed)
    outcomes = [(item["outcome"], [error["code"] for error in item["errors"]]) for item in answer["items"]]
    assert outcomes == [
        ("created", []),
        ("refused", ["url"]),
        ("refused", ["forbidden"]),
        ("refused", ["media-review"]),
        ("already", []),
        ("superseded", []),
    ]
    assert answer["items"][1]["errors"][0]["pointer"] == "/dataFeedElement/0/item/1/url"
    assert answer["items"][2]["errors"][0]["pointer"] == "/dataFeedElement/1/item"
    assert (answer["items"][5]["rating"], answer["items"][5]["mapping"]) == (None, "ratings/1")
    counts = {name: answer[name] for name in ("created", "matched", "superseded", "already", "refused")}
    assert counts == {"created": 1, "matched": 0, "superseded": 1, "already": 1, "refused": 3}
    assert own.get(answer["items"][5]["claim"]).json["status"] == "unreviewed"


def test_only_admin_takes_in_for_others(own: Api) -> None:
    """With the scope the review is the publisher's, and verdict and entry say who took it in."""
    assert report(own, FOREIGN)["refused"] == 1
    [item] = report(own, FOREIGN, "admin")["items"]
    verdict = own.get(item["verdict"]).json
    assert (verdict["reviewer"], verdict["imported_by"], verdict["rating"]) == ("politifact", DESK, "false")
    entry = own.get(f"/v1/entries/{verdict['revision']}").json
    assert entry["actor"] == DESK
    payload = json.loads(entry["payload"])
    assert json.loads(payload["original"]) == FOREIGN
    assert payload["reviewer"] == "politifact"


def test_a_second_time_nothing_is_new(own: Api) -> None:
    """With or without a key, a repetition records nothing."""
    first = report(own, [EXAMPLE])
    size = own.size
    again = report(own, [EXAMPLE])
    assert [again["items"][0][name] for name in ("outcome", "claim", "verdict")] == [
        "already",
        first["items"][0]["claim"],
        first["items"][0]["verdict"],
    ]
    assert own.size == size


def test_a_retry_gets_the_first_report(own: Api) -> None:
    """With an Idempotency-Key the same report comes again, and another body under it is refused."""
    first = own.post(PATH, [EXAMPLE], "own", Idempotency_Key="reviews-1")
    again = own.post(PATH, [EXAMPLE], "own", Idempotency_Key="reviews-1")
    assert first.data == again.data
    assert again.json["created"] == 1
    problem(own.post(PATH, EXAMPLE, "own", Idempotency_Key="reviews-1"), "idempotency-mismatch")


@pytest.mark.parametrize("scope", ["claims", "verdicts", "edit"])
def test_both_scopes_are_needed(api: Api, scope: str) -> None:
    """Claims are recorded and verdicts published, so a token must be allowed to do both."""
    problem(api.post(PATH, EXAMPLE, scope), "forbidden")


def test_json_ld_is_json(own: Api) -> None:
    """The media type of JSON-LD is taken; numbers with a fraction are, too, and stay as they were."""
    body = json.dumps(EXAMPLE | {"version": 0.5}).encode()
    answer = own.send("POST", PATH, body, "own", Content_Type="application/ld+json")
    verdict = own.get(answer.json["items"][0]["verdict"]).json
    payload = json.loads(own.get(f"/v1/entries/{verdict['revision']}").json["payload"])
    assert '"version":0.5' in payload["original"]
    problem(own.send("POST", PATH, body, "own", Content_Type="text/html"), "unsupported-media-type")


def test_more_than_can_be_taken_in_at_once(own: Api) -> None:
    """Too many reviews are refused together, before any is recorded."""
    size = own.size
    refused = problem(own.post(PATH, [{"@type": "Recipe"}] * (MAX_REVIEWS + 1), "own"), "invalid-request")
    assert refused["errors"][0]["pointer"] == f"/{MAX_REVIEWS}"
    assert own.size == size


@pytest.mark.parametrize(
    ("body", "status", "slug"),
    [
        (b"{", 400, "malformed-json"),
        (b'{"@type":"ClaimReview","@type":"ClaimReview"}', 400, "malformed-json"),
        (b"[NaN]", 400, "malformed-json"),
        (b"[" * 100_000, 400, "malformed-json"),
        (b'["' + b"x" * 1_100_000 + b'"]', 413, "body-too-large"),
        (b'"' + b"x" * 1_000_000 + b'"', 422, "invalid-request"),
        (b"null", 422, "invalid-request"),
        (b"1.5", 422, "invalid-request"),
        (b'["' + b"x" * 1_000_000 + b'"]', 200, ""),
        (b"[]", 200, ""),
        (b"{}", 200, ""),
    ],
)
def test_what_is_no_json_of_reviews(own: Api, body: bytes, status: int, slug: str) -> None:
    """Strict JSON, as everywhere; whatever else it is has a report, and records nothing."""
    size = own.size
    answer = own.send("POST", PATH, body, "own")
    assert answer.status_code == status
    if slug:
        problem(answer, slug)
    assert own.size == size


def test_a_verdict_needs_a_rating_still(api: Api) -> None:
    """Only a review whose label is unknown has none: who publishes a verdict gives one."""
    body = {"rating": None, "evidence": [{"url": "https://news.example/report"}]}
    refused = problem(api.post(f"/v1/claims/{MANDATORY}/verdicts", body), "invalid-request")
    assert refused["errors"][0]["pointer"] == "/rating"
    for name in ("mapping", "original", "imported_by"):
        refused = problem(api.post(f"/v1/claims/{MANDATORY}/verdicts", body | {name: "x"}), "invalid-request")
        assert f"/{name}" in {error["pointer"] for error in refused["errors"]}
