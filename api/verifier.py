"""Checks what a record serves without trusting whoever serves it.

This is one file to copy: it needs Python 3.11, one call of `cryptography` (an Ed25519 signature), and nothing of ours.
What does not hold raises `Difference`, and says what and where. A key that is none raises ValueError.

Sources of the rules: docs/life-of-a-write.md for the bytes of an entry; RFC 6962, section 2.1, for the tree; RFC 9162,
sections 2.1.3.2 and 2.1.4.2, for proofs; c2sp.org/signed-note, c2sp.org/tlog-checkpoint and c2sp.org/tlog-proof.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import Any, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

PROOF, TLOG_PROOF = "onrecord/proof/v1", "c2sp.org/tlog-proof@v1"
NUMBER = "(0|[1-9][0-9]{0,18})"
EMPTY_ROOT = sha256(b"").digest()
# What a line of a leaf may hold. A line feed inside of one would make two entries of the same bytes.
SHAPES = {
    "recorded_at": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z",
    "kind": r"[a-z0-9._-]{1,64}",
    "subject": r"[A-Za-z0-9:._/-]{1,128}",
    "actor": r"[A-Za-z0-9:._/-]{1,128}",
    "payload_hash": r"[0-9a-f]{64}",
}


class Difference(Exception):
    """What was served is not what was signed, or contradicts itself: the message says what, and where."""


class Checkpoint(NamedTuple):
    """What was signed: the log's name, how many entries it has, and the root over them."""

    origin: str
    size: int
    root: bytes


# --- entries and the tree --------------------------------------------------------------------------


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees together: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def leaf_hash(entry: dict[str, Any]) -> bytes:
    """The leaf of an entry document, computed anew. Raises Difference where its hashes are not those of its fields, or
    payload and salt (null, both, if they were erased) not those of its payload hash."""
    if not isinstance(entry, dict):
        raise Difference("an entry is no JSON object")
    where, index = named(entry), entry.get("index")
    if type(index) is not int or index < 0:
        raise Difference(f"{where}: its index is no number")
    for name, shape in SHAPES.items():
        if not isinstance(entry.get(name), str) or not re.fullmatch(shape, entry[name]):
            raise Difference(f"{where}: its {name} is missing or malformed")
    payload, salt = entry.get("payload"), entry.get("salt")
    if payload is not None or salt is not None:
        # The salt has 32 bytes: were it longer, it could swallow the beginning of the payload.
        if not isinstance(payload, str) or not isinstance(salt, str) or not re.fullmatch("[0-9a-f]{64}", salt):
            raise Difference(f"{where}: its payload or its salt is missing or malformed")
        hashed = sha256(bytes.fromhex(salt) + payload.encode("utf-8", "replace")).hexdigest()
        if hashed != entry["payload_hash"]:
            raise Difference(f"{where}: its payload and salt do not give its payload hash")
    lines = "onrecord/entry/v1", index, *(entry[name] for name in SHAPES)
    leaf = sha256(b"\x00" + "".join(f"{line}\n" for line in lines).encode()).digest()
    if entry.get("leaf_hash") != leaf.hex():
        raise Difference(f"{where}: its fields do not give its leaf hash")
    return leaf


def named(entry: dict[str, Any]) -> str:
    """What an entry is called in messages: its index and its kind, whatever somebody wrote there."""
    index, kind = (ascii(entry.get(name)).strip("'")[:64] for name in ("index", "kind"))
    return f"entry {index} ({kind})"


