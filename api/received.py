"""Entries that come from elsewhere: out of an export, or from another instance.

Nothing in them is believed. `received` reads the shape, `misfit` computes every hash again; what is left to trust is
the root that they lead to, which whoever takes them compares with one that was signed or noted down.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import orjson

from api import merkle
from api.domain.entries import ERASURE, SALT_SIZE, leaf_data, payload_hash
from api.errors import Refusal
from api.storage.log import Sealed
from schemas.vocabulary import ENTRY_KINDS

# What is raised where a payload has not the members, or not the kind of members, that its kind of entry has.
NONSENSE = (AttributeError, LookupError, TypeError, ValueError)

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
# What subjects and actors are made of (docs/life-of-a-write.md): above all no line break, which parts a leaf's fields.
_NAME = re.compile(r"[A-Za-z0-9:._/-]{1,128}")
_HASH = re.compile(r"[0-9a-f]{64}")

_SHAPES = {
    "recorded_at": _INSTANT,
    "subject": _NAME,
    "actor": _NAME,
    "payload_hash": _HASH,
    "leaf_hash": _HASH,
}


class Unfit(Refusal):
    """What came from elsewhere does not fit this log; nothing of it was taken."""


def received(document: Any) -> Sealed:
    """An entry out of its document, as `GET /v1/entries/{index}` gives it. Members that are not known are passed over.

    Raises Unfit for what has not the shape of an entry; whether it is true, `misfit` says.
    """
    if not isinstance(document, Mapping):
        raise Unfit("It is not an entry: an entry is a JSON object.")
    index, kind = document.get("index"), document.get("kind")
    if type(index) is not int or index < 0:
        raise Unfit("It is not an entry: it has no index.")
    for name, shape in _SHAPES.items():
        if not (isinstance(document.get(name), str) and shape.fullmatch(document[name])):
            raise Unfit(f"Entry {index}: its '{name}' is not what an entry has there.")
    if kind not in ENTRY_KINDS:
        raise Unfit(f"Entry {index}: this version does not know the kind {str(kind)[:64]!r}: use the one it is from.")
    salt, payload = _secrets(document, index)
    hashes = bytes.fromhex(document["payload_hash"]), bytes.fromhex(document["leaf_hash"])
    return Sealed(index, document["recorded_at"], kind, document["subject"], document["actor"], *hashes, salt, payload)


def misfit(sealed: Sealed, size: int, recorded_at: str) -> str | None:
    """What is wrong with an entry as the next one of a log with `size` entries, the last of `recorded_at`; None if it
    fits.

    Looked at are its number, its time, that payload and salt give its payload hash, and all its fields its leaf hash,
    and that it is about what its kind is about. A payload that is missing is not looked at: whether it may be, those
    after it say.
    """
    if sealed.idx > size:
        return f"it should be number {size}: entries in between are missing"
    if sealed.idx < size:
        return f"it should be number {size}: it is there twice, or out of order"
    if sealed.recorded_at < recorded_at:
        return f"it was recorded at {sealed.recorded_at}, before the entry before it ({recorded_at})"
    if sealed.salt is not None and sealed.payload is not None:
        fault = payload_misfit(sealed.salt, sealed.payload, sealed.payload_hash)
        if fault:
            return fault
    data = leaf_data(*sealed[:5], sealed.payload_hash)
    if merkle.leaf_hash(data) != sealed.leaf_hash:
        return "its fields do not give its leaf hash"
    if sealed.kind != ERASURE and sealed.kind.partition(".")[0] != sealed.subject.partition("/")[0]:
        return f"it is of the kind {sealed.kind}, and about something else: {sealed.subject}"
    return None


def payload_misfit(salt: bytes, payload: bytes, hashed: bytes) -> str | None:
    """What is wrong with a payload and its salt, given their hash; None if nothing is."""
    # A longer salt could have swallowed the beginning of the payload: the hash of both together would be the same.
    if len(salt) != SALT_SIZE:
        return f"its salt has {len(salt)} bytes instead of {SALT_SIZE}"
    if payload_hash(salt, payload) != hashed:
        return "its payload and salt do not give its payload hash"
    return None


class Gaps:
    """Which payloads are missing, and whether those of a log that is read in order are the ones that were erased.

    `unexplained` is the first entry whose payload is missing though no later entry says that it was erased; `kept` the
    first whose payload is there although one says so. None where there is none.
    """

    def __init__(self) -> None:
        self._open: set[int] = set()
        self._kept: set[int] = set()

    def see(self, sealed: Sealed) -> None:
        """Take the next entry. Raises Unfit for one that should say what was erased, and does not."""
        if sealed.payload is None:
            self._open.add(sealed.idx)
        elif sealed.kind == ERASURE:
            gone = erased(sealed)
            self._kept |= gone - self._open
            self._open -= gone

    @property
    def unexplained(self) -> int | None:
        return min(self._open, default=None)

    @property
    def kept(self) -> int | None:
        return min(self._kept, default=None)


def erased(sealed: Sealed) -> set[int]:
    """The indexes of the entries whose payloads a `payload.erased` took away. Raises Unfit where it names none that
    are before it."""
    try:
        found = {int(entry["index"]) for entry in orjson.loads(sealed.payload or b"")["entries"]}
    except NONSENSE:
        found = set()
    if not found or max(found) >= sealed.idx:
        raise Unfit(f"Entry {sealed.idx}: its payload does not say what was erased.")
    return found


def _secrets(document: Mapping[str, Any], index: int) -> tuple[bytes | None, bytes | None]:
    salt, payload = document.get("salt"), document.get("payload")
    if salt is None and payload is None:
        return None, None
    if not (isinstance(salt, str) and _HASH.fullmatch(salt) and len(salt) == 2 * SALT_SIZE):
        raise Unfit(f"Entry {index}: its 'salt' is not what an entry has there.")
    if not isinstance(payload, str):
        raise Unfit(f"Entry {index}: its 'payload' is not what an entry has there.")
    try:
        return bytes.fromhex(salt), payload.encode()
    except UnicodeEncodeError:
        raise Unfit(f"Entry {index}: its 'payload' is not UTF-8.") from None
