"""Contradictions, put together when they are read: the pairs follow from statements and are stored nowhere."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import orjson

from api.domain.contradictions import pair_of
from api.domain.timelines import days_between
from api.errors import NotFound
from api.reads import cursors, lists
from api.reads.lists import Page
from api.reads.opposing import Opposing, Scope, Sides
from api.storage import log, pairs, statements
from api.storage.log import Connection
from api.storage.pairs import Assessed
from api.storage.statements import Profile

ASSESSED = ("confirmed", "dismissed", "disputed")
WITHDRAWN = b'"status":"withdrawn"'

# How many rows one request walks over. A page may then be short, or empty, and still have a next one: so a
# list in which little opposes costs no more a page than any other.
STEPS = 4_000


class Side(NamedTuple):
    """One of the two claims of a pair."""

    no: int
    profile: Profile
    excerpt: bytes

    @property
    def claim(self) -> str:
        return log.claim_of(self.excerpt).decode()

    @property
    def order(self) -> tuple[int, int, int]:
        return (*self.profile.stated, self.no)


def listing(db: Connection, asked: Mapping[str, Any], at: int | None) -> bytes:
    """Contradictions of a party, a question, a claim or of all, each pair once (see `schemas.contradictions`).

    First the pairs that follow from statements, by question, positions and dates; then those that only a
    reviewer paired. With a status other than `suggested` only assessed pairs are walked, in the order of
    their first assessment.
    """
    scope = _scope(db, asked, at)
    if scope.claim is not None and at is not None and scope.claim > at:
        return lists.rendered(Page([], None))  # the claim was recorded later
    return lists.rendered(_Listing(db, scope, asked).page())


def one(db: Connection, first: str, second: str, at: int | None) -> bytes:
    """The contradiction of two claims, whichever is named first. Raises NotFound where they do not oppose
    and nobody paired them."""
    numbers = [log.number(db, f"claim/{claim}") for claim in (first, second)]
    known = [number for number in numbers if number is not None and (at is None or number <= at)]
    if len(known) == 2 and known[0] != known[1]:
        sides = (_side(db, known[0], at), _side(db, known[1], at))
        assessed = pairs.find(db, pair_of(first, second), at)
        question = Sides(db, at).opposed(sides[0].profile, sides[1].profile)
        if question or assessed:
            return _rendered(sides, question, assessed, None)
    for claim, number in zip((first, second), numbers, strict=True):
        if number is None or number not in known:
            raise NotFound.of(f"claim/{claim}", then=at is not None)
    raise NotFound(f"Claims {first} and {second} do not contradict each other, and no reviewer has paired them.")


def _scope(db: Connection, asked: Mapping[str, Any], at: int | None) -> Scope:
    party, question = asked.get("party"), asked.get("question")
    if party:
        lists.number(db, "party", party, "party")
    if question:
        lists.number(db, "question", question, "question")
    claim = lists.number(db, "claim", asked["claim"], "claim") if asked.get("claim") else None
    return Scope(party, question, claim, at)


def _side(db: Connection, no: int, at: int | None) -> Side:
    return Side(no, statements.profile(db, no, at), log.excerpt(db, no, at))


class _Listing:
    """One page of a listing: it stops at `limit` items or after STEPS rows, and says where to go on."""

    def __init__(self, db: Connection, scope: Scope, asked: Mapping[str, Any]) -> None:
        self.db, self.scope = db, scope
        self.limit: int = asked["limit"]
        self.status: str | None = asked.get("status")
        self.cursor: str | None = asked.get("cursor")
        self.sides = Sides(db, scope.at)
        self.items: list[bytes] = []
        self.steps = 0

    def page(self) -> Page:
        if self.status in ASSESSED:
            return Page(self.items, self._assessed((self.status,)))
        if self.status == "suggested" and self.cursor is not None and _is_assessed_cursor(self.cursor):
            raise cursors.unfit()
        if self.cursor is None or not _is_assessed_cursor(self.cursor):
            following = self._derived()
            if following or self.status == "suggested":
                return Page(self.items, following)
            self.cursor = None
        return Page(self.items, self._assessed(ASSESSED))

    def _derived(self) -> str | None:
        walk = Opposing(self.db, self.scope, self.sides)
        start = walk.decoded(self.cursor)
        for key, found in walk.pairs(start):
            # Never the cursor that was sent: whatever it cost to come back to its place, each page goes beyond it.
            if len(self.items) == self.limit or (walk.steps > STEPS and key != start):
                return walk.encoded(key)
            if found:
                self._add(found[0], found[1], found[2])
        return None

    def _add(self, one: int, other: int, question: str) -> None:
        sides = (_side(self.db, one, self.scope.at), _side(self.db, other, self.scope.at))
        assessed = pairs.find(self.db, pair_of(sides[0].claim, sides[1].claim), self.scope.at)
        if assessed is None or self.status is None:
            self.items.append(_rendered(sides, question, assessed, self.scope.party))

    def _assessed(self, statuses: tuple[str, ...]) -> str | None:
        """Assessed pairs of these statuses; of all statuses only those that do not oppose by themselves,
        which come as derived."""
        start = cursors.decode(self.cursor, "a", int, int) or [0, 0]
        for i in range(start[0], len(statuses)):
            after = start[1] if i == start[0] else 0
            for row in self._rows(statuses[i], after):
                if len(self.items) == self.limit or self.steps > STEPS:
                    return cursors.encode("a", i, after)
                self.steps += 1
                after = row.no
                self._add_assessed(row, by_hand_only=len(statuses) > 1)
        return None

    def _rows(self, status: str, after: int) -> Iterator[Assessed]:
        while True:
            rows = pairs.with_status(self.db, status, after, 100, self.scope.at)
            yield from rows
            if len(rows) < 100:
                return
            after = rows[-1].no

    def _add_assessed(self, row: Assessed, by_hand_only: bool) -> None:
        numbers = [log.number(self.db, f"claim/{claim}") for claim in (row.one, row.other)]
        one, other = (_side(self.db, number, self.scope.at) for number in numbers if number)
        question = self.sides.opposed(one.profile, other.profile, self.scope.question)
        wanted = (
            (self.scope.question is None or question is not None)
            and (self.scope.claim is None or self.scope.claim in (one.no, other.no))
            and (self.scope.party is None or all(side.profile.shares(self.scope.party) for side in (one, other)))
            and not (by_hand_only and question)
            and WITHDRAWN not in (one.excerpt[-len(WITHDRAWN) :], other.excerpt[-len(WITHDRAWN) :])
        )
        if wanted:
            self.items.append(_rendered((one, other), question, row, self.scope.party))


def _is_assessed_cursor(cursor: str) -> bool:
    return cursor.startswith(cursors.encode("a")[:4])


def _rendered(sides: tuple[Side, Side], question: str | None, assessed: Assessed | None, party: str | None) -> bytes:
    earlier, later = sorted(sides, key=lambda side: side.order)
    positions = [earlier.profile.stances[question], later.profile.stances[question]] if question else [None, None]
    start = {
        "id": f"{earlier.claim}~{later.claim}",
        "question": question,
        "party": _narrowest(earlier.profile, later.profile),
    }
    end = {
        "positions": positions,
        "days": days_between(earlier.profile.stated, later.profile.stated),
        "status": assessed.status if assessed else "suggested",
    }
    return b"".join(
        (
            orjson.dumps(start)[:-1],
            b',"claims":[{' + earlier.excerpt + b"},{" + later.excerpt + b"}],",
            orjson.dumps(end)[1:-1],
            b',"assessments":' + (assessed.assessments if assessed else b"[]") + b"}",
        )
    )


def _narrowest(one: Profile, other: Profile) -> str | None:
    """The narrowest party that both claims belong to; members are kept narrowest first."""
    return next((party for party, _, _ in one.members if other.shares(party)), None)
