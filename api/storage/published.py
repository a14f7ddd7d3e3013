"""Verdicts in the order in which they were published."""

from __future__ import annotations

from api.storage.log import Connection, version


def verdicts(db: Connection, after: int, limit: int, at: int | None) -> list[tuple[int, bytes]]:
    """(number, document) of the verdicts numbered beyond `after`, as they stand, or stood when the log had `at`
    entries."""
    # A subject's number is one more than the index of the entry that first named it.
    body = version("body", "f.idx + 1", None if at is None else ":at")
    rows: list[tuple[int, bytes]] = db.execute(
        f"SELECT f.idx + 1, {body} FROM change_facets f WHERE f.facet = :facet AND f.idx >= :after AND f.idx < :at"
        " ORDER BY f.idx LIMIT :limit",
        {"facet": "kind=verdict.published", "after": after, "at": 2**62 if at is None else at, "limit": limit},
    ).fetchall()
    return rows
