"""Documents by name, as they stood at one moment, each read and parsed once."""

from __future__ import annotations

from typing import Any

import orjson

from api.storage import log
from api.storage.log import Connection


class Documents:
    """The documents of the record at a size of the log, or, with None, now.

    They are kept, so one of these lives no longer than a page does. To be used within one snapshot.
    """

    def __init__(self, db: Connection, at: int | None) -> None:
        self._db, self._at = db, at
        self._found: dict[tuple[str, int | None], dict[str, Any] | None] = {}

    def party(self, party_id: str) -> dict[str, Any] | None:
        """A party's document, None where it is not on record."""
        return self.named(f"party/{party_id}")

    def claim(self, claim_id: str, at: int | None = None) -> dict[str, Any] | None:
        """A claim's document, or the one that it had at an earlier size of the log; None where there is none."""
        return self.named(f"claim/{claim_id}", at)

    def named(self, name: str, at: int | None = None) -> dict[str, Any] | None:
        """The document of a subject ("question/…"), or the one that it had at an earlier size of the log; None where
        there is none."""
        key = name, self._at if at is None else at
        if key not in self._found:
            version = log.document(self._db, *key)
            self._found[key] = orjson.loads(version[1]) if version else None
        return self._found[key]
