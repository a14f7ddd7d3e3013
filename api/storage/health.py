"""What a look at the store shows, in the own words of each engine: for `onrecord doctor`."""

from __future__ import annotations

from typing import NamedTuple

from api.storage.log import Connection

SYNCHRONOUS = ("OFF", "NORMAL", "FULL", "EXTRA")


def version(db: Connection) -> str:
    """The version of the engine."""
    return str(db.execute("SELECT sqlite_version()").fetchone()[0])


def has_full_text(db: Connection) -> bool:
    """Whether the engine can search text."""
    return any(row[0] == "fts5" for row in db.execute("SELECT name FROM pragma_module_list"))


def journal_mode(db: Connection) -> str:
    """How changes are kept until they are in the database file: should be wal."""
    return str(db.execute("PRAGMA journal_mode").fetchone()[0])


def synchronous(writer: Connection) -> str:
    """How far a commit has got when it is acknowledged: should be FULL, on the disk."""
    return SYNCHRONOUS[writer.execute("PRAGMA synchronous").fetchone()[0]]


def damage(db: Connection) -> str | None:
    """The first thing that is wrong with the pages of the file; None if none is."""
    found = str(db.execute("PRAGMA quick_check(1)").fetchone()[0])
    return None if found == "ok" else found


class Server(NamedTuple):
    """A PostgreSQL server: its version, whether it only follows another, whether this user may make tables and schemas,
    how far a commit goes, and how many connections it takes."""

    version: str
    standby: bool
    creates: bool
    fsync: str
    synchronous_commit: str
    connections: str


def server(db: Connection) -> Server:
    """What a PostgreSQL server says of itself."""
    row = db.execute(
        "SELECT current_setting('server_version'), pg_is_in_recovery(),"
        " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"
        " AND has_database_privilege(current_database(), 'CREATE'),"
        " current_setting('fsync'), current_setting('synchronous_commit'), current_setting('max_connections')"
    ).fetchone()
    return Server(*row)
