"""A model of the settings, loaded when it is first needed; or the reason why there is none, which stops nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from api.embedding.model import Unavailable

M = TypeVar("M")
T = TypeVar("T")


def nobody(reason: str, detail: str) -> None:
    """Told of a model that there is none of, where nobody wants to know."""


class Lazily(Generic[M]):
    """Has the model at a path, or whatever `_make` makes of the path.

    The model is loaded once for a process, by the first who needs it, so after any fork; the others wait for it.
    `reason` is a sentence that says why there is none, None where none is wanted or where nobody asked yet. It is for
    everybody to read, so the path and what the engine says are in `detail`. `tell` is called with both.
    """

    # What is then not done: the beginning of the reason.
    WITHOUT: str

    def __init__(self, path: str, tell: Callable[[str, str], None] = nobody) -> None:
        self._path, self._tell, self._name = path, tell, ""
        self._lock = threading.Lock()
        self._tried = False
        self._model: M | None = None
        self.reason: str | None = None
        self.detail = ""

    @property
    def name(self) -> str | None:
        """What the model is called, None where there is none."""
        return self._name if self._loaded() else None

    def _make(self) -> M | None:
        """The model, with its name put in `_name` where it has none; None where none is wanted. Raises Unavailable."""
        raise NotImplementedError

    def _asked(self, ask: Callable[[M], T]) -> T | None:
        """What the model answers, None where there is no model, or where it fails."""
        found = self._loaded()
        try:
            return ask(found) if found else None
        except Unavailable as failed:
            self._fail(failed)
            return None

    def _loaded(self) -> M | None:
        if not self._tried:
            with self._lock:
                if not self._tried:
                    self._load()
                    self._tried = True
        return self._model

    def _load(self) -> None:
        try:
            self._model = self._make()
        except Unavailable as failed:
            self._fail(failed)

    def _fail(self, failed: Unavailable) -> None:
        self.reason = f"{self.WITHOUT}: {failed}."
        self.detail = " ".join(f"{self._path} {failed.__cause__ or ''}".split())
        self._tell(self.reason, self.detail)
