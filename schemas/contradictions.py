"""Contradictions: two claims of one party with opposing positions, and what reviewers make of them."""

from __future__ import annotations

from typing import Any

from schemas.base import Document, Schema, refuse
from schemas.claim_documents import ClaimExcerpt
from schemas.fields import Choice, Item, Items, Shaped, Slug, StrictInteger, Text, Ulid
from schemas.queries import ListQuery
from schemas.sources import SourceDocument, SourceSchema
from schemas.stamps import erased, page_of, stamp
from schemas.vocabulary import ASSESSMENT_REASONS, ASSESSMENTS, CONTRADICTION_STATUSES, MAX_EVIDENCE

_EARLIER, _LATER = "01JDF3QZ5W8N6T2K4M7R9V0XAA", "01JDF3QZ5W8N6T2K4M7R9V0XAB"

EXAMPLE: dict[str, Any] = {
    "claims": [_EARLIER, _LATER],
    "question": "sc-voluntary",
    "assessment": "reversal",
    "reason": "denial",
    "explanation": "In 2010 a county could decline; in 2011 it is said that none ever could.",
}

_ASSESSMENT = "`reversal`: the opposite; `shift`: another emphasis; `consistent`: no contradiction."
_REASON = "What explains the change."


class AssessmentSchema(Schema):
    """A reviewer's view of two claims, in the name of the token's party. Their order does not matter."""

    claims = Items(Ulid(example=_EARLIER), "The two claims.", least=2, most=2, required=True)
    question = Slug("The question on which they are compared.", example="sc-voluntary")
    assessment = Choice(ASSESSMENTS, _ASSESSMENT, required=True, example="reversal")
    reason = Choice(ASSESSMENT_REASONS, _REASON, example="denial")
    explanation = Text("Why.", example=EXAMPLE["explanation"])
    evidence = Items(Item(SourceSchema), "What it rests on, beyond the claims.", most=MAX_EVIDENCE)

    def cross_check(self, values: dict[str, Any]) -> None:
        """Nothing contradicts itself."""
        first, second = values["claims"]
        if first == second:
            raise refuse("A claim cannot be compared with itself: name two claims.", "duplicate", "claims", 1)


class ContradictionsQuery(ListQuery):
    """Contradictions that all the filters let through."""

    party = Slug("Both claims are this party's, or of anything under it.")
    question = Slug("On this question.")
    status = Choice(CONTRADICTION_STATUSES, "What the reviewers made of it.")
    claim = Ulid("One of the two claims.")


class ClaimContradictionsQuery(ListQuery):
    """The contradictions that one claim is part of."""


class AssessmentDocument(Document):
    """A reviewer's view."""

    reviewer = Slug("The party whose view it is.", example="example-desk")
    assessment = Choice(ASSESSMENTS, _ASSESSMENT, example="reversal")
    reason = Choice(ASSESSMENT_REASONS, _REASON, allow_none=True, example="denial")
    explanation = Text("Why.", allow_none=True, example=EXAMPLE["explanation"])
    evidence = Items(Item(SourceDocument), "What it rests on, beyond the claims.")
    erased = erased("the assessment")
    recorded_at = stamp("When it was put on record (UTC).")


class ContradictionDocument(Document):
    """Two claims of one party that oppose each other."""

    id = Shaped("The two claims, the earlier one first.", example=f"{_EARLIER}~{_LATER}")
    question = Slug(
        "The question; null if they were paired by hand without one.", allow_none=True, example="sc-voluntary"
    )
    party = Slug(
        "The narrowest party that both belong to; null if there is none.", allow_none=True, example="dhs"
    )
    claims = Items(Item(ClaimExcerpt), "The two claims, the earlier one first.", least=2, most=2)
    positions = Items(
        Slug(allow_none=True, example="mandatory"),
        "Their positions, in the same order; null without a question.",
        least=2,
        most=2,
    )
    days = StrictInteger("Days between them; null if a date is unknown.", allow_none=True, example=227)
    status = Choice(CONTRADICTION_STATUSES, "What the reviewers made of it.", example="suggested")
    assessments = Items(Item(AssessmentDocument), "Each reviewer's latest view.")


ContradictionsPage = page_of("ContradictionsPage", ContradictionDocument)
