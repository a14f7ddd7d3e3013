"""The record as it stood at one moment, read part by part from end to end.

Each part is a read of its own, so nobody holds the database for as long as a slow reader takes; yet all parts show the
same state, since every one of them is read as of one size of the log. Only an erasure changes the past: where one comes
in between, reading ends, since what was read before has words that are no longer to be had.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from api.errors import Busy
from api.reads.lookups import Documents
from api.storage import lists, log, published, tree
from api.storage.database import Database
from api.storage.lists import Selection
from api.storage.log import Connection
from api.storage.published import Published

# How many documents are read at once.
TOGETHER = 200

Rendered = TypeVar("Rendered")


class Moment:
    """The record when the log had `size` entries, over which `root` is the root."""

    def __init__(self, database: Database, size: int | None = None) -> None:
        """Without a size: now."""
        self._database = database
        with database.snapshot() as db:
            self.size = log.head(db).size if size is None else size
            self.root = tree.root_at(db, self.size)
            self._erasure = log.last_erasure(db)

    def documents(self, facet: str, render: Callable[[Documents, list[bytes]], Rendered]) -> Iterator[Rendered]:
        """All documents of a list ("parties", "questions", "claims") in the order of recording, part by part.

        `render` takes a part and what else stood then, and gives what is yielded; whoever takes his time with that
        holds nothing. Raises Busy where something was erased meanwhile.
        """
        after: int | None = None
        while True:
            with self._part() as db:
                rows = lists.by_number(db, Selection((facet,), at=self.size), after, TOGETHER, newest_first=False)
                rendered = render(Documents(db, self.size), [row[-1] for row in rows])
            yield rendered
            if len(rows) < TOGETHER:
                return
            after = rows[-1][0]

    def published(self, facet: str, render: Callable[[Documents, list[Published]], Rendered]) -> Iterator[Rendered]:
        """All that reviewers published of a kind (see `api.storage.published`), as `documents`."""
        after = 0
        while True:
            with self._part() as db:
                rows = published.documents(db, facet, after, TOGETHER, self.size)
                rendered = render(Documents(db, self.size), rows)
            yield rendered
            if len(rows) < TOGETHER:
                return
            after = rows[-1].no

    @contextmanager
    def _part(self) -> Iterator[Connection]:
        with self._database.snapshot() as db:
            if log.last_erasure(db) != self._erasure:
                told = "Words were erased from the record while it was read: begin again."
                raise Busy(told, headers={"Retry-After": "1"})
            yield db
