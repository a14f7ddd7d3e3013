"""Pages of reviews as Google's Fact Check Tools API has them: what is sent, and what is answered."""

from __future__ import annotations

import re
from typing import Any

import marshmallow.fields as stock

from schemas import dates
from schemas.base import Document, Schema, kind_of, refuse, shown
from schemas.factchecktools import INT32, PagedQuery
from schemas.fields import Item, Items, Name, Shaped, StrictInteger, Text, Url
from schemas.texts import Strict
from schemas.vocabulary import MAX_APPEARANCES, MAX_DATE, MAX_MARKUPS, MAX_URL

_ISO_DATE = re.compile(r"[0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2}(?:[Tt ].*)?)?)?")


class PagesQuery(PagedQuery):
    """Pages on which reviewers publish."""

    url = Url("The pages at this address, its anchor apart.")
    organization = Text("The pages on this site.", max=MAX_URL, example="factcheck.example")

    def cross_check(self, values: dict[str, Any]) -> None:
        """One or the other."""
        if "url" in values and "organization" in values:
            raise refuse("Give 'url' or 'organization', not both.", "conflict", "organization")


class IsoDate(Strict, stock.String):
    """A day, a month or a year in ISO 8601; of an instant the day counts."""

    def keywords(self) -> dict[str, Any]:
        """The pattern."""
        return {"pattern": r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}([Tt ].*)?)?)?$", "maxLength": MAX_DATE}

    def read(self, value: Any) -> str:
        """The date as it was given. Raises ValidationError."""
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send the date as a text, such as 2011-04-22.", "type")
        if len(value) > MAX_DATE or _ISO_DATE.fullmatch(value) is None:
            raise refuse(f"{shown(value)} is not a date: write it as 2011-04-22, 2011-04 or 2011.", "date")
        try:
            dates.bounds(value[:10])
        except ValueError as error:
            raise refuse(str(error), "date") from None
        return value


class ClaimAuthorSchema(Schema):
    """Who made a claim."""

    name = Name("The name of a person or organisation.", example="John Doe")
    jobTitle = Name("In which role.")
    sameAs = Url("An address that stands for them.")
    imageUrl = Url("A picture.")


class ClaimRatingSchema(Schema):
    """How a claim was rated."""

    textualRating = Name("The rating in words.", required=True, example="Mostly false")
    ratingExplanation = Text("Why.")
    ratingValue = StrictInteger("The rating as a number.", minimum=-INT32 - 1, maximum=INT32)
    worstRating = StrictInteger("The worst of its scale.", minimum=-INT32 - 1, maximum=INT32)
    bestRating = StrictInteger("The best of its scale.", minimum=-INT32 - 1, maximum=INT32)
    imageUrl = Url("A picture.")


class MarkupSchema(Schema):
    """The review of one claim."""

    url = Url("The address of the page, with an anchor or without; left out, it is without.")
    claimReviewed = Text("The claim.", required=True, example="Crime has doubled in the last 2 years.")
    claimDate = IsoDate("When it was made.", example="2011-04-22")
    claimLocation = Text("Where it was made.")
    claimFirstAppearance = Url("Where it appeared first.")
    claimAppearances = Items(Url(), "Where else it appeared.", most=MAX_APPEARANCES - 1)
    claimAuthor = Item(ClaimAuthorSchema, "Who made it.")
    rating = Item(ClaimRatingSchema, "How it was rated.", required=True)


class ReviewAuthorSchema(Schema):
    """Who publishes the reviews."""

    name = Name("The name of the organisation.", example="Example Desk")
    imageUrl = Url("A picture.")


