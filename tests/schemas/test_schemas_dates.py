"""EDTF dates: the earliest and the latest day that a text allows."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.dates import OPEN_END, OPEN_START, UNDATED, Bounds, bounds, day

DATED = [
    # text, earliest, latest
    ("2011-04-22", "2011-04-22", "2011-04-22"),
    ("2012-02-29", "2012-02-29", "2012-02-29"),
    ("2011-02", "2011-02-01", "2011-02-28"),
    ("2012-02", "2012-02-01", "2012-02-29"),
    ("2011-12", "2011-12-01", "2011-12-31"),
    ("2011", "2011-01-01", "2011-12-31"),
    ("0001", "0001-01-01", "0001-12-31"),
    ("9999-12", "9999-12-01", "9999-12-31"),
    ("2009/2011", "2009-01-01", "2011-12-31"),
    ("2011-04-22/2011-04-23", "2011-04-22", "2011-04-23"),
    ("2011-05/2011", "2011-05-01", "2011-12-31"),
    ("2011-04-22/2011-04-22", "2011-04-22", "2011-04-22"),
    ("201X", "2010-01-01", "2019-12-31"),
    ("20XX", "2000-01-01", "2099-12-31"),
    ("000X", "0001-01-01", "0009-12-31"),
    ("2011-XX", "2011-01-01", "2011-12-31"),
    ("2011-XX-XX", "2011-01-01", "2011-12-31"),
    ("2012-02-XX", "2012-02-01", "2012-02-29"),
    ("2011?", "2011-01-01", "2011-12-31"),
    ("2011-04~", "2011-04-01", "2011-04-30"),
    ("2011-04-22%", "2011-04-22", "2011-04-22"),
    ("201X?", "2010-01-01", "2019-12-31"),
    ("2011-21", "2011-03-01", "2011-05-31"),
    ("2011-22", "2011-06-01", "2011-08-31"),
    ("2011-23", "2011-09-01", "2011-11-30"),
    ("2011-24", "2011-01-01", "2012-02-29"),  # either winter that touches the year
    ("9999-24", "9999-01-01", "9999-12-31"),
    ("2004-06~/2004-06-11%", "2004-06-01", "2004-06-11"),
    ("201X/2015", "2010-01-01", "2015-12-31"),
]


@pytest.mark.parametrize(("text", "earliest", "latest"), DATED)
def test_bounds(text: str, earliest: str, latest: str) -> None:
    """Both days are included; what is uncertain or approximate allows the same days."""
    assert bounds(text) == Bounds(
        date.fromisoformat(earliest).toordinal(), date.fromisoformat(latest).toordinal()
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2011/..", (date(2011, 1, 1).toordinal(), OPEN_END)),
        ("2011-04-22/", (date(2011, 4, 22).toordinal(), OPEN_END)),
        ("2011/XXXX", (date(2011, 1, 1).toordinal(), OPEN_END)),
        ("../2011", (OPEN_START, date(2011, 12, 31).toordinal())),
        ("/2011", (OPEN_START, date(2011, 12, 31).toordinal())),
        *(
            (text, UNDATED)
            for text in (None, "XXXX", "XXXX-XX", "XXXX-XX-XX", "..", "/", "../..", "../", "/..")
        ),
    ],
)
def test_open_and_unknown(text: str | None, expected: tuple[int, int]) -> None:
    """Open and unknown ends are beyond every day, and what has no date at all sorts last."""
    assert bounds(text) == expected
    assert date.min.toordinal() > OPEN_START
    assert date.max.toordinal() < OPEN_END < UNDATED.earliest


REFUSED = [
    # text, a word of the sentence
    ("2011-02-30", "calendar"),
    ("2011-02-29", "calendar"),
    ("2011-04-31/2011-05", "calendar"),
    ("2011-02-30?", "calendar"),
    ("2011-13", "calendar"),
    ("2011-00", "calendar"),
    ("2011-25", "calendar"),
    ("2011-41", "calendar"),
    ("2011/2010", "before it begins"),
    ("2011-05-02/2011-05-01", "before it begins"),
    ("2020/201X", "before it begins"),
    ("0000", "0001 to 9999"),
    ("0000-01-01", "0001 to 9999"),
    ("0000-XX", "0001 to 9999"),
    ("-0005", "0001 to 9999"),
    ("Y12000", "0001 to 9999"),
    ("12011", "0001 to 9999"),
    ("2011-02-03T10:00:00Z", "time of day"),
    ("2011-02-03 10:00", "time of day"),
    ("", "empty"),
    ("x" * 65, "64 characters"),
    ("2011" + " " * 61, "64 characters"),
    *(
        (text, "can be read")
        for text in (
            "junk",
            " 2011",
            "2011\n",
            "2011-4",
            "20110422",
            "2011-W01-1",
            "22.04.2011",
            "2011/2012/2013",
            "201X-05",
            "2011-1X",
            "2XXX",
            "2011-02-3X",
            "?2011",
            "2011-?05",
            "[2011,2012]",
            "{2011}",
            "\uff12\uff10\uff11\uff11",
            "\ud800",
            "2011??",
            "?",
            "unknown",
            "open/2011",
            "2011-13-XX",
        )
    ),
]


@pytest.mark.parametrize(("text", "word"), REFUSED, ids=lambda value: ascii(value)[:40])
def test_refused(text: str, word: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each is refused with a sentence that says why, and nothing is printed (as the edtf library does)."""
    with pytest.raises(ValueError, match=word) as caught:
        bounds(text)
    assert str(caught.value).isascii()
    assert str(caught.value).endswith(".")
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    "text", ["2011-02-30", "2011-02", "20110203", "2011-W01-1", "2011-02-03 ", "0000-01-01", ""]
)
def test_a_day_is_a_day(text: str) -> None:
    """`day` takes YYYY-MM-DD and nothing that Python's own parser takes besides."""
    with pytest.raises(ValueError, match=r"\.$"):
        day(text)
    assert day("2011-02-03") == date(2011, 2, 3).toordinal()


