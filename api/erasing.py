"""Erasing on a legal order: what `api.domain.erasure` decides, carried out in one writer's turn.

The entry that says what was erased and why is appended like any other. Then the payloads and salts go, and everything
derived is made anew from what is left: so no copy can be forgotten, whatever tables there will be. What the file still
has of the old pages is not this module's business but `Database.sweep`'s, once the turn is over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from api import ledger
from api.domain import erasure
from api.domain.entries import Entry
from api.ledger import WORLD, Source, Turn
from api.storage import keys, log, vectors
from api.storage.database import Database


def erase(
    database: Database,
    subject: str,
    reason: str,
    actor: str,
    chosen: Sequence[int] = (),
    *,
    source: Source = WORLD,
    progress: Callable[[int], None] = lambda done: None,
) -> Entry:
    """Erase a subject ("claim/…"), or the entries about it that are chosen. Out: the entry that says so, durable.

    Raises what `erasure.erase` raises. `progress` is told how many entries were derived anew.
    """
    database.write_over_deleted()
    with ledger.turn(database, source) as turn:
        entry = turn.enter(erasure.erase(subject, turn.history.about(subject), reason, chosen), actor)
        carry_out(database, turn, entry, progress)
    return entry


def carry_out(
    database: Database, turn: Turn, entry: Entry, progress: Callable[[int], None] = lambda done: None
) -> None:
    """Within a turn: do what a `payload.erased` entry says that was just appended, and derive everything anew."""
    erased = [one["index"] for one in entry.payload["entries"]]
    vectors.drop_of_entries(turn.db, erased)
    log.drop_payloads(turn.db, erased)
    keys.drop_answers(turn.db, entry.subject)
    ledger.derive_all(database, turn.db, progress)