class Frontier:
    """The complete subtrees of a tree, largest first: all that one has to keep to add a leaf and to tell the root."""

    def __init__(self, size: int = 0, nodes: Iterable[bytes] = ()) -> None:
        self.size, self.nodes = size, list(nodes)
        if size.bit_count() != len(self.nodes) or any(len(node) != 32 for node in self.nodes):
            raise ValueError(f"this is no frontier of a tree of {size} leaves")

    def add(self, leaf: bytes) -> None:
        """Put one more leaf hash on the tree."""
        level = self.size
        while level & 1:
            leaf, level = node_hash(self.nodes.pop(), leaf), level >> 1
        self.nodes.append(leaf)
        self.size += 1

    def take(self, entry: dict[str, Any]) -> None:
        """Check an entry document and add its leaf. Raises Difference, also where it is not the next one."""
        leaf = leaf_hash(entry)
        if entry["index"] != self.size:
            raise Difference(f"{named(entry)}: it came where entry {self.size} should be")
        self.add(leaf)

    def root(self) -> bytes:
        """The root over all leaves so far."""
        root = self.nodes[-1] if self.nodes else EMPTY_ROOT
        for left in reversed(self.nodes[:-1]):
            root = node_hash(left, root)
        return root

    def to_json(self) -> dict[str, Any]:
        """What to keep in a file of state."""
        return {"size": self.size, "nodes": [node.hex() for node in self.nodes]}

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Frontier:
        """What was kept. Raises ValueError where it is no frontier."""
        return cls(kept["size"], map(bytes.fromhex, kept["nodes"]))


