"""`pages` as Google's API has them: every review a verdict in the log, corrections and deletions too."""

from __future__ import annotations

import copy
from typing import Any
from urllib.parse import urlencode

import pytest
from werkzeug.test import TestResponse

from api import ledger
from api.storage import log
from tests.contract.conftest import MANDATORY, Api
from tests.records import APPEARANCE

PAGES = "/v1alpha1/pages"
URL = "https://www.desk.example/secure"
MARKUP: dict[str, Any] = {
    "claimReviewed": "Every state signed an agreement.",
    "claimDate": "2011-04-22",
    "claimLocation": "A hearing",
    "claimFirstAppearance": "https://news.example/first",
    "claimAppearances": ["https://news.example/second"],
    "claimAuthor": {
        "name": "Zoe Lofgren",
        "jobTitle": "Representative",
        "sameAs": "https://lofgren.example/about",
        "imageUrl": "https://lofgren.example/face.png",
    },
    "rating": {
        "textualRating": "Mostly False",
        "ratingExplanation": "Two did not.",
        "ratingValue": 2,
        "worstRating": 1,
        "bestRating": 5,
        "imageUrl": "https://desk.example/2.png",
    },
}
SECOND: dict[str, Any] = {
    "url": f"{URL}#second",
    "claimReviewed": "Nobody was told.",
    "rating": {"textualRating": "True"},
}
PAGE: dict[str, Any] = {
    "pageUrl": URL,
    "publishDate": "2011-05-02",
    "claimReviewAuthor": {"name": "Example Desk", "imageUrl": "https://desk.example/logo.png"},
    "claimReviewMarkups": [MARKUP, SECOND],
}


def page(**more: Any) -> dict[str, Any]:
    """A page, with what is given in place of its own."""
    return copy.deepcopy(PAGE) | more


def created(api: Api, body: dict[str, Any] | None = None, scope: str = "admin") -> dict[str, Any]:
    """The page that is made."""
    answer = api.post(PAGES, body or PAGE, scope)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    made: dict[str, Any] = answer.json
    return made


def put(api: Api, name: str, body: Any, scope: str = "admin") -> TestResponse:
    """The answer to an update."""
    return api.send("PUT", f"/v1alpha1/{name}", body, scope)


def updated(api: Api, name: str, body: Any) -> dict[str, Any]:
    """The page that an update makes."""
    answer = put(api, name, body)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def refused(answer: TestResponse, code: int, status: str, *fields: str) -> dict[str, Any]:
    """Google's error, which the answer must be."""
    error: dict[str, Any] = answer.json["error"]
    assert (answer.status_code, error["code"], error["status"]) == (code, code, status), error
    if fields:
        assert [violation["field"] for violation in error["details"][1]["fieldViolations"]] == list(fields)
    return error


def kinds(api: Api, since: int) -> list[str]:
    """What was entered into the log from an index on."""
    return [entry.kind for entry in log.sealed_entries(api.database.reader(), since)]


def verdicts(api: Api, text: str) -> list[dict[str, Any]]:
    """The verdicts on the claim that says this."""
    items = api.get(f"/v1/claims?{urlencode({'q': text})}").json["items"]
    [claim] = [item for item in items if item["text"] == text]
    found: list[dict[str, Any]] = claim["verdicts"]
    return found


def test_a_page_comes_back_as_it_was_sent(api: Api) -> None:
    """Down to what the record has no field for; with a name and a version."""
    made = created(api)
    assert made["name"].startswith("pages/") and made["name"].endswith("-example-desk")
    assert made == {"name": made["name"], **PAGE, "versionId": made["versionId"]}
    assert api.get(f"/v1alpha1/{made['name']}").json == made


