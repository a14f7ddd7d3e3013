"""Contradictions against all pairs of claims: each that there is, once, and no other."""

from __future__ import annotations

import json
from itertools import combinations
from typing import Any

import pytest

from api.errors import NotFound
from api.reads import contradictions
from tests.reads import asking, oracle
from tests.reads.conftest import Written

STATUSES = ("suggested", "confirmed", "dismissed", "disputed")


def same(written: Written, asked: dict[str, str], limit: int = 200, at: int | None = None) -> int:
    """Compare a list with the oracle's, page after page. Out: how many items it has."""
    memory = written.memory if at is None else written.snapshots[at]
    found = asking.everything(written.database, "contradictions", asked, limit, at)
    by_id: dict[str, Any] = {pair["id"]: pair for pair in found}
    assert len(by_id) == len(found), f"a pair comes twice: {asked}"
    assert by_id == oracle.contradictions(memory, asked), asked
    return len(found)


def test_all_of_them(written: Written) -> None:
    """Without a filter there is every pair of opposing claims of one party, and every pair made by hand, once."""
    assert {same(written, {}, limit) for limit in (1, 3, 200)} == {len(oracle.contradictions(written.memory, {}))}
    assert len(oracle.contradictions(written.memory, {})) > 10


def test_by_status(written: Written) -> None:
    """Each pair has one status."""
    assert sum(same(written, {"status": status}, 2) for status in STATUSES) == same(written, {})


def test_by_party_and_question(written: Written) -> None:
    """A party's contradictions are those within what counts as its own; a question's those on it."""
    for party in written.memory.parties:
        same(written, {"party": party}, 2)
        for question in written.memory.questions:
            same(written, {"party": party, "question": question}, 3)
            same(written, {"party": party, "question": question, "status": "suggested"}, 3)
    for question in written.memory.questions:
        same(written, {"question": question}, 1)


def test_by_claim(written: Written) -> None:
    """A claim's contradictions are the pairs that it is one side of."""
    for claim in written.memory.claims:
        same(written, {"claim": claim}, 2)
    for claim in list(written.memory.claims)[:8]:
        for status in STATUSES:
            same(written, {"claim": claim, "status": status}, 2)
        same(written, {"claim": claim, "question": "qa"}, 2)
        same(written, {"claim": claim, "party": "org-0"}, 2)


@pytest.mark.parametrize("status", STATUSES)
def test_by_status_and_more(written: Written, status: str) -> None:
    """Filters hold for assessed pairs as for those that nobody has looked at."""
    for party in list(written.memory.parties)[:5]:
        same(written, {"status": status, "party": party}, 2)
    for question in written.memory.questions:
        same(written, {"status": status, "question": question}, 2)


def test_of_the_past(written: Written) -> None:
    """`at` a moment they are those of the record as it stood."""
    for at in range(0, len(written.snapshots), 9):
        parties = [party for party in written.memory.parties if party in written.snapshots[at].parties]
        same(written, {}, 3, at)
        for asked in [{"status": "confirmed"}, {"status": "suggested"}, *({"party": party} for party in parties[:2])]:
            same(written, asked, 3, at)


@pytest.mark.parametrize("steps", [0, 4, 50])
def test_bounded_walks_are_complete(written: Written, monkeypatch: pytest.MonkeyPatch, steps: int) -> None:
    """However few rows a request may look at, the pages together have everything once."""
    monkeypatch.setattr(contradictions, "STEPS", steps)
    for asked in [{}, {"party": "org-0"}, {"question": "qa"}, {"status": "suggested"}, {"status": "confirmed"}]:
        same(written, asked, 2)


def test_one_by_its_two_claims(written: Written) -> None:
    """A pair is found whichever claim is named first; two claims that are no pair are not found."""
    claims = sorted(written.memory.claims.values(), key=lambda claim: oracle.place(written.memory, claim))
    for earlier, later in combinations(claims, 2):
        wanted = oracle.contradiction(written.memory, earlier, later)
        for first, second in ((earlier.id, later.id), (later.id, earlier.id)):
            with written.database.snapshot() as db:
                if wanted:
                    assert json.loads(contradictions.one(db, first, second, None)) == wanted
                elif not (earlier.withdrawn or later.withdrawn):
                    with pytest.raises(NotFound):
                        contradictions.one(db, first, second, None)
