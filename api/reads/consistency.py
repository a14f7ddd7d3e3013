"""The token of a write: how far the log had got with it, for reads that must have got as far."""

from __future__ import annotations

from typing import NamedTuple

from api.errors import ConsistencyUnmet, InvalidRequest
from api.reads import changes
from api.storage import log
from api.storage.log import Connection

HEADER = "Consistency-Token"
# What a token begins with; what follows is a cursor of the feed.
VERSION = "1."


class Point(NamedTuple):
    """A state of the log: how many entries it had, and the first bytes of the last leaf's hash."""

    size: int
    fingerprint: bytes


def token(size: int, last_leaf: bytes) -> str:
    """The token of one who must see the first `size` entries, the last of which has this leaf hash."""
    return VERSION + changes.cursor(size, last_leaf)


def decoded(given: str | None) -> Point | None:
    """What a token stands for, None without one. Raises InvalidRequest for what is none."""
    if given is None:
        return None
    found = changes.place(given.removeprefix(VERSION)) if given.startswith(VERSION) else None
    if found is None:
        detail = "This is no token of a write: send one as an answer gave it, or leave the header out."
        raise InvalidRequest.of(f"/{HEADER}", detail, "consistency-token")
    return Point(*found)


def check(db: Connection, point: Point) -> None:
    """Raise ConsistencyUnmet unless the log has what a token stands for."""
    head = log.head(db)
    told = f"The token stands for {point.size:,} entries, "
    if point.size > head.size:
        told += f"and the log has {head.size:,}: it has lost some, or is a copy that is behind"
    elif changes.fits(db, head, *point):
        return
    else:
        told += "which are not the first of this log: it has lost some"
    raise ConsistencyUnmet(
        f"{told}, or the token is another log's. Read without it to see what there is.",
        members={"head": {"size": head.size, "root": head.root.hex()}},
    )
