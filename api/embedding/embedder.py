"""The model of the settings, loaded when it is first needed; or the reason why there is none, which stops nothing."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from api.embedding import model
from api.embedding.model import INSTALL, Model, Unavailable

# What the setting says where meaning is to be left out.
OFF = "off"


class Embedder:
    """Makes vectors with the model at a path, with the installed one where the path is empty, with none where it is
    `off`.

    The model is loaded once for a process, by the first who needs it, so after any fork; the others wait for it.
    `reason` is a sentence that says why there is none, None where none is wanted or where nobody asked yet. It is for
    everybody to read, so the path and what the engine says are in `detail`. `tell` is called with both.
    """

    def __init__(
        self, path: str, name: str = "", tell: Callable[[str, str], None] = lambda reason, detail: None
    ) -> None:
        self._path, self._name = path, name
        self._lock = threading.Lock()
        self._tried = False
        self._model: Model | None = None
        self._tell = tell
        self.reason: str | None = None
        self.detail = ""

    @property
    def name(self) -> str | None:
        """What the model is called that vectors are made with, None where there is none."""
        return self._name if self._loaded() else None

    @property
    def size(self) -> int:
        """How many bytes a vector has."""
        found = self._loaded()
        return found.size if found else 0

    def vector(self, text: str) -> bytes | None:
        """The vector of a text, None where there is no model, or where it fails."""
        found = self._loaded()
        try:
            return found.vector(text) if found else None
        except Unavailable as failed:
            self._fail(failed)
            return None

    def _loaded(self) -> Model | None:
        if not self._tried:
            with self._lock:
                if not self._tried:
                    self._load()
                    self._tried = True
        return self._model

    def _load(self) -> None:
        if self._path == OFF:
            return
        try:
            path, name = _place(self._path)
            self._name = self._name or name or model.named(path)
            self._model = Model(path)
        except Unavailable as failed:
            self._fail(failed)

    def _fail(self, failed: Unavailable) -> None:
        self.reason = f"Only words are compared, not meaning: {failed}."
        self.detail = " ".join(f"{self._path} {failed.__cause__ or ''}".split())
        self._tell(self.reason, self.detail)


def _place(path: str) -> tuple[Path, str]:
    if path:
        return Path(path), ""
    found = model.packaged()
    if found is None:
        raise Unavailable(f"onrecord[semantic] is not installed: {INSTALL}")
    return found


def words(claim: Mapping[str, Any]) -> str:
    """What of a claim its vector is made of: the first title of its appearances, and its text. In: a claim's document,
    or the body of one."""
    titles = [title for shown in claim["appearances"] if (title := shown.get("title"))]
    return f"{titles[0]}. {claim['text']}" if titles else str(claim["text"])


def digest(words: str) -> bytes:
    """What tells whether a vector was made of these words."""
    return hashlib.sha256(words.encode()).digest()[:16]