def shapes(day_: date) -> st.SearchStrategy[str]:
    """The day, its month and its year."""
    return st.sampled_from([day_.isoformat(), day_.isoformat()[:7], day_.isoformat()[:4]])


@given(st.dates(), st.data())
def test_the_day_is_within_its_bounds(day_: date, data: st.DataObject) -> None:
    """A day lies within the bounds of itself, its month and its year, each as long as it should be."""
    text = data.draw(shapes(day_))
    earliest, latest = bounds(text)
    assert earliest <= day_.toordinal() <= latest
    assert latest - earliest + 1 in {10: {1}, 7: {28, 29, 30, 31}, 4: {365, 366}}[len(text)]
    assert bounds(text + "~") == (earliest, latest)


@given(st.dates(), st.dates(), st.data())
def test_an_interval_spans_its_ends(first: date, second: date, data: st.DataObject) -> None:
    """An interval reaches from the start of one end to the end of the other, or is refused as reversed."""
    start, end = data.draw(shapes(first)), data.draw(shapes(second))
    earliest, latest = bounds(start).earliest, bounds(end).latest
    if earliest <= latest:
        assert bounds(f"{start}/{end}") == (earliest, latest)
    else:
        with pytest.raises(ValueError, match="before it begins"):
            bounds(f"{start}/{end}")


@given(st.text(max_size=70) | st.text("0123456789X-/.?~%Y[]{}S+:TZ ", max_size=12))
@example("0000-24")
@example("00XX/..")
@example("9999-24/9999-24")
def test_arbitrary_text_raises_only_value_errors(text: str) -> None:
    """Whatever is sent is read, in order, or refused with ValueError."""
    try:
        earliest, latest = bounds(text)
    except ValueError:
        return
    assert earliest <= latest
