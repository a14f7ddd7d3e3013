"""What a look at the store shows, in the own words of each engine: for `onrecord doctor`."""

from __future__ import annotations

from typing import NamedTuple

from api.storage.faults import EngineFailure
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


class Identity(NamedTuple):
    """What a PostgreSQL database shares with every copy that follows it: the server's identifier and the database's
    number; and what it does not, since when the server has been running. "" is what the server does not tell."""

    system: str
    number: int
    since: str


def identity(db: Connection) -> Identity:
    """Which database of which PostgreSQL server this is."""
    number, since = db.execute(
        "SELECT CAST(oid AS INTEGER), CAST(pg_postmaster_start_time() AS TEXT) FROM pg_database"
        " WHERE datname = current_database()"
    ).fetchone()
    try:
        [system] = db.execute("SELECT CAST(system_identifier AS TEXT) FROM pg_control_system()").fetchone()
    except EngineFailure as failed:
        if failed.code != "42501":  # not allowed to this user
            raise
        system = ""
    return Identity(system, number, since)


class Server(NamedTuple):
    """A PostgreSQL server: its version, whether it only follows another, whether this user may make tables and schemas,
    how far a commit goes, how many connections it takes, and how many seconds ago the last change was made that a
    server which follows another has made after it."""

    version: str
    standby: bool
    creates: bool
    fsync: str
    synchronous_commit: str
    connections: str
    followed: int | None


def server(db: Connection) -> Server:
    """What a PostgreSQL server says of itself."""
    row = db.execute(
        "SELECT current_setting('server_version'), pg_is_in_recovery(),"
        " coalesce(has_schema_privilege(current_schema(), 'CREATE'), false)"
        " AND has_database_privilege(current_database(), 'CREATE'),"
        " current_setting('fsync'), current_setting('synchronous_commit'), current_setting('max_connections'),"
        " CAST(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) AS INTEGER)"
    ).fetchone()
    return Server(*row)
