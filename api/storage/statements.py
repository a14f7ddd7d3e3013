"""Statements: the positions that claims take on questions, a row for each party that a claim belongs to and
one for everybody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import orjson

from api.storage.lists import versions
from api.storage.log import Connection, version
from schemas.dates import OPEN_END, UNDATED, Bounds

# The number of the party that stands for everybody; subjects are numbered from 1.
EVERYBODY = 0

Key = tuple[int, int, int]
BEFORE_ALL: Key = (-1, -1, -1)


# A row of a timeline: the claim's earliest and latest day by the chosen clock and its number, which are its key, then
# its position and its excerpt. A plain tuple: a page has up to 200, and to name their members took a tenth of its time.
Statement = tuple[int, int, int, str, bytes]


class Place(NamedTuple):
    """A statement by its key in the order of dates: what comparison walks over."""

    earliest: int
    latest: int
    no: int


class Profile(NamedTuple):
    """What comparing needs of a claim: (party, depth, top) of its members, its stances, and when it was stated."""

    members: list[tuple[str, int, bool]]
    stances: dict[str, str]
    stated: Bounds

    @property
    def top(self) -> list[str]:
        """The parties at the top: each pair of claims that share a party share one of these."""
        return sorted(party for party, _, top in self.members if top)

    def shares(self, party: str) -> bool:
        """Whether the claim belongs to a party."""
        return any(member == party for member, _, _ in self.members)


class Window(NamedTuple):
    """The part of a timeline that is asked for. Days are ordinals; a date must lie certainly inside."""

    clock: str = "stated"
    first: int | None = None
    last: int | None = None
    known_by: int | None = None
    at: int | None = None


def open_statements(
    db: Connection, rows: Iterable[tuple[int, int, str]], no: int, since: int, stated: Bounds, disclosed: Bounds
) -> None:
    """From entry `since` on, a claim is a statement of these (party, question, position)s."""
    db.executemany(
        "INSERT INTO statements (party, question, live, position, stated_earliest, stated_latest, no, since,"
        " disclosed_earliest, disclosed_latest) VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?)",
        [(party, question, position, *stated, no, since, *disclosed) for party, question, position in rows],
    )


def close_statements(db: Connection, rows: Iterable[tuple[int, int, str]], no: int, until: int, stated: Bounds) -> None:
    """From entry `until` on, a claim is no longer a statement of these (party, question, position)s."""
    db.executemany(
        "UPDATE statements SET live = 0, until = ? WHERE party = ? AND question = ? AND live = 1 AND position = ?"
        " AND stated_earliest = ? AND stated_latest = ? AND no = ?",
        [(until, party, question, position, *stated, no) for party, question, position in rows],
    )


def timeline(
    db: Connection, party: int, question: int, window: Window, after: Key | None, limit: int
) -> list[Statement]:
    """A party's statements on a question in order of the window's clock, those beyond the key `after`."""
    # The window's first day goes into the key: given two lower bounds, the engine may take the weaker one and walk.
    key = max(after or BEFORE_ALL, (window.first or 0, -1, -1))
    # What is undated, and stands last, is not certainly in any window.
    ends = [OPEN_END] if window.first is not None else []
    ends += [day for day in (window.last, window.known_by) if day is not None]
    rows = _statements(db, (party, question), window, key, ">", min(ends, default=None), "ASC", (), limit)
    if ends == [window.known_by] and window.clock == "stated" and len(rows) < limit:
        # The walk ended with that day, since what was said later was not known by then; what is undated may have been.
        key = max(key, (UNDATED.earliest, -1, -1))
        rows += _statements(db, (party, question), window, key, ">", None, "ASC", (), limit - len(rows))
    return rows


def last_before(
    db: Connection, party: int, question: int, window: Window, key: Key | None, neutral: Iterable[str]
) -> Statement | None:
    """The last statement that is not neutral up to and including `key`, or before the window's first day."""
    before = (window.first or 0, -1, -1) if key is None else (key[0], key[1], key[2] + 1)
    if before[0] == UNDATED.earliest:
        return None  # only what is undated follows, and it reverses nothing
    if window.known_by is not None:
        before = min(before, (window.known_by + 1, -1, -1))
    found = _statements(db, (party, question), window, before, "<", None, "DESC", sorted(neutral), 1)
    return found[0] if found else None


