"""Which claims say what a sentence says: found by any of its words, ranked by BM25, in bounded time.

FTS5's own ranking visits every row that has any of the words, which takes seconds where a common word stands in half of
a million claims. So each word gives the newest rows that have it, up to a number; one with more rows is common. Words
that are not common choose the candidates by how rare they are. Where these are too few, pairs of common words choose
further ones. Then all words, common ones too, rank the best of them. On a record of up to that many claims nothing is
left out, and both engines answer alike.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import combinations
from typing import NamedTuple

from api.domain import matching, words
from api.domain.words import Term
from api.projection import CLAIMS
from api.storage import lists, postings, search
from api.storage.lists import Selection
from api.storage.log import Connection
from api.storage.postings import Indexed, Within

# Rows of a word that are looked at; a word with more is common.
POSTINGS = 1_000
# So many of the rarest common words are looked for in pairs, and of each pair so many rows are taken.
PAIRED, OF_A_PAIR = 5, 200
# Candidates that are ranked by all words, and so many of those chosen by the rare ones are looked at for facets.
RANKED, CHOSEN = 100, 2_000
# A facet with no more rows is ranked whole.
FEW = 1_000


class Deadline:
    """When work has to end."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds

    @property
    def passed(self) -> bool:
        """Whether it has."""
        return time.monotonic() >= self._end


class Found(NamedTuple):
    """A claim that matches: its number, its BM25 score, the score as a number from 0 to 1, and how near its meaning is
    where that was compared (see `api.reads.meaning`)."""

    no: int
    bm25: float
    score: float
    cosine: float | None = None


def ranked_under(chosen: Chosen, facets: Sequence[str], before: int | None, limit: int) -> list[Found]:
    """The claims that match best, best first, of those under all the facets; with `before` (a day) of those that were
    certainly stated before it."""
    # Only rows of a facet have the days of a claim.
    asked = tuple(facets) or ((CLAIMS,) if before is not None else ())
    terms = lists.leading_terms(chosen.db, Selection(asked))
    if terms is None:
        return []
    few = bool(terms) and lists.count(chosen.db, terms[0], FEW + 1) <= FEW
    return ranked(chosen, Within(terms, before=before), few, limit)


def ranked(chosen: Chosen, within: Within, few: bool, limit: int) -> list[Found]:
    """The claims that match best, best first, of those that are what is asked for; `few` says whether the first facet
    of `within` has few rows."""
    if not chosen.terms:
        return []
    rows = postings.of_facet(chosen.db, within, chosen.last, FEW) if few else _fitting(chosen.db, chosen.best, within)
    scores = words.scores(chosen.terms, chosen.rarities, [matching.stemmed(row.words) for row in rows])
    similar = matching.similarity(scores, chosen.rarities)
    ranking = sorted(zip(scores, similar, rows, strict=True), key=lambda one: (-one[0], -one[2].no))
    return [Found(row.no, bm25, score) for bm25, score, row in ranking[:limit] if bm25 > 0]


class Chosen:
    """Which rows have the words of a sentence, and how rare each word is.

    In: terms of `api.domain.matching`. `last` is the last row of the index that counts, `rarities` are inverse document
    frequencies, in the order of the terms, and `truncated` says whether the deadline cut the search short.
    """

    def __init__(self, db: Connection, terms: Sequence[Term], deadline: Deadline) -> None:
        self.db, self.terms, self._deadline = db, terms, deadline
        self.last = search.last_row(db, None)
        self.truncated = False
        self._rows: list[list[int]] = []
        for term in terms:
            # A word that was not looked at in time counts as one that no claim has.
            self.truncated = self.truncated or deadline.passed
            self._rows.append([] if self.truncated else postings.newest(db, [term], self.last, POSTINGS + 1))
        self._holding = [self._estimated(rows) for rows in self._rows]
        self.rarities = [matching.rarity(holding, max(self.last, holding)) for holding in self._holding]

    @cached_property
    def best(self) -> list[int]:
        """The rows to rank, those with the rarest words first."""
        scores: dict[int, float] = {}
        for rarity, rows in zip(self.rarities, self._rows, strict=True):
            if len(rows) <= POSTINGS:
                for row in rows:
                    scores[row] = scores.get(row, 0.0) + rarity
        if len(scores) < RANKED:
            for row, rarity in self._by_pairs().items():
                scores[row] = scores.get(row, 0.0) + rarity
        return sorted(scores, key=lambda row: (-scores[row], -row))[:CHOSEN]

    def _estimated(self, rows: list[int]) -> int:
        """How many rows have a word: of a common one by how close to each other the newest are."""
        if len(rows) <= POSTINGS:
            return len(rows)
        return len(rows) * self.last // (self.last - rows[-1] + 1)

    def _by_pairs(self) -> dict[int, float]:
        """The newest rows with two of the common words, and how rare those are that each has."""
        common = [i for i, rows in enumerate(self._rows) if len(rows) > POSTINGS]
        common = sorted(common, key=lambda i: self._holding[i])[:PAIRED]
        holding: dict[int, set[int]] = {row: {i} for i in common[:1] for row in self._rows[i][:RANKED]}
        for one, other in combinations(common, 2):
            if self._deadline.passed:
                self.truncated = True
                break
            pair = [self.terms[one], self.terms[other]]
            for row in postings.newest(self.db, pair, self.last, OF_A_PAIR):
                holding.setdefault(row, set()).update((one, other))
        return {row: sum(self.rarities[i] for i in held) for row, held in holding.items()}


def _fitting(db: Connection, rows: Sequence[int], within: Within) -> list[Indexed]:
    """Of rows, best first, the best that are what is asked for, in that order."""
    found: list[Indexed] = []
    for part in _parts(rows, RANKED):
        place = {row: i for i, row in enumerate(part)}
        found += sorted(postings.of_rows(db, part, within), key=lambda row: place[row.id])
        if len(found) >= RANKED:
            break
    return found[:RANKED]


def _parts(rows: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    return (rows[i : i + size] for i in range(0, len(rows), size))
