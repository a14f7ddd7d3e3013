"""The change of a record from before changes could be asked for by reviewer."""

from __future__ import annotations

from typing import Any

from api.domain.entries import ERASURE, Entry
from api.storage import log
from api.storage.log import Connection


def mark_changes(db: Connection) -> None:
    """Name the reviewer of each change that is a verdict's or an assessment's, as `api.derivation` does.

    It is a migration, and reads the whole log.
    """
    of_verdicts: dict[str, str] = {}
    for entry in map(log.opened, log.sealed_entries(db)):
        rows = [(f"reviewer={reviewer}", entry.index) for reviewer in sorted(_reviewers(entry, of_verdicts))]
        if rows:
            sql = "INSERT INTO change_facets (facet, idx) VALUES (?, ?) ON CONFLICT (facet, idx) DO NOTHING"
            db.executemany(sql, rows)


def _reviewers(entry: Entry, of_verdicts: dict[str, str]) -> set[str]:
    kind = entry.subject.partition("/")[0]
    if kind == "verdict":
        if entry.kind == "verdict.published":
            of_verdicts[entry.subject] = entry.payload["reviewer"]
        return {of_verdicts[entry.subject]}
    if kind != "contradiction":
        return set()
    erased: list[dict[str, Any]] = entry.payload["entries"] if entry.kind == ERASURE else [{"payload": entry.payload}]
    return {one["payload"]["reviewer"] for one in erased}
