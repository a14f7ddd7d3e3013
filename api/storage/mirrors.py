"""What a database is a mirror of, if it is one: the source, whose checkpoints are served here instead of our own."""

from __future__ import annotations

from typing import NamedTuple

from api.storage.log import Connection


class Mirror(NamedTuple):
    """The URL of the source, the name of its log, the keys that its checkpoints are checked with, and its last
    checkpoint (a signed note, or "") that the log here agrees with. `size` is how many entries that one has; `unswept`
    whether the file may still hold what was erased from the log."""

    source: str
    origin: str
    keys: tuple[str, ...]
    size: int = 0
    checkpoint: str = ""
    unswept: bool = False


def state(db: Connection) -> Mirror | None:
    """What this database is a mirror of; None where it is a record of its own."""
    row = db.execute("SELECT source, origin, keys, size, checkpoint, unswept FROM mirror WHERE id = 0").fetchone()
    return Mirror(row[0], row[1], tuple(row[2].split("\n")), row[3], row[4], bool(row[5])) if row else None


def put(db: Connection, mirror: Mirror) -> None:
    """Put the state of a mirror in place of the one before."""
    db.execute(
        "INSERT INTO mirror (id, source, origin, keys, size, checkpoint, unswept)"
        " VALUES (0, :source, :origin, :keys, :size, :checkpoint, :unswept) ON CONFLICT (id) DO UPDATE SET"
        " source = :source, origin = :origin, keys = :keys, size = :size, checkpoint = :checkpoint, unswept = :unswept",
        mirror._asdict() | {"keys": "\n".join(mirror.keys), "unswept": int(mirror.unswept)},
    )
