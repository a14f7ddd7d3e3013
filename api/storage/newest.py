"""The head of a log in a SQLite file, which is read again only once somebody had a turn.

Most requests are polls that are answered by 304, and all that they read is the head. To ask SQLite for it, and to wait
for the interpreter that the statement lets go of, took a tenth of such a request. So whoever has a turn counts it in
the lock file, before and after, and whoever wants the head looks at the count. It cannot be SQLite's own files that are
looked at: its locks on them end when anybody else in the process closes one.
"""

from __future__ import annotations

import mmap
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from api.storage.log import Head

# The count: as many bytes, the lowest first. It is odd during a turn, and after one that was cut off.
SIZE = 8
# For how many seconds a head is taken for the newest because of the count alone. The lock file may have been put away,
# and the database have been written by other means.
TRUSTED = 1.0


@contextmanager
def counted(lock: int) -> Iterator[None]:
    """A turn, which is counted in the lock file that whoever has it holds locked. Raises OSError before it begins."""
    began = int.from_bytes(os.pread(lock, SIZE, 0), "little") | 1
    os.pwrite(lock, began.to_bytes(SIZE, "little"), 0)
    try:
        yield
    finally:
        # What was committed stays so. Where its end cannot be counted everybody asks SQLite, until the next turn.
        with suppress(OSError):
            os.pwrite(lock, (began + 1).to_bytes(SIZE, "little"), 0)


class _Known(NamedTuple):
    head: Head
    turns: int
    until: float


class Newest:
    """The newest head that this process knows of the log whose turns are counted in a lock file."""

    def __init__(self, lock: str) -> None:
        self._lock = lock
        self._counts: mmap.mmap | None = None
        self._until = 0.0
        self._known: _Known | None = None

    def head(self, read: Callable[[], Head]) -> Head:
        """The head; `read` reads it, where it may be another one than is known."""
        now = time.monotonic()
        return self._head(self._count(now), now, read)

    def between_turns(self, read: Callable[[], Head]) -> Head | None:
        """What `head` gives, but None while there is a turn, or where turns cannot be counted: it is not asked for in
        vain then by who can do without."""
        now = time.monotonic()
        count = self._count(now)
        return None if count is None else self._head(count, now, read)

    def _head(self, count: int | None, now: float, read: Callable[[], Head]) -> Head:
        # The count was taken first: if a turn ends while the head is read, the next one who asks reads it again.
        known = self._known
        if known is not None and known.turns == count and now < known.until:
            return known.head
        head = read()
        if count is not None:
            self._known = _Known(head, count, now + TRUSTED)
        return head

    def _count(self, now: float) -> int | None:
        """How often turns began and ended; None while there is one, or where it cannot be told."""
        if now >= self._until:
            self._counts, self._until = _mapped(self._lock), now + TRUSTED
        counts = self._counts
        if counts is None:
            return None
        count = int.from_bytes(counts[:SIZE], "little")
        return None if count % 2 else count


def _mapped(path: str) -> mmap.mmap | None:
    """The count in memory, as every process sees it; None where nobody had a turn yet, or the file cannot be read."""
    with suppress(OSError, ValueError):
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return mmap.mmap(file, SIZE, access=mmap.ACCESS_READ)
        finally:
            os.close(file)
    return None
