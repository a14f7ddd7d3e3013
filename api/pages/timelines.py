"""A question's statements, as the API tells them, made ready to be drawn and to be listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from markupsafe import Markup

from api.pages import cards, drawing, images, serving, wording
from api.pages.drawing import Picture
from api.pages.placing import Mark, Turn
from api.pages.reader import Document, Reader
from api.pages.scale import extent
from api.reads import timelines
from schemas.dates import bounds, day
from schemas.pages import EVERYBODY

# More statements than this are shown on further pages.
MOST = 2_000
# So many are enough for a small drawing, of which a page has twenty.
OUTLINED = 300


@dataclass(frozen=True)
class Position:
    """A position of a question: its lane, and the class of its colour. Neutral ones have the last lanes."""

    id: str
    label: str
    meaning: str | None
    neutral: bool
    lane: int
    colour: str


@dataclass(frozen=True)
class Row:
    """A statement in the list: its number, the statement as the timeline has it, its claim, its position, whose it is
    with the shape of their marks, and the reversal that it makes."""

    number: int
    statement: Document
    claim: Document
    position: Position
    group: str
    shape: int
    turn: Turn | None
    from_: Row | None


@dataclass(frozen=True)
class Timeline:
    """All that the page of a question shows. `party` is None for everybody; `next` is the cursor of a further page."""

    question: Document
    party: str | None
    clock: str
    asked: Mapping[str, Any]
    positions: list[Position]
    rows: list[Row]
    groups: list[tuple[str, int, int]]
    reversals: int
    next: str | None

    @property
    def turns(self) -> list[Row]:
        """The statements that reverse another one."""
        return [row for row in self.rows if row.turn]


def positions(question: Document) -> list[Position]:
    """The positions of a question in the order of their lanes."""
    ordered = sorted(question["positions"], key=lambda position: bool(position["neutral"]))
    found = []
    for lane, position in enumerate(ordered):
        colour = "pn" if position["neutral"] else f"p{lane % drawing.COLOURS}"
        found.append(
            Position(position["id"], position["label"], position["meaning"], position["neutral"], lane, colour)
        )
    return found


def party(reader: Reader, question: str, asked: Mapping[str, Any]) -> str | None:
    """The party whose timeline is shown: the one that was asked for, or else the one that reverses itself most often.
    None is everybody."""
    given: str | None = asked.get("party")
    if given is None:
        known = reader.speaking(question)
        return known[0].party if known else None
    return None if given == EVERYBODY else given


def timeline(reader: Reader, question_id: str, asked: Mapping[str, Any], most: int = MOST) -> Timeline:
    """The timeline of a question. Raises NotFound, InvalidRequest."""
    question = reader.document("question", question_id)
    of = party(reader, question_id, asked)
    wanted = {**asked, "party": of, "clock": asked.get("clock", "stated"), "limit": most}
    told = serving.loaded(timelines.timeline(reader.db, question_id, wanted, reader.at))
    statements: list[Document] = told["statements"]
    lanes = {position.id: position for position in positions(question)}
    claims = reader.documents("claim", [statement["claim"] for statement in statements])
    groups = _groups(statements)
    rows = _rows(statements, claims, lanes, {group: shape for group, shape, _ in groups})
    reader.know(name for row in rows for name in row.statement["attribution"].values())
    return Timeline(
        question, of, wanted["clock"], asked, [*lanes.values()], rows, groups, told["reversals"], told["next"]
    )


def picture(reader: Reader, shown: Timeline, zoom: bool = True) -> Picture:
    """What is drawn of a timeline."""
    by_clock = f"{shown.clock}_on"
    marks = [
        Mark(
            row.number,
            row.position.lane,
            row.shape,
            bounds(row.statement[by_clock]),
            label(reader, row, by_clock),
            row.statement["status"],
            row.turn,
        )
        for row in shown.rows
    ]
    edges = (day(shown.asked[name]) if shown.asked.get(name) else None for name in ("from", "to"))
    days = extent((mark.days for mark in marks), *edges)
    lanes = [(position.label, position.colour) for position in shown.positions]
    return Picture(lanes, marks, days, sentence(reader, shown), zoom_of(reader, shown) if zoom else None)


def zoom_of(reader: Reader, shown: Timeline) -> Any:
    """What makes the address of the same timeline for a range of days."""
    path = f"/questions/{shown.question['id']}"
    kept = {name: shown.asked.get(name) for name in ("party", "known_by")}
    clock = shown.clock if shown.clock != "stated" else None

    def address(first: int, last: int) -> str:
        return reader.url(path, **kept, clock=clock, from_=wording.iso(first), to=wording.iso(last))

    return address


def label(reader: Reader, row: Row, by_clock: str) -> str:
    """What a mark is called."""
    parts = [wording.day(row.statement[by_clock]), reader.name(row.statement["attribution"]["speaker"])]
    text = f"{', '.join(parts)}: {row.position.label}"
    if row.turn:
        text += f" (change {row.turn.number})"
    if row.statement["status"] != "unreviewed":
        text += f", {wording.STATUSES[row.statement['status']].lower()}"
    return text


def sentence(reader: Reader, shown: Timeline) -> str:
    """What a drawing shows, in a sentence for those who do not see it."""
    who = reader.name(shown.party) if shown.party else "Everybody"
    said = f"{who}: {wording.count(len(shown.rows), 'statement')}"
    if shown.party is None:
        return f"{said} on “{shown.question['text']}”"
    turned = "the answer never changes" if not shown.reversals else f"the answer changes {times(shown.reversals)}"
    return f"{said} on “{shown.question['text']}”; {turned}"


def image(reader: Reader, shown: Timeline) -> bytes:
    """A timeline as an image that stands alone."""
    who, told = _told(reader, shown)
    reader.know(group for group, _, _ in shown.groups)
    groups = [(reader.name(group), shape) for group, shape, _ in shown.groups]
    return images.image(picture(reader, shown, zoom=False), shown.question["text"], who, told, groups)


def card(reader: Reader, shown: Timeline, where: str) -> bytes:
    """A timeline as a card for places that show one beside a link; `where` says whence it is."""
    who, told = _told(reader, shown)
    return cards.card(picture(reader, shown, zoom=False), shown.question["text"], who, told, where)


def _told(reader: Reader, shown: Timeline) -> tuple[str, tuple[str, str]]:
    """Who answered, and what is told of the answers: the beginning, and what is emphasized."""
    who = reader.name(shown.party) if shown.party else "Everybody"
    if shown.party is None or not shown.rows:
        return who, (wording.count(len(shown.rows), "statement"), "")
    if shown.reversals:
        return who, ("changed the answer ", times(shown.reversals))
    return who, ("never changed the answer", "")


def times(number: int) -> str:
    """How often, in words."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def _groups(statements: Sequence[Document]) -> list[tuple[str, int, int]]:
    """Whose the statements are, with the shape of each and how many it has: those with most first, the last shape for
    all whose own shape would be one too many."""
    counted = Counter(_group(statement) for statement in statements)
    last = len(drawing.SHAPES) - 1
    return [(group, min(i, last), number) for i, (group, number) in enumerate(counted.most_common())]


