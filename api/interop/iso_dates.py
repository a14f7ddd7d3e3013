"""EDTF dates as ISO 8601 has them: what a format can take that knows no uncertainty."""

from __future__ import annotations

import re

from schemas.dates import UNDATED, bounds

# A day, a month or a year: ISO 8601-1 has each of them, with reduced precision (5.2.2).
_CERTAIN = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-[0-9]{2})?)?")


def certain(edtf: str | None) -> str | None:
    """A date that is certainly a day, a month or a year, as it is; None for every other: an interval, a season, what is
    approximate or unknown. No day is ever made up."""
    return edtf if edtf and _CERTAIN.fullmatch(edtf) else None


def uncertain(edtf: str | None) -> str | None:
    """A date that says something, and that `certain` cannot give, as it was written; None for every other."""
    if edtf is None or certain(edtf) or bounds(edtf) == UNDATED:
        return None
    return edtf
