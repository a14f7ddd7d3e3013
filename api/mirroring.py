"""A mirror: a copy of another log, entry for entry, that grows only by what the other one signed.

Who follows the source, and checks what it signed, is `api.cli.following`; here is what then goes into the database.
"""

from __future__ import annotations

from collections.abc import Sequence

from api import ledger
from api.errors import Busy, Refusal
from api.storage import log, mirrors
from api.storage.log import Head, Sealed
from api.storage.mirrors import Mirror
from api.storage.sqlite import Database


class NotAMirror(Refusal):
    """The record has entries of its own: it cannot become the copy of another one."""


def begin(database: Database, mirror: Mirror) -> Mirror:
    """Make an empty record a mirror, or go on with one. Out: its state, with the source and the keys of `mirror`.

    From here on nobody else writes to it. Raises NotAMirror for a record of its own, or a mirror of another log.
    """
    with database.turn() as db:
        known = mirrors.state(db)
        size = log.head(db).size
        if known is None and size:
            raise NotAMirror(
                f"{database.path} has {size:,} entries and is no mirror: set DATABASE_URL to a new database."
            )
        if known is not None and known.origin != mirror.origin:
            raise NotAMirror(
                f"{database.path} is a mirror of the log {known.origin}, and {mirror.source} serves {mirror.origin}:"
                " set DATABASE_URL to another database."
            )
        begun = mirror if known is None else known._replace(source=mirror.source, keys=mirror.keys)
        if begun != known:
            mirrors.put(db, begun)
    return begun


def adopt(database: Database, known: Head, entries: Sequence[Sealed], mirror: Mirror) -> Head:
    """Append entries of the source, and put the mirror's new state beside them: both, or neither. Out: the head.

    Raises Unfit for an entry that does not fit, Busy where the log does not have the head `known` any more.
    """
    with ledger.turn_of_many(database) as turn:
        if turn.head != known:
            raise Busy(f"Somebody else has written to {database.path}: let only one mirror run on it.")
        for sealed in entries:
            turn.adopt(sealed)
        mirrors.put(turn.db, mirror)
    return turn.head