def test_its_reviews_are_verdicts_in_the_log(api: Api) -> None:
    """Claims, with who made them, are recorded; ratings are those of the table; the page is where they stand."""
    before = api.size
    created(api)
    assert kinds(api, before) == [
        *("party.recorded", "claim.recorded", "verdict.published"),
        *("party.recorded", "claim.recorded", "verdict.published"),
    ]
    [verdict] = verdicts(api, "Every state signed an agreement.")
    assert (verdict["rating"], verdict["label"], verdict["reviewer"]) == (
        "mostly_false",
        "Mostly False",
        "example-desk",
    )
    assert (verdict["url"], verdict["reviewed_on"], verdict["status"]) == (URL, "2011-05-02", "standing")
    assert "original" not in verdict
    found = api.get("/v1alpha1/claims:search?query=agreement").json["claims"]
    assert found[0]["claimant"] == "Zoe Lofgren" and found[0]["claimReview"][0]["url"] == URL


def test_a_claim_on_record_is_not_recorded_again(api: Api) -> None:
    """The same words of the same party on the same day are the same claim, and need no scope but that of verdicts."""
    markup = {
        "claimReviewed": "it never was voluntary",
        "claimDate": "2011-04-22",
        "claimAuthor": {"name": "Homeland Security"},
        "rating": {"textualRating": "False"},
    }
    before = api.size
    made = created(api, page(claimReviewMarkups=[markup]), "verdicts")
    assert kinds(api, before) == ["verdict.published"]
    [verdict] = api.get(f"/v1/claims/{MANDATORY}/verdicts").json["items"]
    assert made["name"] in api.get(f"{PAGES}?url={URL}").get_data(as_text=True) and verdict["rating"] == "false"


def test_to_record_a_claim_needs_its_scope(api: Api) -> None:
    """Without it nothing at all is written."""
    before = api.size
    refused(api.post(PAGES, PAGE, "verdicts"), 403, "PERMISSION_DENIED")
    refused(api.post(PAGES, PAGE, "claims"), 403, "PERMISSION_DENIED")
    refused(api.post(PAGES, PAGE, None), 401, "UNAUTHENTICATED")
    assert api.size == before


def test_a_key_can_write(api: Api) -> None:
    """The token in the address is as good as in the header."""
    token = api.tokens["admin"]["Authorization"].removeprefix("Bearer ")
    answer = api.post(f"{PAGES}?key={token}&alt=json&whatever=1", PAGE, None)
    assert answer.status_code == 200 and answer.headers["Cache-Control"] == "private, no-store"


def test_what_is_there_is_not_created_again(api: Api) -> None:
    """The error says where it is."""
    made = created(api)
    error = refused(api.post(PAGES, PAGE), 409, "ALREADY_EXISTS")
    assert error["details"][0]["metadata"]["existing"] == f"/v1alpha1/{made['name']}"


def test_a_retry_with_a_key_gets_the_first_answer(api: Api) -> None:
    """As any other POST."""
    first = api.post(PAGES, PAGE, Idempotency_Key="once")
    before = api.size
    assert api.post(PAGES, PAGE, Idempotency_Key="once").json == first.json
    refused(api.post(PAGES, page(publishDate="2012"), Idempotency_Key="once"), 400, "INVALID_ARGUMENT")
    assert api.size == before


def test_an_update_supersedes_what_changed_and_leaves_the_rest(api: Api) -> None:
    """One entry for one changed review; the version is another one."""
    made = created(api)
    before = api.size
    changed = copy.deepcopy(made)
    changed["claimReviewMarkups"][1]["rating"]["textualRating"] = "False"
    after = updated(api, made["name"], changed)
    assert after["versionId"] != made["versionId"]
    assert after["claimReviewMarkups"] == changed["claimReviewMarkups"]
    assert kinds(api, before) == ["verdict.published"]
    old, new = verdicts(api, "Nobody was told.")
    assert (old["status"], new["status"], new["supersedes"]) == ("superseded", "standing", old["id"])


def test_an_update_that_changes_nothing_writes_nothing(api: Api) -> None:
    """Whoever sends back what was read."""
    made = created(api)
    before = api.size
    assert updated(api, made["name"], made) == made
    assert api.size == before


