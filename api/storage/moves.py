"""Whether a record is being moved into this database, or was moved away from it: then it takes no entries of its own.
And what a move takes along that is not in the log."""

from __future__ import annotations

from typing import NamedTuple

from api.errors import ReadOnlyMirror, StorageUnavailable
from api.storage.log import Connection

# A record is on its way into this database; it went from here into another one.
INTO, AWAY = "into", "away"

# How many rows are read at once.
TOGETHER = 500

_MOVING = "The record is being moved into this database: it can be written to once that is done ('onrecord move')."
_MOVED = (
    "The record was moved to another database, and can only be read here: its operator must let the service use that"
    " one. Repeat a write with the same Idempotency-Key: it is done once."
)

# What is carried besides the log, by the column that its rows are read in the order of.
_CARRIED = {
    "tokens": ("id", "id, digest, party, scopes, note, created_at, revoked_at"),
    "idempotency": ("token, key", "token, key, request, status, headers, body, created_at"),
    "mirror": ("id", "id, source, origin, keys, size, checkpoint, unswept"),
}


class Move(NamedTuple):
    """Which way, and the name of the database at the other end. `unswept`: whether this one may still hold what was
    erased from the log while it was moved."""

    direction: str
    other: str
    unswept: bool = False


def state(db: Connection) -> Move | None:
    """The move that this database has a part in; None where it is simply where its record is."""
    row = db.execute("SELECT direction, other, unswept FROM move WHERE id = 0").fetchone()
    return Move(row[0], row[1], bool(row[2])) if row else None


def put(db: Connection, move: Move) -> None:
    """Note a move in place of the one before."""
    db.execute(
        "INSERT INTO move (id, direction, other, unswept) VALUES (0, :direction, :other, :unswept)"
        " ON CONFLICT (id) DO UPDATE SET direction = :direction, other = :other, unswept = :unswept",
        move._asdict() | {"unswept": int(move.unswept)},
    )


def end(db: Connection) -> None:
    """From here on the record is here."""
    db.execute("DELETE FROM move")


def check_own(db: Connection) -> None:
    """Raise unless this database takes entries of its own: ReadOnlyMirror where it is the copy of another record,
    StorageUnavailable where its record is moved."""
    # One statement for both, since every write asks it.
    found = db.execute("SELECT direction, '' FROM move UNION ALL SELECT '', source FROM mirror").fetchall()
    for direction, source in found:
        if direction:
            raise _refusal(direction)
        raise ReadOnlyMirror.of(source)


def check_here(db: Connection) -> None:
    """Raise StorageUnavailable where the record of this database is moved: what is not in its log is then not changed
    either."""
    if move := state(db):
        raise _refusal(move.direction)


def _refusal(direction: str) -> StorageUnavailable:
    return StorageUnavailable(_MOVING if direction == INTO else _MOVED, headers={"Retry-After": "10"})


def carry(here: Connection, there: Connection) -> None:
    """Put the tokens, the answers that are remembered and the state of a mirror into another database, in place of
    what it has of them."""
    for table, (key, columns) in _CARRIED.items():
        there.execute(f"DELETE FROM {table}")
        _copy(here, there, table, key.split(", "), columns.split(", "))


def _copy(here: Connection, there: Connection, table: str, key: list[str], columns: list[str]) -> None:
    places = [columns.index(name) for name in key]
    beyond = f"({', '.join(key)}) > ({', '.join('?' * len(key))})"
    insert = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    last: list[object] | None = None
    while True:
        where = f"WHERE {beyond}" if last else ""
        sql = f"SELECT {', '.join(columns)} FROM {table} {where} ORDER BY {', '.join(key)} LIMIT {TOGETHER}"
        rows = here.execute(sql, last or ()).fetchall()
        there.executemany(insert, rows)
        if len(rows) < TOGETHER:
            return
        last = [rows[-1][place] for place in places]
