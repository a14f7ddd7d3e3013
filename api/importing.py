"""Many entries at once: bodies of `POST`s, prepared before the turn and appended in turns that others need not wait
for long.

Preparing (`prepare`) is pure and can be done by another process; appending (`Loader`) goes through `api.ledger` like
any write, and a body that is refused stops no other. What is on record already is told apart from what is refused, so
that an import can be repeated.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any, NamedTuple, Self

import orjson
from marshmallow import ValidationError
from ulid import ULID

from api import ledger
from api.domain.record import Body
from api.drafts import Draft, draft, recording
from api.errors import Refusal
from api.history import Learned
from api.kinds import KINDS
from api.ledger import WORLD, Source, Turn
from api.storage.database import Database
from api.storage.faults import EngineError
from schemas.dates import Bounds
from schemas.problems import field_errors

# Seconds that a turn aims at. Others wait for one turn at most, and some turns take twice as long: with 0.1 they waited
# for up to 262 ms.
TURN = 0.075
FEWEST, FIRST, MOST = 50, 100, 2_000
# After so many turns the write-ahead log is moved to the database file: many of its pages are versions of the same
# ones, and only the last is moved. Turns wait for the end of it if the log had more than so many pages.
TURNS, UNMOVED = 8, 60_000


class Fault(NamedTuple):
    """Why a body is refused: an RFC 6901 pointer into it ("" is all of it) and a sentence."""

    pointer: str
    detail: str


class Found(NamedTuple):
    """What a file has at a line: a JSON value, or the fault for which there is none."""

    line: int
    value: Any
    fault: Fault | None = None


class Ready(NamedTuple):
    """A body that can be appended. Of a claim there is only the draft, whose payload is its body, and of a review only
    what was prepared of it (`api.interop.claimreview_in.Item`)."""

    line: int
    body: Body | None
    draft: Draft | None
    review: Any = None


class Refused(NamedTuple):
    """A body that cannot be recorded, and everything that is wrong with it."""

    line: int
    faults: list[Fault]


Item = Ready | Refused


@dataclass
class Counts:
    """What came of the bodies so far."""

    recorded: int = 0
    already: int = 0
    refused: int = 0


def prepare(found: Iterable[Found], kind: str) -> Iterator[Item]:
    """Check what a file has, and work out what can be worked out before the turn."""
    schema = KINDS[kind].schema
    for line, value, fault in found:
        if fault is not None:
            yield Refused(line, [fault])
            continue
        try:
            body = schema.load(value)
        except ValidationError as error:
            yield Refused(line, [Fault(pointer, detail) for pointer, detail, _ in field_errors(error)])
            continue
        if kind == "claims":
            yield Ready(line, None, draft(body, body.get("id") or str(ULID())))
        else:
            yield Ready(line, body, None)


def in_order_of_dates(items: Iterable[Item]) -> list[Item]:
    """Claims in the order in which they were stated, others before them.

    What is near in time is near in the indexes, so a turn changes half as many of their pages: 50,000 claims in no
    order were recorded at 3,700 a second, and at 5,600 in this one. Of two with one id the first in the file stays
    the first.
    """
    stated: dict[str, Bounds] = {}

    def key(item: Item) -> tuple[int, ...]:
        if isinstance(item, Refused) or item.draft is None:
            return ()
        return stated.setdefault(item.draft.id, item.draft.own.stated)

    return sorted(items, key=key)


class Loader:
    """Appends prepared bodies of one kind, in as large turns as others can wait for.

    `most` is how many bodies the next turn should have, `counts` what came of all so far, `busy` whether a turn is on.
    """

    def __init__(self, database: Database, kind: str, actor: str, source: Source = WORLD) -> None:
        self.counts = Counts()
        self.most = FIRST
        self.busy = False
        self._database, self._kind, self._actor, self._source = database, KINDS[kind], actor, source
        self._learned = Learned()
        self._moving = Moving(database)
        database.write_in_bulk()

    def load(self, items: list[Item]) -> list[Refused]:
        """Append what is ready, in one turn. Out: what was refused, here or before, in order; it is durable when this
        returns."""
        refused: list[Refused] = []
        counts = Counts()
        self.busy = True
        try:
            took = self._turn(items, refused, counts)
            self.counts.recorded += counts.recorded
            self.counts.already += counts.already
            self.counts.refused += len(refused)
        finally:
            self.busy = False
        self._adapt(len(items), took)
        self._moving.turn_done()
        return refused

    def _turn(self, items: list[Item], refused: list[Refused], counts: Counts) -> float:
        """Append the items. Out: how many seconds others had to wait for it."""
        with ledger.turn_of_many(self._database, self._source, self._learned) as turn:
            began = time.monotonic()
            self._foresee(turn, items)
            for item in items:
                outcome = item if isinstance(item, Refused) else self._append(turn, item)
                if isinstance(outcome, Refused):
                    refused.append(outcome)
                elif outcome:
                    counts.recorded += 1
                else:
                    counts.already += 1
        return time.monotonic() - began

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._moving.stop()

    def _append(self, turn: Turn, item: Ready) -> bool | Refused:
        """True where it was recorded, False where it was on record already."""
        body = orjson.loads(item.draft.payload) if item.draft else item.body or {}
        if self._kind.before(turn.history, body, self._actor):
            return False
        try:
            decision = recording(item.draft, body) if item.draft else self._kind.decide(body, self._actor)
            turn.append(decision, self._actor, item.draft)
        except Refusal as refusal:
            if self._kind.already(turn.history, body, self._actor, refusal):
                return False
            faults = [Fault(error.pointer, error.detail) for error in refusal.errors]
            return Refused(item.line, faults or [Fault("", refusal.detail)])
        return True

    def _foresee(self, turn: Turn, items: list[Item]) -> None:
        drafts = [item.draft for item in items if isinstance(item, Ready) and item.draft]
        bodies = [item.body for item in items if isinstance(item, Ready) and item.body]
        subjects = [f"claim/{drafted.id}" for drafted in drafts] + [self._kind.subject(body) for body in bodies]
        facets = {facet for drafted in drafts for facet in drafted.own.facets}
        turn.history.foresee(subjects, [drafted.own.fingerprint for drafted in drafts], list(facets))
        turn.history.read({name for drafted in drafts for name in drafted.refers})

    def _adapt(self, done: int, took: float) -> None:
        fitting = int(done * TURN / max(took, 1e-6))
        # A short turn says little about a long one, so it grows step by step.
        self.most = max(FEWEST, min(MOST, fitting, self.most + self.most // 2))


class Moving:
    """Moves what turns have left in the write-ahead log to the database file, in a thread beside them.

    Turns are not to wait for it, nor whoever else writes. Only where the log has grown long they do, since every read
    of a long log takes longer.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._wanted, self._idle, self._stopped = Event(), Event(), Event()
        self._idle.set()
        self._turns = self._unmoved = 0
        self._thread = Thread(target=self._move, daemon=True)

    def turn_done(self) -> None:
        """Begin to move, if it is time; wait for the end of it where the log is long."""
        if self._unmoved > UNMOVED:
            self._idle.wait()
            # While turns go on beside it the thread never catches up, and the log is begun anew only once all of it is
            # moved: a million claims had made it 22 GB long. What the thread left is little, and is moved here.
            self._database.checkpoint()
            self._unmoved = 0
        self._turns += 1
        if self._turns % TURNS:
            return
        if not self._thread.ident:
            self._thread.start()
        self._idle.clear()
        self._wanted.set()

    def stop(self) -> None:
        """End the thread, and move what is left."""
        self._stopped.set()
        self._wanted.set()
        if self._thread.ident:
            self._thread.join()
        self._database.checkpoint()

    def _move(self) -> None:
        try:
            while not self._stopped.is_set():
                self._wanted.wait()
                self._wanted.clear()
                try:
                    self._unmoved = self._database.checkpoint()
                except EngineError:
                    # Nothing is lost by that: what was written stays in the log, and the next turn fails for itself.
                    self._unmoved = 0
                self._idle.set()
        finally:
            self._database.close()
