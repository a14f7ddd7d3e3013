"""ClaimReview over HTTP: one claim's reviews, one verdict's, and the feed of all of them."""

from __future__ import annotations

from typing import Any

from tests.contract.conftest import MANDATORY, VERDICT, VOLUNTARY, Api, problem
from tests.interop.vocabulary import faults, google_faults
from tests.records import APPEARANCE, DESK

PUBLIC = "public, max-age=5, stale-while-revalidate=30"


def publish(api: Api, claim: str = MANDATORY, scope: str = "verdicts", **more: Any) -> str:
    """Publish a verdict. Out: its id."""
    return str(api.made(f"/v1/claims/{claim}/verdicts", VERDICT | more, scope)["id"])


def feed(api: Api, query: str = "") -> list[dict[str, Any]]:
    """The items of the feed from an address on, page by page to its end."""
    items: list[dict[str, Any]] = []
    url = f"/v1/claimreview{query}"
    while url:
        answer = api.get(url)
        assert answer.status_code == 200 and faults(answer.json) == []
        items += answer.json["dataFeedElement"]
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('>; rel="next"')
        url = link.partition(">")[0].removeprefix("<")
    return items


def test_a_claims_reviews(api: Api) -> None:
    """They come as JSON-LD in a graph, one of each reviewer, with addresses of the host that was asked."""
    publish(api)
    publish(api, scope="other verdicts", rating="true")
    answer = api.get(f"/v1/claims/{MANDATORY}/claimreview")
    assert answer.headers["Content-Type"] == "application/ld+json"
    assert answer.headers["Cache-Control"] == PUBLIC
    reviews = answer.json["@graph"]
    assert answer.json["@context"] == "https://schema.org"
    assert [google_faults(review) for review in reviews] == [[], []] and faults(answer.json) == []
    assert reviews[0]["itemReviewed"]["@id"] == f"http://localhost/v1/claims/{MANDATORY}"
    assert api.get(f"/v1/claims/{VOLUNTARY}/claimreview").json["@graph"] == []


def test_a_verdicts_review(api: Api) -> None:
    """It is the same review as among the claim's, by itself."""
    verdict = publish(api)
    answer = api.get(f"/v1/verdicts/{verdict}/claimreview")
    assert answer.headers["Content-Type"] == "application/ld+json"
    [review] = api.get(f"/v1/claims/{MANDATORY}/claimreview").json["@graph"]
    assert answer.json == {"@context": "https://schema.org", **review}


def test_reviews_are_conditional(api: Api) -> None:
    """While nothing was written each of them is answered by 304; then it is not."""
    verdict = publish(api)
    paths = [f"/v1/claims/{MANDATORY}/claimreview", f"/v1/verdicts/{verdict}/claimreview", "/v1/claimreview"]
    tags = [api.etag(path) for path in paths]
    answers = [api.get(path, If_None_Match=tag) for path, tag in zip(paths, tags, strict=True)]
    assert [answer.status_code for answer in answers] == [304, 304, 304]
    publish(api, VOLUNTARY)
    answers = [api.get(path, If_None_Match=tag) for path, tag in zip(paths, tags, strict=True)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]


def test_reviews_as_they_stood(api: Api) -> None:
    """With `at` a review has the rating that it had then, and one that came later is not there."""
    before = api.size
    verdict = publish(api)
    api.made(f"/v1/verdicts/{verdict}/retraction", {"reason": "Wrong letter."}, "verdicts")
    path = f"/v1/verdicts/{verdict}/claimreview"
    assert "reviewRating" not in api.get(path).json
    assert "reviewRating" in api.get(f"{path}?at={before + 1}").json
    problem(api.get(f"{path}?at={before}"), "not-found")
    assert api.get(f"/v1/claims/{MANDATORY}/claimreview?at={before}").json["@graph"] == []
    assert feed(api, f"?at={before}") == []
    [item] = feed(api, f"?at={before + 1}")
    assert "dateDeleted" not in item
    [item] = feed(api)
    assert "dateDeleted" in item and item["item"]["creativeWorkStatus"] == "Retracted"


def test_the_feed_is_read_page_by_page(api: Api) -> None:
    """Every verdict is there once, in the order of publication, whatever a page's size and whatever comes meanwhile."""
    first = publish(api)
    second = publish(api, VOLUNTARY)
    third = publish(api, scope="other verdicts")
    ids = [f"http://localhost/v1/verdicts/{verdict}" for verdict in (first, second, third)]
    for limit in (1, 2, 3, 200):
        assert [item["item"]["@id"] for item in feed(api, f"?limit={limit}")] == ids
    page = api.get("/v1/claimreview?limit=2")
    fourth = publish(api, VOLUNTARY, "other verdicts")
    link = page.headers["Link"].partition(">")[0].removeprefix("<")
    rest = api.get(link).json["dataFeedElement"]
    assert [item["item"]["@id"].rpartition("/")[2] for item in rest] == [third, fourth]


def test_a_correction_replaces_its_item(api: Api) -> None:
    """What was superseded is deleted in the feed at the moment at which the later review was recorded."""
    verdict = publish(api)
    later = publish(api, rating="true", supersedes=verdict)
    old, new = feed(api)
    assert old["dateDeleted"] == new["dateCreated"] == api.get(f"/v1/verdicts/{later}").json["recorded_at"]
    assert "reviewRating" not in old["item"] and new["item"]["reviewRating"]["ratingValue"] == 5


def test_the_feed_says_whose_it_is(api: Api) -> None:
    """Without a licence in the settings it says that none is stated."""
    about = api.get("/v1/claimreview").json
    assert about["@type"] == "DataFeed" and about["url"] == "http://localhost/v1/claimreview"
    assert about["creditText"] == "localhost/onrecord, http://localhost"
    assert "license" not in about and about["copyrightNotice"].startswith("No licence is stated")


def test_what_cannot_be_asked_for_is_refused(api: Api) -> None:
    """Ids that are not on record, parameters that there are not, cursors of other lists."""
    problem(api.get("/v1/claims/none/claimreview"), "not-found")
    problem(api.get("/v1/verdicts/none/claimreview"), "not-found")
    for path in (f"/v1/claims/{MANDATORY}/claimreview", f"/v1/verdicts/{MANDATORY}/claimreview", "/v1/claimreview"):
        problem(api.get(f"{path}?colour=red"), "invalid-request", "/colour")
        problem(api.get(f"{path}?at=99"), "invalid-request", "/at")
    cursor = api.get("/v1/parties?limit=1").json["next"]
    problem(api.get(f"/v1/claimreview?cursor={cursor}"), "invalid-request", "/cursor")
    problem(api.get("/v1/claimreview?limit=0"), "invalid-request", "/limit")


def test_markup_and_quotes_stay_what_they_are(api: Api) -> None:
    """Whatever stands in a label or a name is a text of JSON, and nothing more."""
    nasty = 'A "</script><script>alert(1)</script>" \u2028 \\ label'
    verdict = publish(api, label=nasty, evidence=[APPEARANCE | {"title": nasty}])
    review = api.get(f"/v1/verdicts/{verdict}/claimreview").json
    assert review["reviewRating"]["alternateName"] == nasty == review["citation"][0]["name"]
    assert review["author"]["@id"].endswith(DESK)
