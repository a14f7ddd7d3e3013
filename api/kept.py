"""Answers that were made are kept as long as the record stays what it is: making one costs far more than sending it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from typing import NamedTuple

# Enough for what is read at one time, and little beside the process itself. Documents have room of their own: who reads
# them all, one after another, would leave no room for lists, which cost more.
MAX_BYTES, MAX_OF_DOCUMENTS = 16 << 20, 4 << 20
MAX_BODY = 2 << 20
# What keeping an answer takes beside its body and its address. Whoever asks chooses the address, so many short answers
# at long ones must not take more than there is room for.
BESIDE = 500


class Made(NamedTuple):
    """An answer that was made: its body, the headers that go with it, and its ETag where that is not the head's."""

    body: bytes
    headers: Sequence[tuple[str, str]] = ()
    etag: str | None = None


class Kept:
    """The newest answer of each address, the one that was asked for longest ago thrown out first.

    There is one of each address only: once the record has changed, the next reader's answer takes its place, so that
    none keeps what was erased for those who ask for it.
    """

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._size = 0
        self._answers: OrderedDict[str, tuple[str, Made]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, address: str, tag: str) -> Made | None:
        """The answer of an address, if it is the one with this ETag."""
        with self._lock:
            found = self._answers.get(address)
            if found is None or found[0] != tag:
                return None
            self._answers.move_to_end(address)
            return found[1]

    def put(self, address: str, tag: str, made: Made) -> None:
        """Keep an answer in place of the one that its address had."""
        with self._lock:
            self._drop(address)
            if len(made.body) > MAX_BODY:
                return
            self._answers[address] = tag, made
            self._size += _size(address, made)
            while self._size > self._most:
                self._drop(next(iter(self._answers)))

    def _drop(self, address: str) -> None:
        dropped = self._answers.pop(address, None)
        self._size -= _size(address, dropped[1]) if dropped else 0


def _size(address: str, made: Made) -> int:
    return len(address) + len(made.body) + BESIDE
