"""A mirror: a copy of another log, entry for entry, that grows only by what the other one signed.

Who follows the source, and checks what it signed, is `api.cli.following`; here is what then goes into the database.
"""

from __future__ import annotations

from api import adopting
from api.adopting import Part
from api.errors import Refusal
from api.storage import log, mirrors
from api.storage.database import Database
from api.storage.log import Connection, Head
from api.storage.mirrors import Mirror


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
                f"{database.name} has {size:,} entries and is no mirror: set DATABASE_URL to a new database."
            )
        if known is not None and known.origin != mirror.origin:
            raise NotAMirror(
                f"{database.name} is a mirror of the log {known.origin}, and {mirror.source} serves {mirror.origin}:"
                " set DATABASE_URL to another database."
            )
        begun = mirror if known is None else known._replace(source=mirror.source, keys=mirror.keys)
        if begun != known:
            mirrors.put(db, begun)
    return begun


def adopt(database: Database, known: Head, part: Part, mirror: Mirror) -> tuple[Head, Mirror]:
    """Append entries of the source, and put the mirror's new state beside them: both, or neither. Out: the head, and
    the state.

    What they say was erased is erased here, too; from the file only by `sweep`. Raises as `adopting.adopt`.
    """
    state = mirror

    def note(db: Connection, erased: bool) -> None:
        nonlocal state
        state = mirror._replace(unswept=mirror.unswept or erased)
        mirrors.put(db, state)

    return adopting.adopt(database, known, part, note), state


def sweep(database: Database, mirror: Mirror, patience: float) -> Mirror:
    """Clean the file of what was erased. Out: the state: `unswept` still if that could not be done, since some reader
    held an older state for so many seconds."""
    if not database.sweep(patience):
        return mirror
    swept = mirror._replace(unswept=False)
    with database.turn() as db:
        mirrors.put(db, swept)
    return swept
