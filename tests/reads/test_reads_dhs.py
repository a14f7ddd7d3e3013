"""What the DHS record answers: what was said on whether Secure Communities was voluntary, and when it changed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import date
from typing import Any

import pytest

from api.storage.sqlite import Database
from schemas.dates import bounds, day
from tests.reads import asking

NEVER = "Secure Communities is not voluntary and never has been."


def timeline(dhs: Database, **asked: str) -> list[Any]:
    return asking.everything(dhs, "timeline/q-voluntary", {"party": "dhs"} | asked)


def tagged(dhs: Database, tag: str) -> set[str]:
    return {claim["id"] for claim in asking.everything(dhs, "claims", {"tag": tag})}


def reversals(statements: list[Any]) -> list[tuple[str, bool]]:
    """(claim that reverses, certain) of the reversals in a timeline."""
    return [(shown["claim"], shown["reversal"]["certain"]) for shown in statements if shown["reversal"]]


def test_the_timeline_of_dhs(dhs: Database) -> None:
    """DHS, with all that is under it, made 45 statements; the 46th is the finding of its own task force."""
    statements = timeline(dhs)
    findings = tagged(dhs, "finding")
    own = [shown for shown in statements if shown["claim"] not in findings]
    assert (len(statements), len(own)) == (46, 45)
    assert Counter(shown["position"] for shown in own) == {"mandatory": 28, "voluntary": 11, "unclear": 6}
    assert [certain for _, certain in reversals(statements)].count(True) == 3
    assert len(reversals(statements)) == 5


@pytest.mark.parametrize("limit", [1, 7, 46])
def test_the_timeline_in_pages(dhs: Database, limit: int) -> None:
    """However it is cut, it is the same; each page counts its own reversals."""
    statements, counted, cursor = [], 0, ""
    while cursor is not None:
        asked = {"party": "dhs", "limit": str(limit)} | ({"cursor": cursor} if cursor else {})
        page = json.loads(asking.page(dhs, "timeline/q-voluntary", asked))
        assert page["reversals"] == len(reversals(page["statements"]))
        statements += page["statements"]
        counted += page["reversals"]
        cursor = page["next"]
    assert statements == timeline(dhs)
    assert counted == 5


def test_what_the_public_could_know_by_the_end_of_2010(dhs: Database) -> None:
    """The internal e-mails of 2010 were disclosed in 2011, so of 2010 they do not show."""
    known, internal = timeline(dhs, known_by="2010-12-31"), tagged(dhs, "internal")
    assert len(known) == 20
    assert not internal & {shown["claim"] for shown in known}
    assert internal & {shown["claim"] for shown in timeline(dhs, to="2010-12-31")}
    assert all(bounds(shown["disclosed_on"]).latest <= day("2010-12-31") for shown in known)


def test_the_clock_of_disclosure(dhs: Database) -> None:
    """By the clock of disclosure the same statements stand in the order in which the public came to know them."""
    stated, disclosed = timeline(dhs), timeline(dhs, clock="disclosed")
    assert {shown["claim"] for shown in stated} == {shown["claim"] for shown in disclosed}
    days = [bounds(shown["disclosed_on"]) for shown in disclosed]
    assert days == sorted(days)
    assert stated != disclosed
    assert reversals(stated) != reversals(disclosed)


def test_a_window_keeps_the_statement_before_it(dhs: Database) -> None:
    """Where a window begins, its first statement is still compared with the last one before."""
    whole = {shown["claim"]: shown["reversal"] for shown in timeline(dhs)}
    reversing = [claim for claim, turn in whole.items() if turn]
    dates = [bounds(shown["stated_on"]).earliest for shown in timeline(dhs) if shown["claim"] in reversing]
    windows = [timeline(dhs, **{"from": date.fromordinal(first).isoformat()}) for first in dates]
    for window in windows:
        assert [shown["reversal"] for shown in window] == [whole[shown["claim"]] for shown in window]
    assert any(window[0]["reversal"] for window in windows)


def test_contradictions_of_dhs(dhs: Database) -> None:
    """Each statement for mandatory opposes each for voluntary, and the Example Desk has assessed some."""
    findings = tagged(dhs, "finding")
    pairs = asking.everything(dhs, "contradictions", {"party": "dhs", "question": "q-voluntary"}, limit=50)
    own = [pair for pair in pairs if not findings & {claim["claim"] for claim in pair["claims"]}]
    assert len(own) == 28 * 11
    assert len({pair["id"] for pair in pairs}) == len(pairs)
    assert {pair["status"] for pair in pairs} == {"suggested", "confirmed"}
    assert all(set(pair["positions"]) == {"mandatory", "voluntary"} for pair in pairs)


def test_finding_the_claim_and_its_verdict(dhs: Database) -> None:
    """A search for the words finds the claim first, with its status and the verdict that gives it."""
    first = asking.everything(dhs, "claims", {"q": "not voluntary and never has been"})[0]
    assert first["text"].startswith(NEVER)
    assert (first["status"], first["verdicts"][0]["rating"]) == ("refuted", "false")
    assert "<mark>voluntary</mark>" in first["snippet"]
