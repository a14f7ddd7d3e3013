"""Pages that were made are kept as long as the record stays what it is: making one costs far more than sending it."""

from __future__ import annotations

import threading
from collections import OrderedDict

# Enough for what is read at one time, and little beside the process itself.
MAX_BYTES = 16 << 20
MAX_PAGE = 2 << 20


class Kept:
    """The newest version of each page, the one that was asked for longest ago thrown out first.

    There is one version of each address only: once the record has changed, the next reader's page takes its place, so
    that no page keeps what was erased for those who ask for it.
    """

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most = most
        self._size = 0
        self._pages: OrderedDict[str, tuple[str, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, address: str, tag: str) -> bytes | None:
        """The page of an address, if it is the one with this ETag."""
        with self._lock:
            found = self._pages.get(address)
            if found is None or found[0] != tag:
                return None
            self._pages.move_to_end(address)
            return found[1]

    def put(self, address: str, tag: str, page: bytes) -> None:
        """Keep a page in place of the one that its address had."""
        with self._lock:
            self._drop(address)
            if len(page) > MAX_PAGE:
                return
            self._pages[address] = tag, page
            self._size += len(page)
            while self._size > self._most:
                self._drop(next(iter(self._pages)))

    def _drop(self, address: str) -> None:
        dropped = self._pages.pop(address, None)
        self._size -= len(dropped[1]) if dropped else 0
