"""Entries of the log: what is appended, and the bytes that are hashed. The formats here are frozen
(docs/life-of-a-write.md)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import orjson

SALT_SIZE = 32

# The kind that takes the payloads of other entries away (`api.domain.erasure`).
ERASURE = "payload.erased"

Payload = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Event:
    """What a decision wants appended: its kind (past tense), the subject that it is about, and the payload."""

    kind: str
    subject: str
    payload: Payload


@dataclass(frozen=True, slots=True)
class Erased:
    """That an entry's payload was erased: why, when, by whom, and by which entry."""

    reason: str
    at: str
    by: str
    index: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One appended event: numbered, timed (UTC, `2026-11-24T10:00:00.000Z`) and signed for by an actor.

    Where the payload was erased, `payload` is the skeleton that stands in for it, and `erased` says so.
    """

    index: int
    recorded_at: str
    kind: str
    subject: str
    actor: str
    payload: Payload
    erased: Erased | None = None


def canonical(payload: Payload) -> bytes:
    """JCS (RFC 8785) of a payload, as UTF-8.

    JCS sorts keys by UTF-16 code units and prints numbers as ECMAScript does. Payloads have ASCII keys and no floats,
    and there orjson's sorted output is the same bytes at a sixtieth of the cost of a general implementation;
    `tests/test_entries.py` holds the two against each other.
    """
    return orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)


def payload_hash(salt: bytes, payload_bytes: bytes) -> bytes:
    """SHA-256(salt || payload_bytes). The salt keeps a short payload from being guessed once it is erased."""
    return sha256(salt + payload_bytes).digest()


def leaf_data(index: int, recorded_at: str, kind: str, subject: str, actor: str, hashed: bytes) -> bytes:
    """The bytes that an entry's leaf hashes: seven lines, each ended by LF. Integers are decimal ASCII."""
    return (f"onrecord/entry/v1\n{index}\n{recorded_at}\n{kind}\n{subject}\n{actor}\n{hashed.hex()}\n").encode()


def instant(moment: datetime) -> str:
    """A moment as the log writes it: UTC, always three decimals."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