def test_an_update_retracts_what_is_gone_and_publishes_what_is_new(api: Api) -> None:
    """The new list of reviews is the whole of it."""
    made = created(api)
    before = api.size
    third = {"claimReviewed": "It costs nothing.", "rating": {"textualRating": "Half True"}}
    after = updated(api, made["name"], page(claimReviewMarkups=[MARKUP, third]))
    assert [one["claimReviewed"] for one in after["claimReviewMarkups"]] == [
        "Every state signed an agreement.",
        "It costs nothing.",
    ]
    assert kinds(api, before) == ["claim.recorded", "verdict.published", "verdict.retracted"]
    [gone] = verdicts(api, "Nobody was told.")
    assert gone["status"] == "retracted" and URL in gone["retraction"]["reason"]


def test_a_corrected_author_makes_another_claim(api: Api) -> None:
    """The words are no longer said to be the first one's."""
    made = created(api)
    corrected = copy.deepcopy(made)
    corrected["claimReviewMarkups"][0]["claimAuthor"] = {"name": "Homeland Security"}
    after = updated(api, made["name"], corrected)
    # The reviews come in the order in which they were published.
    assert after["claimReviewMarkups"][::-1] == corrected["claimReviewMarkups"]
    speakers = {
        claim["claimant"]: len(claim["claimReview"])
        for claim in api.get("/v1alpha1/claims:search?query=agreement").json["claims"]
    }
    assert speakers == {"Homeland Security": 1}


def test_a_stale_version_is_refused(api: Api) -> None:
    """Whoever was quicker is not overwritten; without a version the update goes ahead."""
    made = created(api)
    updated(api, made["name"], page(publishDate="2011-05-03"))
    before = api.size
    refused(put(api, made["name"], made), 409, "ABORTED")
    assert api.size == before
    assert updated(api, made["name"], PAGE)["publishDate"] == "2011-05-02"


def test_a_verdict_that_was_retracted_elsewhere_makes_a_version_stale(api: Api) -> None:
    """The page is what stands, whoever changed it in whatever way."""
    made = created(api)
    [verdict] = verdicts(api, "Every state signed an agreement.")
    api.made(f"/v1/verdicts/{verdict['id']}/retraction", {"reason": "It was wrong."})
    assert api.get(f"/v1alpha1/{made['name']}").json["claimReviewMarkups"] == [SECOND]
    refused(put(api, made["name"], made), 409, "ABORTED")


def test_a_deleted_page_is_gone_and_its_verdicts_are_retracted(api: Api) -> None:
    """They stay on record; the page can be created again."""
    made = created(api)
    before = api.size
    answer = api.send("DELETE", f"/v1alpha1/{made['name']}")
    assert (answer.status_code, answer.data) == (200, b"{}")
    assert kinds(api, before) == ["verdict.retracted"] * 2
    refused(api.get(f"/v1alpha1/{made['name']}"), 404, "NOT_FOUND")
    refused(api.send("DELETE", f"/v1alpha1/{made['name']}"), 404, "NOT_FOUND")
    refused(put(api, made["name"], PAGE), 404, "NOT_FOUND")
    assert created(api) == made
    assert [verdict["status"] for verdict in verdicts(api, "Nobody was told.")] == ["retracted", "standing"]


def test_nobody_changes_anothers_page(api: Api) -> None:
    """Nor publishes in another's name, but for an administrator who takes a page in."""
    made = created(api)
    before = api.size
    refused(put(api, made["name"], PAGE, "other admin"), 403, "PERMISSION_DENIED")
    refused(api.send("DELETE", f"/v1alpha1/{made['name']}", scope="other verdicts"), 403, "PERMISSION_DENIED")
    theirs = page(pageUrl="https://theirs.example/1", claimReviewMarkups=[MARKUP])
    theirs["claimReviewAuthor"] = {"name": "Their Desk"}
    refused(api.post(PAGES, theirs, "verdicts"), 403, "PERMISSION_DENIED")
    assert api.size == before
    taken = created(api, theirs)
    assert taken["name"].endswith("-their-desk")
    assert verdicts(api, MARKUP["claimReviewed"])[-1]["imported_by"] == "example-desk"
    assert api.send("DELETE", f"/v1alpha1/{taken['name']}").status_code == 200


