"""Dates, statuses and numbers in words. Nothing here changes a word that somebody said."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from urllib.parse import urlsplit

from api.domain import erasure
from schemas.dates import OPEN_END, OPEN_START, UNDATED, Bounds, bounds

# What stands where words were erased.
ERASED = erasure.TEXT
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
SEASONS = {"21": "spring", "22": "summer", "23": "autumn", "24": "winter"}

STATUSES = {
    "unreviewed": "Not reviewed",
    "supported": "Supported",
    "refuted": "Refuted",
    "mixed": "Mixed",
    "unproven": "Unproven",
    "disputed": "Disputed",
    "withdrawn": "Withdrawn",
}
RATINGS = {
    "true": "True",
    "mostly_true": "Mostly true",
    "mixed": "Mixed",
    "mostly_false": "Mostly false",
    "false": "False",
    "unproven": "Unproven",
}
PAIR_STATUSES = {
    "suggested": "Suggested",
    "confirmed": "Confirmed",
    "dismissed": "Dismissed",
    "disputed": "Disputed",
}
ASSESSMENTS = {"reversal": "A reversal", "shift": "A shift of emphasis", "consistent": "No contradiction"}
REASONS = {
    "redefinition": "the words were given another meaning",
    "law_changed": "the law had changed",
    "new_evidence": "there was new evidence",
    "correction": "it was corrected openly",
    "denial": "the earlier position was denied",
    "none": "no reason was given",
}
WORDINGS = {
    "direct": "in their own words",
    "document": "in the words of a document",
    "indirect": "as the source reports it, not in their own words",
}
CLOCKS = {"stated": "when it was said", "disclosed": "when the public could know"}

_PLAIN = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?([?~%]?)")
_DOUBT = {"": "", "?": " (uncertain)", "~": " (approximately)", "%": " (uncertain, approximately)"}


@lru_cache(maxsize=4096)
def day(text: str | None) -> str:
    """An EDTF date in words: "7 September 2010", "April 2011", "6 October 2010 to 16 February 2011". What has no short
    words stays as it is written."""
    if text is None or bounds(text) == UNDATED:
        return "undated"
    start, slash, end = text.partition("/")
    if not slash:
        return _one(start)
    if start in ("", ".."):
        return f"not after {_one(end)}"
    if end in ("", ".."):
        return f"not before {_one(start)}"
    return f"{_one(start)} to {_one(end)}"


def ordinal(value: int, short: bool = False) -> str:
    """A day, by its ordinal, in words."""
    found = date.fromordinal(value)
    month = MONTHS[found.month - 1]
    return f"{found.day} {month[:3] if short else month} {found.year}"


def iso(value: int) -> str:
    """A day, by its ordinal, as addresses have it."""
    return date.fromordinal(value).isoformat()


def limits(days: Bounds) -> tuple[int | None, int | None]:
    """The first and the last day of a date, None where it is open."""
    if days == UNDATED:
        return None, None
    return (
        None if days.earliest == OPEN_START else days.earliest,
        None if days.latest == OPEN_END else days.latest,
    )


def moment(text: str) -> str:
    """An instant of the log: "24 November 2026, 10:00 UTC"."""
    return f"{_one(text[:10])}, {text[11:16]} UTC"


def count(number: int, one: str, many: str = "") -> str:
    """A number with its noun: "1 statement", "2,000 statements"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def apart(days: int | None) -> str:
    """How far two dates are apart."""
    if days is None:
        return "an unknown time later"
    return "on the same day" if days == 0 else f"{count(days, 'day')} later"


def host(url: str) -> str:
    """The host of a URL, without "www.": what a link to a source is called where the source has no title."""
    return (urlsplit(url).hostname or url).removeprefix("www.")


def shortened(text: str, most: int) -> str:
    """A text, or as much of its beginning as ends with a whole word and is not longer than `most`, and `…`."""
    if len(text) <= most:
        return text
    cut = text[:most].rsplit(maxsplit=1)[0] if " " in text[:most] else text[:most]
    return f"{cut} …"


def clipped(text: str, most: int) -> str:
    """A label, cut to `most` characters."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _one(text: str) -> str:
    found = _PLAIN.fullmatch(text)
    if found is None:
        return text
    year, month, in_month, doubt = found.groups()
    if month is None:
        plain = str(int(year))
    elif month in SEASONS:
        plain = f"{SEASONS[month]} {int(year)}"
    elif not "01" <= month <= "12":
        return text
    else:
        plain = f"{int(in_month)} " if in_month else ""
        plain += f"{MONTHS[int(month) - 1]} {int(year)}"
    return plain + _DOUBT[doubt]
