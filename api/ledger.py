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
from itertools import islice
from typing import Any, NamedTuple

from api import checkpoints, merkle
from api.derivation import derive
from api.domain.entries import SALT_SIZE, Entry, Event, canonical, instant, leaf_data, payload_hash
from api.domain.record import Record
from api.drafts import Draft
from api.history import CHANGING, History, Learned
from api.received import NONSENSE, Unfit, misfit
from api.storage import log, moves, search
from api.storage.buffered import Buffered
from api.storage.database import Database
from api.storage.log import Connection, Head, Sealed

# How many entries a rebuild reads, and the rows of how many it sends to the store at once.
REBUILT_TOGETHER = 500

# For how many entries of an import the system is asked once for the time and for random bytes.
HANDFUL = 50

Decision = Callable[[Record], Event]


class Source(NamedTuple):
    """Where an entry gets its time and its salt from: the world, or a test that wants the same root twice."""

    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    random: Callable[[int], bytes] = os.urandom


WORLD = Source()


class Turn:
    """A writer's turn on the log: any number of appends that become durable together."""

    def __init__(self, db: Connection, source: Source = WORLD, learned: Learned | None = None) -> None:
        self.db = db
        self.history = History(db, learned)
        self._tree = Tree(log.head(db))
        self._source = source
        self._moment: datetime | None = None
        self._instant = ""
        self._is_own = False

    @property
    def head(self) -> Head:
        """The head that the appends so far led to."""
        return self._tree.head

    @property
    def reached(self) -> tuple[int, bytes]:
        """The size and the last leaf that the appends so far led to: of the head what costs nothing to know."""
        return self._tree.size, self._tree.last_leaf

    def append(self, decision: Decision, actor: str, drafted: Draft | None = None) -> Entry:
        """Decide on the record as it stands, append the event and derive what follows. Raises the decision's
        Refusal.

        `drafted` spares a turn of many appends the work that can be done before it: the draft of the claim that
        `decision` decides to record.
        """
        self.refuse_others()
        entry = self.enter(decision(self.history), actor, drafted)
        derive(self.history, entry, drafted)
        return entry

    def enter(self, event: Event, actor: str, drafted: Draft | None = None) -> Entry:
        """Append an event, and derive nothing: for a caller that does so, as `append` and `api.erasing`. Raises
        ReadOnlyMirror where the log is the copy of another one, StorageUnavailable where its record is moved."""
        self.refuse_others()
        entry = self._entry(event, actor)
        payload = canonical(entry.payload) if drafted is None else drafted.payload
        sealed = seal(entry, self._source.random(SALT_SIZE), payload)
        log.add_entry(self.db, sealed)
        log.add_nodes(self.db, self._tree.append(sealed))
        return entry

    def adopt(self, sealed: Sealed) -> Entry:
        """Append an entry that another log has sealed, as it is: number, time, salt, bytes and hashes. What follows
        from it is derived as from any other.

        Raises Unfit where it is not the next entry of this log: by its number, its time, its hashes, or what it says.
        """
        self.take(sealed)
        try:
            entry = log.opened(log.filled(self.db, sealed))
            derive(self.history, entry)
        except NONSENSE as error:
            # Hashes say who wrote it, not that it makes sense: whoever runs the other log can seal anything.
            raise Unfit(f"Entry {sealed.idx}: nothing can be made of its payload ({error!r}).") from error
        return entry

    def take(self, sealed: Sealed) -> None:
        """What `adopt` does, but that nothing is derived: for a caller who does so (`derive_all`)."""
        fault = misfit(sealed, self._tree.size, self._tree.recorded_at)
        if fault:
            raise Unfit(f"Entry {sealed.idx}: {fault}.")
        log.add_entry(self.db, sealed)
        log.add_nodes(self.db, self._tree.append(sealed))

    def finish(self) -> None:
        """Store the head that the appends led to; part of the same transaction."""
        if self.head.size:
            log.set_head(self.db, self.head)

    def refuse_others(self) -> None:
        """Raise ReadOnlyMirror where the log is the copy of another one, StorageUnavailable where its record is
        moved."""
        # An entry of our own would part the mirror from its source for good, or be lost where the record went away.
        if not self._is_own:
            moves.check_own(self.db)
            self._is_own = True

    def _entry(self, event: Event, actor: str) -> Entry:
        # A clock that is set back must not make a later entry look earlier.
        moment = self._source.now()
        if moment is not self._moment:
            self._moment, self._instant = moment, instant(moment)
        recorded_at = max(self._instant, self._tree.recorded_at)
        return Entry(self._tree.size, recorded_at, event.kind, event.subject, actor, event.payload)


