"""ClaimReview as it is rendered: true to the vocabulary and to the record, and never a rating that does not stand."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from api import documents
from api.domain.claims import Claim
from api.domain.entries import Erased
from api.interop.claimreview import LABELS, VALUES, Renderer
from api.storage.sqlite import Database
from schemas.vocabulary import RATINGS
from tests.interop.vocabulary import PROPERTIES, faults, google_faults
from tests.memory import Memory
from tests.records import DESK

BASE = "https://record.example"
SEEN = {
    "url": "https://news.example/a",
    "title": "A",
    "publisher": "News",
    "author": "Jo Doe",
    "published_on": "2011-02-03",
    "archived_url": "https://archive.example/a",
}


class Desk:
    """A record in memory with an agency, its spokesman and two desks, and what is rendered of it."""

    def __init__(self) -> None:
        self.record = Memory()
        self.record.add_party("agency")
        self.record.add_party("spokesman", "agency", kind="person")
        self.record.add_party(DESK)
        self.record.add_party("other-desk")

    def claim(self, **more: Any) -> Claim:
        """A claim of the agency, with every field that ClaimReview takes."""
        body = {"stated_on": "2011-02-03", "language": "en", "appearances": [SEEN]} | more
        return self.record.add_claim("It was never voluntary.", body.pop("speaker", "agency"), **body)

    def reviews(self, claim: Claim) -> list[dict[str, Any]]:
        """The reviews of a claim as it stands."""
        graph = self.renderer.graph(self.document(claim.id))["@graph"]
        assert [fault for review in graph for fault in faults(review)] == []
        return graph

    def review(self, claim: Claim) -> dict[str, Any]:
        """The only review of a claim."""
        [found] = self.reviews(claim)
        return found

    def one(self, claim: Claim, verdict_id: str) -> dict[str, Any]:
        """One verdict of a claim by itself."""
        found = self.renderer.document(self.document(claim.id), verdict_id)
        assert faults(found) == [] and found.pop("@context") == "https://schema.org"
        return found

    def document(self, claim_id: str, record: Memory | None = None) -> dict[str, Any]:
        """The document of a claim, as it is stored."""
        found: dict[str, Any] = orjson.loads(documents.claim((record or self.record).claims[claim_id]))
        return found

    @property
    def renderer(self) -> Renderer:
        def party(party_id: str) -> dict[str, Any] | None:
            found = self.record.party(party_id)
            return orjson.loads(documents.party(found)) if found else None

        return Renderer(BASE, party, self._then)

    def _then(self, claim_id: str, size: int) -> dict[str, Any]:
        before = Memory()
        for entry in self.record.entries[:size]:
            before.fold(entry)
        return self.document(claim_id, before)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_a_review_has_all_that_google_asks_for(desk: Desk) -> None:
    """A standing verdict is a whole ClaimReview, each part of it made of what is on record."""
    claim = desk.claim(speaker="spokesman", on_behalf_of="agency", role="Spokesman")
    evidence = {"url": "https://letters.example/1", "title": "A letter"}
    published = {"url": "https://desk.example/1", "title": "Never voluntary?", "author": "Ann Lee", "language": "en"}
    claim = desk.record.publish(
        claim, "false", label="Pants on Fire", explanation="A letter says so.", evidence=[evidence],
        reviewed_on="2026-11-24", **published,
    )  # fmt: skip
    review = desk.review(claim)
    verdict = claim.verdicts[0]
    assert google_faults(review) == []
    work = {
        "@type": "CreativeWork",
        "url": SEEN["url"],
        "name": "A",
        "publisher": {"@type": "Organization", "name": "News"},
        "creditText": "Jo Doe",
        "datePublished": "2011-02-03",
        "archivedAt": "https://archive.example/a",
    }
    agency = {"@type": "Organization", "@id": f"{BASE}/v1/parties/agency", "name": "AGENCY"}
    assert review == {
        "@type": "ClaimReview",
        "@id": f"{BASE}/v1/verdicts/{verdict.id}",
        "url": "https://desk.example/1",
        "name": "Never voluntary?",
        "claimReviewed": "It was never voluntary.",
        "author": {
            "@type": "Organization",
            "@id": f"{BASE}/v1/parties/{DESK}",
            "name": "EXAMPLE-DESK",
            "url": f"{BASE}/v1/parties/{DESK}",
        },
        "creditText": "Ann Lee",
        "datePublished": "2026-11-24",
        "sdDatePublished": "2026-11-24",
        "inLanguage": "en",
        "reviewRating": {
            "@type": "Rating",
            "alternateName": "Pants on Fire",
            "ratingValue": 1,
            "bestRating": 5,
            "worstRating": 1,
            "ratingExplanation": "A letter says so.",
        },
        "itemReviewed": {
            "@type": "Claim",
            "@id": f"{BASE}/v1/claims/{claim.id}",
            "url": f"{BASE}/v1/claims/{claim.id}",
            "text": "It was never voluntary.",
            "inLanguage": "en",
            "author": {
                "@type": "Person",
                "@id": f"{BASE}/v1/parties/spokesman",
                "name": "SPOKESMAN",
                "url": f"{BASE}/v1/parties/spokesman",
                "jobTitle": "Spokesman",
            },
            "sourceOrganization": agency | {"url": agency["@id"]},
            "creditText": "SPOKESMAN, on behalf of AGENCY",
            "dateCreated": "2011-02-03",
            "datePublished": "2011-02-03",
            "firstAppearance": work,
            "appearance": [work],
        },
        "citation": [{"@type": "CreativeWork", "url": "https://letters.example/1", "name": "A letter"}],
    }


@pytest.mark.parametrize("rating", RATINGS)
def test_ratings_are_numbers_where_they_are_on_the_scale(desk: Desk, rating: str) -> None:
    """Five ratings run from 5, true, to 1, false; what is unproven has words and no number."""
    rated = desk.review(desk.record.publish(desk.claim(), rating))["reviewRating"]
    assert rated["alternateName"] == LABELS[rating]
    assert rated.get("ratingValue") == VALUES.get(rating)
    assert ("bestRating" in rated, "worstRating" in rated) == (rating != "unproven",) * 2
    assert list(VALUES.values()) == sorted(VALUES.values(), reverse=True) and "unproven" not in VALUES


def test_a_label_that_no_mapping_knows_has_no_number(desk: Desk) -> None:
    """A rating of null shows the reviewer's label, or that there is none."""
    claim = desk.record.publish(desk.claim(), "false", label="Four Pinocchios")
    document = desk.document(claim.id)
    document["verdicts"][0]["rating"] = None
    [review] = desk.renderer.graph(document)["@graph"]
    assert review["reviewRating"] == {"@type": "Rating", "alternateName": "Four Pinocchios"}
    document["verdicts"][0]["label"] = None
    [review] = desk.renderer.graph(document)["@graph"]
    assert review["reviewRating"] == {"@type": "Rating", "alternateName": "Not rated"}


