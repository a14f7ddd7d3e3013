"""`claims:search` as Google's API has it: what is found, in which order, page after page, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.contract.conftest import CLAIM, MANDATORY, VOLUNTARY, Api
from tests.records import APPEARANCE

SEARCH = "/v1alpha1/claims:search"
REVIEW: dict[str, Any] = {
    "rating": "mostly_false",
    "label": "Mostly wrong",
    "evidence": [APPEARANCE],
    "url": "https://www.Desk.example/reviews/1#ruling",
    "title": "Was it ever voluntary?",
    "reviewed_on": "2011-05-02",
    "language": "en-GB",
}
NOW = datetime.now(UTC).date()


def search(api: Api, **asked: Any) -> dict[str, Any]:
    """The answer to a search, which must be one."""
    answer = api.get(f"{SEARCH}?{urlencode(asked)}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def texts(found: dict[str, Any]) -> list[str]:
    """What the claims of an answer say."""
    return [claim["text"] for claim in found.get("claims", [])]


def refused(api: Api, code: int, status: str, path: str, **headers: str) -> dict[str, Any]:
    """Google's error body, which the answer to a GET must be, in the one shape there is."""
    answer = api.get(path, **headers)
    error: dict[str, Any] = answer.json["error"]
    assert answer.json.keys() == {"error"}
    assert (answer.status_code, error["code"], error["status"]) == (code, code, status), error
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.headers["Cache-Control"] == "no-store"
    info = error["details"][0]
    assert info["@type"] == "type.googleapis.com/google.rpc.ErrorInfo"
    assert info["metadata"]["request_id"] == answer.headers["X-Request-Id"]
    return error


def fields(error: dict[str, Any]) -> list[str]:
    """The fields that an error is about."""
    return [violation["field"] for violation in error["details"][1]["fieldViolations"]]


def said(api: Api, text: str, **more: Any) -> str:
    """The id of a claim that ICE made."""
    return str(api.made("/v1/claims", CLAIM | {"text": text, "stated_on": "2010"} | more)["id"])


@pytest.fixture
def many(api: Api) -> Iterator[list[str]]:
    """The words of 23 reviewed claims, the newest review first."""
    made = []
    for i in range(23):
        claim = said(api, f"Counties may leave, says memo {i}.")
        body = REVIEW | {"url": f"https://desk.example/{i}", "reviewed_on": f"2012-01-{i + 1:02}"}
        api.made(f"/v1/claims/{claim}/verdicts", body)
        made.append(f"Counties may leave, says memo {i}.")
    yield made[::-1]


def test_a_reviewed_claim_is_found_as_google_shows_it(api: Api) -> None:
    """All of its fields, in Google's names; the site is the host of the review alone."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    assert search(api, query="never voluntary") == {
        "claims": [
            {
                "text": "It never was voluntary.",
                "claimant": "Homeland Security",
                "claimDate": "2011-04-22T00:00:00Z",
                "claimReview": [
                    {
                        "publisher": {"name": "Example Desk", "site": "desk.example"},
                        "url": REVIEW["url"],
                        "title": "Was it ever voluntary?",
                        "reviewDate": "2011-05-02T00:00:00Z",
                        "textualRating": "Mostly wrong",
                        "languageCode": "en-GB",
                    }
                ],
            }
        ]
    }


def test_what_is_not_known_is_left_out(api: Api) -> None:
    """A review without an address stands here; dates that are no days are not made up; a rating is put in words."""
    claim = said(api, "Nobody was asked.", stated_on="2010-10")
    verdict = api.made(f"/v1/claims/{claim}/verdicts", {"rating": "mostly_true", "evidence": [APPEARANCE]})
    assert search(api, query="nobody") == {
        "claims": [
            {
                "text": "Nobody was asked.",
                "claimant": "Immigration and Customs Enforcement",
                "claimReview": [
                    {
                        "publisher": {"name": "Example Desk"},
                        "url": f"http://localhost/v1/verdicts/{verdict['id']}",
                        "textualRating": "Mostly true",
                    }
                ],
            }
        ]
    }


def test_only_standing_reviews_are_found(api: Api) -> None:
    """A claim without one is not found; one that lost its last is found no more; a corrected one shows the later."""
    assert search(api, query="voluntary") == {}
    first = api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)["id"]
    body = REVIEW | {"supersedes": first, "label": "Wrong", "url": "https://other.example/2"}
    second = api.made(f"/v1/claims/{MANDATORY}/verdicts", body)["id"]
    [claim] = search(api, query="voluntary")["claims"]
    assert [review["textualRating"] for review in claim["claimReview"]] == ["Wrong"]
    assert search(api, reviewPublisherSiteFilter="desk.example") == {}
    api.made(f"/v1/verdicts/{second}/retraction", {"reason": "It was not ours."})
    assert search(api, query="voluntary") == {}


def test_a_withdrawn_claim_is_not_found(api: Api) -> None:
    """However many verdicts on it stand."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    api.post(f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "A forgery."}, If_Match="*")
    assert search(api, query="voluntary") == {}


