"""What the pages for readers can be asked for: the API's own parameters, with the defaults of a page.

A form sends what was left empty as well, so `api.http.form` drops that before it is loaded here.
"""

from __future__ import annotations

import re
from typing import Any

from schemas import dates
from schemas.base import Query, refuse
from schemas.claims import ClaimsQuery
from schemas.contradictions import ContradictionsQuery
from schemas.fields import Choice, Cursor, Day, QueryInteger, Shaped, Url
from schemas.queries import DocumentQuery
from schemas.vocabulary import CLOCKS, SLUG_PATTERN

# What stands for everybody where a party can be named: no slug has it.
EVERYBODY = "*"


class PartyOrAll(Shaped):
    """The id of a party, or everybody."""

    pattern = re.compile(rf"{SLUG_PATTERN}|\*")
    remedy = "is no id of a party: write 1 to 64 of a-z, 0-9 and '-', or * for everybody."


class PageQuery(DocumentQuery):
    """A page that shows one thing, now or as it stood."""


class ListPageQuery(DocumentQuery):
    """A page of a list, whose length the page knows best."""

    cursor = Cursor("The `next` of the page before.")


class TimelineFilter(DocumentQuery):
    """What a drawing of a timeline shows."""

    party = PartyOrAll("The statements of this party and all under it, or `*` for everybody.")
    clock = Choice(CLOCKS, "Ordered by when it was said, or by when the public could know.", load_default="stated")
    from_ = Day("Certainly on this day or later, by the clock.", data_key="from", attribute="from")
    to = Day("Certainly on this day or earlier, by the clock.")
    known_by = Day("Only what the public could certainly know on this day.", example="2010-12-31")

    def cross_check(self, values: dict[str, Any]) -> None:
        """A range goes forward."""
        start, end = values.get("from"), values.get("to")
        if start is not None and end is not None and dates.day(start) > dates.day(end):
            raise refuse("The range ends before it begins: swap `from` and `to`.", "reversed", "to")


class TimelinePageQuery(TimelineFilter):
    """The page of a question."""

    cursor = Cursor("The `next` of the page before.")


class SearchPageQuery(ClaimsQuery):
    """The page of a search."""


class ContradictionsPageQuery(ContradictionsQuery):
    """The queue of contradictions."""


class OEmbedQuery(Query):
    """What a consumer of oEmbed asks; `dnt` is what some send along."""

    url = Url("The address of a timeline of this record.", required=True)
    maxwidth = QueryInteger("The widest that the frame may be, in pixels.", minimum=200, maximum=10_000)
    maxheight = QueryInteger("The highest that the frame may be, in pixels.", minimum=100, maximum=10_000)
    format = Choice(("json", "xml"), "Only `json` is offered.", load_default="json")
    dnt = Choice(("0", "1", "true", "false"), "Nobody is tracked, asked or not.")
