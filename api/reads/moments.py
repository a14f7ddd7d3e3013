"""`at`: the record exactly as it stood when the log had so many entries, or at an instant."""

from __future__ import annotations

from api.errors import InvalidRequest
from api.storage import log
from api.storage.log import Connection


def size(db: Connection, at: int | str | None) -> int | None:
    """The size of the log that `at` (a size, or an instant as the log writes them) stands for; None for the present.

    Raises InvalidRequest for a size that the log has not reached: nobody can say yet what it will hold.
    """
    if at is None:
        return None
    if isinstance(at, str):
        return log.size_at(db, at)
    reached = log.head(db).size
    if at > reached:
        raise InvalidRequest.of(
            "/at", f"The log has {reached} entries: ask for a size up to that, or leave 'at' out.", "future"
        )
    return at
