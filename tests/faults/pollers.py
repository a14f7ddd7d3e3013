"""A bot that follows the feed from the first entry on, across every death of the server."""

from __future__ import annotations

import threading
import time
from http.client import HTTPException
from random import Random
from typing import NamedTuple

from tests.contract.servers import Asker, Got
from tests.faults.writers import PAUSE, TIMEOUT


class Seen(NamedTuple):
    """An entry as the feed showed it."""

    index: int
    subject: str
    leaf_hash: str


class Poller(threading.Thread):
    """Asks for changes with the last `next` and the last ETag, sometimes held open and sometimes not.

    `seen` are the entries that it was shown. It fails at the first that is not the next one.
    """

    def __init__(self, port: int, seed: str) -> None:
        super().__init__(name="poller", daemon=True)
        self.seen: list[Seen] = []
        self.interrupted = 0
        self.failure: BaseException | None = None
        self._port, self._random = port, Random(seed)
        self._asker: Asker | None = None
        self._ending = threading.Event()

    def end(self) -> None:
        """Asks the poller to stop."""
        self._ending.set()

    def run(self) -> None:
        """Polls until it is told to end."""
        since = tag = ""
        try:
            while not self._ending.is_set():
                wait = self._random.choice(("", "&wait=1"))
                limit = self._random.choice((3, 50, 200))
                answer = self._ask(f"/v1/changes?include=entry&limit={limit}{wait}{since}", tag)
                if answer is None or answer.status in (304, 503):
                    time.sleep(PAUSE)
                    continue
                assert answer.status == 200, f"the poller got {answer.status} {answer.body!r}"
                page = answer.json
                for change in page["changes"]:
                    shown = Seen(change["index"], change["subject"], change["entry"]["leaf_hash"])
                    assert shown.index == len(self.seen), f"after {len(self.seen)} entries came {shown}"
                    self.seen.append(shown)
                since, tag = f"&since={page['next']}", answer.headers["etag"]
        except BaseException as error:
            self.failure = error
        finally:
            if self._asker is not None:
                self._asker.connection.close()

    def _ask(self, path: str, tag: str) -> Got | None:
        try:
            if self._asker is None:
                self._asker = Asker(self._port, timeout=TIMEOUT)
            return self._asker.get(path, **({"If_None_Match": tag} if tag else {}))
        except TimeoutError:
            raise
        except (OSError, HTTPException):
            if self._asker is not None:
                self._asker.connection.close()
                self._asker = None
            self.interrupted += 1
            return None
