"""What the turns of a server leave in SQLite's write-ahead log is moved to the database file, in a thread beside the
next turns.

SQLite itself does so within commits, and after 1,000 pages, which twenty claims fill: whoever waited for the turn
waited for that, too, and pages that every claim changes were moved over and over.
"""

from __future__ import annotations

import sqlite3
from threading import Lock, Thread
from typing import TYPE_CHECKING

import structlog

from api.storage.faults import StoreError

if TYPE_CHECKING:
    from api.storage.sqlite import Database

# After how many turns.
TURNS = 16
# The log is written from its beginning again only once all of it was moved, and beside turns that never was: under
# sixteen clients it grew by 90 MB a second. So where it has more pages than this, the last few are moved in a turn.
LONG = 4_000
# For how many milliseconds that turn waits for readers of an older state.
PATIENCE = 50

told = structlog.get_logger()


class Settling:
    """Moves the write-ahead log of one database every so many turns of this process."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._turns = 0
        self._lock = Lock()
        self._thread: Thread | None = None

    def turn_done(self) -> None:
        """Begin to move, if it is time and nobody is at it."""
        with self._lock:
            self._turns += 1
            if self._turns % TURNS or (self._thread is not None and self._thread.is_alive()):
                return
            self._thread = Thread(target=self._move, name="checkpoint", daemon=True)
            self._thread.start()

    def _move(self) -> None:
        try:
            pages, _ = self._database.move_log()
            if pages <= LONG:
                return
            # Turns went on meanwhile. What they left is moved first, so that the next ones wait for little.
            pages, moved = self._database.move_log()
            # Where much could not be moved, somebody reads an older state for long, and would be waited for in vain.
            if pages - moved < LONG:
                self._database.begin_log_anew(PATIENCE)
        except (sqlite3.Error, StoreError, OSError) as error:
            # Nothing is lost by that: what was written stays in the log, and the next turn fails for itself.
            told.warning("the write-ahead log was not moved", error=str(error))
        finally:
            self._database.close()
