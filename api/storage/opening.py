"""Which engine a database is of: a path is a file of SQLite, a URL is on a PostgreSQL server."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from urllib.parse import parse_qsl, unquote, urlsplit

from api.storage import sqlite
from api.storage.database import SERVER, Database, Replica, beside, is_server
from api.storage.faults import StoreError

# What a platform may call it.
SCHEMES = ("postgresql:", "postgres:")
EXTRA = "pip install 'onrecord[postgresql]'"


def database(place: str | Path, heads: str | Path | None = None) -> Database:
    """The database at a place (see `place`), whatever is in it; nothing is opened yet. Raises StoreError where what is
    needed for its engine is not installed."""
    if not is_server(place):
        return sqlite.Database(place, heads)
    made: Database = _postgresql().Database(str(place), heads or f"{beside(place)}.heads")
    return made


def replica(url: str) -> Replica:
    """The database of a server that follows another one; nothing is opened yet. Raises as `database`."""
    _postgresql()
    from api.storage import postgresql_replica

    return postgresql_replica.Replica(url)


def _postgresql() -> ModuleType:
    try:
        from api.storage import postgresql
    except ImportError as error:
        raise StoreError(f"PostgreSQL needs a driver: {EXTRA} ({error}).") from error
    return postgresql


def place(url: str) -> str:
    """What a URL of the settings names: the path of a file, or the URL of a server. Raises ValueError with what
    to write."""
    if url.startswith(SCHEMES):
        return _server(url)
    if url.startswith("postgresql+"):
        raise ValueError("write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, without the name of a driver")
    path = unquote(url.removeprefix("sqlite:///"))
    if not url.startswith("sqlite:///") or not path or "?" in url:
        raise ValueError(
            "write sqlite:///relative.db, sqlite:////absolute/path.db or postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        )
    if path == ":memory:":
        raise ValueError("a database in memory cannot be shared by workers; name a file")
    return path


def _server(url: str) -> str:
    remedy = "write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40 for an @ in the password"
    _, slashes, rest = url.partition("://")
    try:
        parts = urlsplit(f"{SERVER}{rest}")
        named = bool(parts.path.strip("/")) or "dbname" in dict(parse_qsl(parts.query))
    except ValueError:
        raise ValueError(remedy) from None
    # An @ there is most likely of a password with a slash in it.
    if not slashes or not named or "@" in parts.path:
        raise ValueError(remedy)
    return f"{SERVER}{rest}"
