"""Timelines: what one party said on one question, in order."""

from __future__ import annotations

from typing import Any

from schemas import dates
from schemas.base import Document, refuse
from schemas.claim_documents import ClaimExcerpt
from schemas.fields import Choice, Cursor, Day, Item, Items, Slug, StrictBoolean, StrictInteger, Ulid
from schemas.queries import ListQuery
from schemas.stamps import NEXT
from schemas.vocabulary import CLOCKS


class TimelineQuery(ListQuery):
    """The statements of one party. `clock` is always there when loaded."""

    party = Slug("Said by this party, for it, or by anything under it.", required=True, example="dhs")
    clock = Choice(
        CLOCKS, "Ordered by when it was said, or by when the public could know.", load_default="stated"
    )
    from_ = Day("Certainly on this day or later, by the clock.", data_key="from", attribute="from")
    to = Day("Certainly on this day or earlier, by the clock.")
    known_by = Day("Only what the public could certainly know on this day.", example="2010-12-31")

    def cross_check(self, values: dict[str, Any]) -> None:
        """A range goes forward."""
        start, end = values.get("from"), values.get("to")
        if start is not None and end is not None and dates.day(start) > dates.day(end):
            raise refuse("The range ends before it begins: swap `from` and `to`.", "reversed", "to")


class ReversalDocument(Document):
    """That a statement opposes the one before it."""

    from_ = Ulid("The claim that is reversed.", data_key="from", example="01JDF3QZ5W8N6T2K4M7R9V0XAA")
    position = Slug("The position that it took.", example="voluntary")
    days = StrictInteger("Days between the two; null if that cannot be said.", allow_none=True, example=227)
    certain = StrictBoolean("False where the two dates overlap.", example=True)


class StatementDocument(ClaimExcerpt):
    """A claim in its place in the timeline."""

    position = Slug("The position that it takes.", example="mandatory")
    reversal = Item(ReversalDocument, "Null if it does not oppose the one before.", allow_none=True)


class TimelineDocument(Document):
    """A page of a timeline. Undated statements come last."""

    question = Slug("The question.", example="sc-voluntary")
    party = Slug("The party.", example="dhs")
    clock = Choice(CLOCKS, "The order.", example="stated")
    statements = Items(Item(StatementDocument), "In the order of the clock.")
    reversals = StrictInteger("How many on this page.", example=1)
    next = Cursor(NEXT, allow_none=True)
