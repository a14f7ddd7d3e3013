"""The RFC 6962 hash tree over the log's leaves: pure functions, no storage.

A tree of any size is a row of complete subtrees, one for each 1 in the binary form of the size, largest first. That row
(the *frontier*) is all that an append or a root needs, so an append hashes O(log n) nodes and reads none of the tree.
Source of every rule here: RFC 6962, section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import NamedTuple

HASH_SIZE = 32
EMPTY_ROOT = sha256(b"").digest()


class Node(NamedTuple):
    """A complete subtree of 2**level leaves: the `position`-th of its level, counted from the left."""

    level: int
    position: int
    hash: bytes


def leaf_hash(leaf_data: bytes) -> bytes:
    """The hash of one leaf: SHA-256(0x00 || leaf_data)."""
    return sha256(b"\x00" + leaf_data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node: SHA-256(0x01 || left || right)."""
    return sha256(b"\x01" + left + right).digest()


def append(frontier: Sequence[bytes], size: int, leaf: bytes) -> tuple[list[bytes], list[Node]]:
    """Put one leaf hash on a tree of `size` leaves.

    Out: the new frontier, and the subtrees of level 1 and up that this leaf completed, lowest first
    (leaf hashes are kept with their entries and are not repeated among the nodes).
    """
    grown = list(frontier)
    completed = []
    node, level = leaf, 0
    while size >> level & 1:
        node = node_hash(grown.pop(), node)
        level += 1
        completed.append(Node(level, size >> level, node))
    grown.append(node)
    return grown, completed


def root(frontier: Sequence[bytes]) -> bytes:
    """The tree hash that a frontier stands for; of the empty tree SHA-256 of nothing."""
    if not frontier:
        return EMPTY_ROOT
    node = frontier[-1]
    for left in reversed(frontier[:-1]):
        node = node_hash(left, node)
    return node


def tree_hash(leaves: Iterable[bytes]) -> bytes:
    """The tree hash over leaf hashes, for those who hold them all."""
    frontier: list[bytes] = []
    for size, leaf in enumerate(leaves):
        frontier, _ = append(frontier, size, leaf)
    return root(frontier)


def pack(frontier: Sequence[bytes]) -> bytes:
    """A frontier as one byte string, as the head row keeps it."""
    return b"".join(frontier)


def unpack(packed: bytes) -> list[bytes]:
    """The inverse of `pack`."""
    return [packed[i : i + HASH_SIZE] for i in range(0, len(packed), HASH_SIZE)]
