"""Timelines against statements that were sorted and compared one by one."""

from __future__ import annotations

from itertools import product

import pytest

from api.storage.sqlite import Database
from tests.reads import asking, oracle
from tests.reads.conftest import Written
from tests.records import Recorder

WINDOWS: list[dict[str, str]] = [
    {},
    {"from": "2010-09-08"},
    {"to": "2010-09-30"},
    {"from": "2010-09-01", "to": "2010-12-31"},
    {"known_by": "2010-09-30"},
    {"known_by": "2010-12-31", "from": "2010-09-08"},
]


@pytest.mark.parametrize("clock", ["stated", "disclosed"])
@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_timelines(written: Written, window: dict[str, str], clock: str) -> None:
    """The statements and reversals of every party on every question, on every size of page."""
    reversals = 0
    for question, party in product(written.memory.questions, written.memory.parties):
        asked = {"party": party, "clock": clock} | window
        wanted = oracle.timeline(written.memory, question, asked)
        reversals += sum(statement["reversal"] is not None for statement in wanted)
        for limit in (1, 2, 200):
            assert asking.everything(written.database, f"timeline/{question}", asked, limit) == wanted
    assert reversals > 0 or "known_by" in window


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_timelines_of_the_past(written: Written, window: dict[str, str]) -> None:
    """A timeline `at` a moment knows only what was on record then."""
    for at in range(10, len(written.snapshots), 7):
        memory = written.snapshots[at]
        for question, party in product(memory.questions, list(memory.parties)[:4]):
            asked = {"party": party} | window
            wanted = oracle.timeline(memory, question, asked)
            assert asking.everything(written.database, f"timeline/{question}", asked, 2, at) == wanted


@pytest.fixture
def said(record: Recorder) -> dict[str, str]:
    """Statements of one party on one question: the name of each by its claim."""
    record.party("dhs")
    record.question("q", "no", "yes", neutral=("unclear",))
    made = {
        "early": record.claim("Early.", "dhs", {"q": "yes"}, stated_on="2010-01"),
        "unclear": record.claim("Unclear.", "dhs", {"q": "unclear"}, stated_on="2010-02"),
        "internal": record.claim("Internal.", "dhs", {"q": "no"}, stated_on="2010-03-01", disclosed_on="2011-02"),
        "again": record.claim("Again.", "dhs", {"q": "yes"}, stated_on="2010-03-15"),
        "overlapping": record.claim("Overlapping.", "dhs", {"q": "no"}, stated_on="2010-03"),
        "later": record.claim("Later.", "dhs", {"q": "no"}, stated_on="2012", disclosed_on="2010-01"),
        "undated": record.claim("Undated.", "dhs", {"q": "yes"}),
        "leaked": record.claim("Leaked.", "dhs", {"q": "no"}, disclosed_on="2010-06-01"),
    }
    return {claim: name for name, claim in made.items()}


# What is asked, and what is shown: each statement by its name, after a colon what it reverses, "?" if not certain.
SHOWN: list[tuple[dict[str, str], str]] = [
    ({}, "early unclear internal:early overlapping again:overlapping? later:again undated leaked"),
    ({"clock": "disclosed"}, "early later:early? unclear overlapping again:overlapping? leaked:again internal undated"),
    ({"from": "2010-03-01"}, "internal:early overlapping again:overlapping? later:again"),
    ({"from": "2010-03-02"}, "again:overlapping? later:again"),
    ({"to": "2010-03-14"}, "early unclear internal:early"),
    ({"known_by": "2010-12-31"}, "early unclear overlapping:early again:overlapping? leaked"),
    ({"known_by": "2010-12-31", "from": "2010-03-01"}, "overlapping:early again:overlapping?"),
    ({"known_by": "2010-03-31", "clock": "disclosed"}, "early unclear overlapping:early again:overlapping?"),
]


@pytest.mark.parametrize(("asked", "shown"), SHOWN, ids=str)
@pytest.mark.parametrize("limit", [1, 2, 200])
def test_timelines_by_example(
    database: Database, said: dict[str, str], asked: dict[str, str], shown: str, limit: int
) -> None:
    """What is undated comes last and is in no window; what was said or disclosed later was not known."""
    found = []
    for statement in asking.everything(database, "timeline/q", {"party": "dhs"} | asked, limit):
        turn = statement["reversal"]
        found.append(said[statement["claim"]])
        if turn:
            found[-1] += ":" + said[turn["from"]] + ("" if turn["certain"] else "?")
    assert " ".join(found) == shown
