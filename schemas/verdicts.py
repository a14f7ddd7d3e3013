"""Verdicts: what a reviewer ruled on one claim."""

from __future__ import annotations

from typing import Any

from schemas.base import Document, Schema
from schemas.fields import (
    Choice,
    EdtfDate,
    Item,
    Items,
    Language,
    Name,
    Sha256,
    Slug,
    StrictBoolean,
    StrictInteger,
    Text,
    Ulid,
    Url,
)
from schemas.queries import ListQuery
from schemas.sources import SourceDocument, SourceSchema
from schemas.stamps import RECORDED_AT, REVISION, erased, page_of, stamp
from schemas.vocabulary import MAX_EVIDENCE, MIN_EVIDENCE, RATINGS, VERDICT_STATUSES

EXAMPLE: dict[str, Any] = {
    "rating": "false",
    "label": "Never has been?",
    "explanation": "In a letter of 7 September 2010 the Secretary described how a local law enforcement "
    "agency that does not wish to participate can decline.",
    "evidence": [
        {
            "url": "https://www.pcasc.net/2011/05/07/illinois-defying-dhs-demands-to-be-let-out-of-secure-communities/",
            "title": "Illinois, Defying DHS, Demands to Be Let out of Secure Communities",
            "publisher": "pcasc.net",
            "published_on": "2011-05-07",
        }
    ],
    "reviewed_on": "2026-11-24",
    "language": "en",
}

_LABEL = "The rating in the reviewer's own words."
_URL = "The published review."
_ULID = "01JDF5B2C3D4E5F6G7H8J9K0MN"
_EVIDENCE = "What the ruling rests on."
_JUDGED = "The revision of the claim that was judged. Refused if the claim's text has changed since."


class VerdictSchema(Schema):
    """A ruling on a claim, in the name of the token's party."""

    id = Ulid("A ULID chosen by the client; left out, one is made.", example=_ULID)
    rating = Choice(RATINGS, "One of six.", required=True, example="false")
    label = Name(_LABEL, example="Pants on Fire")
    explanation = Text("Why.", example=EXAMPLE["explanation"])
    evidence = Items(Item(SourceSchema), _EVIDENCE, least=MIN_EVIDENCE, most=MAX_EVIDENCE, required=True)
    url = Url(_URL)
    title = Name("The title of the published review.")
    reviewer = Slug("The token's party, if it is given at all.", example="example-desk")
    author = Name("Who wrote the review.")
    reviewed_on = EdtfDate("When it was ruled.", example="2026-11-24")
    language = Language("BCP 47, of the review.", example="en")
    claim_revision = StrictInteger(_JUDGED, example=17)
    supersedes = Ulid("The reviewer's earlier verdict on this claim, which this one corrects.")


class ReviewVerdictSchema(VerdictSchema):
    """A verdict taken from a review that was published elsewhere, whose label may have no rating."""

    rating = Choice(RATINGS, "One of six, or null.")


class RetractionSchema(Schema):
    """A verdict taken back by its reviewer."""

    reason = Text(
        "Why, for every reader.", required=True, example="The letter quoted was not by the Secretary."
    )


class VerdictsQuery(ListQuery):
    """All verdicts on one claim, oldest first."""


class RetractionDocument(Document):
    """When and why a verdict was taken back."""

    reason = Text("Why.")
    at = stamp("When.")


class VerdictDocument(Document):
    """A verdict on record."""

    id = Ulid("Its ULID.", example=_ULID)
    claim = Ulid("The claim that it rules on.", example="01JDF3QZ5W8N6T2K4M7R9V0XAB")
    rating = Choice(
        RATINGS, "One of six; null where no mapping knows the label of a review.", allow_none=True, example="false"
    )
    label = Name(_LABEL, allow_none=True)
    mapping = Name(
        "Of a verdict taken from a review: which row of which table gave the rating.",
        sometimes=True,
        example="ratings/1/politifact/pants on fire",
    )
    imported_by = Slug("The party that took it in, where that is not the reviewer.", sometimes=True)
    explanation = Text("Why.", allow_none=True, example=EXAMPLE["explanation"])
    evidence = Items(Item(SourceDocument), _EVIDENCE)
    url = Url(_URL, allow_none=True)
    title = Name("The title of the published review.", allow_none=True)
    reviewer = Slug("The party that ruled.", example="example-desk")
    author = Name("Who wrote the review.", allow_none=True)
    reviewed_on = EdtfDate("When it was ruled.", allow_none=True, example="2026-11-24")
    language = Language("BCP 47, of the review.", allow_none=True, example="en")
    claim_revision = StrictInteger("The revision of the claim that was judged.", example=17)
    text_sha256 = Sha256("SHA-256 of the text that was judged. Null once that is erased.", allow_none=True)
    supersedes = Ulid("The earlier verdict that this one corrects.", allow_none=True)
    superseded_by = Ulid("The later verdict that corrects this one.", allow_none=True)
    status = Choice(VERDICT_STATUSES, "Only a standing verdict counts.", example="standing")
    stale = StrictBoolean("True if the claim's text has changed since.", example=False)
    retraction = Item(RetractionDocument, "Null unless it was taken back.", allow_none=True)
    erased = erased("the verdict")
    revision = StrictInteger(REVISION, example=18)
    recorded_at = stamp(RECORDED_AT)


VerdictsPage = page_of("VerdictsPage", VerdictDocument)
