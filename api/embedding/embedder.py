"""The model of the settings that makes vectors, and what of a claim they are made of."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from api.embedding import model
from api.embedding.lazily import Lazily, nobody
from api.embedding.model import INSTALL, Model, Unavailable

# What the setting says where meaning is to be left out.
OFF = "off"


class Embedder(Lazily[Model]):
    """Makes vectors with the model at a path, with the installed one where the path is empty, with none where it is
    `off`."""

    WITHOUT = "Only words are compared, not meaning"

    def __init__(self, path: str, name: str = "", tell: Callable[[str, str], None] = nobody) -> None:
        super().__init__(path, tell)
        self._name = name

    @property
    def size(self) -> int:
        """How many bytes a vector has."""
        found = self._loaded()
        return found.size if found else 0

    def vector(self, text: str) -> bytes | None:
        """The vector of a text, None where there is no model, or where it fails."""
        return self._asked(lambda made: made.vector(text))

    def _make(self) -> Model | None:
        if self._path == OFF:
            return None
        path, name = _place(self._path)
        self._name = self._name or name or model.named(path)
        return Model(path)


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