def test_several_reviewers_give_several_reviews(desk: Desk) -> None:
    """Each reviewer has one review, in the order of publication; without the published page, its address is ours."""
    claim = desk.record.publish(desk.claim(), "false")
    claim = desk.record.publish(claim, "mixed", "other-desk")
    reviews = desk.reviews(claim)
    assert [review["reviewRating"]["ratingValue"] for review in reviews] == [1, 3]
    assert [review["author"]["name"] for review in reviews] == ["EXAMPLE-DESK", "OTHER-DESK"]
    assert [review["url"] for review in reviews] == [f"{BASE}/v1/verdicts/{one.id}" for one in claim.verdicts]


def test_a_claim_that_nobody_reviewed_has_no_review(desk: Desk) -> None:
    """Its graph is there, and empty."""
    assert desk.reviews(desk.claim()) == []


def test_what_was_superseded_is_a_correction(desk: Desk) -> None:
    """The later review stands, and says what it replaced; the earlier has no rating any more, and says by what."""
    claim = desk.record.publish(desk.claim(), "false", label="No")
    first = claim.verdicts[0].id
    claim = desk.record.publish(claim, "true", supersedes=first)
    second = claim.verdicts[1]
    review = desk.review(claim)
    assert review["reviewRating"]["ratingValue"] == 5 and google_faults(review) == []
    assert review["correction"] == [
        {
            "@type": "CorrectionComment",
            "text": "An earlier review by the same reviewer, “No”, was replaced.",
            "datePublished": second.recorded_at,
            "url": f"{BASE}/v1/verdicts/{first}",
        }
    ]
    earlier = desk.one(claim, first)
    assert earlier["creativeWorkStatus"] == "Superseded"
    assert "reviewRating" not in earlier and "citation" not in earlier
    assert earlier["correction"][0]["url"] == review["@id"]