class Tree:
    """The head while it grows. Its root is computed when it is asked for, once for many appends."""

    def __init__(self, head: Head) -> None:
        self.size, self.recorded_at = head.size, head.recorded_at
        self.last_leaf, self._frontier = head.last_leaf, merkle.unpack(head.frontier)
        self._head: Head | None = head

    @property
    def head(self) -> Head:
        """The head as it is now."""
        if self._head is None:
            root, packed = merkle.root(self._frontier), merkle.pack(self._frontier)
            self._head = Head(self.size, root, self.last_leaf, packed, self.recorded_at)
        return self._head

    def append(self, sealed: Sealed) -> list[merkle.Node]:
        """Take one more entry. Out: the tree nodes that it completed."""
        self._frontier, nodes = merkle.append(self._frontier, self.size, sealed.leaf_hash)
        self.size, self.recorded_at, self.last_leaf = self.size + 1, sealed.recorded_at, sealed.leaf_hash
        self._head = None
        return nodes


@contextmanager
def turn(
    database: Database, source: Source = WORLD, learned: Learned | None = None, *, filling: bool = False
) -> Iterator[Turn]:
    """The writer's turn: all that is appended inside is durable when it ends, or none of it is there.

    `learned` is what earlier turns on this database learned; what this one learns is added to it. Raises LedgerRewound
    where the log has lost what was signed, unless it is only being filled with it again (`filling`).
    """
    with _guarded_turn(database, learned, filling) as db:
        mine = Turn(db, source, learned)
        yield mine
        mine.finish()
    mine.history.committed()


@contextmanager
def turn_of_many(
    database: Database, source: Source = WORLD, learned: Learned | None = None, *, filling: bool = False
) -> Iterator[Turn]:
    """A turn like any other for an import: what is appended goes to the store together (see `api.storage.buffered`)."""
    with _guarded_turn(database, learned, filling) as db:
        buffered = Buffered(db)
        mine = Turn(buffered, _by_the_handful(source) if source is WORLD else source, learned)
        yield mine
        buffered.flush()
        mine.finish()
    mine.history.committed()


@contextmanager
def _guarded_turn(database: Database, learned: Learned | None, filling: bool) -> Iterator[Connection]:
    """The store's turn, once it is known that the log has all that was signed of it, and what was learned fits it.
    Raises LedgerRewound."""
    known = database.extends_heads
    with database.turn() as db:
        if not database.extends_heads and not filling:
            checkpoints.check(db, checkpoints.Heads(database.heads).last())
            database.extends_heads = True
        if learned is not None:
            if not known:
                learned.forget()
            learned.fit(log.last_of_kinds(db, CHANGING))
        yield db
        search.take_in(db)


def _by_the_handful(source: Source) -> Source:
    """A source that asks the system for salts by the page, and for the time once for so many entries: some
    milliseconds."""
    pool = bytearray()
    moments: list[datetime] = []

    def random(size: int) -> bytes:
        if len(pool) < size:
            pool.extend(source.random(max(size, SALT_SIZE * HANDFUL)))
        taken = bytes(pool[:size])
        del pool[:size]
        return taken

    def now() -> datetime:
        if not moments:
            moments.extend([source.now()] * HANDFUL)
        return moments.pop()

    return Source(now, random)


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


def rebuild(database: Database, progress: Callable[[int], None] = lambda done: None) -> Head:
    """Drop every derived table and make it again from the entries, in one turn: readers see the old tables
    until it is done.

    Out: the head. Call `verify` first where the log itself is in doubt. `progress` is told how many entries are done.
    """
    with database.turn() as db:
        return derive_all(database, db, progress)


def derive_all(
    database: Database,
    db: Any,
    progress: Callable[[int], None] = lambda done: None,
    foreseen: Iterable[Entry] = (),
) -> Head:
    """Within a turn: what `rebuild` does. `foreseen` are entries which are yet to come and say that payloads were
    erased that are missing already."""
    database.reset_derived(db)
    # First of all, since whatever is folded needs what stands in for the payloads that are gone.
    for entry in (*log.erasures(db), *foreseen):
        log.add_erasure(db, entry)
    buffered, tree = Buffered(db), Tree(log.EMPTY)
    history = History(buffered)
    entries = log.sealed_entries(db)
    while part := list(islice(entries, REBUILT_TOGETHER)):
        history.foresee([sealed.subject for sealed in part])
        for sealed in part:
            log.add_nodes(buffered, tree.append(sealed))
            derive(history, log.opened(sealed))
        buffered.flush()
        search.take_in(db)
        # What was folded is let go, so that the longest log is rebuilt in the same memory as a short one.
        history.forget()
        progress(tree.size)
    if tree.size:
        log.set_head(db, tree.head)
    return tree.head
