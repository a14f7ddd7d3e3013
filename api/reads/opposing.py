"""Walks over all pairs of statements of one party that take opposing positions on one question, without storing any.

For two positions X and Y of a question, every statement of X by a party opposes every statement of Y by that
party. So the walk is: for each statement x of X in order of date, for each statement y of Y in order of
date. Each step of the inner loop is a pair, and any step can be resumed from its key: the list costs the
same on every page, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from typing import Any, NamedTuple

import orjson

from api.reads import cursors
from api.storage import lists, log, statements
from api.storage.lists import Selection
from api.storage.log import Connection
from api.storage.statements import BEFORE_ALL, Place, Profile

FETCHED = 100


class Scope(NamedTuple):
    """Which pairs: of a party (a slug), a question (a slug), a claim (its number), at a size of the log."""

    party: str | None = None
    question: str | None = None
    claim: int | None = None
    at: int | None = None


class Key(NamedTuple):
    """A place in the walk: question and positions, the statement x, which of its parties, and the statement y."""

    question: int
    one: str
    other: str
    x: Place
    line: int
    y: Place


class Question(NamedTuple):
    """A question that is walked: its number, id, and the positions that oppose each other, sorted."""

    no: int
    id: str
    sides: list[str]


Pair = tuple[int, int, str]
Step = tuple[Key, Pair | None]

_KEY_TYPES = (int, str, str, int, int, int, int, int, int, int)


class Sides:
    """Which positions of which question oppose each other, each question read once."""

    def __init__(self, db: Connection, at: int | None) -> None:
        self._db, self._at = db, at
        self._known: dict[str, list[str]] = {}

    def of(self, question: str) -> list[str]:
        """The positions of a question that are not neutral, sorted; none where it did not exist yet."""
        if question not in self._known:
            found = log.document(self._db, f"question/{question}", self._at)
            self._known[question] = _sides(found[1]) if found else []
        return self._known[question]

    def opposed(self, one: Profile, other: Profile, question: str | None = None) -> str | None:
        """The first question, by id, on which two claims of one party oppose; or `question`, if they do on that."""
        if not any(other.shares(party) for party, _, _ in one.members):
            return None
        for asked in sorted(one.stances.keys() & other.stances.keys()):
            if question in (None, asked) and one.stances[asked] != other.stances[asked]:
                sides = self.of(asked)
                if one.stances[asked] in sides and other.stances[asked] in sides:
                    return asked
        return None


class Opposing:
    """The walk. `steps` counts the rows that it looked at, so that a caller can stop in time."""

    def __init__(self, db: Connection, scope: Scope, sides: Sides) -> None:
        self._db, self._scope, self._sides = db, scope, sides
        self._profiles: dict[int, Profile] = {}
        self.steps = 0

    def decoded(self, cursor: str | None) -> Key | None:
        """The key that a cursor stands for."""
        found = cursors.decode(cursor, "o", *_KEY_TYPES)
        if found is None:
            return None
        question, one, other, *rest = found
        return Key(question, one, other, Place(*rest[:3]), rest[3], Place(*rest[4:]))

    def encoded(self, key: Key) -> str:
        """The cursor of a key: the walk goes on with what stands there."""
        return cursors.encode("o", key.question, key.one, key.other, *key.x, key.line, *key.y)

    def pairs(self, start: Key | None) -> Iterator[Step]:
        """(key, pair) for each step from `start` on; the pair is None where the step found none that is wanted.

        A pair is (number of the claim of the first position, of the second, question).
        """
        for question in self._questions(start):
            resumed = start if start and start.question == question.no else None
            for one, other in self._positions(question):
                if resumed and (one, other) < (resumed.one, resumed.other):
                    continue
                here = resumed if resumed and (one, other) == (resumed.one, resumed.other) else None
                yield from self._between(question, one, other, here)

    def _between(self, question: Question, one: str, other: str, start: Key | None) -> Iterator[Step]:
        for x in self._first(question, one, start):
            lines = [self._scope.party] if self._scope.party else self._profile(x.no).top
            here = start if start and start.x == x else None
            for i in range(here.line if here else 0, len(lines)):
                inner = here.y if here and here.line == i else None
                yield Key(question.no, one, other, x, i, inner or Place(*BEFORE_ALL)), None
                for y in self._takers(log.number(self._db, f"party/{lines[i]}") or 0, question.no, other, inner):
                    yield Key(question.no, one, other, x, i, y), self._pair(x, y, lines[:i], question)

    def _pair(self, x: Place, y: Place, earlier_lines: list[str], question: Question) -> Pair | None:
        """The pair of two statements, if this is the one step of the walk at which it is to be shown."""
        theirs = self._profile(y.no)
        if any(theirs.shares(line) for line in earlier_lines):
            return None
        if self._scope.question is None and self._sides.opposed(self._profile(x.no), theirs) != question.id:
            return None
        return x.no, y.no, question.id

    def _first(self, question: Question, position: str, start: Key | None) -> Iterator[Place]:
        if self._scope.claim is None:
            leading = log.number(self._db, f"party/{self._scope.party}") if self._scope.party else None
            yield from self._takers(leading or statements.EVERYBODY, question.no, position, start.x if start else None)
            return
        profile = self._profile(self._scope.claim)
        if self._scope.party is None or profile.shares(self._scope.party):
            yield Place(*profile.stated, self._scope.claim)

    def _positions(self, question: Question) -> Iterator[tuple[str, str]]:
        if self._scope.claim is None:
            yield from combinations(question.sides, 2)
            return
        own = self._profile(self._scope.claim).stances.get(question.id)
        if own in question.sides:
            yield from ((own, other) for other in question.sides if other != own)

    def _questions(self, start: Key | None) -> Iterator[Question]:
        """The questions of the walk by number, from that of `start` on."""
        if self._scope.question:
            chosen = [self._scope.question]
        elif self._scope.claim is not None:
            chosen = list(self._profile(self._scope.claim).stances)
        else:
            yield from self._all_questions(start.question - 1 if start else 0)
            return
        numbered = sorted((log.number(self._db, f"question/{question}") or 0, question) for question in chosen)
        for number, question in numbered:
            if start is None or number >= start.question:
                yield Question(number, question, self._sides.of(question))

    def _all_questions(self, after: int) -> Iterator[Question]:
        while True:
            rows = lists.by_number(self._db, Selection(("questions",), at=self._scope.at), after, FETCHED, False)
            for after, _, _, body in rows:
                self.steps += 1
                yield Question(after, orjson.loads(body)["id"], _sides(body))
            if len(rows) < FETCHED:
                return

    def _takers(self, party: int, question: int, position: str, start: Place | None) -> Iterator[Place]:
        """The takers of a position from `start` on, that one included."""
        after = (start.earliest, start.latest, start.no - 1) if start else BEFORE_ALL
        while True:
            rows = statements.takers(self._db, party, question, position, self._scope.at, after, FETCHED)
            self.steps += 1
            for row in rows:
                self.steps += 1
                yield row
            if len(rows) < FETCHED:
                return
            after = (rows[-1].earliest, rows[-1].latest, rows[-1].no)

    def _profile(self, no: int) -> Profile:
        if no not in self._profiles:
            if len(self._profiles) > STATES_KEPT:
                self._profiles.clear()
            self._profiles[no] = statements.profile(self._db, no, self._scope.at)
        return self._profiles[no]


STATES_KEPT = 1_000


def _sides(body: bytes) -> list[str]:
    positions: list[dict[str, Any]] = orjson.loads(body)["positions"]
    return sorted(position["id"] for position in positions if not position["neutral"])