def _group(statement: Document) -> str:
    attribution = statement["attribution"]
    return str(attribution["on_behalf_of"] or attribution["speaker"])


def _rows(
    statements: Sequence[Document],
    claims: Mapping[str, Document],
    lanes: Mapping[str, Position],
    shapes: Mapping[str, int],
) -> list[Row]:
    rows: list[Row] = []
    by_claim: dict[str, Row] = {}
    turns = 0
    for number, statement in enumerate(statements, 1):
        reversal, turn, before = statement["reversal"], None, None
        if reversal:
            turns += 1
            before = by_claim.get(reversal["from"])
            lane = lanes[reversal["position"]].lane
            turn = Turn(turns, before.number if before else None, lane, reversal["certain"])
        group = _group(statement)
        position = lanes[statement["position"]]
        row = Row(number, statement, claims[statement["claim"]], position, group, shapes[group], turn, before)
        by_claim[statement["claim"]] = row
        rows.append(row)
    return rows


class Outline(NamedTuple):
    """A question in a line: the party that reverses itself most often, how many statements and reversals it has (those
    that are looked at for it: `more` says that there are more), and a small drawing of them."""

    party: str
    statements: int
    reversals: int
    more: bool
    line: Markup


def outline(reader: Reader, question: Document) -> Outline | None:
    """The outline of a question; None where nobody said anything on it that is on record."""
    known = reader.speaking(question["id"], OUTLINED)
    return of_party(reader, question, known[0].party) if known else None


def of_party(reader: Reader, question: Document, of: str) -> Outline | None:
    """The outline of a question for a party; None where it said nothing on it that is on record."""
    wanted = {"party": of, "clock": "stated", "limit": OUTLINED}
    told = serving.loaded(timelines.timeline(reader.db, question["id"], wanted, reader.at))
    if not told["statements"]:
        return None
    lanes = {position.id: position for position in positions(question)}
    dots = []
    for statement in told["statements"]:
        earliest, _ = wording.limits(bounds(statement["stated_on"]))
        position = lanes[statement["position"]]
        if earliest is not None and not position.neutral:
            dots.append((earliest, position.lane, statement["reversal"] is not None))
    line = drawing.spark(dots, sum(not position.neutral for position in lanes.values()))
    return Outline(of, len(told["statements"]), told["reversals"], told["next"] is not None, line)
