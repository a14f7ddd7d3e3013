"""Vectors of claims: what their words mean, as a model says. They are not derived from the log, since another model
makes others; who has none is scored without one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from api.storage.log import Connection

# How many numbers go into one statement.
AT_ONCE = 500


class Vector(NamedTuple):
    """The vector of a claim: the claim's number, the model's name, the digest of the words that it was made of, and its
    bytes."""

    no: int
    model: str
    words: bytes
    vector: bytes


class Standing(NamedTuple):
    """A claim as it stands now: its number and its document."""

    no: int
    body: bytes


def of(db: Connection, model: str, numbers: Sequence[int]) -> dict[int, Vector]:
    """The vectors of a model that there are of claims, by their numbers."""
    found: dict[int, Vector] = {}
    for start in range(0, len(numbers), AT_ONCE):
        part = numbers[start : start + AT_ONCE]
        marks = ", ".join("?" * len(part))
        sql = f"SELECT no, model, words, vector FROM vectors WHERE no IN ({marks})"
        found |= {row[0]: Vector(*row) for row in db.execute(sql, list(part)) if row[1] == model}
    return found


def put(db: Connection, vectors: Iterable[Vector]) -> None:
    """Keep vectors, in place of any others of their claims."""
    sql = (
        "INSERT INTO vectors (no, model, words, vector) VALUES (?, ?, ?, ?) ON CONFLICT (no) DO UPDATE SET"
        " model = excluded.model, words = excluded.words, vector = excluded.vector"
    )
    db.executemany(sql, list(vectors))


def drop(db: Connection, numbers: Iterable[int]) -> None:
    """Let the vectors of claims go."""
    db.executemany("DELETE FROM vectors WHERE no = ?", [(no,) for no in numbers])


def drop_of_entries(db: Connection, indexes: Iterable[int]) -> None:
    """Let the vectors of the claims go that entries are about: words can be guessed from what they mean. `indexes` are
    entries whose payloads are erased."""
    sql = (
        "DELETE FROM vectors WHERE no ="
        " (SELECT s.no FROM entries e CROSS JOIN subjects s ON s.name = e.subject WHERE e.idx = ?)"
    )
    db.executemany(sql, [(index,) for index in indexes])


def standing(db: Connection, claims: int, after: int, limit: int) -> list[Standing]:
    """The claims whose numbers come after one, as they stand; `claims` is the term of the facet that all have."""
    sql = (
        "SELECT f.no, d.body FROM facets f CROSS JOIN documents d ON d.no = f.no"
        " WHERE f.facet = :claims AND f.live = 1 AND f.no > :after ORDER BY f.no LIMIT :limit"
    )
    rows = db.execute(sql, {"claims": claims, "after": after, "limit": limit}).fetchall()
    return [Standing(*row) for row in rows]


def count(db: Connection, model: str) -> int:
    """How many claims have a vector of a model."""
    found: int = db.execute("SELECT count(*) FROM vectors WHERE model = ?", (model,)).fetchone()[0]
    return found
