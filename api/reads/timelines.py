"""Timelines: a party's statements on one question, in order, each reversal named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from api.domain.timelines import Reversal, reversal
from api.domain.timelines import Statement as Position
from api.errors import NotFound
from api.reads import cursors
from api.reads.lists import number
from api.storage import log, statements
from api.storage.log import Connection
from api.storage.statements import Key, Statement, Window
from schemas.dates import UNDATED, Bounds, day


def timeline(db: Connection, question: str, asked: Mapping[str, Any], at: int | None) -> bytes:
    """The timeline of a question for a party (see `schemas.timelines.TimelineQuery`). Raises NotFound,
    InvalidRequest."""
    found = log.document(db, f"question/{question}", at)
    if found is None:
        raise NotFound.of(f"question/{question}", then=at is not None)
    neutral = {position["id"] for position in orjson.loads(found[1])["positions"] if position["neutral"]}
    window = _window(asked, at)
    party = number(db, "party", asked["party"], "party")
    numbers = party, number(db, "question", question, "question")
    after = cursors.decode(asked.get("cursor"), "t", int, int, int)
    key: Key | None = (after[0], after[1], after[2]) if after else None
    rows = statements.timeline(db, *numbers, window, key, asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    before = _before(db, numbers, window, key, neutral)
    items, reversals = _statements(shown, before, neutral)
    following = cursors.encode("t", *shown[-1].key) if len(rows) > len(shown) else None
    start = {"question": question, "party": asked["party"], "clock": window.clock}
    end = {"reversals": reversals, "next": following}
    return orjson.dumps(start)[:-1] + b',"statements":[' + b",".join(items) + b"]," + orjson.dumps(end)[1:]


def _window(asked: Mapping[str, Any], at: int | None) -> Window:
    first, last, known_by = (day(asked[name]) if asked.get(name) else None for name in ("from", "to", "known_by"))
    return Window(asked["clock"], first, last, known_by, at)


def _before(
    db: Connection, numbers: tuple[int, int], window: Window, after: Key | None, neutral: set[str]
) -> Statement | None:
    """The statement that the first one shown is compared with: it may stand before the window, or on the
    page before."""
    if after is None and window.first is None:
        return None
    return statements.last_before(db, *numbers, window, after, neutral)


def _statements(rows: list[Statement], before: Statement | None, neutral: set[str]) -> tuple[list[bytes], int]:
    """The statements as JSON, each with its reversal, and how many reversals there are."""
    items, reversals = [], 0
    for row in rows:
        position = row.position
        turn = None
        if position not in neutral:
            # Most statements say what the one before said, and are compared no further.
            if before is not None and before.position != position:
                turn = reversal(_position(before), _position(row))
            if row.earliest != UNDATED.earliest:
                before = row
        if turn is None:
            items.append(b'{%b,"position":"%b","reversal":null}' % (row.excerpt, position.encode()))
        else:
            reversals += 1
            items.append(b'{%b,"position":"%b","reversal":%b}' % (row.excerpt, position.encode(), _shown(turn)))
    return items, reversals


def _position(row: Statement) -> Position:
    return Position(log.claim_of(row.excerpt), row.position, Bounds(row.earliest, row.latest))


def _shown(turn: Reversal) -> bytes:
    return orjson.dumps({"from": turn.of, "position": turn.position, "days": turn.days, "certain": turn.certain})
