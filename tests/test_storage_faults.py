"""Which failures of the engine and the system are the storage's, and what clients are told of them."""

from __future__ import annotations

import errno
import sqlite3

import pytest

from api.errors import Busy, StorageDamaged, StorageUnavailable
from api.storage import faults
from api.storage.faults import EngineFailure


def engine(name: str) -> sqlite3.Error:
    """What the driver raises for a result code."""
    error = sqlite3.OperationalError(name)
    error.sqlite_errorcode = getattr(sqlite3, name)
    return error


@pytest.mark.parametrize(
    ("error", "kind", "word"),
    [
        (engine("SQLITE_FULL"), StorageUnavailable, "no room"),
        (engine("SQLITE_READONLY_DBMOVED"), StorageUnavailable, "only be read"),
        (engine("SQLITE_IOERR_FSYNC"), StorageUnavailable, "cannot be read or written"),
        (engine("SQLITE_CANTOPEN"), StorageUnavailable, "cannot be opened"),
        (OSError(errno.ENOSPC, "x"), StorageUnavailable, "no room"),
        (OSError(errno.EROFS, "x"), StorageUnavailable, "only be read"),
        (PermissionError(errno.EACCES, "x"), StorageUnavailable, "only be read"),
        (OSError(errno.EIO, "x"), StorageUnavailable, "cannot be read or written"),
        (OSError(errno.EMFILE, "x"), StorageUnavailable, "cannot be opened"),
        (engine("SQLITE_CORRUPT_INDEX"), StorageDamaged, "restore a backup"),
        (engine("SQLITE_NOTADB"), StorageDamaged, "restore a backup"),
        (engine("SQLITE_BUSY_SNAPSHOT"), Busy, "Try again"),
        (EngineFailure("disk full", "53100"), StorageUnavailable, "no room"),
        (EngineFailure("read-only transaction", "25006"), StorageUnavailable, "only be read"),
        (EngineFailure("permission denied", "42501"), StorageUnavailable, "only be read"),
        (EngineFailure("could not read block", "58030"), StorageUnavailable, "cannot be read or written"),
        (EngineFailure("invalid page", "XX001"), StorageDamaged, "restore a backup"),
        (EngineFailure("the connection is lost", None, lost=True), StorageUnavailable, "connection"),
        (EngineFailure("shutting down", "57P01"), StorageUnavailable, "connection"),
        (EngineFailure("connection failure", "08006"), StorageUnavailable, "connection"),
        (EngineFailure("deadlock detected", "40P01"), Busy, "Try again"),
        (EngineFailure("too many connections", "53300"), Busy, "Try again"),
        (EngineFailure("canceling statement due to lock timeout", "55P03"), Busy, "Try again"),
    ],
    ids=lambda value: repr(value) if isinstance(value, Exception) else "",
)
def test_a_failure_of_the_storage_says_what_it_is(error: Exception, kind: type[Exception], word: str) -> None:
    """Extended result codes count as the one that they extend."""
    refusal = faults.refusal(error)
    assert refusal is not None and type(refusal) is kind
    assert word in refusal.detail
    assert ("Retry-After" in refusal.headers) == (kind is not StorageDamaged)


@pytest.mark.parametrize(
    "error",
    [
        engine("SQLITE_CONSTRAINT_UNIQUE"),
        engine("SQLITE_ERROR"),
        ConnectionResetError(errno.ECONNRESET, "x"),
        EngineFailure("duplicate key", "23505"),
        EngineFailure("syntax error", "42601"),
    ],
)
def test_a_defect_is_not_blamed_on_the_storage(error: Exception) -> None:
    """What is our own fault stays unforeseen."""
    assert faults.refusal(error) is None


def test_what_passes_is_told_from_what_does_not() -> None:
    """A turn that was given up in favour of another, or cut off before its end, may be done again; one that may have
    been committed may not."""
    assert faults.passes(EngineFailure("deadlock detected", "40P01"))
    assert faults.passes(EngineFailure("could not serialize access", "40001"))
    assert faults.passes(EngineFailure("the connection is lost", lost=True))
    assert not faults.passes(EngineFailure("the connection is lost", lost=True, uncertain=True))
    assert not faults.passes(EngineFailure("disk full", "53100"))
    assert not faults.passes(engine("SQLITE_BUSY"))
