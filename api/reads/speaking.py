"""Who speaks on a question, and how often each party reverses itself on it."""

from __future__ import annotations

from collections import Counter
from typing import Any, NamedTuple

import orjson

from api.domain.timelines import reversal
from api.reads.lists import number
from api.storage import log, statements
from api.storage.log import Connection
from api.storage.statements import Spoken
from schemas.dates import UNDATED

# How many statements are walked over at most: the earliest of a question that has more.
WALKED = 2_000


class Speaking(NamedTuple):
    """A party that speaks on a question: with everything under it, how many statements it has, and how many of
    them reverse the one before."""

    party: str
    statements: int
    reversals: int


def parties(db: Connection, question: str, at: int | None, most: int = WALKED) -> list[Speaking]:
    """The parties that speak on a question themselves, or are spoken for: those first that reverse themselves most
    often, then those with the most statements.

    Of a question with more statements than `most` the earliest are walked over. A party that only stands above others
    is left out: of a government and its ministry, the ministry is the one that said something. Raises NotFound,
    InvalidRequest.
    """
    found = log.document(db, f"question/{question}", at)
    positions: list[dict[str, Any]] = orjson.loads(found[1])["positions"] if found else []
    neutral = {position["id"] for position in positions if position["neutral"]}
    rows = statements.spoken(db, number(db, "question", question, "question"), at, most)
    spoke = {party for row in rows for party in _named(row)}
    counts, reversals = _counted(rows, neutral)
    found_parties = [Speaking(party, counts[party], reversals[party]) for party in spoke]
    return sorted(found_parties, key=lambda one: (-one.reversals, -one.statements, one.party))


def _named(row: Spoken) -> set[str]:
    attribution = orjson.loads(b"{" + row.excerpt + b"}")["attribution"]
    return {attribution["speaker"], attribution["on_behalf_of"]} - {None}


def _counted(rows: list[Spoken], neutral: set[str]) -> tuple[Counter[str], Counter[str]]:
    counts: Counter[str] = Counter()
    reversals: Counter[str] = Counter()
    before: dict[str, Spoken] = {}
    for row in rows:
        for party, _, _ in row.members:
            counts[party] += 1
            if row.position in neutral or row.days == UNDATED:
                continue
            last = before.get(party)
            if last and last.position != row.position and reversal(last.days, row.days):
                reversals[party] += 1
            before[party] = row
    return counts, reversals
