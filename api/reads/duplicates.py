"""Claims that are likely the same as one that is being recorded.

Every claim that is recorded waits for this, so it is a question or two to the index of words, and a look at the few
rows that they give: those that have all but one of the words which tell most, or, where many have, all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import orjson

from api.domain import likeness
from api.domain.words import Term, has_all
from api.storage import log, postings
from api.storage.log import Connection
from api.storage.postings import Said

# How many words are asked for: with four, three of which must be there, a question costs 1.3 ms at a million claims,
# and with three 0.3 ms.
WORDS = 3
# Rows that are looked at, the newest that have all the words: in a record on one matter many have them, and where only
# ten were looked at, every twelfth claim of the DHS record was not found again. Fewer of those that have all but one.
LOOKED_AT, GLANCED_AT = 50, 10
# Claims that are named, and how alike they are at least.
NAMED, ALIKE = 5, 0.75


class Likely(NamedTuple):
    """A claim that may be the same: its number, and how alike the words are, from 0 to 1."""

    no: int
    score: float


class Common:
    """The words that many claims of a record were found to share, as far as this process has met them.

    A record is on its own matters, so its longest words are common ones: nearly every claim was compared with sixty
    others that had "immigration" and "enforcement". What is in here is asked for last, and decides nothing else.
    """

    MOST = 10_000

    def __init__(self) -> None:
        self.terms: set[Term] = set()

    def learn(self, terms: Iterable[Term], rows: Sequence[Said]) -> None:
        """Keep those of the terms that half of the rows have."""
        if len(self.terms) >= self.MOST:
            self.terms.clear()
        for term in terms:
            has = has_all([term])
            if 2 * sum(has(row.text) or has(row.variants) for row in rows) >= len(rows):
                self.terms.add(term)


def likely(db: Connection, text: str, common: Common | None = None) -> list[Likely]:
    """The claims on record whose words, or a variant's, are most like those of a text, the likeliest first."""
    common = common or Common()
    terms = likeness.telling(text, WORDS, common.terms)
    if not terms:
        return []
    candidates = _candidates(db, terms, common)
    if not candidates:
        return []
    said = likeness.compared(text)
    found = [Likely(row.no, _likeness(said, row)) for row in candidates]
    found.sort(key=lambda one: (-one.score, -one.no))
    return [one for one in found if one.score >= ALIKE][:NAMED]


def _candidates(db: Connection, terms: list[Term], common: Common) -> list[Said]:
    # Most claims share two such words with few others, or none: that is known after one question.
    least, looked_at = (WORDS - 1, GLANCED_AT) if len(terms) == WORDS else (len(terms), LOOKED_AT)
    newest, may_be_more = postings.with_most(db, terms, least, looked_at)
    if not may_be_more:
        return newest
    common.learn(terms, newest)
    if least < len(terms):
        return postings.with_most(db, terms, WORDS, LOOKED_AT)[0] or newest
    return newest


def _likeness(said: likeness.Words, row: Said) -> float:
    return max(likeness.of(said, row.text), likeness.of(said, row.variants) if row.variants else 0.0)


def listed(db: Connection, text: str, common: Common) -> bytes:
    """The same as a JSON list, each with its address."""
    claims = [(log.claim_of(log.excerpt(db, one.no)).decode(), one.score) for one in likely(db, text, common)]
    return orjson.dumps([{"claim": id, "url": f"/v1/claims/{id}", "score": round(score, 4)} for id, score in claims])
