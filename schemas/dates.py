"""EDTF dates: the earliest and the latest day that a text allows.

Sources seldom give a day: "April 2011", "spring of 2009", "some time after 2010". EDTF (ISO 8601-2) writes
these down, and ordering and filters then need two days: `bounds`. Days are proleptic Gregorian ordinals, as
`date.toordinal()` counts them (1 = 0001-01-01), so that they compare and subtract as integers.

Days, months, years and intervals of these are read here in a microsecond or two. The rest of EDTF's levels
0 and 1 (`201X`, `2011-XX`, `2011~`, `2011-21`) goes, one end at a time, through the edtf library, which
takes milliseconds and whose answers are kept. It never sees a text whose shape was not checked first: it
strips white space, prints to stdout on some inputs, fails with TypeError on `2011/..`, and reads the empty
end of an interval as ten years.
"""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from typing import NamedTuple

from schemas.vocabulary import MAX_DATE


class Bounds(NamedTuple):
    """The earliest and the latest day allowed, both included, as ordinals."""

    earliest: int
    latest: int


OPEN_START = 0  # before every day
OPEN_END = 9_999_998  # after every day
UNDATED = Bounds(9_999_999, 9_999_999)  # sorts after everything that has a date

_FORMS = (
    "Write a day as 2011-04-22, a month as 2011-04, a year as 2011, "
    "an interval as 2009/2011 or 2009/.., or leave the field out if nothing is known."
)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_PLAIN = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?")
_UNKNOWN = re.compile(r"XXXX(-XX){0,2}")
_LEVEL_1 = re.compile(r"[0-9]{3}X|[0-9]{2}XX|[0-9]{4}-XX(-XX)?|[0-9]{4}-(0[1-9]|1[0-2])-XX")
_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ].*", re.DOTALL)
_FAR_YEAR = re.compile(r"-[0-9]{4}.*|Y-?[0-9]+.*|[0-9]{5}(-.*)?", re.DOTALL)
_SEASON = re.compile(r"[0-9]{4}-2[1-4]")


def bounds(text: str | None) -> Bounds:
    """The days that an EDTF text allows; `UNDATED` for None and where nothing is known (`XXXX`, `../..`).

    An open or unknown start is `OPEN_START`, an open or unknown end `OPEN_END`.
    Raises ValueError, with a sentence for people, for anything that is not such a date.
    """
    if text is None:
        return UNDATED
    if len(text) == 10 and text[4] == "-" == text[7]:  # by far the most common, so first and without a regex
        try:
            ordinal = date.fromisoformat(text).toordinal()
        except ValueError:
            pass  # 2011-XX-XX comes this way; an impossible day is named below
        else:
            return Bounds(ordinal, ordinal)
    return _bounds(text)


def day(text: str) -> int:
    """The ordinal of a strict YYYY-MM-DD. Raises ValueError with a sentence for anything else."""
    if _DAY.fullmatch(text) is None:
        raise ValueError(f"{_shown(text)} is not a day: write it as 2011-04-22.")
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        raise ValueError(_impossible(text)) from None


@lru_cache(maxsize=4096)
def _bounds(text: str) -> Bounds:
    """`bounds` without the short way for days."""
    if len(text) > MAX_DATE:
        raise ValueError(f"A date has at most {MAX_DATE} characters. {_FORMS}")
    start, slash, end = text.partition("/")
    if not slash:
        if not text:
            raise ValueError(f"An empty text is not a date. {_FORMS}")
        if text == "..":
            return UNDATED
        return _end(text) or UNDATED
    first = None if start in ("", "..") else _end(start)
    last = None if end in ("", "..") else _end(end)
    if first is None and last is None:
        return UNDATED
    earliest = OPEN_START if first is None else first.earliest
    latest = OPEN_END if last is None else last.latest
    if earliest > latest:
        raise ValueError(f"The interval {_shown(text)} ends before it begins: write the earlier date first.")
    return Bounds(earliest, latest)


def _end(text: str) -> Bounds | None:
    """A date that is not an interval; None if it says that nothing is known. Raises ValueError."""
    if text[-1:] in ("?", "~", "%") and len(text) > 1:
        text = text[:-1]  # uncertain, approximate, both: the days that are allowed stay the same
    plain = _PLAIN.fullmatch(text)
    if plain is None:
        if _UNKNOWN.fullmatch(text):
            return None
        if _LEVEL_1.fullmatch(text) is None:
            raise ValueError(_reason(text))
        return _by_library(text)
    year, month, in_month = plain.groups()
    number = int(year)
    if number == 0:
        raise ValueError(_years(text))
    if in_month is not None:
        ordinal = day(text)
        return Bounds(ordinal, ordinal)
    if month is None:
        return Bounds(date(number, 1, 1).toordinal(), date(number, 12, 31).toordinal())
    if month == "24":
        # The edtf library says December; but "winter 2011" may be the one that began or the one that ended
        # in 2011.
        return Bounds(
            date(number, 1, 1).toordinal(), _last_of_month(min(number + 1, 9999), 2 if number < 9999 else 12)
        )
    if month > "20" and _SEASON.fullmatch(text):
        return _by_library(text)
    if not "01" <= month <= "12":
        raise ValueError(_impossible(text))
    return Bounds(date(number, int(month), 1).toordinal(), _last_of_month(number, int(month)))


def _by_library(text: str) -> Bounds:
    """A date of EDTF level 1, whose shape has been checked, through the edtf library. Raises ValueError."""
    from edtf import parse_edtf  # imported late: it takes 0.1 s, and few dates need it

    if text.startswith("0000"):
        raise ValueError(_years(text))
    try:
        parsed = parse_edtf(text)
        lower, upper = tuple(parsed.lower_strict()), tuple(parsed.upper_strict())
        # "000X" begins with the year 0000, which Python's calendar does not have.
        earliest = date(lower[0], lower[1], lower[2]) if lower[0] > 0 else date.min
        return Bounds(earliest.toordinal(), date(upper[0], upper[1], upper[2]).toordinal())
    except Exception:
        raise ValueError(_impossible(text)) from None


def _last_of_month(year: int, month: int) -> int:
    if (year, month) == (9999, 12):
        return date.max.toordinal()
    return date(year + month // 12, month % 12 + 1, 1).toordinal() - 1


def _reason(text: str) -> str:
    """Why a text whose shape is unknown was refused."""
    if _TIME.fullmatch(text):
        return f"{_shown(text)} has a time of day: give the day only, as 2011-04-22."
    if _FAR_YEAR.fullmatch(text):
        return _years(text)
    return f"{_shown(text)} is not a date that can be read (EDTF). {_FORMS}"


def _years(text: str) -> str:
    return f"{_shown(text)} is out of range: years run from 0001 to 9999."


def _impossible(text: str) -> str:
    if text.startswith("0000"):
        return _years(text)
    return f"{_shown(text)} is not in the calendar: check the month and the day."


def _shown(text: str) -> str:
    """A text as an error shows it: short, and with nothing that could break a terminal or a JSON encoder."""
    return ascii(text if len(text) <= 40 else text[:40] + "...")
