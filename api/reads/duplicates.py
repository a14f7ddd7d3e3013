"""Claims that are likely the same as one that is being recorded.

Every claim that is recorded waits for this, so it is a question or two to the index of words, and a look at the few
rows that they give: those that have all but one of the words which tell most, or, where many have, all of them.
"""

from __future__ import annotations

from typing import NamedTuple

import orjson

from api.domain import likeness
from api.domain.words import Term
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


def likely(db: Connection, text: str) -> list[Likely]:
    """The claims on record whose words, or a variant's, are most like those of a text, the likeliest first."""
    terms = likeness.telling(text, WORDS)
    if not terms:
        return []
    said = likeness.compared(text)
    found = [Likely(row.no, _likeness(said, row)) for row in _candidates(db, terms)]
    found.sort(key=lambda one: (-one.score, -one.no))
    return [one for one in found if one.score >= ALIKE][:NAMED]


def _candidates(db: Connection, terms: list[Term]) -> list[Said]:
    # Most claims share two such words with few others, or none: that is known after one question.
    least, looked_at = (WORDS - 1, GLANCED_AT) if len(terms) == WORDS else (len(terms), LOOKED_AT)
    newest, may_be_more = postings.with_most(db, terms, least, looked_at)
    if least < len(terms) and may_be_more:
        return postings.with_most(db, terms, WORDS, LOOKED_AT)[0] or newest
    return newest


def _likeness(said: likeness.Words, row: Said) -> float:
    return max(likeness.of(said, row.text), likeness.of(said, row.variants) if row.variants else 0.0)


def listed(db: Connection, text: str) -> bytes:
    """The same as a JSON list, each with its address."""
    claims = [(log.claim_of(log.excerpt(db, one.no)).decode(), one.score) for one in likely(db, text)]
    return orjson.dumps([{"claim": id, "url": f"/v1/claims/{id}", "score": round(score, 4)} for id, score in claims])