def test_each_reviewer_gives_a_review(api: Api) -> None:
    """All of a claim's reviews come together, and only those that were asked for."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    body = REVIEW | {"url": "https://autre.example/", "language": "fr", "label": "Faux"}
    api.made(f"/v1/claims/{MANDATORY}/verdicts", body, "other admin")
    for asked, ratings in (
        ({}, ["Mostly wrong", "Faux"]),
        ({"reviewPublisherSiteFilter": "autre.example"}, ["Faux"]),
        ({"languageCode": "en"}, ["Mostly wrong"]),
        ({"languageCode": "fr-CA"}, ["Faux"]),
    ):
        [claim] = search(api, query="voluntary", **asked)["claims"]
        assert [review["textualRating"] for review in claim["claimReview"]] == ratings
    assert search(api, query="voluntary", reviewPublisherSiteFilter="autre.example", languageCode="en") == {}


@pytest.mark.parametrize(
    ("language", "asked", "found"),
    [
        ("en-US", "en", True),
        ("en", "en-US", True),
        ("en-US", "en-GB", True),
        ("sr-Latn-RS", "sr", True),
        ("sr-Latn", "SR-latn-ME", True),
        ("sr", "sr-Latn", False),
        ("de", "en", False),
    ],
)
def test_a_language_is_compared_without_its_region(api: Api, language: str, asked: str, found: bool) -> None:
    """As Google documents it; a script counts."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW | {"language": language})
    assert bool(search(api, query="voluntary", languageCode=asked)) is found


@pytest.mark.parametrize("site", ["desk.example", "www.desk.example", "https://www.desk.example/", "DESK.example"])
def test_a_site_can_be_written_in_many_ways(api: Api, site: str) -> None:
    """With or without a protocol, `www.` and capitals."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    assert texts(search(api, reviewPublisherSiteFilter=site)) == ["It never was voluntary."]


def test_age_is_that_of_the_claim_or_review_whichever_is_newer(api: Api) -> None:
    """A review of last week makes an old claim new; without a date it counts from when it was recorded."""
    week = NOW - timedelta(days=7)
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    assert search(api, query="voluntary", maxAgeDays=7) == {}
    assert texts(search(api, query="voluntary", maxAgeDays=40_000)) == ["It never was voluntary."]
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW | {"reviewed_on": week.isoformat()}, "other admin")
    assert search(api, query="voluntary", maxAgeDays=6) == {}
    assert texts(search(api, query="voluntary", maxAgeDays=7)) == ["It never was voluntary."]
    assert texts(search(api, query="voluntary", maxAgeDays=0)) == ["It never was voluntary."]
    undated = {name: value for name, value in REVIEW.items() if name != "reviewed_on"}
    api.made(f"/v1/claims/{VOLUNTARY}/verdicts", undated)
    assert texts(search(api, query="locality", maxAgeDays=1)) == ["A locality may opt out."]


@pytest.mark.parametrize("asked", [{"query": "counties memo"}, {"reviewPublisherSiteFilter": "desk.example"}])
def test_pages_go_to_the_end_once_each(api: Api, many: list[str], asked: dict[str, str]) -> None:
    """Whatever is written in between: all that was there at the first page, and nothing else."""
    found, more = [], {}
    for page in range(20):
        answer = search(api, **asked, pageSize=5, **more)
        assert len(texts(answer)) <= 5
        found += texts(answer)
        if "nextPageToken" not in answer:
            break
        more = {"pageToken": answer["nextPageToken"]}
        claim = said(api, f"Counties may leave, says a later memo {page}.")
        api.made(f"/v1/claims/{claim}/verdicts", REVIEW | {"reviewed_on": "2013-01-01"})
    assert sorted(found) == sorted(many)
    if "query" not in asked:
        assert found == many


def test_without_words_the_newest_come_first(api: Api, many: list[str]) -> None:
    """Ten if nothing else is said; an offset leaves some out, and is of no account beside a page token."""
    site = {"reviewPublisherSiteFilter": "desk.example"}
    first = search(api, **site)
    assert texts(first) == many[:10]
    assert texts(search(api, **site, offset=20)) == many[20:]
    assert texts(search(api, **site, offset=3, pageSize=2)) == many[3:5]
    assert texts(search(api, **site, offset=5, pageToken=first["nextPageToken"])) == many[10:20]
    assert texts(search(api, **site, pageSize=1_000_000)) == many
    assert search(api, **site, offset=1000) == {}


def test_ranked_results_can_be_skipped_too(api: Api, many: list[str]) -> None:
    """An offset into the results of words."""
    whole = texts(search(api, query="counties", pageSize=200))
    assert sorted(whole) == sorted(many)
    assert texts(search(api, query="counties", offset=20)) == whole[20:]


def test_a_search_by_age_pages_from_one_day(api: Api, many: list[str]) -> None:
    """The page token holds the day, so that a page that is read after midnight leaves nothing out."""
    days = (NOW - datetime(2012, 1, 10, tzinfo=UTC).date()).days
    first = search(api, reviewPublisherSiteFilter="desk.example", maxAgeDays=days, pageSize=10)
    rest = search(api, reviewPublisherSiteFilter="desk.example", pageSize=10, pageToken=first["nextPageToken"])
    assert texts(first) + texts(rest) == many[:14]


def test_what_googles_clients_send_is_let_through(api: Api) -> None:
    """Parameters of Google's, unknown ones and empty ones; JSON comes in any case."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    plain = search(api, query="voluntary")
    sent = {"$.xgafv": "2", "alt": "json", "prettyPrint": "false", "fields": "claims/text", "quotaUser": "x"}
    more = {"pageToken": "", "whatever": "1", "key": "AIzaSyExampleExampleExampleExampleExample"}
    assert search(api, query="voluntary", **sent, **more) == plain


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ("", "query"),
        ("query=%20", "query"),
        ("query=a&pageSize=ten", "pageSize"),
        ("query=a&pageSize=-1", "pageSize"),
        ("query=a&offset=1001", "offset"),
        ("query=a&maxAgeDays=1.5", "maxAgeDays"),
        ("query=a&maxAgeDays=99999999999", "maxAgeDays"),
        ("query=a&languageCode=english!", "languageCode"),
        ("query=a&alt=proto", "alt"),
        ("query=a&pageToken=WyJxIiwxLDFd", "pageToken"),
        ("query=a&pageToken=a%20b", "pageToken"),
        ("query=a&query=b", "query"),
        ("query=%ff", "query"),
        ("reviewPublisherSiteFilter=http://", "reviewPublisherSiteFilter"),
        ("reviewPublisherSiteFilter=http://[", "reviewPublisherSiteFilter"),
    ],
)
def test_bad_values_are_invalid_arguments(api: Api, asked: str, field: str) -> None:
    """In Google's shape, with the field's name."""
    assert fields(refused(api, 400, "INVALID_ARGUMENT", f"{SEARCH}?{asked}")) == [field]


