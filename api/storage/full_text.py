"""How an engine is asked for the rows whose words match: the part of `search` that differs between engines."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from api.domain.stems import MARK
from api.domain.words import Term

# The columns of `searchable` whose words are indexed.
SEARCHED = ("text", "variants", "speakers", "titles", "stems")


class Condition(NamedTuple):
    """SQL that holds for the rows of the index that match, and its parameters."""

    sql: str
    parameters: dict[str, Any]


class FullText(Protocol):
    """An engine's index of words. `source` is what stands after FROM, `row` the number of a row in it."""

    source: str
    row: str
    # What follows the rows of the index when they are joined with others, where the engine forgets their order.
    order: str
    # SQL that takes the rows in that are not in the index yet; None where the engine does so row by row.
    take_in: str | None

    def matching(self, terms: Sequence[Term]) -> Condition:
        """What holds for rows that have all the terms."""
        ...

    def stemmed(self, terms: Sequence[Term]) -> Condition:
        """What holds for rows that have all the terms, each a stem (see `api.domain.stems`) or a phrase, and for rows
        that are too large for the index to tell."""
        ...

    def most_of(self, terms: Sequence[Term], least: int) -> Condition:
        """What holds for rows that have at least so many of the terms, and for rows that are too large to tell."""
        ...


class FTS5:
    """SQLite's."""

    source = "searchable_fts"
    row = "rowid"
    order = ""
    # The index has the size of each row that is in it, by its number. Rows are numbered in order and never change, so
    # what is missing is what has a higher number.
    take_in: str | None = (
        f"INSERT INTO searchable_fts (rowid, {', '.join(SEARCHED)}) SELECT id, {', '.join(SEARCHED)} FROM searchable"
        " WHERE id > (SELECT coalesce(max(id), 0) FROM searchable_fts_docsize)"
    )

    def matching(self, terms: Sequence[Term]) -> Condition:
        """Every word quoted, so that nothing in it is an operator."""
        parts = ['"' + " ".join(term.words) + '"' + ("*" if term.prefix else "") for term in terms]
        return Condition("searchable_fts MATCH :match", {"match": " AND ".join(parts)})

    def stemmed(self, terms: Sequence[Term]) -> Condition:
        """A stem stands there as a word of the text, or marked beside the words."""
        phrases = ['"' + " ".join(term.words) + '"' for term in terms]
        parts = [
            phrase if len(term.words) > 1 else f'({phrase} OR "{MARK}{term.words[0]}")'
            for term, phrase in zip(terms, phrases, strict=True)
        ]
        return Condition("searchable_fts MATCH :match", {"match": " AND ".join(parts)})

    def most_of(self, terms: Sequence[Term], least: int) -> Condition:
        """Every combination, its words quoted."""
        parts = ['"' + " ".join(term.words) + '"' for term in terms]
        return Condition("searchable_fts MATCH :match", {"match": at_least(parts, least, " AND ", " OR ")})


def at_least(parts: Sequence[str], least: int, both: str, either: str) -> str:
    """A query for at least so many of its parts (1 to all of them), in an engine's words for "and" and "or". An engine
    opens its index at each part that it reads, so what combinations share stands there once."""
    first, rest = parts[0], parts[1:]
    if least == len(parts):
        return both.join(parts)
    if least == 1:
        return either.join(parts)
    beside, without = at_least(rest, least - 1, both, either), at_least(rest, least, both, either)
    return f"(({first}{both}({beside})){either}({without}))"


SQLITE = FTS5()
