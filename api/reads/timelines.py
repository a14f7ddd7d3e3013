"""Timelines: a party's statements on one question, in order, each reversal named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from api.domain.timelines import reversal
from api.errors import NotFound
from api.reads import cursors
from api.reads.lists import number
from api.storage import log, statements
from api.storage.log import Connection
from api.storage.statements import Key, Statement, Window
from schemas.dates import UNDATED, day

# What stands between two statements of the answer, from the end of one into the beginning of the next.
NEXT = b",{"


def timeline(db: Connection, question: str, asked: Mapping[str, Any], at: int | None) -> bytes:
    """The timeline of a question for a party (see `schemas.timelines.TimelineQuery`).

    Without a party it has everybody's statements, and no reversals: those are one party's. Raises NotFound,
    InvalidRequest.
    """
    found = log.document(db, f"question/{question}", at)
    if found is None:
        raise NotFound.of(f"question/{question}", then=at is not None)
    party = asked.get("party")
    positions = orjson.loads(found[1])["positions"]
    neutral = {position["id"] for position in positions if position["neutral"] or party is None}
    window = _window(asked, at)
    speaking = statements.EVERYBODY if party is None else number(db, "party", party, "party")
    numbers = speaking, number(db, "question", question, "question")
    after = cursors.decode(asked.get("cursor"), "t", int, int, int)
    key: Key | None = (after[0], after[1], after[2]) if after else None
    rows = statements.timeline(db, *numbers, window, key, asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    before = _before(db, numbers, window, key, neutral)
    items, reversals = _statements(shown, before, neutral)
    following = cursors.encode("t", *shown[-1][:3]) if len(rows) > len(shown) else None
    start = {"question": question, "party": party, "clock": window.clock}
    end = {"reversals": reversals, "next": following}
    return b"".join((orjson.dumps(start)[:-1], b',"statements":[', items, b"],", orjson.dumps(end)[1:]))


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


def _statements(rows: list[Statement], before: Statement | None, neutral: set[str]) -> tuple[bytes, int]:
    """The statements as the items of a JSON list, each with its reversal, and how many reversals there are."""
    parts: list[bytes] = []
    unreversed: dict[str, bytes] = {}
    reversals = 0
    for row in rows:
        earliest, _, _, position, excerpt = row
        end = None
        if position not in neutral:
            # Most statements say what the one before said, and are compared no further.
            if before is not None and before[3] != position:
                end = _reversed(before, row)
            if earliest != UNDATED.earliest:
                before = row
        if end is not None:
            reversals += 1
        elif position in unreversed:
            end = unreversed[position]
        else:
            end = unreversed[position] = b',"position":"%b","reversal":null}%b' % (position.encode(), NEXT)
        # Each excerpt goes from the store into the answer as it is: to format it into a statement copied it once more.
        parts += (excerpt, end)
    return b"{" + b"".join(parts)[: -len(NEXT)] if parts else b"", reversals


def _reversed(before: Statement, row: Statement) -> bytes | None:
    """What follows the excerpt of a statement that takes another position than the one before it; None where it
    reverses nothing. Ids are letters, digits and hyphens, so there is nothing in them to escape."""
    turn = reversal(before[:2], row[:2])
    if turn is None:
        return None
    days, certain = turn
    return b',"position":"%b","reversal":{"from":"%b","position":"%b","days":%b,"certain":%b}}%b' % (
        row[3].encode(),
        log.claim_of(before[4]),
        before[3].encode(),
        b"null" if days is None else b"%d" % days,
        b"true" if certain else b"false",
        NEXT,
    )
