"""What a dishonest operator can do who knows how everything works: write the log anew, every hash in order."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

from api import ledger
from api.domain.entries import Entry, canonical
from api.storage import log
from api.storage.sqlite import Database

Payload = dict[str, Any]


@contextmanager
def rewritten(
    database: Database, path: Path, changes: Mapping[int, Callable[[Payload], Payload]], size: int | None = None
) -> Iterator[Database]:
    """A database whose first `size` entries are those of another, but for the payloads that `changes` alter. Each of
    these gets a new salt, hence a new leaf; everything that is derived, and the root, follow."""
    made = Database(path)
    try:
        made.migrate()
        with made.turn() as db:
            for sealed in log.sealed_entries(database.reader(), 0, size):
                if sealed.idx in changes:
                    entry = Entry(sealed.idx, sealed.recorded_at, sealed.kind, sealed.subject, sealed.actor, {})
                    payload = canonical(changes[sealed.idx](json.loads(sealed.payload or b"{}")))
                    sealed = ledger.seal(entry, sha256(f"another {sealed.idx}".encode()).digest(), payload)
                log.add_entry(db, sealed)
        ledger.rebuild(made)
        yield made
    finally:
        made.close()
