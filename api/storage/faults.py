"""What it means when the engine or the system fails under the store: which refusal it is, in words for a client.

SQLite's result codes: https://www.sqlite.org/rescode.html (the low eight bits are the primary code).
"""

from __future__ import annotations

import errno
import sqlite3

from api.errors import Busy, Refusal, StorageDamaged, StorageUnavailable

# What a client is told beyond what is wrong. Whether a failed flush reached the disk nobody can say; the key can.
_REPEAT = (
    " The log of the service says why, under this request id. Repeat a write with the same Idempotency-Key once that"
    " is mended: it is done once, and none is ever done by half."
)
_FULL = f"There is no room left where the record is kept: until its operator makes room it can only be read.{_REPEAT}"
_READ_ONLY = f"The record can only be read: its operator must allow writing where it is kept.{_REPEAT}"
_BROKEN = f"What the record is kept on cannot be read or written now: its operator must look at it.{_REPEAT}"
_CLOSED = f"The record cannot be opened now: its operator must look at where it is kept.{_REPEAT}"
_LOST = f"The connection to the record was cut.{_REPEAT}"
_DAMAGED = (
    "A part of the record that this request needs is damaged where it is kept; what else is on record can still be"
    " read. Its operator must restore a backup: 'onrecord doctor' and 'onrecord verify' say what is damaged."
)

_CODES = {
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_IOERR: _BROKEN,
    sqlite3.SQLITE_PROTOCOL: _BROKEN,
    sqlite3.SQLITE_CANTOPEN: _CLOSED,
}
_ERRNOS = {
    errno.ENOSPC: _FULL,
    errno.EDQUOT: _FULL,
    errno.EFBIG: _FULL,
    errno.EROFS: _READ_ONLY,
    errno.EACCES: _READ_ONLY,
    errno.EPERM: _READ_ONLY,
    errno.EIO: _BROKEN,
    errno.ENOLCK: _BROKEN,
    errno.EMFILE: _CLOSED,
    errno.ENFILE: _CLOSED,
}
# PostgreSQL's codes: https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES = {
    "53100": _FULL,
    "25006": _READ_ONLY,
    "42501": _READ_ONLY,
    "58030": _BROKEN,
}
_BUSY = ("40001", "40P01", "53300", "55P03", "57014", "25P03", "25P04")
_PASSING = ("40001", "40P01")
_CORRUPTED = ("XX001", "XX002")
_SHUT = ("57P01", "57P02", "57P03", "57P05")
_LOCKED = (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
_UNREADABLE = (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
# What the driver says, without a code, of a text that the engine could read and that is none.
_NOT_TEXT = "Could not decode to UTF-8"


class EngineFailure(Exception):
    """What PostgreSQL, or the way to it, failed with.

    `code` is its SQLSTATE, None where the connection failed; `lost` says that the connection is gone, and `uncertain`
    that it went while the server was told to commit: whether it did is not known.
    """

    def __init__(self, told: str, code: str | None = None, lost: bool = False, uncertain: bool = False) -> None:
        super().__init__(told)
        self.code, self.lost, self.uncertain = code, lost, uncertain


# Whatever goes wrong in an engine, for those who must not know the driver.
EngineError = (sqlite3.Error, EngineFailure)


class StoreError(StorageUnavailable):
    """The database cannot be used as it is; the detail says what to do."""


def refusal(error: BaseException) -> Refusal | None:
    """The refusal that a failure of the engine or of the system amounts to; None for a defect of ours.

    `error` is whatever was raised while a request was served.
    """
    if isinstance(error, OSError):
        return _unavailable(_ERRNOS.get(error.errno or 0))
    if isinstance(error, EngineFailure):
        return _of_server(error)
    code = _primary(error)
    if code in _UNREADABLE or str(error).startswith(_NOT_TEXT):
        return StorageDamaged(_DAMAGED)
    if code in _LOCKED:
        return Busy("Another process holds the database. Try again.", headers={"Retry-After": "1"})
    return _unavailable(_CODES.get(code))


def remedy(error: BaseException) -> str:
    """What an operator can do about a failure of the engine while it opens a database: a sentence."""
    code = _primary(error)
    if code in _UNREADABLE:
        return "Restore a backup, or set DATABASE_URL to the right file."
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_CANTOPEN):
        return "Allow this user to write to its folder and its files: SQLite keeps its log (-wal, -shm) beside it."
    return "Make room on its disk, and look whether the disk is sound."


def outlives_its_cause(error: BaseException) -> bool:
    """Whether a connection that failed like this may go on failing when all is well again: one that was opened while
    the file could not be written stays read-only."""
    return _primary(error) in _CODES


def passes(error: BaseException) -> bool:
    """Whether a turn that failed like this may well succeed when it is done again: the engine gave it up in favour of
    another, or the connection was cut before the end of it."""
    return isinstance(error, EngineFailure) and not error.uncertain and (error.lost or error.code in _PASSING)


def is_away(error: BaseException) -> bool:
    """Whether the database could not be opened, or the connection to it was lost."""
    if isinstance(error, EngineFailure):
        return error.lost or is_shut(error.code) or (error.code or "").startswith("08")
    return isinstance(error, StoreError)


def is_uncertain(error: BaseException) -> bool:
    """Whether nobody knows if what failed like this was committed."""
    return isinstance(error, EngineFailure) and error.uncertain


def is_shut(code: str | None) -> bool:
    """Whether a server that gives this SQLSTATE ends the connection with it."""
    return code in _SHUT


def _of_server(error: EngineFailure) -> Refusal | None:
    if error.code in _CORRUPTED:
        return StorageDamaged(_DAMAGED)
    if error.code in _BUSY:
        return Busy("The database is busy with others. Try again.", headers={"Retry-After": "1"})
    if is_away(error):
        return StorageUnavailable(_LOST, headers={"Retry-After": "5"})
    return _unavailable(_SQLSTATES.get(error.code or ""))


def _primary(error: BaseException) -> int:
    return (getattr(error, "sqlite_errorcode", None) or 0) & 0xFF


def _unavailable(detail: str | None) -> Refusal | None:
    return StorageUnavailable(detail, headers={"Retry-After": "30"}) if detail else None
