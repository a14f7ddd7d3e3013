"""Questions: what is asked, and the positions that a statement can take on it."""

from __future__ import annotations

from typing import Any

from schemas.base import Document, Schema, patch_of, refuse
from schemas.fields import Item, Items, Name, Slug, StrictBoolean, StrictInteger, Text
from schemas.queries import ListQuery
from schemas.stamps import RECORDED_AT, REVISION, UPDATED_AT, erased, page_of, recorded_by, stamp
from schemas.vocabulary import MAX_POSITIONS, MIN_POSITIONS

EXAMPLE: dict[str, Any] = {
    "id": "sc-voluntary",
    "text": "Is participation in Secure Communities voluntary for states and localities?",
    "scope": "Participation: fingerprints taken at booking are checked against immigration records.",
    "positions": [
        {
            "id": "voluntary",
            "label": "Voluntary",
            "meaning": "a state or locality may decline, withdraw or opt out",
            "neutral": False,
        },
        {
            "id": "mandatory",
            "label": "Mandatory",
            "meaning": "a state or locality cannot opt out",
            "neutral": False,
        },
        {
            "id": "unclear",
            "label": "Unclear",
            "meaning": "the statement does not settle the point",
            "neutral": True,
        },
    ],
}

_POSITIONS = "Two different positions oppose each other unless one is neutral. At least two are not neutral."
_SCOPE = "What the question covers, and what it does not."
_NEUTRAL = "A neutral position opposes none."


class PositionSchema(Schema):
    """One answer to the question. `neutral` is always there when loaded."""

    id = Slug("Unique within the question.", required=True, example="voluntary")
    label = Name("For readers.", required=True, example="Voluntary")
    meaning = Text("What a statement must say to count as this.", example=EXAMPLE["positions"][0]["meaning"])
    neutral = StrictBoolean(_NEUTRAL, load_default=False, example=False)


class QuestionSchema(Schema):
    """A question to be opened."""

    id = Slug("Chosen once, never changed.", required=True, example="sc-voluntary")
    text = Text("The question in words.", required=True, example=EXAMPLE["text"])
    scope = Text(_SCOPE, example=EXAMPLE["scope"])
    positions = Items(
        Item(PositionSchema), _POSITIONS, least=MIN_POSITIONS, most=MAX_POSITIONS, unique="id", required=True
    )

    def cross_check(self, values: dict[str, Any]) -> None:
        """A question on which nobody can contradict anybody is none."""
        if sum(not position["neutral"] for position in values["positions"]) < 2:
            raise refuse(
                "At least two positions must not be neutral: add one that opposes.", "neutral", "positions"
            )


QuestionPatch = patch_of(
    "QuestionPatch",
    QuestionSchema,
    without=("id",),
    reason=Text("Why it is changed.", required=True, example="The scope left out detainers."),
)


class QuestionsQuery(ListQuery):
    """All questions, in the order of their ids."""


class PositionDocument(Document):
    """One answer to the question."""

    id = Slug("Unique within the question.", example="voluntary")
    label = Name("For readers.", example="Voluntary")
    meaning = Text("What a statement must say to count as this.", allow_none=True)
    neutral = StrictBoolean(_NEUTRAL, example=False)


class QuestionDocument(Document):
    """A question on record."""

    id = Slug("Chosen once, never changed.", example="sc-voluntary")
    text = Text("The question in words.", example=EXAMPLE["text"])
    scope = Text(_SCOPE, allow_none=True, example=EXAMPLE["scope"])
    positions = Items(Item(PositionDocument), _POSITIONS)
    erased = erased("the question")
    revision = StrictInteger(REVISION, example=5)
    recorded_at = stamp(RECORDED_AT)
    updated_at = stamp(UPDATED_AT)
    recorded_by = recorded_by()


QuestionsPage = page_of("QuestionsPage", QuestionDocument)