def test_verdicts_published_elsewhere_stand_on_their_page(api: Api) -> None:
    """One that was published under /v1 with an address is found, and sent back unchanged it stays as it is."""
    body = {"rating": "false", "evidence": [APPEARANCE], "url": f"{URL}#a", "label": "Never has been?"}
    verdict = api.made(f"/v1/claims/{MANDATORY}/verdicts", body | {"reviewed_on": "2011-05"})
    [found] = api.get(f"{PAGES}?organization=desk.example").json["claimReviewMarkupPages"]
    assert found["claimReviewMarkups"] == [
        {
            "url": f"{URL}#a",
            "claimReviewed": "It never was voluntary.",
            "claimDate": "2011-04-22",
            "claimAppearances": ["https://news.example/report"],
            "claimAuthor": {"name": "Homeland Security"},
            "rating": {"textualRating": "Never has been?"},
        }
    ]
    assert found["publishDate"] == "2011-05"
    before = api.size
    assert updated(api, found["name"], found) == found
    assert api.size == before
    found["claimReviewMarkups"][0]["rating"]["ratingExplanation"] = "A letter says so."
    after = updated(api, found["name"], found)
    assert after["claimReviewMarkups"][0]["rating"]["ratingExplanation"] == "A letter says so."
    old, new = api.get(f"/v1/claims/{MANDATORY}/verdicts").json["items"]
    # The rating that the reviewer gave these words by hand is not lost, though no table knows them.
    assert (old["id"], old["status"], new["rating"]) == (verdict["id"], "superseded", "false")


def test_pages_are_listed_to_the_end(api: Api) -> None:
    """By site, by address or all of them; in an order that does not change."""
    for i in range(7):
        markup = MARKUP | {"claimReviewed": f"Claim number {i}."}
        created(api, page(pageUrl=f"https://desk{i % 2}.example/{i}", claimReviewMarkups=[markup]))
    assert len(api.get(PAGES).json["claimReviewMarkupPages"]) == 7
    found, more = [], ""
    while more is not None:
        answer = api.get(f"{PAGES}?organization=www.desk0.example&pageSize=3{more}").json
        found += [one["pageUrl"] for one in answer["claimReviewMarkupPages"]]
        more = f"&pageToken={answer['nextPageToken']}" if "nextPageToken" in answer else None
    assert sorted(found) == [f"https://desk0.example/{i}" for i in (0, 2, 4, 6)]
    [one] = api.get(f"{PAGES}?url=https://desk1.example/3%23part").json["claimReviewMarkupPages"]
    assert one["pageUrl"] == "https://desk1.example/3"
    assert api.get(f"{PAGES}?offset=6").json["claimReviewMarkupPages"][0]["pageUrl"] in [
        f"https://desk{i % 2}.example/{i}" for i in range(7)
    ]
    assert api.get(f"{PAGES}?organization=nowhere.example").json == {}
    assert api.get(f"{PAGES}?url=https://nowhere.example/").json == {}


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"pageUrl": None}, ["pageUrl"]),
        ({"pageUrl": "ftp://x.example"}, ["pageUrl"]),
        ({"publishDate": "yesterday"}, ["publishDate"]),
        ({"publishDate": "2011-02-30"}, ["publishDate"]),
        ({"claimReviewMarkups": []}, ["claimReviewMarkups"]),
        ({"claimReviewMarkups": [MARKUP] * 101}, ["claimReviewMarkups"]),
        ({"claimReviewMarkups": [{}]}, ["claimReviewMarkups[0].claimReviewed", "claimReviewMarkups[0].rating"]),
        ({"claimReviewMarkups": [MARKUP | {"rating": {}}]}, ["claimReviewMarkups[0].rating.textualRating"]),
        ({"claimReviewMarkups": [MARKUP | {"colour": 1}]}, ["claimReviewMarkups[0].colour"]),
        ({"claimReviewMarkups": [SECOND, MARKUP | {"url": "https://x.example"}]}, ["claimReviewMarkups[1].url"]),
        ({"claimReviewMarkups": [SECOND, SECOND]}, ["claimReviewMarkups[1].claimReviewed"]),
        ({"claimReviewMarkups": [MARKUP | {"claimAppearances": ["x"]}]}, ["claimReviewMarkups[0].claimAppearances[0]"]),
        ({"claimReviewAuthor": "Desk"}, ["claimReviewAuthor"]),
    ],
)
def test_bad_pages_are_invalid_arguments(api: Api, change: dict[str, Any], fields: list[str]) -> None:
    """Each field is named, and nothing is written, however far it had gone."""
    before = api.size
    refused(api.post(PAGES, page(**change)), 400, "INVALID_ARGUMENT", *fields)
    assert api.size == before


