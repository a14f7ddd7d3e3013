"""Timelines: a party's statements on one question in order, and where they reverse."""

from __future__ import annotations

from schemas.dates import OPEN_END, OPEN_START, UNDATED

_NO_DAY = (OPEN_START, OPEN_END, UNDATED.earliest)

# The earliest and the latest day that a date allows, as `Bounds` has them: a row of the store will do as well. A page
# of a timeline makes hundreds of these, and to name them took a tenth of its time.
Days = tuple[int, int]

# That a statement takes another position than the one before it: how many days later, None where a date is open, and
# whether it certainly was later.
Reversal = tuple[int | None, bool]


def reversal(before: Days, after: Days) -> Reversal | None:
    """The reversal that a statement makes of the one before it, which took another position, neither of them neutral;
    None where it makes none.

    In: between which days each of them was made (or disclosed). Where the two dates overlap either could have come
    first, so the reversal is not certain; what is undated has no place in the order and reverses nothing.
    """
    if before == UNDATED or after == UNDATED:
        return None
    return days_between(before, after), after[0] > before[1]


def days_between(one: Days, other: Days) -> int | None:
    """Days from the earliest day of one date to that of another; None where either has none."""
    if one[0] in _NO_DAY or other[0] in _NO_DAY:
        return None
    return abs(other[0] - one[0])
