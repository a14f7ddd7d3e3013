"""Timelines: a party's statements on one question in order, and where they reverse."""

from __future__ import annotations

from typing import NamedTuple

from schemas.dates import OPEN_END, OPEN_START, UNDATED, Bounds

_NO_DAY = (OPEN_START, OPEN_END, UNDATED.earliest)


class Statement(NamedTuple):
    """One statement on a question: whose position it takes, and between which days it was made (or disclosed)."""

    claim: str
    position: str
    bounds: Bounds


class Reversal(NamedTuple):
    """That a statement takes another position than the one before it. `days` is None where a date is open."""

    of: str
    position: str
    days: int | None
    certain: bool


def reversal(before: Statement | None, statement: Statement) -> Reversal | None:
    """The reversal that `statement` makes of the one before it, neither of them neutral; None where it makes none.

    Where the two dates overlap either could have come first, so the reversal is not certain; what is undated
    has no place in the order and reverses nothing.
    """
    if before is None or before.position == statement.position:
        return None
    if UNDATED in (before.bounds, statement.bounds):
        return None
    certain = statement.bounds.earliest > before.bounds.latest
    return Reversal(before.claim, before.position, days_between(before.bounds, statement.bounds), certain)


def days_between(one: Bounds, other: Bounds) -> int | None:
    """Days from the earliest day of one date to that of another; None where either has none."""
    if one.earliest in _NO_DAY or other.earliest in _NO_DAY:
        return None
    return abs(other.earliest - one.earliest)
