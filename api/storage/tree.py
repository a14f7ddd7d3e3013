"""The tree as it is stored: leaves with their entries, larger complete subtrees as nodes. Reads only."""

from __future__ import annotations

from collections.abc import Iterable

from api import merkle
from api.merkle import Place
from api.storage.log import Connection

LEAF = "(SELECT leaf_hash FROM entries WHERE idx = ?)"
NODE = "(SELECT hash FROM nodes WHERE level = ? AND position = ?)"


def hashes(db: Connection, places: Iterable[Place]) -> dict[Place, bytes]:
    """The hashes of complete subtrees, all of which must be of a tree that the log has reached.

    Raises LookupError where one is missing: the stored tree is damaged, and a rebuild makes it anew.
    """
    wanted = sorted(set(places))
    if not wanted:
        return {}
    # One statement for all, since most of the cost of a hash is that of asking for it. Each is looked up by itself:
    # for a list of pairs, as in `(level, position) IN (VALUES …)`, SQLite scans the table.
    leaves = sum(place.level == 0 for place in wanted)
    sql = f"SELECT {', '.join([LEAF] * leaves + [NODE] * (len(wanted) - leaves))}"
    numbers = [place.position for place in wanted[:leaves]]
    numbers += [number for place in wanted[leaves:] for number in place]
    found = dict(zip(wanted, db.execute(sql, numbers).fetchone(), strict=True))
    for place, value in found.items():
        if value is None:
            raise LookupError(f"its tree has no node {place.level}/{place.position} ('onrecord verify' says more)")
    return found


def root_at(db: Connection, size: int) -> bytes:
    """The root of the tree over the first `size` entries, which the log must have. Raises LookupError as `hashes`."""
    row = merkle.row(0, size)
    found = hashes(db, row)
    return merkle.root([found[place] for place in row])


def entries(db: Connection) -> int:
    """How many entries there are, if there is no hole between them, whatever the head says."""
    found: int = db.execute("SELECT coalesce(max(idx) + 1, 0) FROM entries").fetchone()[0]
    return found


def newest_of(db: Connection, name: str) -> int | None:
    """The index of the newest entry whose subject this is, None where there is none."""
    row = db.execute(
        "SELECT h.idx FROM subjects s JOIN histories h ON h.no = s.no JOIN entries e ON e.idx = h.idx"
        " WHERE s.name = :name AND e.subject = :name ORDER BY h.idx DESC LIMIT 1",
        {"name": name},
    ).fetchone()
    return row[0] if row else None


def belongs(db: Connection, name: str, index: int) -> bool:
    """Whether an entry is one of those that made a subject what it is."""
    row = db.execute(
        "SELECT 1 FROM subjects s JOIN histories h ON h.no = s.no WHERE s.name = :name AND h.idx = :index",
        {"name": name, "index": index},
    ).fetchone()
    return row is not None
