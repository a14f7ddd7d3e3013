"""The keys that sign checkpoints, and those that did once: in a file beside the database, or in a setting.

The file has a key on each line: a private one signs, a verifier key is only published (it is retired). Empty lines and
lines that begin with `#` are left alone. Nobody but its owner may read it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from api import notes
from api.disk import sync_folder
from api.errors import Refusal
from api.notes import BadKey, Key, SigningKey, VerifierKey
from api.storage.faults import StoreError

OWNER_ONLY = 0o600


class Keyring(NamedTuple):
    """The keys of a log, in the order in which they were added."""

    keys: tuple[Key, ...] = ()

    @property
    def signing(self) -> list[SigningKey]:
        """Those that sign."""
        return [key for key in self.keys if isinstance(key, SigningKey)]

    @property
    def published(self) -> list[VerifierKey]:
        """What checks the signatures of every one, the retired ones too; those that sign come first."""
        retired = [key for key in self.keys if isinstance(key, VerifierKey)]
        return [*(key.verifier for key in self.signing), *retired]


NONE = Keyring()


def beside(database: Path) -> Path:
    """The key file of a database."""
    return database.with_name(f"{database.name}.key")


class KeySource:
    """Where the keys of a log come from: the texts of a setting, or else a file.

    The file is read again when it has changed, so that a rotation needs no restart.
    """

    def __init__(self, given: Keyring, path: Path) -> None:
        self.given = given
        self.path = path
        self._read: tuple[tuple[int, ...], Keyring] | None = None

    def keyring(self) -> Keyring:
        """The keys as they are now, none where there is no file. Raises StoreError for a file that cannot be used."""
        if self.given.keys:
            return self.given
        try:
            found = self.path.stat()
        except FileNotFoundError:
            return NONE
        except OSError as error:
            raise _unusable(self.path, error) from error
        state = (found.st_ino, found.st_mtime_ns, found.st_size, found.st_mode)
        read = self._read
        if read is None or read[0] != state:
            read = self._read = (state, load(self.path))
        return read[1]


def load(path: Path) -> Keyring:
    """The keys of a file. Raises StoreError where it is not there, is no key file, or others can read it."""
    try:
        with path.open(encoding="utf-8") as file:
            if stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise StoreError(f"Others can read the key file {path}: run chmod 600 {path}")
            lines = file.read().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise _unusable(path, error) from error
    keys = []
    for number, line in enumerate(lines, 1):
        if _is_key(line):
            try:
                keys.append(notes.parse(line.strip()))
            except BadKey as bad:
                raise StoreError(f"The key file {path} cannot be used: line {number}: {bad}.") from None
    return Keyring(tuple(keys))


def add(path: Path, key: SigningKey, when: str) -> None:
    """Add a key to a file, making one that only its owner can read where there is none. Raises StoreError."""
    lines = path.read_text(encoding="utf-8").splitlines() if _there(path) else []
    _write(path, [*lines, f"# added {when}", key.private_text()])


def retire(path: Path, key_id: str, when: str) -> VerifierKey:
    """Leave of a signing key, named by the 8 hex digits of its id, only what checks its signatures.

    Raises Refusal for an id that no signing key has, and for the last key that signs; StoreError as `load`.
    """
    keyring = load(path)
    signing = {key.verifier.id.hex(): key for key in keyring.signing}
    if key_id not in signing:
        if any(key.id.hex() == key_id for key in keyring.published):
            raise Refusal(f"The key {key_id} is retired already.")
        raise Refusal(f"There is no key with the id {key_id!r}: see 'onrecord key list'.")
    if len(signing) == 1:
        raise Refusal("It is the only key that signs: add another first ('onrecord key add').")
    old = signing[key_id]
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        ours = line.strip() == old.private_text()
        lines += [f"# retired {when}", str(old.verifier)] if ours else [line]
    _write(path, lines)
    return old.verifier


def _there(path: Path) -> bool:
    if not path.exists():
        return False
    load(path)  # What cannot be used is not written over.
    return True


def _is_key(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def _write(path: Path, lines: list[str]) -> None:
    """Put a file in place of the old one in one step: whoever reads it meanwhile finds one of the two, whole."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        # The mode is given when the file is made: it must not be open to others for a moment either.
        with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, OWNER_ONLY), "w", encoding="utf-8") as out:
            out.write("".join(f"{line}\n" for line in lines))
            out.flush()
            os.fsync(out.fileno())
        part.rename(path)
        sync_folder(path)
    except OSError as error:
        raise StoreError(f"The key file {path} cannot be written: {error.strerror or error}.") from error
    finally:
        part.unlink(missing_ok=True)


def _unusable(path: Path, error: Exception) -> StoreError:
    return StoreError(f"The key file {path} cannot be read: {getattr(error, 'strerror', None) or error}.")
