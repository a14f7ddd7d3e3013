"""Proofs, checked by definitions of their own: nothing here is taken from the code under test.

The recursive definitions are written as RFC 6962, section 2.1, has them; the checks as RFC 9162, sections 2.1.3.2 and
2.1.4.2, have them.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey


def mth(data: Sequence[bytes]) -> bytes:
    """MTH, over the data, not over their hashes."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = split(len(data))
    return both(mth(data[:k]), mth(data[k:]))


def path(m: int, data: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n])."""
    if len(data) == 1:
        return []
    k = split(len(data))
    if m < k:
        return [*path(m, data[:k]), mth(data[k:])]
    return [*path(m - k, data[k:]), mth(data[:k])]


def proof(m: int, data: Sequence[bytes]) -> list[bytes]:
    """PROOF(m, D[n])."""
    return subproof(m, data, True)


def subproof(m: int, data: Sequence[bytes], known: bool) -> list[bytes]:
    """SUBPROOF(m, D[n], b)."""
    if m == len(data):
        return [] if known else [mth(data)]
    k = split(len(data))
    if m <= k:
        return [*subproof(m, data[:k], known), mth(data[k:])]
    return [*subproof(m - k, data[k:], False), mth(data[:k])]


def split(n: int) -> int:
    """The largest power of two smaller than n."""
    k = 1
    while k * 2 < n:
        k *= 2
    return k


def both(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def included(leaf: bytes, index: int, size: int, hashes: Sequence[bytes], root: bytes) -> bool:
    """Whether an audit path leads from a leaf hash to a root."""
    if index >= size:
        return False
    fn, sn, r = index, size - 1, leaf
    for p in hashes:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            r = both(p, r)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            r = both(r, p)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and r == root


def consistent(old: int, new: int, old_root: bytes, new_root: bytes, hashes: Sequence[bytes]) -> bool:
    """Whether a proof leads from the root of a smaller tree to that of a larger one."""
    if old == new:
        return not hashes and old_root == new_root
    rest = list(hashes) if old & (old - 1) else [old_root, *hashes]
    if not rest:
        return False
    fn, sn = old - 1, new - 1
    while fn & 1:
        fn, sn = fn >> 1, sn >> 1
    fr = sr = rest[0]
    for c in rest[1:]:
        if sn == 0:
            return False
        if fn & 1 or fn == sn:
            fr, sr = both(c, fr), both(c, sr)
            while not fn & 1 and fn:
                fn, sn = fn >> 1, sn >> 1
        else:
            sr = both(sr, c)
        fn, sn = fn >> 1, sn >> 1
    return sn == 0 and (fr, sr) == (old_root, new_root)


class Signed(NamedTuple):
    """A checkpoint, and the ids (hex) of the keys whose signatures hold."""

    origin: str
    size: int
    root: bytes
    by: list[str]


def opened(note: str, keys: Sequence[str]) -> Signed:
    """A checkpoint whose every signature must be by one of these verifier keys, and hold."""
    text, _, lines = note.rpartition("\n\n")
    by = []
    for line in lines.splitlines():
        dash, name, encoded = line.split(" ")
        assert dash == "—"
        key_id, signature = b64decode(encoded)[:4], b64decode(encoded)[4:]
        known = [key for key in keys if key.startswith(f"{name}+{key_id.hex()}+")]
        assert known, f"no key for {line}"
        public = b64decode(known[0].split("+", 2)[2])
        assert key_id == sha256(name.encode() + b"\n" + public).digest()[:4]
        try:
            Ed25519PublicKey.from_public_bytes(public[1:]).verify(signature, f"{text}\n".encode())
        except InvalidSignature:
            raise AssertionError(f"the signature does not hold: {line}") from None
        by.append(key_id.hex())
    origin, size, root = text.split("\n")
    return Signed(origin, int(size), b64decode(root), by)


def leaf_of(entry: dict[str, Any]) -> bytes:
    """The leaf hash of an entry document, computed from its payload and salt."""
    hashed = sha256(bytes.fromhex(entry["salt"]) + entry["payload"].encode()).hexdigest()
    lines = ["onrecord/entry/v1", *(str(entry[name]) for name in ("index", "recorded_at", "kind", "subject", "actor"))]
    return sha256(b"\x00" + "".join(f"{line}\n" for line in [*lines, hashed]).encode()).digest()


def hexes(found: Sequence[str]) -> list[bytes]:
    """Hashes out of a JSON document."""
    return [bytes.fromhex(one) for one in found]
