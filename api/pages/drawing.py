"""A timeline as SVG: a lane for each position, a mark for each statement, and a crossing for each change of answer.

Two drawings are made of the same marks: `wide`, in which time runs from left to right and every mark is a link, and
`tall`, in which it runs downward, for narrow screens. Colours are the style sheet's (`p0` … `p5` for positions, `pn`
for neutral ones), so that they follow the reader's choice of light or dark; shapes and labels say the same without.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from markupsafe import Markup, escape

from api.pages import placing, wording
from api.pages.crossings import Ends, bend, free_spot
from api.pages.placing import Form, Mark, Place, Turn
from api.pages.scale import Scale, Tick

COLOURS = 6
# A shape for each of the parties that say most, and the last one for all others. All have about the same weight.
SHAPES = (
    "M0-5.4A5.4 5.4 0 1 0 0 5.4A5.4 5.4 0 1 0 0-5.4Z",
    "M-4.8-4.8H4.8V4.8H-4.8Z",
    "M0-6.2L6.2 5H-6.2Z",
    "M0-6.8L6.8 0L0 6.8L-6.8 0Z",
    "M-6.2-5H6.2L0 6.2Z",
    "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
    "M0-6.4L6.1-2L3.8 5.2H-3.8L-6.1-2Z",
    "M-4.4-6L0-1.6L4.4-6L6-4.4L1.6 0L6 4.4L4.4 6L0 1.6L-4.4 6L-6-4.4L-1.6 0L-6-4.4Z",
)
# Beside a mark, what fact-checkers ruled.
VERDICTS = {
    "supported": "M-3 0L-1 2.4L3-2.6",
    "refuted": "M-2.5-2.5L2.5 2.5M2.5-2.5L-2.5 2.5",
    "mixed": "M-3 1C-1.6-2 1 3 3-1",
    "unproven": "M-2-1.6C-2-4 2-4 2-1.6C2 0 0-.2 0 1.2M0 3.2V3.4",
    "disputed": "M0-3.4V1M0 3.2V3.4",
}
# More numbers than this would hide what they count.
MOST_NUMBERED = 30


@dataclass(frozen=True)
class Picture:
    """What is drawn: the names of the lanes and their colours, the marks, the days that are covered (None where nothing
    is dated), and a sentence that says it all. `zoom` makes the address of a range of days."""

    lanes: Sequence[tuple[str, str]]
    marks: Sequence[Mark]
    days: tuple[int, int] | None
    title: str
    zoom: Callable[[int, int], str] | None = None


class Measures(NamedTuple):
    """What differs between the two drawings."""

    length: float
    gutter: float
    start: float
    form: Form
    apart: float


WIDTH, NARROW = 960, 320
# The length of the tall drawing's time, and its whole height.
_DOWN = 560
TALL = _DOWN + 52


def definitions() -> Markup:
    """The shapes that drawings refer to. A page has them once."""
    shapes = "".join(f'<path id="m{i}" d="{path}"/>' for i, path in enumerate(SHAPES))
    halo = '<circle class="halo" r="5"/>'
    verdicts = "".join(f'<g id="v-{name}">{halo}<path d="{path}"/></g>' for name, path in VERDICTS.items())
    return Markup(f"<defs>{shapes}{verdicts}</defs>")  # noqa: S704 (constants)


def wide(picture: Picture) -> Markup:
    """The drawing in which time runs from left to right, and every mark is a link to `#sN` where there is a list to
    lead to (and `zoom`)."""
    return _Drawing(picture, _measures(picture), across=False, linked=picture.zoom is not None).svg()


def still(picture: Picture) -> tuple[Markup, float]:
    """The wide drawing without links, as a part of an image, and its height."""
    drawn = _Drawing(picture, _measures(picture), across=False, linked=False)
    return drawn.inner(), drawn.height


def tall(picture: Picture) -> Markup:
    """The drawing in which time runs downward: an image, whose text is the list of statements beside it."""
    columns = max(1, len(picture.lanes))
    width = (NARROW - 58) / columns
    most = max(1, int((width - 14) // 13))
    form = Form(least=width, head=6, foot=4, room=13, most=most, undated=_DOWN + 30)
    return _Drawing(picture, Measures(_DOWN, 58, 46, form, 26), across=True, linked=False).svg()


def _measures(picture: Picture) -> Measures:
    gutter = 76 if _has_undated(picture) else 0
    form = Form(least=62, head=26, foot=8, room=14, most=11, undated=WIDTH - 34)
    return Measures(WIDTH - gutter, 0, 6, form, 78)


def _has_undated(picture: Picture) -> bool:
    return any(wording.limits(mark.days) == (None, None) for mark in picture.marks)


def spark(dots: Sequence[tuple[int, int, bool]], lanes: int) -> Markup:
    """A small drawing of how an answer went up and down: (day, lane, whether it reverses the one before) in order. It
    says nothing that the words beside it do not, and is hidden from those who listen."""
    if not dots:
        return Markup("")
    scale = Scale(dots[0][0], max(day for day, _, _ in dots), 4, 172)
    step = 34 / max(1, lanes - 1)
    spots = [(scale.place(day), round(4 + lane * step, 1), turns) for day, lane, turns in dots]
    path = f"M{spots[0][0]:g} {spots[0][1]:g}" + "".join(f"H{x:g}V{y:g}" for x, y, _ in spots[1:])
    circles = "".join(f'<circle cx="{x:g}" cy="{y:g}" r="3.6"/>' for x, y, turns in spots if turns)
    start = f'<svg class="spark" viewBox="0 0 176 42" aria-hidden="true"><path d="{path}"/>{circles}</svg>'
    return Markup(start)  # noqa: S704 (made of numbers)


class _Drawing:
    def __init__(self, picture: Picture, measures: Measures, *, across: bool, linked: bool) -> None:
        self.picture, self.measures, self.down, self.linked = picture, measures, across, linked
        first, last = picture.days or (1, 2)
        self.scale = Scale(first, last, measures.start + 8, measures.length - 8)
        start = measures.gutter if across else 4
        self.lanes = placing.lanes(picture.marks, len(picture.lanes), self.scale, measures.form, start)
        self.end = self.lanes[-1].start + self.lanes[-1].width if self.lanes else start
        self.where = {mark.number: place for lane in self.lanes for place in lane.places for mark in place.marks}

    @property
    def height(self) -> float:
        """How high it is."""
        return TALL if self.down else self.end + 30

    def inner(self) -> Markup:
        """What is drawn, the later parts over the earlier ones."""
        parts = [*self._lanes(), *self._axis(), *self._turns(), *self._marks(), *self._numbers()]
        return Markup("".join(parts))  # noqa: S704 (numbers and escaped labels)

    def svg(self) -> Markup:
        """The whole drawing, as an element of a page."""
        kind, width = ("tall", NARROW) if self.down else ("wide", WIDTH)
        role = "group" if self.linked else "img"
        title = escape(self.picture.title)
        head = f'<svg class="timeline {kind}" viewBox="0 0 {width} {self.height:g}" role="{role}" aria-label="{title}"'
        return Markup(f"{head}{self._days()}>{self.inner()}</svg>")  # noqa: S704 (as above)

    def _days(self) -> str:
        """Which days the drawing covers, and where, for the script that lets a reader choose some of them."""
        if not (self.linked and self.picture.days and self.picture.zoom):
            return ""
        first, last = wording.iso(self.scale.first), wording.iso(self.scale.last)
        return f' data-scale="{first} {last} {self.scale.start:g} {self.scale.end:g}"'

    def _xy(self, along: float, across: float) -> tuple[float, float]:
        return (across, along) if self.down else (along, across)

    def _lanes(self) -> list[str]:
        found = []
        for (name, colour), lane in zip(self.picture.lanes, self.lanes, strict=True):
            if self.down:
                most = max(3, int(lane.width / 6.4))
                box = f'x="{lane.start + 2:g}" y="34" width="{lane.width - 4:g}" height="{self.measures.length + 14:g}"'
                at = f'x="{lane.start + lane.width / 2:g}" y="24" text-anchor="middle"'
            else:
                most = 110
                box = f'x="0" y="{lane.start + 2:g}" width="{WIDTH}" height="{lane.width - 4:g}"'
                at = f'x="12" y="{lane.start + 20:g}"'
            text = escape(wording.clipped(name, most))
            found.append(f'<rect class="lane {colour}" {box} rx="5"/><text class="name {colour}" {at}>{text}</text>')
        return found

    def _axis(self) -> list[str]:
        found = [self._tick(tick) for tick in self.scale.ticks(self.measures.apart)] if self.picture.days else []
        if _has_undated(self.picture):
            along = self.measures.form.undated
            if self.down:
                found.append(f'<text class="tick" x="2" y="{along + 4:g}">undated</text>')
            else:
                found.append(
                    f'<text class="tick" x="{along:g}" y="{self.end + 20:g}" text-anchor="middle">undated</text>'
                )
        return found

    def _tick(self, tick: Tick) -> str:
        along, label = tick.place, escape(tick.label)
        if self.down:
            line = f"M{self.measures.gutter:g} {along:g}H{NARROW - 2}"
            text = f'<text class="tick" x="2" y="{along + 4:g}">{label}</text>'
        else:
            line = f"M{along:g} 6V{self.end:g}"
            text = f'<text class="tick" x="{along + 3:g}" y="{self.end + 20:g}">{label}</text>'
            if self.linked and self.picture.zoom:
                text = f'<a href="{escape(self.picture.zoom(tick.first, tick.last))}">{text}</a>'
        return f'<path class="grid" d="{line}"/>{text}'

    def _turns(self) -> list[str]:
        # Of crossings between the same two groups one is drawn, as certain as the most certain of them.
        drawn: dict[Ends, bool] = {}
        for _, turn, ends in self._crossings():
            drawn[ends] = drawn.get(ends, False) or turn.certain
        return [self._crossing(ends, certain) for ends, certain in drawn.items()]

    def _crossings(self) -> list[tuple[Mark, Turn, Ends]]:
        return [
            (mark, turn, (*self._origin(turn), *self._middle(mark.number)))
            for mark in self.picture.marks
            if (turn := mark.turn)
        ]

    def _middle(self, number: int) -> tuple[float, float]:
        place = self.where[number]
        return self._xy(place.along, place.across)

    def _origin(self, turn: Turn) -> tuple[float, float]:
        """Where a crossing begins: at the statement that is reversed, or, where it is not shown, at the edge of its
        lane."""
        if turn.from_ in self.where:
            return self._middle(turn.from_)
        lane = self.lanes[turn.lane]
        return self._xy(self.scale.start - 8, lane.start + lane.width / 2)

    def _crossing(self, ends: Ends, certain: bool) -> str:
        style = "turn" if certain else "turn unsure"
        x1, y1, x2, y2 = ends
        a, b, c, d = bend(ends, self.down)
        return f'<path class="{style}" d="M{x1:g} {y1:g}C{a:g} {b:g} {c:g} {d:g} {x2:g} {y2:g}"/>'

    def _numbers(self) -> list[str]:
        crossings = self._crossings()
        if len(crossings) > MOST_NUMBERED:
            return []
        taken = [(*self._xy(place.along, place.across), 12.0) for lane in self.lanes for place in lane.places]
        parts = []
        for _, turn, ends in crossings:
            x, y = free_spot(ends, bend(ends, self.down), taken)
            taken.append((x, y, 19.0))
            text = f'<text class="no" x="{x:g}" y="{y + 4:g}">{turn.number}</text>'
            parts.append(f'<circle class="no" cx="{x:g}" cy="{y:g}" r="9"/>{text}')
        return parts

    def _marks(self) -> list[str]:
        found = []
        for (_, colour), lane in zip(self.picture.lanes, self.lanes, strict=True):
            drawn = (self._mark(place) if len(place.marks) == 1 else self._group(place) for place in lane.places)
            found.append(f'<g class="{colour}">{"".join(drawn)}</g>')
        return found

    def _mark(self, place: Place) -> str:
        mark = place.marks[0]
        x, y = self._xy(place.along, place.across)
        drawn = ""
        if place.end is not None:
            to = f"V{place.end:g}" if self.down else f"H{place.end:g}"
            drawn = f'<path class="span" d="M{x:g} {y:g}{to}"/>'
        drawn += f'<use href="#m{mark.shape}" x="{x:g}" y="{y:g}"/>'
        if mark.status in VERDICTS:
            drawn += f'<use class="ruled" href="#v-{mark.status}" x="{x + 7:g}" y="{y - 6:g}"/>'
        return f'<a href="#s{mark.number}"><title>{escape(mark.label)}</title>{drawn}</a>' if self.linked else drawn

    def _group(self, place: Place) -> str:
        x, y = self._xy(place.along, place.across)
        number = len(place.marks)
        radius = 8 + min(4, number / 25)
        drawn = (
            f'<circle class="group" cx="{x:g}" cy="{y:g}" r="{radius:g}"/>'
            f'<text class="group" x="{x:g}" y="{y + 3.5:g}">{number}</text>'
        )
        days = [day for mark in place.marks for day in wording.limits(mark.days) if day is not None]
        if not (self.linked and self.picture.zoom and days):
            return drawn
        name = f"{wording.count(number, 'statement')}, {wording.ordinal(min(days))} to {wording.ordinal(max(days))}"
        address = escape(self.picture.zoom(min(days), max(days)))
        return f'<a href="{address}"><title>{name}</title>{drawn}</a>'
