"""Whether everything that is derived follows from the log: it is compared with what a rebuild makes.

`api.verification` looks at the log alone. Whoever can write to the database file can leave the log as it is and alter
the documents that are made from it, which is what people read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from api import ledger
from api.storage import comparing
from api.storage.comparing import Parting
from api.storage.sqlite import Database
from api.storage.tables import DERIVED
from api.verification import Fault


@contextmanager
def copied(database: Database) -> Iterator[Database]:
    """A copy of the database as it is now, to be looked at in peace while others write. Beside it, since that is where
    room for it is known to be; gone afterwards."""
    with TemporaryDirectory(prefix=f".{database.path.name}.", dir=database.path.absolute().parent) as folder:
        copy = Database(Path(folder) / "copy.db")
        try:
            database.backup(copy.path)
            yield copy
        finally:
            copy.close()


def compare(copy: Database, progress: Callable[[int], None] = lambda done: None) -> Fault | None:
    """The first thing in a copy's derived tables that a rebuild does not make just so, or None.

    `progress` is told how many entries the rebuild has done.
    """
    with copied(copy) as rebuilt:
        ledger.rebuild(rebuilt, progress)
        for table in DERIVED:
            found = comparing.parting(copy.reader(), rebuilt.reader(), table)
            if found:
                return Fault(f"table {table}, {found.row}", _told(found))
        with copy.turn() as here, rebuilt.turn() as there:
            damage = comparing.index_parting(here, there)
    return Fault("full-text index", f"it does not say what the claims do ({damage})") if damage else None


def _told(found: Parting) -> str:
    if not found.here:
        return "it is missing"
    if not found.there:
        return "it does not follow from any entry"
    return f"its {found.column} is not what follows from the entries"
