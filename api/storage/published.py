"""What reviewers published, in the order in which they did: verdicts, and what they made of contradictions."""

from __future__ import annotations

from typing import NamedTuple

from api.storage.log import Connection, version

VERDICTS, ASSESSMENTS = "kind=verdict.published", "kind=contradiction.assessed"


class Published(NamedTuple):
    """A subject: its number, its name ("verdict/…"), and its document."""

    no: int
    subject: str
    body: bytes | None


def documents(db: Connection, facet: str, after: int, limit: int, at: int | None) -> list[Published]:
    """What entries with a facet published, those numbered beyond `after`, as it stands, or stood when the log had `at`
    entries. An entry about what was published before comes with None for its document."""
    # A subject's number is one more than the index of the entry that first named it.
    body = version("body", "f.idx + 1", None if at is None else ":at")
    rows = db.execute(
        f"SELECT f.idx + 1, e.subject, {body} FROM change_facets f JOIN entries e ON e.idx = f.idx"
        " WHERE f.facet = :facet AND f.idx >= :after AND f.idx < :at ORDER BY f.idx LIMIT :limit",
        {"facet": facet, "after": after, "at": 2**62 if at is None else at, "limit": limit},
    ).fetchall()
    return [Published(*row) for row in rows]
