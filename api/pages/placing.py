"""Where each statement stands in a drawing, whichever way time runs in it.

`along` is the way of time, `across` goes from lane to lane. A lane is as wide as the most statements that stand beside
each other in it; where there are more than it can hold, neighbours become one group, which shows how many they are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.pages.scale import Scale
from api.pages.wording import limits
from schemas.dates import UNDATED, Bounds


class Turn(NamedTuple):
    """That a statement reverses another one: the how manieth reversal it is, which statement it reverses (None where
    that one is not shown), the lane of that one's position, and whether the order is certain."""

    number: int
    from_: int | None
    lane: int
    certain: bool


class Mark(NamedTuple):
    """A statement to be drawn: its number in the list beside the drawing, its lane, shape, dates, name and status."""

    number: int
    lane: int
    shape: int
    days: Bounds
    label: str
    status: str
    turn: Turn | None = None


class Form(NamedTuple):
    """The measures of a drawing: how far its lanes begin from each other at least, the head of a lane and its foot,
    the room of a mark, how many stand beside each other at most, and where what is undated stands."""

    least: float
    head: float
    foot: float
    room: float
    most: int
    undated: float


class Place(NamedTuple):
    """A mark or a group with its middle, and the end of the span of days that it stands for, if that is long enough to
    be seen."""

    along: float
    across: float
    marks: tuple[Mark, ...]
    end: float | None = None


class Lane(NamedTuple):
    """A lane: where it begins, how wide it is, and what is in it."""

    start: float
    width: float
    places: list[Place]


def lanes(marks: Sequence[Mark], count: int, scale: Scale, form: Form, start: float) -> list[Lane]:
    """The lanes of a drawing, one after another from `start` on."""
    found = []
    for number in range(count):
        inside = [mark for mark in marks if mark.lane == number]
        slots = _stacked(inside, scale, form, True) or _stacked(inside, scale, form, False)
        if slots is None:
            slots = _grouped(inside, scale, form)
        used = 1 + max((slot for slot, _ in slots), default=0)
        room = used * form.room + form.foot
        width = max(form.least, form.head + room)
        # What fills less than its lane stands in the middle of it.
        first = start + form.head + (width - form.head - room) / 2 + form.room / 2
        places = [place._replace(across=round(first + slot * form.room, 1)) for slot, place in slots]
        found.append(Lane(start, width, places))
        start += width
    return found


def _stacked(marks: Iterable[Mark], scale: Scale, form: Form, apart: bool) -> list[tuple[int, Place]] | None:
    """Each mark by itself, in the first row that is free there, and with its span free of others where it is to be
    `apart`; None where there are too many."""
    ends: list[float] = []
    found = []
    for mark in marks:
        place = _place(mark, scale, form)
        begins = place.along - form.room / 2
        slot = next((i for i, end in enumerate(ends) if end <= begins), len(ends))
        if slot == form.most:
            return None
        span = (place.end or 0) + 2 if apart else 0
        ends[slot : slot + 1] = [max(place.along + form.room / 2, span)]
        found.append((slot, place))
    return found


def _grouped(marks: Iterable[Mark], scale: Scale, form: Form) -> list[tuple[int, Place]]:
    """Marks beside each other as far as there is room, and as one group, with their number, where there is not."""
    width = form.room * 2
    boxes: dict[int, list[Place]] = {}
    for mark in marks:
        place = _place(mark, scale, form)
        boxes.setdefault(int(place.along // width), []).append(place._replace(end=None))
    found = []
    for box, places in boxes.items():
        if len(places) <= form.most:
            found += list(enumerate(places))
        else:
            together = tuple(mark for place in places for mark in place.marks)
            found.append((0, Place(round((box + 0.5) * width, 1), 0, together)))
    return found


def _place(mark: Mark, scale: Scale, form: Form) -> Place:
    if mark.days == UNDATED:
        return Place(form.undated, 0, (mark,))
    first, last = limits(mark.days)
    begins = scale.start if first is None else scale.place(first)
    ends = scale.end if last is None else scale.place(last)
    return Place(begins, 0, (mark,), ends if ends - begins > form.room / 2 else None)
