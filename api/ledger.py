"""THE write path. Every change of the record goes through `write`, in this order, all of it in one durable transaction:

lock, read history and head, decide (may refuse: then nothing happened), seal, append, derive, commit.

The number of an entry is taken inside the writer's turn and nowhere else. A number that is taken before the turn, by a
sequence say, can be committed after a later one; a poller that has seen the later one then never sees it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import NamedTuple

from api import merkle
from api.derivation import derive
from api.domain.entries import SALT_SIZE, Entry, Event, canonical, instant, leaf_data, payload_hash
from api.domain.record import Record
from api.errors import Refusal
from api.history import History
from api.storage import log
from api.storage.log import Head, Sealed
from api.storage.sqlite import Connection, Database

Decision = Callable[[Record], Event]


class Source(NamedTuple):
    """Where an entry gets its time and its salt from: the world, or a test that wants the same root twice."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[int], bytes] = os.urandom


WORLD = Source()


class Turn:
    """A writer's turn on the log: any number of appends that become durable together."""

    def __init__(self, db: Connection, source: Source = WORLD) -> None:
        self.db = db
        self.history = History(db)
        self.head = log.head(db)
        self._source = source

    def append(self, decision: Decision, actor: str) -> Entry:
        """Decide on the record as it stands, append the event and derive what follows. Raises the decision's
        Refusal."""
        event = decision(self.history)
        entry = self._entry(event, actor)
        salt, payload = self._source.random(SALT_SIZE), canonical(entry.payload)
        sealed = seal(entry, salt, payload)
        self.head, nodes = extended(self.head, sealed)
        log.add_entry(self.db, sealed)
        log.add_nodes(self.db, nodes)
        derive(self.history, entry)
        return entry

    def finish(self) -> None:
        """Store the head that the appends led to; part of the same transaction."""
        log.set_head(self.db, self.head)

    def _entry(self, event: Event, actor: str) -> Entry:
        # A clock that is set back must not make a later entry look earlier.
        recorded_at = max(instant(self._source.now()), self.head.recorded_at)
        return Entry(self.head.size, recorded_at, event.kind, event.subject, actor, event.payload)


@contextmanager
def turn(database: Database, source: Source = WORLD) -> Iterator[Turn]:
    """The writer's turn: all that is appended inside is durable when it ends, or none of it is there."""
    with database.turn() as db:
        mine = Turn(db, source)
        yield mine
        mine.finish()


def write_many(
    database: Database, decisions: Iterable[tuple[Decision, str]], source: Source = WORLD
) -> list[Entry | Refusal]:
    """Append the events of many (decision, actor)s in one turn; one that is refused leaves no trace and
    stops no other."""
    outcomes: list[Entry | Refusal] = []
    with turn(database, source) as mine:
        for decision, actor in decisions:
            try:
                outcomes.append(mine.append(decision, actor))
            except Refusal as refusal:
                outcomes.append(refusal)
    return outcomes


def seal(entry: Entry, salt: bytes, payload: bytes) -> Sealed:
    """An entry with the hashes that its leaf is made of."""
    hashed = payload_hash(salt, payload)
    data = leaf_data(entry.index, entry.recorded_at, entry.kind, entry.subject, entry.actor, hashed)
    return Sealed(
        entry.index,
        entry.recorded_at,
        entry.kind,
        entry.subject,
        entry.actor,
        hashed,
        merkle.leaf_hash(data),
        salt,
        payload,
    )


def extended(head: Head, sealed: Sealed) -> tuple[Head, list[merkle.Node]]:
    """The head after one more entry, and the tree nodes that it completed."""
    frontier, nodes = merkle.append(merkle.unpack(head.frontier), head.size, sealed.leaf_hash)
    grown = Head(head.size + 1, merkle.root(frontier), sealed.leaf_hash, merkle.pack(frontier), sealed.recorded_at)
    return grown, nodes


def rebuild(database: Database, progress: Callable[[int], None] = lambda done: None) -> Head:
    """Drop every derived table and make it again from the entries, in one turn: readers see the old tables
    until it is done.

    Out: the head. Call `verify` first where the log itself is in doubt. `progress` is told how many entries are done.
    """
    with database.turn() as db:
        database.reset_derived(db)
        head, history = log.EMPTY, History(db)
        for sealed in log.sealed_entries(db):
            head, nodes = extended(head, sealed)
            log.add_nodes(db, nodes)
            derive(history, log.opened(sealed))
            progress(head.size)
            if head.size % 1_000 == 0:
                history.forget()
        log.set_head(db, head)
    return head
