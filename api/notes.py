"""Signed notes (C2SP signed-note, c2sp.org/signed-note): texts with one Ed25519 signature line for each key.

Keys are written as Go's `note` package writes them, which is what verifiers of transparency logs read:

    verifier key   NAME "+" hex(key id) "+" base64(0x01 || public key)
    private key    "PRIVATE+KEY+" NAME "+" hex(key id) "+" base64(0x01 || seed)

key id = SHA-256(NAME || 0x0A || 0x01 || public key)[0:4]
"""

from __future__ import annotations

import os
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

ED25519 = b"\x01"
KEY_SIZE = 32
PRIVATE = "PRIVATE+KEY+"


class BadKey(ValueError):
    """A text is no key; the message says why, and never shows the text: it may be most of a private key."""


@dataclass(frozen=True)
class VerifierKey:
    """What checks the signatures of a key: its name and its 32 public bytes."""

    name: str
    public: bytes

    @cached_property
    def id(self) -> bytes:
        """The key id: 4 bytes."""
        return sha256(self.name.encode() + b"\n" + ED25519 + self.public).digest()[:4]

    def __str__(self) -> str:
        """The key as it is published."""
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.public).decode()}"


@dataclass(frozen=True)
class SigningKey:
    """What signs: a name, and the 32 secret bytes of an Ed25519 key (the seed of RFC 8032)."""

    name: str
    seed: bytes = field(repr=False)

    @cached_property
    def verifier(self) -> VerifierKey:
        """What checks its signatures."""
        return VerifierKey(self.name, self._key.public_key().public_bytes_raw())

    def signature(self, text: str) -> bytes:
        """The 64 bytes that sign a text. The same text has the same signature, whoever makes it (RFC 8032)."""
        return self._key.sign(text.encode())

    def private_text(self) -> str:
        """The key as a key file keeps it. Whoever has this can sign."""
        return f"{PRIVATE}{self.name}+{self.verifier.id.hex()}+{b64encode(ED25519 + self.seed).decode()}"

    @cached_property
    def _key(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


Key = SigningKey | VerifierKey


def new_key(name: str) -> SigningKey:
    """A new key with a name that `check_name` takes. Raises BadKey."""
    check_name(name)
    return SigningKey(name, os.urandom(KEY_SIZE))


def parse(text: str) -> Key:
    """A private or a verifier key as it is written. Raises BadKey."""
    private = text.startswith(PRIVATE)
    parts = text.removeprefix(PRIVATE).split("+", 2)
    if len(parts) != 3:
        raise BadKey(f"this is no key: write {PRIVATE}NAME+ID+BASE64, or NAME+ID+BASE64 for one that is only published")
    name, written_id, encoded = parts
    check_name(name)
    try:
        raw = b64decode(encoded, validate=True)
    except ValueError:
        raise BadKey(f"the key of {name} is not base64: copy it again, whole") from None
    if raw[:1] != ED25519 or len(raw) != 1 + KEY_SIZE or b64encode(raw).decode() != encoded:
        raise BadKey(f"the key of {name} is not an Ed25519 key of 32 bytes: copy it again, whole")
    key: Key = SigningKey(name, raw[1:]) if private else VerifierKey(name, raw[1:])
    if verifier_of(key).id.hex() != written_id:
        raise BadKey(f"the key of {name} does not have the id that it names: copy it again, whole")
    return key


def verifier_of(key: Key) -> VerifierKey:
    """The public half of a key, or the key itself where it is one."""
    return key.verifier if isinstance(key, SigningKey) else key


def check_name(name: str) -> None:
    """Raise BadKey unless a key can have this name: not empty, no white space, no plus sign."""
    if not name or "+" in name or any(char.isspace() or not char.isprintable() for char in name):
        raise BadKey("a key's name has no spaces and no plus sign: write one like record.example.org/log")


def sign(text: str, keys: Iterable[SigningKey]) -> str:
    """The note: the text, an empty line, and a signature line for each key in their order.

    Raises ValueError for a text that no note can have: one that does not end in LF, or with other control characters.
    """
    if not text.endswith("\n") or any(char < " " and char != "\n" for char in text):
        raise ValueError("the text of a note ends with a line feed and has no other control character")
    return f"{text}\n" + "".join(signature_line(key.verifier, key.signature(text)) for key in keys)


def signature_line(key: VerifierKey, signature: bytes) -> str:
    """The line that says that a key made a signature."""
    return f"— {key.name} {b64encode(key.id + signature).decode()}\n"