def test_a_page_token_belongs_to_its_list(api: Api, many: list[str]) -> None:
    """One of a search by words is none of a list without."""
    token = search(api, query="counties")["nextPageToken"]
    path = f"{SEARCH}?reviewPublisherSiteFilter=desk.example&pageToken={token}"
    assert fields(refused(api, 400, "INVALID_ARGUMENT", path)) == ["pageToken"]


def test_an_unchanged_answer_is_not_sent_again(api: Api) -> None:
    """The ETag is the log's, and with an age the day's as well; a write makes another."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    path = f"{SEARCH}?query=voluntary"
    etag = api.etag(path)
    assert api.get(path, If_None_Match=etag).status_code == 304
    assert api.etag(f"{path}&maxAgeDays=9") != etag
    said(api, "Something else.")
    assert api.get(path, If_None_Match=etag).status_code == 200


def test_images_are_not_searched(api: Api) -> None:
    """The method is there, and is refused as Google refuses what it does not have."""
    refused(api, 501, "UNIMPLEMENTED", "/v1alpha1/claims:imageSearch?imageUri=https://a.example/1.png")


def test_every_error_has_googles_shape(api: Api) -> None:
    """Unknown paths, methods and tokens, too."""
    refused(api, 404, "NOT_FOUND", "/v1alpha1/nothing")
    refused(api, 401, "UNAUTHENTICATED", f"{SEARCH}?query=a", Authorization="Bearer nonsense")
    answer = api.post(SEARCH, {})
    assert (answer.status_code, answer.json["error"]["status"]) == (405, "UNIMPLEMENTED")


def test_a_key_of_ours_is_a_token(api: Api) -> None:
    """It is looked at as one in the header would be, and what it gets is nobody else's to keep."""
    token = api.tokens["claims"]["Authorization"].removeprefix("Bearer ")
    answer = api.get(f"{SEARCH}?query=a&key={token}")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    wrong = token[:-1] + ("A" if token[-1] != "A" else "B")
    refused(api, 401, "UNAUTHENTICATED", f"{SEARCH}?query=a&key={wrong}")
    assert "public" in api.get(f"{SEARCH}?query=a&key=AIza").headers["Cache-Control"]


def test_where_reading_is_closed_a_key_must_be_a_token(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any other key is as good as none."""
    closed = api.app.extensions["onrecord"].settings
    monkeypatch.setattr(api.app.extensions["onrecord"], "settings", _closed(closed))
    refused(api, 401, "UNAUTHENTICATED", f"{SEARCH}?query=a&key=AIza")
    token = api.tokens["claims"]["Authorization"].removeprefix("Bearer ")
    assert api.get(f"{SEARCH}?query=a&key={token}").status_code == 200


def test_a_claim_is_found_by_what_its_reviews_were(api: Api) -> None:
    """An erased claim keeps its reviews, without its words."""
    from api import erasing

    api.made(f"/v1/claims/{MANDATORY}/verdicts", REVIEW)
    erasing.erase(api.database, f"claim/{MANDATORY}", "A court order.", "onrecord")
    assert search(api, query="voluntary") == {}
    assert texts(search(api, reviewPublisherSiteFilter="desk.example")) == ["[erased]"]


def _closed(settings: Any) -> Any:
    from dataclasses import replace

    return replace(settings, read_token_required=True)
