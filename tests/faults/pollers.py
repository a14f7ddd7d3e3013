"""A bot that follows the feed from the first entry on, across every death of the server."""

from __future__ import annotations

import threading
import time
from base64 import b64decode
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


class Signed(NamedTuple):
    """A head of the log that was signed and given out."""

    size: int
    root: bytes


class Poller(threading.Thread):
    """Asks for changes with the last `next` and the last ETag, sometimes held open and sometimes not; and for the
    signed checkpoint after some pages.

    `seen` are the entries that it was shown, `signed` the checkpoints. It fails at the first entry that is not the next
    one, and at a checkpoint that covers less than it has seen.
    """

    def __init__(self, port: int, seed: str) -> None:
        super().__init__(name="poller", daemon=True)
        self.seen: list[Seen] = []
        self.signed: list[Signed] = []
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
                if self._random.random() < 0.5:
                    self._look_at_checkpoint()
        except BaseException as error:
            self.failure = error
        finally:
            if self._asker is not None:
                self._asker.connection.close()

    def _look_at_checkpoint(self) -> None:
        answer = self._ask("/v1/log/checkpoint", "")
        if answer is None or answer.status == 503:
            return
        assert answer.status == 200, f"the poller got {answer.status} {answer.body!r}"
        _, size, root, *_ = answer.body.decode().split("\n")
        signed = Signed(int(size), b64decode(root))
        assert signed.size >= len(self.seen), f"after {len(self.seen)} entries {signed} was signed"
        self.signed.append(signed)

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
