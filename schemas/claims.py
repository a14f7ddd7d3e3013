"""Claims: what was said, word for word, by whom, when, and where it was found."""

from __future__ import annotations

from typing import Any

from schemas import dates, sources
from schemas.base import Schema, patch_of, refuse
from schemas.claim_documents import ClaimDocument, ClaimExcerpt, ClaimRecorded, ClaimsPage, HistoryItem, HistoryPage
from schemas.fields import Choice, Day, EdtfDate, Item, Items, Language, Name, Slug, Text, Ulid, Url
from schemas.queries import DocumentQuery, ListQuery
from schemas.vocabulary import (
    CLAIM_STATUSES,
    MAX_APPEARANCES,
    MAX_QUERY,
    MAX_STANCES,
    MAX_TAGS,
    MAX_VARIANTS,
    MIN_APPEARANCES,
    RATINGS,
    SORTS,
    WORDINGS,
)

__all__ = [
    "EXAMPLE",
    "ClaimDocument",
    "ClaimExcerpt",
    "ClaimPatch",
    "ClaimQuery",
    "ClaimRecorded",
    "ClaimSchema",
    "ClaimsPage",
    "ClaimsQuery",
    "HistoryItem",
    "HistoryPage",
    "HistoryQuery",
    "WithdrawalSchema",
]

EXAMPLE: dict[str, Any] = {
    "text": "Secure Communities is not voluntary and never has been. Unfortunately, this was not "
    "communicated as clearly as it should have been to state and local jurisdictions by ICE "
    "when the program began.",
    "wording": "direct",
    "language": "en",
    "attribution": {"speaker": "dhs-official-2011-04", "on_behalf_of": "dhs", "role": "official, unnamed"},
    "stated_on": "2011-04",
    "context": "Statement to the Los Angeles Times.",
    "appearances": [sources.EXAMPLE],
    "stances": [
        {
            "question": "sc-voluntary",
            "position": "mandatory",
            "reasoning": "Says that the programme was never voluntary.",
        }
    ],
    "tags": ["secure-communities"],
}


class AttributionSchema(Schema):
    """Whose words they are."""

    speaker = Slug("The party who said it.", required=True, example="dhs-official-2011-04")
    on_behalf_of = Slug("The party spoken for.", example="dhs")
    role = Name("In which role.", example="official, unnamed")
    reported_through = Slug("The party that passed the words on, if the source had them second-hand.")


class VariantSchema(Schema):
    """The same words as they stand elsewhere."""

    text = Text(
        "The words there.", required=True, example="Secure Communities is not voluntary and never has been."
    )
    url = Url("Where.")
    note = Text("What differs, and why.")


class StanceSchema(Schema):
    """The position that the claim takes on a question."""

    question = Slug("The question.", required=True, example="sc-voluntary")
    position = Slug("One of its positions.", required=True, example="mandatory")
    reasoning = Text("Why the words take this position.", example=EXAMPLE["stances"][0]["reasoning"])


class ClaimSchema(Schema):
    """A claim to be put on record."""

    id = Ulid("A ULID chosen by the client; left out, one is made.", example="01JDF3QZ5W8N6T2K4M7R9V0XAB")
    text = Text("The words as they stand in the source.", required=True, example=EXAMPLE["text"])
    wording = Choice(
        WORDINGS,
        "`direct`: as spoken; `document`: as written; `indirect`: a summary of what the source reports.",
        required=True,
        example="direct",
    )
    language = Language("BCP 47.", example="en")
    attribution = Item(AttributionSchema, "Whose words they are.", required=True)
    stated_on = EdtfDate("When it was said: an EDTF date. Left out, it is unknown.", example="2011-04")
    disclosed_on = EdtfDate(
        "When the public could know. Left out, it is when it was said.", example="2011-04-22"
    )
    context = Text("On what occasion, to whom.", example=EXAMPLE["context"])
    appearances = Items(
        Item(sources.SourceSchema),
        "Where it was found.",
        least=MIN_APPEARANCES,
        most=MAX_APPEARANCES,
        required=True,
    )
    variants = Items(Item(VariantSchema), "The same words as they stand elsewhere.", most=MAX_VARIANTS)
    stances = Items(Item(StanceSchema), "One for each question at most.", most=MAX_STANCES, unique="question")
    tags = Items(Slug(example="secure-communities"), "For finding it again.", most=MAX_TAGS, unique=True)


AttributionPatch = patch_of("AttributionPatch", AttributionSchema)

ClaimPatch = patch_of(
    "ClaimPatch",
    ClaimSchema,
    without=("id",),
    attribution=Item(AttributionPatch, "Whose words they are: merged member by member."),
    reason=Text("Why it is changed.", required=True, example="The transcript has another word."),
)


class WithdrawalSchema(Schema):
    """A claim that should not have been recorded."""

    reason = Text("Why, for every reader.", required=True, example="The page turned out to be a forgery.")


class ClaimQuery(DocumentQuery):
    """One claim, now or as it stood."""


class HistoryQuery(ListQuery):
    """Every version of one claim, oldest first."""


class ClaimsQuery(ListQuery):
    """Claims that all the filters let through.

    When loaded without `q`, `sort` is always there: the given one, else `stated` with a range of dates,
    else `-recorded`.
    """

    q = Text(
        'Words, "a phrase", or the beginning of a word*. The best match comes first.',
        max=MAX_QUERY,
        blank=True,
    )
    party = Slug("Said by this party, for it, or by anything under it.")
    question = Slug("Takes a position on this question.")
    position = Slug("Takes this position: needs `question`.")
    status = Choice(CLAIM_STATUSES, "The status that the standing verdicts give.")
    rating = Choice(RATINGS, "Has a standing verdict with this rating.")
    reviewer = Slug("Has a standing verdict by this party.")
    tag = Slug("Has this tag.")
    stated_from = Day("Certainly said on this day or later.")
    stated_to = Day("Certainly said on this day or earlier.")
    publisher = Name("Appeared with this publisher, written in the same way.")
    sort = Choice(
        SORTS,
        "The order: if left out, `-recorded`, or `stated` with a range of dates. Not with `q`.",
    )

    def cross_check(self, values: dict[str, Any]) -> None:
        """Filters that make sense only together, and orders that cannot be had."""
        start, end, sort = values.get("stated_from"), values.get("stated_to"), values.get("sort")
        ranged = start is not None or end is not None
        if "position" in values and "question" not in values:
            raise refuse(
                "A position belongs to a question: give `question` too.", "needs-question", "position"
            )
        if start is not None and end is not None and dates.day(start) > dates.day(end):
            raise refuse(
                "The range ends before it begins: swap `stated_from` and `stated_to`.",
                "reversed",
                "stated_to",
            )
        if "q" in values:
            if sort is not None:
                raise refuse(
                    "A search is ordered by relevance: leave `sort` out, or `q`.", "conflict", "sort"
                )
            return
        if ranged and sort in ("recorded", "-recorded"):
            detail = "With a range of dates the order is by date: use stated or -stated, or leave `sort` out."
            raise refuse(detail, "conflict", "sort")
        values["sort"] = sort or ("stated" if ranged else "-recorded")