class PageSchema(Schema):
    """A page with the reviews on it. `name` and `versionId` are ours to give."""

    name = Text("The name of the page; not heeded.", blank=True, example="pages/0a1b")
    pageUrl = Url("The address of the page.", required=True, example="https://factcheck.example/crime")
    publishDate = IsoDate("When it was published.", example="2011-05-02")
    claimReviewAuthor = Item(ReviewAuthorSchema, "Who publishes it: whoever has the token, unless it is an admin's.")
    claimReviewMarkups = Items(
        Item(MarkupSchema), "The reviews, each of another claim.", least=1, most=MAX_MARKUPS, required=True
    )
    versionId = Text(
        "Of an update: the version that it is based on. One that is no longer current is refused.", blank=True
    )


EXAMPLE: dict[str, Any] = {
    "pageUrl": "https://desk.example/secure-communities",
    "publishDate": "2026-11-24",
    "claimReviewAuthor": {"name": "Example Desk"},
    "claimReviewMarkups": [
        {
            "claimReviewed": "Secure Communities was presented as voluntary.",
            "claimDate": "2011-04-22",
            "claimAuthor": {"name": "Zoe Lofgren", "jobTitle": "Representative"},
            "claimFirstAppearance": "https://news.example/lofgren",
            "rating": {"textualRating": "True", "ratingExplanation": "Letters of 2010 say so."},
        }
    ],
}


class ClaimAuthorDocument(Document):
    """Who made a claim."""

    name = Name("The name of a person or organisation.", sometimes=True, example="John Doe")
    jobTitle = Name("In which role.", sometimes=True)
    sameAs = Url("An address that stands for them.", sometimes=True)
    imageUrl = Url("A picture.", sometimes=True)


class ClaimRatingDocument(Document):
    """How a claim was rated."""

    textualRating = Name("The rating in words.", sometimes=True, example="Mostly false")
    ratingExplanation = Text("Why.", sometimes=True)
    ratingValue = StrictInteger("The rating as a number.", minimum=-INT32 - 1, maximum=INT32, sometimes=True)
    worstRating = StrictInteger("The worst of its scale.", minimum=-INT32 - 1, maximum=INT32, sometimes=True)
    bestRating = StrictInteger("The best of its scale.", minimum=-INT32 - 1, maximum=INT32, sometimes=True)
    imageUrl = Url("A picture.", sometimes=True)


class MarkupDocument(Document):
    """The review of one claim."""

    url = Url("Its address, where it is more than that of the page.", sometimes=True)
    claimReviewed = Text("The claim.", sometimes=True)
    claimDate = Text("When it was made.", sometimes=True, example="2011-04-22")
    claimLocation = Text("Where it was made.", sometimes=True)
    claimFirstAppearance = Url("Where it appeared first.", sometimes=True)
    claimAppearances = Items(Url(), "Where else it appeared.", sometimes=True)
    claimAuthor = Item(ClaimAuthorDocument, "Who made it.", sometimes=True)
    rating = Item(ClaimRatingDocument, "How it was rated.", sometimes=True)


class ReviewAuthorDocument(Document):
    """Who publishes the reviews."""

    name = Name("The name of the organisation.", sometimes=True, example="Example Desk")
    imageUrl = Url("A picture.", sometimes=True)


class PageDocument(Document):
    """A page with the reviews that stand on it."""

    name = Text("Its name.", example="pages/5f0c2a…-example-desk")
    pageUrl = Url("Its address.")
    publishDate = Text("When it was published.", sometimes=True, example="2011-05-02")
    claimReviewAuthor = Item(ReviewAuthorDocument, "Who publishes it.", sometimes=True)
    claimReviewMarkups = Items(Item(MarkupDocument), "The reviews.")
    versionId = Text("Another one whenever anything on it changes.", example="4be1c0d2a9f3e877")


class PagesDocument(Document):
    """Pages. Lists that are empty are left out."""

    claimReviewMarkupPages = Items(Item(PageDocument), "In order of their names.", sometimes=True)
    nextPageToken = Shaped("Where it goes on; left out on the last page.", sometimes=True)


class EmptyDocument(Document):
    """Nothing."""
