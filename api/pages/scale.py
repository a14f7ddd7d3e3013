"""Time as a line: where a day stands on it, and which days are marked along it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from itertools import pairwise
from typing import NamedTuple

from api.pages.wording import MONTHS, limits
from schemas.dates import Bounds

# The steps between marks: days, then months (a year has twelve).
_DAYS = (1, 2, 7, 14)
_MONTHS = (1, 3, 6, 12, 24, 60, 120, 300, 600, 1200, 3600, 12000)
_FIRST_DAY, _LAST_DAY = 1, date.max.toordinal()


class Tick(NamedTuple):
    """A marked day: where it stands, what it is called, and the days up to the next mark."""

    place: float
    label: str
    first: int
    last: int


class Scale:
    """Days [first, last] on a line from `start` to `end`, in units of the drawing. What is outside stands at its
    ends."""

    def __init__(self, first: int, last: int, start: float, end: float) -> None:
        self.first, self.last, self.start, self.end = first, max(last, first + 1), start, end

    def place(self, day: int) -> float:
        """Where a day stands."""
        share = (min(max(day, self.first), self.last) - self.first) / (self.last - self.first)
        return round(self.start + share * (self.end - self.start), 1)

    def day(self, place: float) -> int:
        """The day that stands at a place."""
        share = min(max((place - self.start) / (self.end - self.start), 0), 1)
        return round(self.first + share * (self.last - self.first))

    def ticks(self, apart: float) -> list[Tick]:
        """Marked days that are at least `apart` from each other, unless the calendar has nothing coarser."""
        for starts, label in _candidates(self.first, self.last):
            places = [self.place(day) for day in starts]
            if all(b - a >= apart for a, b in pairwise(places)):
                ends = [*(day - 1 for day in starts[1:]), self.last]
                marks = zip(starts, ends, strict=True)
                return [Tick(self.place(day), label(day, i == 0), day, last) for i, (day, last) in enumerate(marks)]
        return []


def extent(dates: Iterable[Bounds], first: int | None, last: int | None) -> tuple[int, int] | None:
    """The days that a drawing of these dates covers: all that any date names, with a little room on either side, or
    up to the edges `first` and `last` where the reader gave them. None where no date names a day."""
    named = [day for bounds in dates for day in limits(bounds) if day is not None]
    if not named:
        return (first, last) if first is not None and last is not None else None
    room = max(2, (max(named) - min(named)) // 40)
    start = max(min(named) - room, _FIRST_DAY) if first is None else first
    end = min(max(named) + room, _LAST_DAY) if last is None else last
    return start, max(end, start + 1)


def _candidates(first: int, last: int) -> Iterator[tuple[list[int], _Label]]:
    if last - first < 400:
        for step in _DAYS:
            yield list(range(first + (-first % step), last + 1, step)), _day
    for step in _MONTHS:
        yield _months(first, last, step), _month if step < 12 else _year


class _Label:
    """How a mark is called: the first one, and the first of a year, with the year."""

    def __init__(self, format: str, always: bool = False) -> None:
        self.format, self.always = format, always

    def __call__(self, day: int, is_first: bool) -> str:
        found = date.fromordinal(day)
        text = self.format.format(day=found.day, month=MONTHS[found.month - 1][:3], year=found.year)
        new_year = found.month == 1 and (found.day == 1 or "day" not in self.format)
        return text if self.always or not (is_first or new_year) else f"{text} {found.year}"


_day, _month, _year = _Label("{day} {month}"), _Label("{month}"), _Label("{year}", always=True)


def _months(first: int, last: int, step: int) -> list[int]:
    """The first days of every `step`-th month inside [first, last], counted from January of the year 0."""
    start = date.fromordinal(first)
    number = start.year * 12 + start.month - 1 + (start.day > 1)
    number += -number % step
    found = []
    while number < 10_000 * 12 and (day := date(number // 12 or 1, number % 12 + 1, 1).toordinal()) <= last:
        if day >= first:
            found.append(day)
        number += step
    return found
