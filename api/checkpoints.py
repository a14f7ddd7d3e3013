"""Checkpoints: the head of the log, signed (C2SP tlog-checkpoint, c2sp.org/tlog-checkpoint); the heads file, which
keeps outside the database what was signed; and the guard, which lets nobody write to a ledger that lost any of it.

A signature is a promise that this tree will only grow. So before one is given out, its head is in the heads file and on
the disk; and before a process writes, and before each signature, the ledger is compared with the last head there. A
ledger that was restored from an old backup, or replaced, is still read, and takes no entry until a person decides.
"""

from __future__ import annotations

import fcntl
import os
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, NamedTuple

import orjson

from api import notes
from api.disk import sync_folder
from api.domain.entries import instant
from api.errors import LedgerRewound, NotFound
from api.keyring import Keyring, KeySource
from api.storage import log, mirrors, tree
from api.storage.faults import StoreError
from api.storage.log import Connection
from api.storage.mirrors import Mirror

# More than the longest line has, so that the last one is found without reading the file.
LAST_BYTES = 8_192

NO_KEY = "This log signs no checkpoints: it has no key. Its operator can make one with 'onrecord key add'."


class SignedHead(NamedTuple):
    """A line of the heads file: what was signed, when (UTC), and the ids of the keys that did."""

    size: int
    root: bytes
    signed_at: str
    key_ids: tuple[str, ...]


class Checkpoint(NamedTuple):
    """A signed head of the log: `text` is the whole note."""

    size: int
    root: bytes
    text: str


def body(origin: str, size: int, root: bytes) -> str:
    """The text that is signed: three lines."""
    return f"{origin}\n{size}\n{b64encode(root).decode()}\n"


class Heads:
    """The heads file: one JSON object a line, only ever appended to."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def last(self) -> SignedHead | None:
        """The last head that was signed; None where none was. Raises StoreError for a file that cannot be read, and
        where the folder for it is missing: a disk that is not there has not forgotten what was signed."""
        try:
            with self.path.open("rb") as file:
                return _last(self.path, file)
        except FileNotFoundError as error:
            if self.path.parent.is_dir():
                return None
            raise self._failed("read", error) from error
        except OSError as error:
            raise self._failed("read", error) from error

    def every(self) -> Iterator[SignedHead]:
        """All of them, oldest first. Raises as `last`."""
        try:
            with self.path.open("rb") as file:
                for line in file:
                    if line.endswith(b"\n"):
                        yield _parsed(self.path, line)
        except FileNotFoundError:
            return
        except OSError as error:
            raise self._failed("read", error) from error

    @contextmanager
    def appending(self) -> Iterator[tuple[SignedHead | None, Callable[[SignedHead], None]]]:
        """The last head, and what appends another: it is on the disk when that returns. One at a time, whatever the
        process. Raises StoreError where the file cannot be used."""
        try:
            new = not self.path.exists()
            with self.path.open("a+b") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                if new:
                    sync_folder(self.path)
                yield _last(self.path, file), lambda head: _append(file, head)
        except OSError as error:
            raise self._failed("written", error) from error

    def abandon(self, when: datetime) -> Path:
        """Move the file aside, under a name with the time. Out: its new path."""
        aside = self.path.with_name(f"{self.path.name}.abandoned-{when:%Y-%m-%dT%H%M%SZ}")
        if aside.exists():
            raise StoreError(f"There is a file {aside} already: try again in a second.")
        self.path.rename(aside)
        return aside

    def _failed(self, what: str, error: OSError) -> StoreError:
        return StoreError(f"The heads file {self.path} cannot be {what}: {error.strerror or error}.")


def check(db: Connection, last: SignedHead | None) -> None:
    """The guard: raise LedgerRewound unless the ledger has all that was signed last, as it was signed."""
    if last is None:
        return
    # A head is quickly written; the entries must be there, too.
    size = min(log.head(db).size, tree.entries(db))
    if size < last.size:
        found = f"the ledger has {size:,}"
    else:
        try:
            if tree.root_at(db, last.size) == last.root:
                return
            found = f"the ledger has {size:,}, but the first {last.size:,} of them are others"
        except LookupError as error:
            found = f"the ledger has {size:,}, but {error}"
    raise LedgerRewound(
        f"The ledger is not the one that was signed. Signed were {last.size:,} entries with the root {last.root.hex()}"
        f" at {last.signed_at}; {found}. Nothing is written to it until either a backup with at least {last.size:,}"
        " entries is restored, or the operator gives up the signed entries for good: 'onrecord heads abandon'.",
        members={"signed": {"size": last.size, "root": last.root.hex()}, "size": size},
        headers={"Retry-After": "300"},
    )


class Checkpoints:
    """Signs the head of one log, once for each size. Threads of a process share it."""

    def __init__(self, origin: str, keys: KeySource, heads: Heads) -> None:
        self.origin = origin
        self.keys = keys
        self.heads = heads
        self._lock = threading.Lock()
        self._made: tuple[Keyring, Checkpoint] | None = None

    def keyring(self) -> Keyring:
        """The log's keys, one of which signs at least. Raises NotFound without one, StoreError for a file of keys that
        cannot be used."""
        keyring = self.keys.keyring()
        if not keyring.signing:
            raise NotFound(NO_KEY)
        return keyring

    def published(self, db: Connection) -> list[str]:
        """The verifier keys of what `current` gives: the source's where this is a mirror. Raises as `keyring`."""
        mirror = mirrors.state(db)
        return list(mirror.keys) if mirror else [str(key) for key in self.keyring().published]

    def current(self, db: Connection) -> Checkpoint:
        """The checkpoint of the head as it is now; `db` must not be in a transaction that began before.

        Raises NotFound without a key, LedgerRewound (see `check`), StoreError for a file of keys or heads that cannot
        be used.
        """
        mirror = mirrors.state(db)
        if mirror:
            return _of_source(db, mirror)
        keyring = self.keyring()
        found = self._known(keyring, log.head(db))
        if found is None:
            with self._lock:
                # Whoever waited here may find it made.
                found = self._known(keyring, log.head(db)) or self._sign(db, keyring)
        return found

    def _known(self, keyring: Keyring, head: log.Head) -> Checkpoint | None:
        made = self._made
        if made and made[0] == keyring and (made[1].size, made[1].root) == (head.size, head.root):
            return made[1]
        return None

    def _sign(self, db: Connection, keyring: Keyring) -> Checkpoint:
        with self.heads.appending() as (last, append):
            # The head is read within the lock of the heads file: so sizes only go up in it, whichever process signs.
            check(db, last)
            head = log.head(db)
            note = notes.sign(body(self.origin, head.size, head.root), keyring.signing)
            if last is None or last.size < head.size:
                ids = tuple(key.verifier.id.hex() for key in keyring.signing)
                append(SignedHead(head.size, head.root, instant(datetime.now(UTC)), ids))
        made = Checkpoint(head.size, head.root, note)
        self._made = (keyring, made)
        return made