def test_what_was_retracted_is_a_correction(desk: Desk) -> None:
    """It has no rating, and the reason; the same reviewer's next review has it among its corrections."""
    claim = desk.record.publish(desk.claim(), "false")
    first = claim.verdicts[0].id
    claim = desk.record.retract(claim, first)
    review = desk.review(claim)
    assert review["creativeWorkStatus"] == "Retracted" and "reviewRating" not in review
    assert review["correction"][0]["text"] == "The reviewer retracted this review: It was wrong."
    item = desk.renderer.item(desk.document(claim.id), first)
    assert faults(item) == [] and item["dateDeleted"] == claim.verdicts[0].retraction.at
    claim = desk.record.publish(claim, "mixed")
    review = desk.review(claim)
    assert "creativeWorkStatus" not in review and review["reviewRating"]["ratingValue"] == 3
    text = "An earlier review by the same reviewer, “False”, was retracted: It was wrong."
    assert [one["text"] for one in review["correction"]] == [text]


def test_a_withdrawn_claim_has_no_words_and_no_rating(desk: Desk) -> None:
    """Nobody is to publish once more what was withdrawn."""
    claim = desk.record.withdraw(desk.record.publish(desk.claim(), "false", title="Never voluntary?"))
    review = desk.review(claim)
    assert "voluntary" not in str(review)
    assert review["creativeWorkStatus"] == "Withdrawn" and "reviewRating" not in review
    assert review["itemReviewed"].keys() == {"@type", "@id", "url"}
    assert review["correction"][0]["text"] == "The claim was withdrawn from the record: A forgery."
    assert desk.renderer.item(desk.document(claim.id), claim.verdicts[0].id)["dateDeleted"] == claim.withdrawn.at


def test_erased_words_are_nowhere(desk: Desk) -> None:
    """A review of a claim whose words were erased says that, and nothing of the claim but its address."""
    claim = desk.record.publish(desk.claim(), "false")
    document = desk.document(claim.id)
    by = Erased("By order.", "2026-11-25T00:00:00.000Z", DESK, 9)
    document |= {"text": "[erased]", "text_sha256": None, "appearances": [], "erased": documents.erased(by)}
    [review] = desk.renderer.graph(document)["@graph"]
    assert faults(review) == []
    assert "[erased]" not in str(review) and "reviewRating" not in review
    assert review["creativeWorkStatus"] == "Erased"
    assert review["correction"][0]["text"] == "The words were erased from the record: By order."


def test_an_erased_party_has_no_name(desk: Desk) -> None:
    """Where its name was is nothing, not a marker that looks like a name."""
    document = desk.document(desk.record.publish(desk.claim(), "false").id)
    gone = {"id": "agency", "kind": "organization", "name": "[erased]", "same_as": [], "erased": {"index": 1}}
    [review] = Renderer(BASE, lambda party_id: gone, desk.renderer.claim).graph(document)["@graph"]
    assert "name" not in review["author"] and "[erased]" not in str(review)


def test_a_stale_review_shows_the_words_that_it_judged(desk: Desk) -> None:
    """A rating never stands under words that its reviewer did not see."""
    claim = desk.record.publish(desk.claim(), "false")
    claim = desk.record.amend_claim(claim, text="It was always voluntary.")
    review = desk.review(claim)
    assert review["claimReviewed"] == review["itemReviewed"]["text"] == "It was never voluntary."
    assert "corrected after this review" in review["correction"][0]["text"]


