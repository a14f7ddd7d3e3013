"""Vectors for the claims of a record that have none yet, made while others read and write."""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import orjson

from api.embedding.embedder import Embedder, digest, words
from api.embedding.model import Unavailable
from api.projection import CLAIMS
from api.storage import lists, log, vectors
from api.storage.database import Database
from api.storage.vectors import Standing, Vector

# So many claims are read, and their vectors written, at once.
BATCH = 100


class Done(NamedTuple):
    """How many vectors were made, were there, and were let go, and how many claims changed meanwhile."""

    made: int = 0
    there: int = 0
    gone: int = 0
    changed: int = 0

    def and_(self, other: Done) -> Done:
        """Both together."""
        return Done(*(one + more for one, more in zip(self, other, strict=True)))


def embed(
    database: Database,
    embedder: Embedder,
    threads: int | None = None,
    progress: Callable[[int, Done], None] = lambda after, done: None,
) -> Done:
    """Make every vector that is missing, as many at once as there are threads (by default, CPUs); let those go that
    belong to claims which were withdrawn or erased. What was written stays, whenever it ends.

    `progress` is told up to which number of a claim everything is done. Raises Unavailable where there is no model.
    """
    done, after = Done(), 0
    with ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        while batch := _batch(database, after):
            done = done.and_(_embed(database, batch, embedder, pool))
            after = batch[-1].no
            progress(after, done)
    return done


def _batch(database: Database, after: int) -> list[Standing]:
    with database.snapshot() as db:
        claims = lists.term(db, CLAIMS)
        return [] if claims is None else vectors.standing(db, claims, after, BATCH)


def _embed(database: Database, batch: list[Standing], embedder: Embedder, pool: ThreadPoolExecutor) -> Done:
    """Make what is missing of a batch."""
    said = {one.no: _words(one.body) for one in batch}
    with database.snapshot() as db:
        stored = vectors.of(db, embedder.name or "", list(said))
    gone = [no for no in stored if said[no] is None]
    wanted = {no: text for no, text in said.items() if text is not None and not _fits(stored.get(no), text, embedder)}
    there = sum(text is not None for text in said.values()) - len(wanted)
    if not wanted and not gone:
        return Done(there=there)
    rows = []
    for (no, text), vector in zip(wanted.items(), pool.map(embedder.vector, wanted.values()), strict=True):
        if vector is None:
            raise Unavailable(embedder.reason or "no model is wanted")
        rows.append(Vector(no, embedder.name or "", digest(text), vector))
    written = _write(database, rows, gone)
    return Done(written, there, len(gone), len(rows) - written)


def _write(database: Database, rows: list[Vector], gone: list[int]) -> int:
    """Keep the vectors whose claims still say what they were made of: what was erased meanwhile must leave no trace.
    Out: how many these were."""
    with database.turn() as db:
        size = log.head(db).size
        current = [row for row in rows if _digest(_words(log.document_by_number(db, row.no, size))) == row.words]
        vectors.put(db, current)
        vectors.drop(db, gone)
    return len(current)


def _words(body: bytes) -> str | None:
    """What the vector of a claim is made of, None where it is to have none."""
    document = orjson.loads(body)
    return words(document) if document["withdrawn"] is None and document["text_sha256"] is not None else None


def _digest(text: str | None) -> bytes | None:
    return None if text is None else digest(text)


def _fits(stored: Vector | None, text: str, embedder: Embedder) -> bool:
    return stored is not None and stored.words == digest(text) and len(stored.vector) == embedder.size
