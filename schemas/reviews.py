"""Reviews that were published elsewhere and are taken in: what came of each."""

from __future__ import annotations

from schemas.base import Document
from schemas.fields import Choice, Item, Items, Name, Shaped, StrictInteger, Text, Url
from schemas.problems import ProblemField
from schemas.vocabulary import RATINGS, REVIEW_OUTCOMES

EXAMPLE = {
    "@context": "https://schema.org",
    "@type": "ClaimReview",
    "url": "https://desk.example/library",
    "claimReviewed": "The library has been open every Sunday since May 2025.",
    "itemReviewed": {
        "@type": "Claim",
        "author": {"@type": "Organization", "name": "Town of Exampleton"},
        "datePublished": "2026-10-05",
        "appearance": {"@type": "CreativeWork", "url": "https://gazette.example/library"},
    },
    "author": {"@type": "Organization", "name": "Example Desk"},
    "datePublished": "2026-10-07",
    "reviewRating": {"@type": "Rating", "alternateName": "Mostly false"},
}

_OUTCOME = (
    "`created`: a claim and a verdict; `matched`: a verdict on a claim that was on record; `superseded`: a verdict in"
    " place of the reviewer's earlier one; `already`: nothing was new; `refused`: see `errors`."
)


class ReviewOutcome(Document):
    """What came of one review."""

    pointer = Text('Where it stands: an RFC 6901 pointer into the body, "" is all of it.', blank=True, example="/0")
    url = Url("Where it is published.", allow_none=True, example="https://desk.example/library")
    outcome = Choice(REVIEW_OUTCOMES, _OUTCOME, example="created")
    claim = Shaped("The claim.", allow_none=True, example="/v1/claims/01JDF3QZ5W8N6T2K4M7R9V0XAB")
    verdict = Shaped("The verdict.", allow_none=True, example="/v1/verdicts/01JDF5B2C3D4E5F6G7H8J9K0MN")
    label = Name("The rating as it is published.", allow_none=True, example="Mostly false")
    rating = Choice(RATINGS, "One of six, null where no mapping knows the label.", allow_none=True, example="false")
    mapping = Name("Which row gave it.", allow_none=True, example="ratings/1/general/mostly false")
    errors = Items(Item(ProblemField), "Why it was refused; empty if it was not.")


class ReviewReport(Document):
    """What came of each review that was sent, in order."""

    items = Items(Item(ReviewOutcome), "One for each review.")
    created = StrictInteger("How many made a claim.", example=1)
    matched = StrictInteger("How many found their claim on record.", example=0)
    superseded = StrictInteger("How many replaced a verdict.", example=0)
    already = StrictInteger("How many were there already.", example=0)
    refused = StrictInteger("How many were refused.", example=0)
