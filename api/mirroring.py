"""A mirror: a copy of another log, entry for entry, that grows only by what the other one signed.

Who follows the source, and checks what it signed, is `api.cli.following`; here is what then goes into the database.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from api import ledger
from api.domain.entries import ERASURE, Entry
from api.errors import Busy, Refusal
from api.ledger import Turn
from api.received import NONSENSE, Unfit, erased
from api.storage import log, mirrors, vectors
from api.storage.database import Database
from api.storage.log import Connection, Head, Sealed
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


class Part(NamedTuple):
    """Entries that become durable together. `foreseen` are entries beyond them that say which payloads were erased:
    what is missing here may have been taken away by one that is yet to come."""

    entries: Sequence[Sealed] = ()
    foreseen: Sequence[Sealed] = ()

    @property
    def erasing(self) -> list[Sealed]:
        """Those that say that others were erased."""
        return [sealed for sealed in self.entries if sealed.kind == ERASURE]

    @property
    def unexplained(self) -> int | None:
        """The first entry whose payload is missing and of which none here says that it was erased."""
        told = set().union(*(erased(sealed) for sealed in (*self.erasing, *self.foreseen)))
        missing = (sealed.idx for sealed in self.entries if sealed.payload is None)
        return next((index for index in missing if index not in told), None)


def adopt(database: Database, known: Head, part: Part, mirror: Mirror) -> tuple[Head, Mirror]:
    """Append entries of the source, and put the mirror's new state beside them: both, or neither. Out: the head, and
    the state.

    What they say was erased is erased here, too; from the file only by `sweep`. Raises Unfit for an entry that does not
    fit, Busy where the log does not have the head `known` any more.
    """
    gone = {index for sealed in part.erasing for index in erased(sealed)}
    if gone and _has_payload_of(database, part, gone):
        mirror = mirror._replace(unswept=True)
        return _erase(database, known, part, gone, mirror), mirror
    with ledger.turn_of_many(database) as turn:
        _check(database, turn, known)
        for sealed in (*part.erasing, *part.foreseen):
            _note(turn.db, log.opened(sealed))
        for sealed in part.entries:
            turn.adopt(sealed)
        mirrors.put(turn.db, mirror)
    return turn.head, mirror


def sweep(database: Database, mirror: Mirror, patience: float) -> Mirror:
    """Clean the file of what was erased. Out: the state: `unswept` still if that could not be done, since some reader
    held an older state for so many seconds."""
    if not database.sweep(patience):
        return mirror
    swept = mirror._replace(unswept=False)
    with database.turn() as db:
        mirrors.put(db, swept)
    return swept


def _erase(database: Database, known: Head, part: Part, gone: set[int], mirror: Mirror) -> Head:
    """Append the entries, take away the payloads, and derive everything anew, as `api.erasing` does."""
    database.write_over_deleted()
    with ledger.turn(database) as turn:
        _check(database, turn, known)
        for sealed in part.entries:
            turn.take(sealed)
        vectors.drop_of_entries(turn.db, sorted(gone))
        log.drop_payloads(turn.db, sorted(gone))
        try:
            ledger.derive_all(database, turn.db, foreseen=[log.opened(sealed) for sealed in part.foreseen])
        except NONSENSE as error:
            last = known.size + len(part.entries) - 1
            raise Unfit(f"Entries {known.size} to {last}: nothing can be made of one of them ({error!r}).") from error
        mirrors.put(turn.db, mirror)
    return turn.head


def _check(database: Database, turn: Turn, known: Head) -> None:
    if turn.head != known:
        raise Busy(f"Somebody else has written to {database.name}: let only one mirror run on it.")


def _has_payload_of(database: Database, part: Part, gone: set[int]) -> bool:
    """Whether any of the payloads that are erased is here, or comes with the part itself."""
    coming = {sealed.idx for sealed in part.entries if sealed.payload is not None}
    return bool(gone & coming) or log.has_payload(database.reader(), sorted(gone))


def _note(db: Connection, erasing: Entry) -> None:
    """Put what stands in for erased payloads where folding finds it, unless that was done when it was foreseen."""
    if not log.is_noted(db, erasing.index):
        log.add_erasure(db, erasing)
