"""Vectors for the claims that have none yet."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

import click
import orjson

from api.cli.common import Progress, opened, settings
from api.embedding.embedder import Embedder, digest, words
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


@click.command(short_help="Make vectors for matching by meaning.")
@click.option("--threads", metavar="N", type=click.IntRange(1, 64), help="At how many at once. [default: the CPUs]")
def embed(threads: int | None) -> None:
    """Make the vectors that matching by meaning needs, for every claim that has none of the model in use.

    What is written stays: when it is interrupted, run it again. A server may run meanwhile, and uses at once what is
    there.
    """
    chosen = settings()
    embedder = Embedder(chosen.model, chosen.model_name)
    if embedder.name is None:
        raise _failure(embedder)
    with opened() as database, ThreadPoolExecutor(threads or os.cpu_count() or 1) as pool:
        total = log.head(database.reader()).size
        done, after = Done(), 0
        with Progress("embedding", total) as progress:
            while batch := _batch(database, after):
                done = done.and_(_embed(database, batch, embedder, pool))
                after = batch[-1].no
                progress.at(after, f"{done.made:,} made")
    click.echo(f"Made {done.made:,} vectors with {embedder.name}; {done.there:,} were there.")
    if done.gone:
        click.echo(f"Let {done.gone:,} go, of claims that were withdrawn or erased.")
    if done.changed:
        click.echo(f"{done.changed:,} claims changed meanwhile: run this again for them.")


def _failure(embedder: Embedder) -> click.ClickException:
    if embedder.reason is None:
        return click.ClickException("ONRECORD_MODEL is off: no model makes vectors.")
    return click.ClickException(f"{embedder.reason} {embedder.detail}")


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
            raise _failure(embedder)
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
