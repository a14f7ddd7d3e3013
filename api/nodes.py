"""The nodes that a record is read from: the primary, which alone is written to, and perhaps a replica that follows it.

A replica is behind, by a moment or by more. So three things are the rule. It answers whatever it has got far enough
for (`Needs`); where it has not, it is waited for, briefly, and then the primary answers. It refuses nothing: whether
something is not on record, or a cursor fits no log, only the primary knows. And it may fail: the primary answers then,
and the other way round what a replica knows is still read while the primary cannot be reached.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Semaphore
from typing import NamedTuple, TypeVar

from api.errors import Refusal
from api.reads import consistency
from api.reads.consistency import Point
from api.storage import faults, log
from api.storage.database import Database
from api.storage.faults import EngineError, StoreError
from api.storage.log import Connection
from api.watch import Watch

T = TypeVar("T")
Work = Callable[[Database], T]

# For how many seconds a node that is behind is waited for, and how often it is looked at.
PATIENCE = 1.0
GLANCE = 0.02
# For how many seconds the primary is waited for, which shows an entry once its standbys have it.
A_MOMENT = 0.25
# For how many seconds nobody waits once somebody did in vain: a replica that stands still must not hold up everybody.
IN_VAIN = 5.0


class Needs(NamedTuple):
    """What a node must know before it can answer.

    `size`: so many entries. `point`: a state of the log, by its token. `instant`: everything up to then, as the log
    writes instants. `seen`: so many entries if there is a choice, since the client has seen an answer made of them.
    `newest`: all that the primary knows, if that can be reached; `signed`: what nobody but the primary may answer.
    """

    size: int = 0
    point: Point | None = None
    instant: str = ""
    seen: int = 0
    newest: bool = False
    signed: bool = False


NOTHING = Needs()
NEWEST = Needs(newest=True)


class Behind(Exception):
    """The node does not know enough to answer."""


class Nodes:
    """The primary, and what watches over the replica; None where there is none.

    Whoever waits for a node takes one of the `places`, without blocking. `waits` says that the primary, too, may be
    behind: with synchronous standbys an entry can be read there a moment before the primary shows it.
    """

    def __init__(self, primary: Database, watch: Watch | None, places: Semaphore, waits: bool) -> None:
        self.primary, self._watch = primary, watch
        self._places, self._waits = places, waits
        self._in_vain = 0.0
        # So many entries the primary has shown: who asks for no more need not ask it for its head.
        self._shown = 0

    @property
    def are_several(self) -> bool:
        """Whether there is a replica."""
        return self._watch is not None

    def read(self, work: Work[T], needs: Needs = NOTHING) -> T:
        """What `work` makes of a node's database. It may be done again on another one, so it changes nothing.

        Raises what it raises on the primary; ConsistencyUnmet where that has not what the token stands for.
        """
        watch = self._watch
        if watch is None or needs.signed:
            return self._of_primary(work, needs)
        try:
            if not needs.newest and watch.usable():
                return self._of_replica(watch, work, needs, time.monotonic() + PATIENCE)
        except (Refusal, Behind, *EngineError) as failed:
            watch.saw(failed)
        try:
            return self._of_primary(work, needs)
        except (StoreError, *EngineError) as failed:
            if not faults.is_away(failed) or watch.is_other:
                raise
            return self._instead(watch, work, needs, failed)

    def _instead(self, watch: Watch, work: Work[T], needs: Needs, failed: Exception) -> T:
        """What the replica knows while the primary is away. What it would refuse, nobody can say."""
        try:
            return self._of_replica(watch, work, needs._replace(seen=0), 0.0)
        except (Refusal, Behind, *EngineError) as again:
            watch.saw(again)
            raise failed from again

    def _of_replica(self, watch: Watch, work: Work[T], needs: Needs, until: float) -> T:
        if needs != NOTHING:
            db = watch.replica.reader()
            size = max(needs.size, needs.seen, needs.point.size if needs.point else 0)
            if not self._reached(db, size, until):
                raise Behind
            # Of the last moment that it knows there may be more entries to come.
            if needs.instant and needs.instant >= log.head(db).recorded_at:
                raise Behind
            if needs.point:
                consistency.check(db, needs.point)
        return work(watch.replica)

    def _of_primary(self, work: Work[T], needs: Needs) -> T:
        size = max(needs.size, needs.point.size if needs.point else 0)
        if self._waits and size > self._shown and self._reached(
            self.primary.reader(), size, time.monotonic() + A_MOMENT
        ):
            self._shown = size
        if needs.point:
            consistency.check(self.primary.reader(), needs.point)
        return work(self.primary)

    def _reached(self, db: Connection, size: int, until: float) -> bool:
        """Whether the node has so many entries, now or before `until`."""
        if not size or log.head(db).size >= size:
            return True
        began = time.monotonic()
        if began >= until or began < self._in_vain or not self._places.acquire(blocking=False):
            return False
        try:
            while time.monotonic() < until:
                time.sleep(GLANCE)
                if log.head(db).size >= size:
                    return True
            self._in_vain = time.monotonic() + IN_VAIN
            return False
        finally:
            self._places.release()
