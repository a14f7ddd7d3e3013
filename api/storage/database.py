"""What every engine offers: the store as those see it who must not know which one it is."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

from api.storage.log import Connection, Head

# How the place of a database begins that is on a server; any other is the path of a file.
SERVER = "postgresql://"
# On a server there is no file for the others to be beside: these are where the service is started.
BESIDE_SERVER = "onrecord"


class Delivering(Protocol):
    """The right to deliver. To be used by the thread that took it."""

    def holds(self) -> bool:
        """Whether it is still ours: a server may have given it to another when the connection was cut."""
        ...

    def release(self) -> None:
        """Give it up."""
        ...


class Database(Protocol):
    """A record's database. Each thread has connections of its own.

    `name` is what it is called where anybody may read it. `beside` is what the paths of the files begin with that
    belong to it, such as its key; `heads` is the file that has what was signed of this log, and `extends_heads` whether
    this process has seen that the log still has it.
    """

    heads: Path
    extends_heads: bool
    # What a sweep did, and who still has what was erased: a sentence or two.
    swept: str

    @property
    def name(self) -> str: ...

    @property
    def beside(self) -> Path: ...

    def exists(self) -> bool:
        """Whether there is anything yet. Raises StoreError where that cannot be told."""
        ...

    def reader(self) -> Connection:
        """This thread's connection for reading: it cannot write."""
        ...

    def snapshot(self) -> AbstractContextManager[Connection]:
        """Several reads of one and the same state of the record."""
        ...

    def head(self) -> Head:
        """The head of the log, without asking the engine where that is known to be the same as before."""
        ...

    def head_between_turns(self) -> Head | None:
        """The head, where the engine need not be asked for it each time; None during a turn, and on an engine that
        would have to be asked."""
        ...

    def turn(self) -> AbstractContextManager[Connection]:
        """The writer's turn: everything inside is one durable transaction, or nothing. One writer at a time, first come
        first served."""
        ...

    def migrate(self) -> list[str]:
        """Bring the schema up to date, all or nothing. Out: the names of the migrations that ran."""
        ...

    def is_current(self) -> bool:
        """Whether the schema is the one that this code knows."""
        ...

    def reset_derived(self, connection: Any) -> None:
        """Within a turn: drop every derived table and make it anew, empty. Others read the old ones until it ends."""
        ...

    def write_in_bulk(self) -> None:
        """Set this thread's writer up for an import: `checkpoint` is called between turns."""
        ...

    def checkpoint(self) -> int:
        """Move what waits in the engine's log, as far as may be. Out: how much waited, in pages."""
        ...

    def settle(self) -> None:
        """To be called after a turn, when nobody waits for it any more: what an engine does every so many turns."""
        ...

    def write_over_deleted(self) -> None:
        """Set this thread's writer up for an erasure."""
        ...

    def sweep(self, patience: float) -> bool:
        """Write anew what may still hold what was deleted. `patience` is for how many seconds others are waited for.
        Out: whether that was enough."""
        ...

    def discard(self) -> None:
        """Remove the record for good, so that there is nothing any more: what a demo does with what a demo made."""
        ...

    def serve(self) -> None:
        """Hold the database, until this process and those that it forks have ended, against being replaced."""
        ...

    def deliver(self) -> Delivering | None:
        """Take the right to deliver webhooks, which one process has at a time; None while another one has it. It ends
        with the process."""
        ...

    def close(self) -> None:
        """Close this thread's connections."""
        ...


class Replica(Database, Protocol):
    """The database on a server that follows another one: it is only read, and may be behind."""

    def begin_anew(self) -> None:
        """Let every thread open another connection when it reads again."""
        ...


def is_server(place: str | Path) -> bool:
    """Whether a place, as the settings have it, is the URL of a server and not a path."""
    return str(place).startswith(SERVER)


def beside(place: str | Path) -> str:
    """What the paths of the files begin with that belong to a database."""
    return BESIDE_SERVER if is_server(place) else str(place)
