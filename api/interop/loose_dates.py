"""Dates as they are really written, as EDTF: what is certain of them, and nothing that is not."""

from __future__ import annotations

import re
from datetime import date, datetime

from dateutil import parser

from schemas.dates import UNDATED, bounds

LONGEST = 64

_ISO = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?(?:[T ].*)?", re.DOTALL)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})(?:T.*)?", re.DOTALL)
_YEAR_FIRST = re.compile(r"([0-9]{4})[/.]([0-9]{1,2})[/.]([0-9]{1,2})(?:[T ].*)?", re.DOTALL)
_YEAR_LAST = re.compile(r"([0-9]{1,2})[-/. ]([0-9]{1,2})[-/. ]([0-9]{4})(?:[T, ].*)?", re.DOTALL)
_YEAR = re.compile(r"(?<![0-9])[0-9]{4}(?![0-9])")
_WORD = re.compile(r"[A-Za-z]{3}")
# What is not in a text is taken from these, so what differs between the two was not there.
_DEFAULTS = datetime(1904, 1, 1), datetime(1908, 2, 2)


def edtf(text: str) -> str | None:
    """The day, month or year that a text certainly names, as its author wrote it, whatever the time zone; None where it
    names none.

    Of "06/05/2019" only the year is certain: some write the day first and some the month. Centuries are not guessed.
    """
    text = text.strip()
    if not 4 <= len(text) <= LONGEST or not text.isascii():
        return None
    for pattern in (_ISO, _COMPACT, _YEAR_FIRST):
        if found := pattern.fullmatch(text):
            return _certain(*found.groups())
    if found := _YEAR_LAST.fullmatch(text):
        return _either_first(int(found[1]), int(found[2]), found[3])
    return _in_words(text) or _edtf(text)


def _certain(year: str, month: str | None, day: str | None) -> str | None:
    parts = [part for part in (year, month, day) if part is not None]
    return _edtf("-".join([parts[0], *(f"{int(part):02}" for part in parts[1:])]))


def _either_first(one: int, other: int, year: str) -> str | None:
    if one == other or other > 12:
        return _certain(year, str(one), str(other))
    if one > 12:
        return _certain(year, str(other), str(one))
    return _edtf(year) if one and other else None


def _in_words(text: str) -> str | None:
    """A date with the name of its month: "May 6, 2019", "Mon, 06 May 2019 08:00:00 GMT", "May 2019"."""
    if not _YEAR.search(text) or not _WORD.search(text):
        return None
    try:
        one, other = (parser.parse(text, default=default, ignoretz=True) for default in _DEFAULTS)
    except (ValueError, OverflowError):
        return None
    parts = [one.year, one.month, one.day]
    same = [a == b for a, b in zip(parts, (other.year, other.month, other.day), strict=True)]
    if not same[0] or str(one.year) not in text:
        return None
    certain = parts[: 3 if all(same) else 2 if same[1] else 1]
    return _edtf("-".join([f"{certain[0]:04}", *(f"{part:02}" for part in certain[1:])]))


def _edtf(text: str) -> str | None:
    try:
        days = bounds(text)
    except ValueError:
        return None
    # A date of a database that has none, and what is nothing but unknown.
    return None if days == UNDATED or days.latest < date(1000, 1, 1).toordinal() else text