def _statements(
    db: Connection,
    of: tuple[int, int],
    window: Window,
    key: Key,
    sign: str,
    end: int | None,
    direction: str,
    skipped: Sequence[str],
    limit: int,
) -> list[Statement]:
    clock = window.clock
    condition, parameters = _inside(window, end)
    parameters |= dict(zip(("earliest", "latest", "no"), key, strict=True))
    for i, position in enumerate(skipped):
        condition += f" AND f.position <> :skipped{i}"
        parameters[f"skipped{i}"] = position
    excerpt = version("excerpt", "f.no", None if window.at is None else ":at")
    select = (
        f"SELECT f.{clock}_earliest AS earliest, f.{clock}_latest AS latest, f.no AS no, f.position, {excerpt}"
        f" FROM statements f WHERE f.party = :party AND f.question = :question AND {{alive}}"
        f" AND (f.{clock}_earliest, f.{clock}_latest, f.no) {sign} (:earliest, :latest, :no){condition}"
    )
    parameters |= {"party": of[0], "question": of[1], "at": window.at, "limit": limit}
    order = ", ".join(f"{column} {direction}" for column in ("earliest", "latest", "no"))
    rows: list[Statement] = db.execute(versions(select, order, window.at), parameters).fetchall()
    return rows


def _inside(window: Window, end: int | None) -> tuple[str, dict[str, Any]]:
    """SQL that holds for what ends inside the window, with its parameters. `end` is the day that ends a walk."""
    limits = {
        f"f.{window.clock}_earliest <= :end": ("end", end),
        f"f.{window.clock}_latest <= :last": ("last", window.last),
        # Whatever its disclosure is said to be, nobody could know what was said only later.
        f"f.disclosed_latest <= :known_by AND f.stated_earliest NOT BETWEEN :known_by + 1 AND {OPEN_END}": (
            "known_by",
            window.known_by,
        ),
    }
    days = {condition: limit for condition, limit in limits.items() if limit[1] is not None}
    return "".join(f" AND {condition}" for condition in days), dict(days.values())


def takers(
    db: Connection, party: int, question: int, position: str, at: int | None, after: Key, limit: int
) -> list[Place]:
    """Those who took a position, in the order in which they were stated, beyond the key `after`."""
    select = (
        "SELECT f.stated_earliest AS earliest, f.stated_latest AS latest, f.no AS no FROM statements f"
        " WHERE f.party = :party AND f.question = :question AND {alive} AND f.position = :position"
        " AND (f.stated_earliest, f.stated_latest, f.no) > (:earliest, :latest, :no)"
    )
    parameters: dict[str, Any] = dict(zip(("earliest", "latest", "no"), after, strict=True))
    parameters |= {"party": party, "question": question, "position": position, "at": at, "limit": limit}
    return [Place(*row) for row in db.execute(versions(select, "earliest, latest, no", at), parameters)]


class Spoken(NamedTuple):
    """A statement with its claim's excerpt and (party, depth, top) of all that it belongs to."""

    days: Bounds
    position: str
    excerpt: bytes
    members: list[list[Any]]


def spoken(db: Connection, question: int, at: int | None, limit: int) -> list[Spoken]:
    """Everybody's statements on a question in the order in which they were made, with whose they are."""
    excerpt = version("excerpt", "f.no", None if at is None else ":at")
    select = (
        f"SELECT f.stated_earliest AS earliest, f.stated_latest AS latest, f.no AS no, f.position, {excerpt},"
        " (SELECT p.profile FROM profiles p WHERE p.no = f.no AND p.since < :until ORDER BY p.since DESC LIMIT 1)"
        " FROM statements f WHERE f.party = :party AND f.question = :question AND {alive}"
    )
    until = 2**62 if at is None else at
    parameters = {"party": EVERYBODY, "question": question, "at": at, "until": until, "limit": limit}
    rows = db.execute(versions(select, "earliest, latest, no", at), parameters).fetchall()
    return [Spoken(Bounds(row[0], row[1]), row[3], row[4], orjson.loads(row[5])[0]) for row in rows]


def add_profile(
    db: Connection,
    no: int,
    since: int,
    members: Sequence[tuple[str, int, bool]],
    stances: Sequence[tuple[str, str]],
    stated: Bounds,
) -> None:
    """Store what comparing needs of a claim, from entry `since` on."""
    profile = orjson.dumps([[tuple(member) for member in members], dict(stances), tuple(stated)]).decode()
    db.execute(
        "INSERT INTO profiles (no, since, profile) VALUES (?, ?, ?)",
        (no, since, profile),
    )


def profile(db: Connection, no: int, at: int | None = None) -> Profile:
    """The profile of a claim as it stands, or stood at `at`."""
    row = db.execute(
        "SELECT profile FROM profiles WHERE no = :no AND since < :at ORDER BY since DESC LIMIT 1",
        {"no": no, "at": 2**62 if at is None else at},
    ).fetchone()
    members, stances, stated = orjson.loads(row[0])
    return Profile([tuple(member) for member in members], stances, Bounds(*stated))