@pytest.mark.parametrize(
    ("body", "code"), [(b"{", 400), (b"[]", 400), (b'{"a":1,"a":2}', 400), (b" " * 2_000_000, 413), (b"1.5", 400)]
)
def test_bodies_that_are_no_page(api: Api, body: bytes, code: int) -> None:
    """Malformed, doubled, large."""
    refused(api.post(PAGES, body), code, "INVALID_ARGUMENT")


def test_a_refusal_in_the_middle_undoes_all(api: Api) -> None:
    """The first review is not left on record when the second cannot be published."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", {"rating": "false", "evidence": [APPEARANCE]})
    mine = {
        "claimReviewed": "It never was voluntary.",
        "claimDate": "2011-04-22",
        "claimAuthor": {"name": "Homeland Security"},
        "rating": {"textualRating": "True"},
    }
    before = api.size
    refused(api.post(PAGES, page(claimReviewMarkups=[MARKUP, mine])), 409, "ALREADY_EXISTS")
    assert api.size == before
    assert api.get("/v1/claims?q=agreement").json["items"] == []
    created(api)


def test_a_page_moves_nowhere(api: Api) -> None:
    """Its address is what it is; an anchor makes no difference."""
    made = created(api)
    refused(
        put(api, made["name"], page(pageUrl="https://desk.example/other", claimReviewMarkups=[MARKUP])),
        400,
        "INVALID_ARGUMENT",
        "pageUrl",
    )
    assert updated(api, made["name"], page(pageUrl=f"{URL}#top")) == made


def test_bad_questions_for_pages(api: Api) -> None:
    """In Google's shape."""
    for asked, field in (
        (f"url={URL}&organization=desk.example", "organization"),
        ("url=desk.example", "url"),
        ("organization=http://", "organization"),
        ("pageToken=WyJxIiwxLDFd", "pageToken"),
        ("pageSize=many", "pageSize"),
    ):
        refused(api.get(f"{PAGES}?{asked}"), 400, "INVALID_ARGUMENT", field)


def test_erased_words_are_not_given_back(api: Api) -> None:
    """Not even from what the review was sent with."""
    from api import erasing

    made = created(api, page(claimReviewMarkups=[SECOND]))
    claim = verdicts(api, "Nobody was told.")[0]["claim"]
    erasing.erase(api.database, f"claim/{claim}", "A court order.", "onrecord")
    [markup] = api.get(f"/v1alpha1/{made['name']}").json["claimReviewMarkups"]
    assert markup["claimReviewed"] == "[erased]"


def test_a_rebuild_finds_the_same_pages(api: Api) -> None:
    """Row by row: what is known of pages follows from the log."""
    made = created(api)
    changed = copy.deepcopy(made)
    changed["claimReviewMarkups"][1]["rating"]["textualRating"] = "False"
    updated(api, made["name"], changed)
    sql = "SELECT page, no, site FROM review_pages ORDER BY page, no"
    before = api.database.reader().execute(sql).fetchall()
    assert len(before) == 2
    ledger.rebuild(api.database)
    assert api.database.reader().execute(sql).fetchall() == before