def _of_source(db: Connection, mirror: Mirror) -> Checkpoint:
    """The last checkpoint of the source that a mirror agrees with: a mirror signs nothing itself."""
    if not mirror.checkpoint:
        raise NotFound(f"This mirror of {mirror.source} has not caught up with its source yet: come back later.")
    return Checkpoint(mirror.size, tree.root_at(db, mirror.size), mirror.checkpoint)


def _last(path: Path, file: BinaryIO) -> SignedHead | None:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - LAST_BYTES))
    # What follows the last line feed was cut off by a crash. It was never given out: that comes after the line.
    lines = file.read().split(b"\n")[:-1]
    return _parsed(path, lines[-1]) if lines else None


def _parsed(path: Path, line: bytes) -> SignedHead:
    try:
        read = orjson.loads(line)
        return SignedHead(
            int(read["size"]), bytes.fromhex(read["root"]), str(read["signed_at"]), tuple(read["key_ids"])
        )
    except (ValueError, TypeError, KeyError) as error:
        raise StoreError(
            f"The heads file {path} is damaged: {line[:60]!r} is no head. Restore it from a copy, or decide to give up"
            " what was signed: 'onrecord heads abandon'."
        ) from error


def _append(file: BinaryIO, head: SignedHead) -> None:
    end = file.seek(0, os.SEEK_END)
    file.seek(max(0, end - LAST_BYTES))
    torn = len(file.read().rpartition(b"\n")[2])
    if torn:
        file.truncate(end - torn)
    line = {"size": head.size, "root": head.root.hex(), "signed_at": head.signed_at, "key_ids": list(head.key_ids)}
    file.write(orjson.dumps(line) + b"\n")
    file.flush()
    os.fsync(file.fileno())
