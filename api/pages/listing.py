"""The rows of a timeline's list. There may be thousands of them, and a template took three times as long for the whole
page; so they are put together here, each text escaped where it is put in.

They come in parts, each a table by itself: a browser lays out a part when it is to be seen. 2,000 rows in one table
took it three times as long.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

from markupsafe import Markup, escape

from api.pages import wording
from api.pages.reader import Document, Reader
from api.pages.rendering import bdi
from api.pages.timelines import Row, Timeline

# Rows of a part.
PART = 100


class Part(NamedTuple):
    """Rows that stand in a table together: the numbers of the first and the last, and the rows."""

    first: int
    last: int
    rows: Markup


def parts(reader: Reader, shown: Timeline, told: int) -> list[Part]:
    """All rows: when, what and who. The first `told` changes of answer are told in full elsewhere on the page, where
    the words "Change 1" lead; those of others lead to the statement that is reversed."""
    listing = _Listing(reader, shown.clock, told)
    found = []
    for start in range(0, len(shown.rows), PART):
        together = shown.rows[start : start + PART]
        rows = Markup("\n".join(map(listing.row, together)))  # noqa: S704 (each text is escaped below)
        found.append(Part(together[0].number, together[-1].number, rows))
    return found


class _Listing:
    def __init__(self, reader: Reader, clock: str, told: int) -> None:
        self.reader, self.told = reader, told
        self.clock, self.other = (f"{name}_on" for name in (clock, "disclosed" if clock == "stated" else "stated"))
        self.other_name = "public" if clock == "stated" else "said"
        self.name = cache(lambda party: bdi(reader.name(party)))
        self.link = cache(lambda party: f'<a href="{escape(reader.address("party", party))}">{self.name(party)}</a>')

    def row(self, row: Row) -> str:
        """One row. End tags that HTML does not need are left out."""
        return f"<tr id=s{row.number}><td>{self._when(row)}<td>{self._what(row)}<td>{self._who(row)}"

    def _when(self, row: Row) -> str:
        said = row.statement
        address = escape(self.reader.address("claim", said["claim"]))
        position = row.position
        text = f'<a href="{address}">{escape(wording.day(said[self.clock]))}</a>'
        text += f'<b class="{position.colour} s{row.shape}">{bdi(position.label)}</b>'
        if row.turn:
            text += f'<a class=turned href="{escape(self._reversed(row))}">Change {row.turn.number}</a>'
        if said[self.clock] != said[self.other]:
            text += f"<small>{self.other_name} {escape(wording.day(said[self.other]))}</small>"
        return text

    def _reversed(self, row: Row) -> str:
        if row.turn and row.turn.number <= self.told:
            return f"#change{row.turn.number}"
        return f"#s{row.from_.number}" if row.from_ else self.reader.address("claim", row.statement["reversal"]["from"])

    def _what(self, row: Row) -> str:
        said = row.statement
        words = _words(said["text"], row.claim["language"])
        text = words if said["wording"] == "indirect" or said["erased"] else f"“{words}”"
        status = said["status"]
        if status != "unreviewed":
            text += f' <span class="status {status}">{wording.STATUSES[status]}</span>'
        return text

    def _who(self, row: Row) -> str:
        by = row.statement["attribution"]
        text: str = self.link(by["speaker"])
        if by["role"]:
            text += f", {bdi(by['role'])}"
        if by["on_behalf_of"]:
            text += f", for {self.name(by['on_behalf_of'])}"
        if by["reported_through"]:
            text += f", as {self.name(by['reported_through'])} reported it"
        return text + _source(row.claim["appearances"])


def _words(text: str, language: str | None) -> str:
    """A text with its language, where that is not the page's, kept apart from the direction of what is around it."""
    if language in (None, "en"):
        return bdi(text)
    return f'<bdi lang="{escape(language)}">{escape(text)}</bdi>'


def _source(appearances: list[Document]) -> str:
    """Where a statement stands; what was erased stands nowhere."""
    if not appearances:
        return ""
    first = appearances[0]
    text = f'<a href="{escape(first["url"])}">{bdi(first["publisher"] or wording.host(first["url"]))}</a>'
    if first["archived_url"]:
        text += f' (<a href="{escape(first["archived_url"])}">archived</a>)'
    if len(appearances) > 1:
        text += f" and {len(appearances) - 1} more"
    return f"<small>{text}</small>"
