"""Where statements stand in a drawing, and what is drawn of them."""

from __future__ import annotations

import re
from datetime import date
from itertools import pairwise
from xml.etree import ElementTree

import pytest

from api.pages import drawing, placing
from api.pages.drawing import Picture
from api.pages.placing import Form, Mark, Turn
from api.pages.scale import Scale, extent
from schemas.dates import bounds

FORM = Form(least=62, head=26, foot=8, room=14, most=5, undated=900)
DAY = date(2010, 1, 1).toordinal()


def mark(number: int, day: str | None, lane: int = 0, turn: Turn | None = None, status: str = "unreviewed") -> Mark:
    """A mark of a statement of a day."""
    return Mark(number, lane, 0, bounds(day), f"statement {number}", status, turn)


def picture(marks: list[Mark]) -> Picture:
    """A picture of marks in three lanes."""
    days = extent((one.days for one in marks), None, None)
    lanes = [("Yes", "p0"), ("No", "p1"), ("Maybe", "pn")]
    return Picture(lanes, marks, days, "A title", lambda first, last: f"/?from={first}&to={last}")


def parsed(svg: str) -> ElementTree.Element:
    """A drawing as XML."""
    return ElementTree.fromstring(svg)


@pytest.mark.parametrize(
    ("days", "apart", "labels"),
    [
        (6, 60, ["1 Jan 2010", "2 Jan", "3 Jan", "4 Jan", "5 Jan", "6 Jan", "7 Jan"]),
        (365, 100, ["Jan 2010", "Apr", "Jul", "Oct", "Jan 2011"]),
        (365 * 4, 150, ["2010", "2011", "2012", "2013"]),
        (365 * 100, 60, ["2010", "2020", "2030", "2040", "2050", "2060", "2070", "2080", "2090", "2100"]),
    ],
)
def test_marked_days_suit_the_time_that_is_shown(days: int, apart: int, labels: list[str]) -> None:
    """Days, months or years, as close as there is room, each with the time up to the next one."""
    ticks = Scale(DAY, DAY + days, 0, 800).ticks(apart)
    found = [tick.label for tick in ticks]
    assert found[: len(labels)] == labels
    assert all(one.last + 1 == other.first for one, other in pairwise(ticks))
    assert all(other.place - one.place >= apart for one, other in pairwise(ticks))


def test_every_calendar_has_its_ends() -> None:
    """The first and the last day that there are can be drawn."""
    for first, last in ((1, 400), (date.max.toordinal() - 300, date.max.toordinal()), (1, date.max.toordinal())):
        assert Scale(first, last, 0, 800).ticks(60)
    assert extent([bounds("0001-01-01"), bounds("9999-12-31")], None, None) == (1, date.max.toordinal())
    assert extent([bounds(None)], None, None) is None


def test_statements_of_one_day_stand_beside_each_other() -> None:
    """No two marks of a lane are in one place while there is room."""
    marks = [mark(number, "2010-01-05") for number in range(5)]
    [lane] = placing.lanes(marks, 1, Scale(DAY, DAY + 10, 0, 800), FORM, 0)
    assert len({place.across for place in lane.places}) == 5
    assert {len(place.marks) for place in lane.places} == {1}


def test_statements_without_room_become_a_group() -> None:
    """More than a lane can hold on one day are one mark with their number; others stay what they are."""
    marks = [mark(number, "2010-01-05") for number in range(40)] + [mark(41, "2010-01-09")]
    [lane] = placing.lanes(marks, 1, Scale(DAY, DAY + 10, 0, 800), FORM, 0)
    assert sorted(len(place.marks) for place in lane.places) == [1, 40]


def test_a_date_that_is_not_a_day_is_a_span() -> None:
    """It begins with its first day and ends with its last; an open one goes to the end of what is shown."""
    marks = [mark(1, "2010-02"), mark(2, "2010-03-01/.."), mark(3, "2010-04-01"), mark(4, None)]
    scale = Scale(DAY, DAY + 365, 0, 800)
    [lane] = placing.lanes(marks, 1, scale, FORM, 0)
    february, open_, plain, undated = lane.places
    assert (february.along, february.end) == (scale.place(DAY + 31), scale.place(DAY + 58))
    assert open_.end == 800 and plain.end is None
    assert (undated.along, undated.end) == (FORM.undated, None)


def test_each_statement_is_a_link_with_a_name() -> None:
    """In the wide drawing; the tall one is an image, described as a whole."""
    shown = picture([mark(1, "2010-01-01"), mark(2, "2010-03", 1, Turn(1, 1, 0, True), "refuted"), mark(3, None, 2)])
    wide, tall = drawing.wide(shown), drawing.tall(shown)
    links = re.findall(r'<a href="#s(\d)"><title>([^<]+)</title>', wide)
    assert links == [("1", "statement 1"), ("2", "statement 2"), ("3", "statement 3")]
    assert 'role="img" aria-label="A title"' in tall and "<a " not in tall
    assert "#v-refuted" in wide and "undated" in wide and 'class="span"' in wide
    for svg in (wide, tall):
        assert parsed(svg).tag == "svg"
        assert svg.count('class="turn"') == 1 and svg.count('<circle class="no"') == 1


def test_an_uncertain_change_looks_uncertain() -> None:
    """A dashed line; the order of the two is not known."""
    svg = drawing.wide(picture([mark(1, "2010"), mark(2, "2010-03", 1, Turn(1, 1, 0, False))]))
    assert 'class="turn unsure"' in svg


def test_a_change_whose_beginning_is_not_shown_comes_from_the_edge() -> None:
    """With a range of dates the statement that is reversed may stand before it."""
    svg = drawing.wide(picture([mark(1, "2010-03-01", 1, Turn(1, None, 0, True)), mark(2, "2010-05-01", 1)]))
    assert re.search(r'class="turn" d="M6 ', svg)


@pytest.mark.parametrize("number", [10, 2_000])
def test_a_drawing_stays_inside_its_box(number: int) -> None:
    """Whatever the number of statements, each mark and group has its place, and no coordinate is outside."""
    turns = [Turn(i, i - 1, (i - 1) % 2, True) for i in range(number)]
    marks = [mark(i, date.fromordinal(DAY + i * 1500 // number).isoformat(), i % 2, turns[i]) for i in range(number)]
    for svg in (drawing.wide(picture(marks)), drawing.tall(picture(marks))):
        width, height = (float(part) for part in re.findall(r'viewBox="0 0 (\S+) (\S+)"', svg)[0])
        places = re.findall(r'(?:x|cx)="(-?[\d.]+)" (?:y|cy)="(-?[\d.]+)"', svg)
        assert all(0 <= float(x) <= width and 0 <= float(y) <= height for x, y in places)
        counted = sum(map(int, re.findall(r'<text class="group"[^>]*>(\d+)<', svg)))
        assert counted + svg.count('href="#m0"') == number
        assert len(svg) < 120_000


def test_labels_are_escaped() -> None:
    """Markup in a name is text."""
    hostile = Picture([("<script>", "p0")], [mark(1, "2010")._replace(label="<b>&")], (1, 10), '"><x', None)
    svg = drawing.wide(hostile)
    assert "<script>" not in svg and "<b>" not in svg and "<x" not in svg
    assert parsed(svg) is not None
