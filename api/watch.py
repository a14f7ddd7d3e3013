"""Whether a replica can be read: it is looked at from time to time, beside the requests, so that none waits for it."""

from __future__ import annotations

import time
from contextlib import closing
from enum import Enum
from threading import Lock, Thread

import structlog

from api.errors import Busy
from api.storage import faults, health, log, opening, tree
from api.storage.database import Database, Replica
from api.storage.faults import EngineError, StoreError
from api.storage.log import Connection

# Seconds from one look at a replica that is read to the next, and after how many nobody relies on the last one.
EVERY = 10.0
STALE = 20.0
# Seconds until a replica that is not read is looked at again: at first, and at most.
SOON, LATE = 1.0, 30.0
# How many seconds a replica may be behind, and how often it is looked at whether it has caught up.
LAG = 10.0
GLANCE = 0.1

logger = structlog.get_logger()


class State(Enum):
    """What was seen of a replica last."""

    UNKNOWN = "nothing is known of it yet"
    READ = "it is read"
    ALONE = "it is read, and the primary cannot be reached"
    AWAY = "it failed"
    BEHIND = "it is behind"
    OTHER = "it is no copy of the primary"


READABLE = (State.READ, State.ALONE)


class Watch:
    """Looks at one replica for one process.

    `primary` is for these looks alone: a connection that is opened for one must not look like a failover to those who
    write.
    """

    def __init__(self, primary: Database, replica: Replica) -> None:
        self.primary, self.replica = primary, replica
        self._state, self._since = State.UNKNOWN, ""
        self._lock, self._looking = Lock(), Lock()
        self._looked = self._due = self._failed = 0.0
        self._pause = SOON

    @property
    def is_other(self) -> bool:
        """Whether the replica is known to be no copy of the primary."""
        return self._state is State.OTHER

    @property
    def is_looking(self) -> bool:
        """Whether a look is under way."""
        return self._looking.locked()

    def usable(self) -> bool:
        """Whether the replica can be read, by the last look. One that is due is begun, and not waited for."""
        now = time.monotonic()
        if now >= self._due and self._looking.acquire(blocking=False):
            Thread(target=self._look, name="replica", daemon=True).start()
        return self._state in READABLE and now < self._looked + STALE

    def saw(self, failed: Exception) -> None:
        """Take note of what reading the replica raised. That it had no answer says nothing about it, and a read that
        it gave up in favour of what it follows says little."""
        broken = isinstance(failed, EngineError) and not isinstance(faults.refusal(failed), Busy)
        if self._state in READABLE and (broken or isinstance(failed, StoreError)):
            self._become(State.AWAY, str(failed))

    def _look(self) -> None:
        try:
            with closing(self.primary), closing(self.replica):
                self._become(*self._seen())
        except (StoreError, LookupError, *EngineError) as failed:
            self._become(State.AWAY, str(failed))
        finally:
            self._looking.release()

    def _seen(self) -> tuple[State, str]:
        if not self.replica.is_current():
            return State.AWAY, "its schema is not the one of this version"
        try:
            told = difference(self.primary, self.replica)
            db = self.primary.reader()
            size, since = log.head(db).size, health.identity(db).since
        except (StoreError, *EngineError) as failed:
            if not faults.is_away(failed):
                raise
            # Nobody can compare them now. That it is of another log was seen before, if it is.
            return (State.OTHER, "as before") if self.is_other else (State.ALONE, str(failed))
        if told:
            return State.OTHER, told
        if since != self._since:
            # Another server may be the primary: whoever has read the replica compares it with that one.
            self._since = since
            self.replica.begin_anew()
        behind = self._behind(self.replica.reader(), size)
        return (State.BEHIND, f"it is {behind:,} entries behind") if behind else (State.READ, "")

    def _behind(self, db: Connection, size: int) -> int:
        """How many entries the replica lacks of so many, once it had time to catch up."""
        until = time.monotonic() + LAG
        while (behind := size - log.head(db).size) > 0 and time.monotonic() < until:
            time.sleep(GLANCE)
        return max(behind, 0)

    def _become(self, state: State, reason: str) -> None:
        with self._lock:
            now, before = time.monotonic(), self._state
            self._state, self._looked = state, now
            if state in READABLE:
                self._due = now + EVERY
                if now > self._failed + 2 * LATE:
                    self._pause = SOON
            else:
                self.replica.begin_anew()
                self._due, self._failed = now + self._pause, now
                self._pause = min(2 * self._pause, LATE)
        # One line for each change, however many requests meet with it.
        if state is before:
            return
        tell = logger.info if state is State.READ else logger.error if state is State.OTHER else logger.warning
        doing = "the replica is read" if state in READABLE else "the primary is read instead of the replica"
        tell(doing, replica=self.replica.name, state=state.value, reason=reason or None)


def opened(primary: str, replica: str) -> Watch | None:
    """What watches over the replica at a URL, as the settings have it; None without one. Nothing is opened yet. Raises
    StoreError as `opening.database`."""
    return Watch(opening.database(primary), opening.replica(replica)) if replica else None


def difference(primary: Database, replica: Database) -> str | None:
    """Why one database is no copy of the other, in words for its operator; None where it is one. Either may be ahead:
    where commits wait for standbys, an entry can be read there first.

    Raises StoreError or EngineFailure for one that cannot be read.
    """
    theirs, ours = health.identity(replica.reader()), health.identity(primary.reader())
    if (theirs.system, theirs.number) != (ours.system, ours.number):
        return "it is of another server than DATABASE_URL names, or another database of it"
    reached = log.head(replica.reader()).size
    with primary.snapshot() as db:
        size = min(reached, log.head(db).size)
        root = tree.root_at(db, size)
    with replica.snapshot() as db:
        return None if tree.root_at(db, size) == root else f"its first {size:,} entries are others"
