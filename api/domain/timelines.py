"""Timelines: a party's statements on one question in order, and where they reverse."""

from __future__ import annotations

from typing import NamedTuple

from schemas.dates import OPEN_END, OPEN_START, UNDATED, Bounds

_NO_DAY = (OPEN_START, OPEN_END, UNDATED.earliest)


class Reversal(NamedTuple):
    """That a statement takes another position than the one before it. `days` is None where a date is open."""

    days: int | None
    certain: bool


def reversal(before: Bounds, after: Bounds) -> Reversal | None:
    """The reversal that a statement makes of the one before it, which took another position, neither of them neutral;
    None where it makes none.

    In: between which days each of them was made (or disclosed). Where the two dates overlap either could have come
    first, so the reversal is not certain; what is undated has no place in the order and reverses nothing.
    """
    if before == UNDATED or after == UNDATED:
        return None
    return Reversal(days_between(before, after), after.earliest > before.latest)


def days_between(one: Bounds, other: Bounds) -> int | None:
    """Days from the earliest day of one date to that of another; None where either has none."""
    if one.earliest in _NO_DAY or other.earliest in _NO_DAY:
        return None
    return abs(other.earliest - one.earliest)
