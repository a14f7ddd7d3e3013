"""Dates in words: nothing is said that the source did not say."""

from __future__ import annotations

import pytest

from api.pages import wording
from schemas.dates import bounds

DATES = [
    ("2010-09-07", "7 September 2010"),
    ("2011-04", "April 2011"),
    ("2011", "2011"),
    ("0031-01-02", "2 January 31"),
    ("2010-10-06/2011-02-16", "6 October 2010 to 16 February 2011"),
    ("2009-07-23/..", "not before 23 July 2009"),
    ("../2011-02-16", "not after 16 February 2011"),
    ("2011-02-16?", "16 February 2011 (uncertain)"),
    ("2011~", "2011 (approximately)"),
    ("2011-21", "spring 2011"),
    ("201X", "201X"),
    ("XXXX", "undated"),
    ("../..", "undated"),
    (None, "undated"),
]


@pytest.mark.parametrize(("text", "words"), DATES)
def test_a_date_in_words(text: str | None, words: str) -> None:
    """A date says as much as is known, and what has no short words stays as it is written."""
    bounds(text)
    assert wording.day(text) == words


def test_counts_have_the_noun_that_they_need() -> None:
    """One, several and many."""
    assert [wording.count(number, "entry", "entries") for number in (0, 1, 2_000)] == [
        "0 entries",
        "1 entry",
        "2,000 entries",
    ]


def test_a_text_is_cut_between_words() -> None:
    """What is cut says so; what is one long word is cut in it."""
    assert wording.shortened("one two three", 9) == "one two …"
    assert wording.shortened("one two three", 13) == "one two three"
    assert wording.shortened("x" * 20, 5) == "xxxxx …"
