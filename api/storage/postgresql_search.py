"""Full text on PostgreSQL: the words that were folded and split in Python, each a lexeme as it is, and nothing else.

No text search configuration has any part in it. A tsvector cannot hold all there is (positions beyond 16,383, words of
more than 2,046 bytes, more than a megabyte), so the index only chooses, and what it cannot tell is looked up in the
words themselves, which is how `api.domain.words.holds` defines a match.
"""

from __future__ import annotations

from collections.abc import Sequence

from api.domain.stems import MARK
from api.domain.words import Term
from api.storage.full_text import Condition, at_least

# Characters of a word that the index has. UTF-8 has up to four bytes for each.
INDEXED = 250
# Bytes of words that fit a tsvector for sure. The index only knows of a row with more that it has more.
FITTING = 500_000
MORE = "."

_ALL = "text || ' ' || variants || ' ' || speakers || ' ' || titles || ' ' || stems"
_WORDS = f"""CASE WHEN octet_length({_ALL}) > {FITTING} THEN array_to_tsvector(ARRAY['{MORE}'])
ELSE array_to_tsvector(array_remove(string_to_array(
CASE WHEN octet_length({_ALL}) <= {INDEXED} THEN {_ALL}
ELSE regexp_replace({_ALL}, '([^ ]{{{INDEXED}}})[^ ]+', '\\1', 'g') END, ' '), '')) END"""

# What the table `searchable` has here beside what it has on SQLite.
DDL = (
    f"ALTER TABLE searchable ADD COLUMN words tsvector GENERATED ALWAYS AS ({_WORDS}) STORED",
    "CREATE INDEX searchable_words ON searchable USING gin (words)",
)

# A full stop is no word, so no phrase is found across two columns.
_LOOKED_UP = "(' ' || m.text || ' . ' || m.variants || ' . ' || m.speakers || ' . ' || m.titles || ' ')"
_HAS_MORE = f"m.words @@ '''{MORE}'''::tsquery"


class Lexemes:
    """The index of words (see `api.storage.full_text.FullText`)."""

    source = "searchable m"
    row = "m.id"
    order = " ORDER BY w.id DESC"
    take_in = None  # `words` is a column of each row

    def matching(self, terms: Sequence[Term]) -> Condition:
        """All lexemes in the index; phrases, and what the index does not know, in the words."""
        query = " & ".join(_query(term) for term in terms)
        sql = "m.words @@ :match::tsquery"
        parameters = {"match": f"({query}) | '{MORE}'"}
        for i, term in enumerate(terms):
            found = f"position(:needle{i} IN {_LOOKED_UP}) > 0"
            told = len(term.words) == 1 and len(term.words[0]) <= INDEXED
            sql += f" AND CASE WHEN {_HAS_MORE} THEN {found} ELSE true END" if told else f" AND {found}"
            parameters[f"needle{i}"] = f" {' '.join(term.words)}" + ("" if term.prefix else " ")
        return Condition(sql, parameters)

    def stemmed(self, terms: Sequence[Term]) -> Condition:
        """Lexemes alone: the words of a phrase may stand apart, and who ranks what is found will see."""
        words = [word for term in terms for word in term.words]
        query = " & ".join(f"('{word[:INDEXED]}' | '{MARK}{word[: INDEXED - 1]}')" for word in words)
        return Condition("m.words @@ :match::tsquery", {"match": f"({query}) | '{MORE}'"})

    def most_of(self, terms: Sequence[Term], least: int) -> Condition:
        """Lexemes alone, as `stemmed`."""
        parts = [f"({' & '.join(_query(Term((word,))) for word in term.words)})" for term in terms]
        return Condition("m.words @@ :match::tsquery", {"match": f"{at_least(parts, least, ' & ', ' | ')} | '{MORE}'"})


FULL_TEXT = Lexemes()


def _query(term: Term) -> str:
    words = [f"'{word[:INDEXED]}'" for word in term.words]
    if term.prefix:
        words[-1] += ":*"
    return " & ".join(words)