def check_inclusion(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> None:
    """Raises Difference unless `path` proves that `leaf` is number `index` in the tree of `size` leaves with `root`."""
    left = list(path)
    try:
        if 0 <= index < size and _climbed(leaf, index, size, left) == root and not left:
            return
    except IndexError:
        pass
    raise Difference(f"entry {index}: the proof does not lead to the root of the log with {size} entries")


def check_consistency(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> None:
    """Raises Difference unless `path` proves that the tree of `new` leaves begins with the tree of `old` leaves."""
    left, start = list(path), old_root if old else EMPTY_ROOT
    try:
        roots = _grown(old, new, left, start) if 0 < old <= new else (start, new_root)
        if 0 <= old <= new and roots == (old_root, new_root) and not left:
            return
    except IndexError:
        pass
    raise Difference(f"the log with {new} entries does not begin with the {old} entries that were signed before")


def _climbed(leaf: bytes, index: int, size: int, path: list[bytes]) -> bytes:
    """The root that a leaf and its siblings lead to: PATH of RFC 6962, 2.1.1, read backwards. Uses `path` up."""
    if size == 1:
        return leaf
    half, sibling = 1 << (size - 1).bit_length() - 1, path.pop()
    if index < half:
        return node_hash(_climbed(leaf, index, half, path), sibling)
    return node_hash(sibling, _climbed(leaf, index - half, size - half, path))


def _grown(old: int, new: int, path: list[bytes], start: bytes | None) -> tuple[bytes, bytes]:
    """The old and the new root that a proof leads to: SUBPROOF of RFC 6962, 2.1.2, read backwards. Uses `path` up.
    `start` is the old root as long as the subtree at hand is the whole old tree, which the proof leaves out."""
    if old == new:
        subtree = path.pop() if start is None else start
        return subtree, subtree
    half, other = 1 << (new - 1).bit_length() - 1, path.pop()
    if old <= half:
        was, grown = _grown(old, half, path, start)
        return was, node_hash(grown, other)
    was, grown = _grown(old - half, new - half, path, None)
    return node_hash(other, was), node_hash(other, grown)


# --- signatures and files --------------------------------------------------------------------------


def open_note(note: str, keys: Iterable[str]) -> str:
    """The text of a signed note that at least one of the verifier keys signed, and none of them wrongly. Raises
    Difference; ValueError where a key is none."""
    text, _, signatures = note.rpartition("\n\n")
    lines = signatures.split("\n")
    if lines.pop() or not 0 < len(lines) <= 100 or re.search(r"[\x00-\x09\x0b-\x1f]", note):
        raise Difference("the checkpoint is no signed note")
    known, good = dict(map(_key, keys)), 0
    for line in lines:
        parts = re.fullmatch(r"— ([^\s+]+) (\S+)", line)
        signature = _base64(parts[2], "the checkpoint") if parts else b""
        if not parts or len(signature) < 5:
            raise Difference("the checkpoint has a line that is no signature")
        if public := known.get((parts[1], signature[:4])):
            try:
                public.verify(signature[4:], f"{text}\n".encode("utf-8", "replace"))
            except InvalidSignature:
                raise Difference(f"the checkpoint's signature by {parts[1]} is wrong") from None
            good += 1
    if not good:
        raise Difference("the checkpoint is not signed by a key that you trust")
    return f"{text}\n"


def open_checkpoint(text: str, keys: Iterable[str], origin: str | None = None) -> Checkpoint:
    """A checkpoint, opened as a note. Raises Difference, also where it is of another log than `origin`."""
    body = re.fullmatch(rf"(.+)\n{NUMBER}\n(\S+)\n(?:.+\n)*", open_note(text, keys))
    root = _base64(body[3], "the checkpoint") if body else b""
    if not body or len(root) != 32:
        raise Difference("the checkpoint does not hold an origin, a size and a root")
    if origin is not None and body[1] != origin:
        raise Difference(f"the checkpoint is of the log {body[1]!a}, not of {origin!a}")
    return Checkpoint(body[1], int(body[2]), root)


def check_proof(file: bytes, keys: Iterable[str]) -> dict[str, Any]:
    """What a proof file proves: {"entry" (what is hashed of the document), "payload" (read, None if it was erased),
    "checkpoint"}. Raises Difference where it proves nothing, ValueError where a key is none."""
    proof = _json(file, "the proof file")
    if not isinstance(proof, dict) or proof.get("format") != PROOF or not isinstance(proof.get("proof"), str):
        raise Difference(f"this is no file of the format {PROOF}")
    entry, (head, found, note) = proof.get("entry", {}), proof["proof"].partition("\n\n")
    lines = re.fullmatch(rf"{re.escape(TLOG_PROOF)}\n(?:extra .*\n)?index {NUMBER}((?:\n.+)*)", head)
    leaf = leaf_hash(entry)
    if not lines or not found:
        raise Difference(f"{named(entry)}: its proof is not of the format {TLOG_PROOF}")
    if int(lines[1]) != entry["index"]:
        raise Difference(f"{named(entry)}: the proof is one of entry {lines[1]}")
    checkpoint = open_checkpoint(note, keys)
    path = [_base64(line, f"{named(entry)}: its proof") for line in lines[2].split()]
    check_inclusion(leaf, entry["index"], checkpoint.size, path, checkpoint.root)
    payload = None if entry.get("payload") is None else _json(entry["payload"], f"{named(entry)}: its payload")
    # Whatever else the document has, such as a note on why its payload is missing, nothing vouches for.
    hashed = {name: entry.get(name) for name in ("index", *SHAPES, "payload", "salt", "leaf_hash")}
    return {"entry": hashed, "payload": payload, "checkpoint": checkpoint}


def _key(text: str) -> tuple[tuple[str, bytes], Ed25519PublicKey]:
    """A verifier key `name+id+base64`: what its signatures are marked with, and the key."""
    name, marked, data = [*text.strip().split("+", 2), "", ""][:3]
    try:
        raw = base64.b64decode(data, validate=True)
    except ValueError:
        raw = b""
    mark = sha256(f"{name}\n".encode() + raw).digest()[:4]
    if not name or len(raw) != 33 or raw[0] != 1 or mark.hex() != marked:
        raise ValueError(f"this is no Ed25519 verifier key (name+id+base64): {text.strip()!a}")
    return (name, mark), Ed25519PublicKey.from_public_bytes(raw[1:])


def _base64(text: str, where: str) -> bytes:
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raw = b""
    if base64.b64encode(raw).decode() != text:
        raise Difference(f"{where} holds something that is no base64")
    return raw


def _json(text: bytes | str, where: str) -> Any:
    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        # Of two members of one name, another reader might show the one that was not checked.
        if len(dict(pairs)) != len(pairs):
            raise ValueError
        return dict(pairs)

    try:
        return json.loads(text, object_pairs_hook=once)
    except (ValueError, RecursionError):
        raise Difference(f"{where} is no JSON, or names something twice") from None