def test_an_indirect_claim_is_no_quotation(desk: Desk) -> None:
    """What is a summary is the abstract of what was said, not its text."""
    claim = desk.record.publish(desk.claim(wording="indirect", reported_through="spokesman"), "false")
    reviewed = desk.review(claim)["itemReviewed"]
    assert "text" not in reviewed and reviewed["abstract"] == "It was never voluntary."
    assert reviewed["creditText"] == "AGENCY, reported through SPOKESMAN"


@pytest.mark.parametrize(
    ("edtf", "date", "text"),
    [
        ("2011-02-03", "2011-02-03", None),
        ("2011-02", "2011-02", None),
        ("2011", "2011", None),
        ("2010-10-06/2011-02-16", None, "2010-10-06/2011-02-16"),
        ("2009/..", None, "2009/.."),
        ("2011~", None, "2011~"),
        ("2011-21", None, "2011-21"),
        ("201X", None, "201X"),
        ("XXXX", None, None),
        (None, None, None),
    ],
)
def test_no_day_is_made_up(desk: Desk, edtf: str | None, date: str | None, text: str | None) -> None:
    """A date is as precise as it is known; what is no date of ISO 8601 is a text, and what is unknown is left out."""
    seen = {name: value for name, value in (SEEN | {"published_on": edtf}).items() if value is not None}
    claim = desk.claim(stated_on=edtf, appearances=[seen])
    review = desk.review(desk.record.publish(claim, "false", **({"reviewed_on": edtf} if edtf else {})))
    reviewed = review["itemReviewed"]
    for node, name in ((review, "datePublished"), (reviewed, "dateCreated"), (reviewed, "datePublished")):
        assert (node.get(name), node.get("temporal")) == (date, text)
    assert reviewed["firstAppearance"].get("datePublished") == date


def test_said_and_published_are_two_dates(desk: Desk) -> None:
    """A memo that came out later was created when it was written, and published when the public could know."""
    claim = desk.record.publish(desk.claim(stated_on="2010-09-15", disclosed_on="2011-02"), "false")
    reviewed = desk.review(claim)["itemReviewed"]
    assert (reviewed["dateCreated"], reviewed["datePublished"]) == ("2010-09-15", "2011-02")


def test_the_first_appearance_is_the_earliest_that_is_known(desk: Desk) -> None:
    """Among several it is the one with the earliest date; without any date nothing is said."""
    seen = [{"url": f"https://news.example/{name}"} for name in "abc"]
    dated = [seen[0], seen[1] | {"published_on": "2011-03"}, seen[2] | {"published_on": "2011-02-28"}]
    claim = desk.record.publish(desk.claim(appearances=dated), "false")
    assert desk.review(claim)["itemReviewed"]["firstAppearance"]["url"] == "https://news.example/c"
    other = desk.record.add_claim("Other words.", "agency", appearances=seen)
    reviewed = desk.review(desk.record.publish(other, "false"))["itemReviewed"]
    assert "firstAppearance" not in reviewed and len(reviewed["appearance"]) == 3


def test_the_whole_dhs_record_is_sound(dhs: Database) -> None:
    """Every review of the example record keeps to the vocabulary and to Google's rules, and so does the feed."""
    from api.interop import datafeed
    from api.interop.provenance import Provenance

    with dhs.snapshot() as db:
        body, following = datafeed.page(db, {"limit": 200}, None, Provenance(BASE, "record.example/log", "", ""))
    feed = orjson.loads(body)
    assert following is None and faults(feed) == []
    reviews = [item["item"] for item in feed["dataFeedElement"]]
    assert len(reviews) == 7 and [google_faults(review) for review in reviews] == [[]] * 7


def test_the_check_finds_what_is_wrong() -> None:
    """The vocabulary refuses properties of other types, values out of range, and types that there are not."""
    assert "archivedAt" in PROPERTIES
    assert faults({"@type": "Claim", "ratingValue": 1})
    assert faults({"@type": "Claim", "author": "Jo Doe"})
    assert faults({"@type": "Claim", "datePublished": "2011-02/2011-03"})
    assert faults({"@type": "Claim", "appearance": {"@type": "Rating"}})
    assert faults({"@type": "Opinion"})
    assert faults({"@type": "Rating", "alternateName": "True", "ratingValue": 1, "bestRating": 5}) == []
