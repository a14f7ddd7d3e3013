"""Taking over the entries of another log, one part after another, with all that follows from them.

A mirror does so with what its source signed (`api.mirroring`), and a move with what its source has (`api.carrying`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from api import ledger
from api.domain.entries import ERASURE, Entry
from api.errors import Busy
from api.ledger import Turn
from api.received import NONSENSE, Unfit, erased
from api.storage import log, vectors
from api.storage.database import Database
from api.storage.log import Connection, Head, Sealed

# Told, in the transaction that appends a part, whether payloads were taken away whose bytes the file may still hold.
Beside = Callable[[Connection, bool], None]


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


def adopt(database: Database, known: Head, part: Part, beside: Beside, *, filling: bool = False) -> Head:
    """Append the entries of a part, and whatever `beside` writes: both, or neither. Out: the head.

    What they say was erased is erased here, too; from the file only by `Database.sweep`. `filling` as in
    `ledger.turn`. Raises Unfit for an entry that does not fit, Busy where the log does not have the head `known` any
    more.
    """
    gone = {index for sealed in part.erasing for index in erased(sealed)}
    if gone and _has_payload_of(database, part, gone):
        return _erase(database, known, part, gone, beside, filling)
    with ledger.turn_of_many(database, filling=filling) as turn:
        _check(database, turn, known)
        for sealed in (*part.erasing, *part.foreseen):
            _note(turn.db, log.opened(sealed))
        turn.history.foresee([sealed.subject for sealed in part.entries])
        for sealed in part.entries:
            turn.adopt(sealed)
        beside(turn.db, False)
    return turn.head


def _erase(database: Database, known: Head, part: Part, gone: set[int], beside: Beside, filling: bool) -> Head:
    """Append the entries, take away the payloads, and derive everything anew, as `api.erasing` does."""
    database.write_over_deleted()
    with ledger.turn(database, filling=filling) as turn:
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
        beside(turn.db, True)
    return turn.head


def _check(database: Database, turn: Turn, known: Head) -> None:
    if turn.head != known:
        raise Busy(f"Somebody else has written to {database.name}: let only one mirror, or move, run on it.")


def _has_payload_of(database: Database, part: Part, gone: set[int]) -> bool:
    """Whether any of the payloads that are erased is here, or comes with the part itself."""
    coming = {sealed.idx for sealed in part.entries if sealed.payload is not None}
    return bool(gone & coming) or log.has_payload(database.reader(), sorted(gone))


def _note(db: Connection, erasing: Entry) -> None:
    """Put what stands in for erased payloads where folding finds it, unless that was done when it was foreseen."""
    if not log.is_noted(db, erasing.index):
        log.add_erasure(db, erasing)
