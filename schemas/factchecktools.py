"""Google's Fact Check Tools API, v1alpha1, as it stands in Google's discovery document: what is asked, and what is
answered. Names of fields and parameters are Google's, and so is what they mean, where it is written down.

Google's clients send parameters of their own with every request, so that here, and only here, unknown ones are let
through.
"""

from __future__ import annotations

import re
from typing import Any

from schemas.base import Document, Query, refuse
from schemas.fields import Choice, Cursor, Item, Items, Language, QueryInteger, Shaped, StrictInteger, Text, Url
from schemas.vocabulary import MAX_OFFSET, MAX_QUERY, MAX_URL

INT32 = 2**31 - 1

_PAGE_SIZE = "How many results at most: 10 if left out or 0, and never more than 200."
_NEXT = "The `nextPageToken` of the page before. All other parameters must stay as they were."
_OFFSET = "How many of the first results are left out. Only without `pageToken`, and only without `url`."


class PageToken(Cursor):
    """The `nextPageToken` of an earlier page; empty on the first."""

    pattern = re.compile(r"[!-~]{0,512}")
    remedy = "is not a page token: pass the `nextPageToken` of an earlier page unchanged."


class GoogleQuery(Query):
    """The parameters that every method of Google's takes. A text that is empty was not given, and unknown parameters
    are let through."""

    alt = Choice(("json", "media"), "The format of the answer, which is JSON in both cases.")
    key = Text("A token of this record; any other key is taken as none at all.", blank=True)
    xgafv = Text("Taken and not heeded: the error format.", blank=True, data_key="$.xgafv")
    selector = Text("Taken and not heeded: answers are always whole.", blank=True, data_key="fields")
    pretty_print = Text("Taken and not heeded: answers are compact.", blank=True, data_key="prettyPrint")
    quota_user = Text("Taken and not heeded.", blank=True, data_key="quotaUser")

    def read(self, data: Any) -> dict[str, Any]:
        """As any query, without what is empty or unknown. Raises ValidationError."""
        if type(data) is dict:
            data = {name: value for name, value in data.items() if name in self._plan}
        return {name: value for name, value in super().read(data).items() if value != ""}


class PagedQuery(GoogleQuery):
    """A page of results."""

    pageSize = QueryInteger(_PAGE_SIZE, maximum=INT32)
    pageToken = PageToken(_NEXT)
    offset = QueryInteger(_OFFSET, maximum=MAX_OFFSET)


class SearchQuery(PagedQuery):
    """Claims that were reviewed."""

    query = Text("Words that all must be there; required unless `reviewPublisherSiteFilter` is given.", max=MAX_QUERY)
    languageCode = Language("The language of the review (BCP 47). The region is not considered.", example="en-US")
    maxAgeDays = QueryInteger("The age of the claim or of a review of it, whichever is newer, in days.", maximum=INT32)
    reviewPublisherSiteFilter = Text(
        "The site of the review, without `www.`.", max=MAX_URL, example="factcheck.example"
    )

    def cross_check(self, values: dict[str, Any]) -> None:
        """Something has to be asked for."""
        if not values.get("query", "").strip():
            values.pop("query", None)
        if "query" not in values and "reviewPublisherSiteFilter" not in values:
            raise refuse("Give 'query', or 'reviewPublisherSiteFilter', or both.", "required", "query")


class ImageSearchQuery(PagedQuery):
    """An image to search by, which nothing here can do."""

    imageUri = Text("The address of the image.", max=MAX_URL)
    languageCode = Language("The language of the review (BCP 47).")


class PublisherDocument(Document):
    """Who published a review."""

    name = Text("The reviewer's name.", sometimes=True, example="Example Desk")
    site = Text("The host of the review's address, without `www.`.", sometimes=True, example="factcheck.example")


class ReviewDocument(Document):
    """A standing verdict on a claim."""

    publisher = Item(PublisherDocument, "Who published it.", sometimes=True)
    url = Url("Where it was published, or where it stands here.", sometimes=True)
    title = Text("Its title.", sometimes=True)
    reviewDate = Shaped("When, if the day is known: midnight UTC.", sometimes=True, example="2026-11-24T00:00:00Z")
    textualRating = Text("The reviewer's own words, else the rating in words.", sometimes=True, example="Mostly false")
    languageCode = Language("The language that it is written in.", sometimes=True)


class FactCheckedClaim(Document):
    """A claim and the reviews of it that were asked for."""

    text = Text("What was claimed.", sometimes=True, example="Crime has doubled in the last 2 years.")
    claimant = Text("Who claimed it.", sometimes=True, example="John Doe")
    claimDate = Shaped("When, if the day is known: midnight UTC.", sometimes=True, example="2011-04-22T00:00:00Z")
    claimReview = Items(Item(ReviewDocument), "The reviews.", sometimes=True)


class SearchDocument(Document):
    """A page of claims. Lists that are empty are left out."""

    claims = Items(Item(FactCheckedClaim), "The best match first; without `query` the newest.", sometimes=True)
    nextPageToken = Shaped("Where it goes on; left out on the last page.", sometimes=True)


class FieldViolation(Document):
    """A field at fault."""

    field = Text("Which.", blank=True, example="claimReviewMarkups[0].claimReviewed")
    description = Text("What is wrong with it.")
    reason = Text("A word for programs.", example="REQUIRED")


class ErrorMetadata(Document):
    """What an error has to do with this record."""

    type = Text("The type of the problem, as `/v1` names it.", example="urn:onrecord:problem:not-found")
    request_id = Text("Names this request in the log.")
    existing = Text("Of a conflict: where it is on record.", sometimes=True)
    source = Text("Of a mirror: where to write to.", sometimes=True)


class ErrorDetail(Document):
    """More about an error: `google.rpc.ErrorInfo`, `BadRequest` or `RetryInfo`, as `@type` says."""

    type = Text("Which of them.", data_key="@type", example="type.googleapis.com/google.rpc.ErrorInfo")
    reason = Text("ErrorInfo: the type of the problem.", sometimes=True, example="NOT_FOUND")
    domain = Text("ErrorInfo: whose reasons these are.", sometimes=True, example="onrecord")
    metadata = Item(ErrorMetadata, "ErrorInfo: more of it.", sometimes=True)
    fieldViolations = Items(Item(FieldViolation), "BadRequest: each field at fault.", sometimes=True)
    retryDelay = Text("RetryInfo: how long to wait.", sometimes=True, example="12s")


class ErrorStatus(Document):
    """What went wrong."""

    code = StrictInteger("The status of the answer.", minimum=400, maximum=599, example=404)
    message = Text("What is wrong, and the remedy.")
    status = Text("One of the codes of google.rpc.Code.", example="NOT_FOUND")
    details = Items(Item(ErrorDetail), "More about it.")


class ErrorDocument(Document):
    """An error as Google's APIs answer it."""

    error = Item(ErrorStatus, "What went wrong.")
