"""The RFC 6962 hash tree over the log's leaves: pure functions, no storage.

A tree of any size is a row of complete subtrees, one for each 1 in the binary form of the size, largest first. That row
(the *frontier*) is all that an append or a root needs, so an append hashes O(log n) nodes and reads none of the tree.

A proof is a list of subtrees' hashes. Each of these subtrees is in turn a row of complete ones, of which alone the
hashes are kept; `inclusion` and `consistency` name them by their places, and `root` makes one hash of a row.
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


class Place(NamedTuple):
    """Where a complete subtree is: as in `Node`; of level 0 it is a leaf, and the position its index."""

    level: int
    position: int


# What one hash of a proof is made of: complete subtrees side by side, left to right. Only the subtree at the right edge
# of the tree has more than one.
Row = list[Place]


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
    """The tree hash that a frontier, or the hashes of any row, stand for; of the empty tree SHA-256 of nothing."""
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


def row(start: int, end: int) -> Row:
    """The complete subtrees over the leaves from `start` up to, not including, `end`; of 0 to n the frontier's places.

    `start` must be a multiple of the largest power of two that fits in between, as it is for every subtree of a tree.
    """
    places = []
    while start < end:
        level = (end - start).bit_length() - 1
        places.append(Place(level, start >> level))
        start += 1 << level
    return places


def inclusion(index: int, size: int) -> list[Row]:
    """The audit path of a leaf in the tree of `size` leaves, from the leaf's sibling up (RFC 6962, section 2.1.1).

    `index` must be below `size`.
    """
    path = []
    start, end = 0, size
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            path.append(row(middle, end))
            end = middle
        else:
            path.append(row(start, middle))
            start = middle
    return path[::-1]


def consistency(old: int, new: int) -> list[Row]:
    """The proof that the tree of `new` leaves begins with the tree of `old` ones (RFC 6962, section 2.1.2).

    `old` must be at least 1 and at most `new`.
    """
    path = []
    start, end = 0, new
    while old < end:
        middle = start + _split(end - start)
        if old <= middle:
            path.append(row(middle, end))
            end = middle
        else:
            path.append(row(start, middle))
            start = middle
    if start > 0:
        # Else the old tree is itself a subtree of the new one, and whoever checks the proof has its hash.
        path.append(row(start, end))
    return path[::-1]


def _split(leaves: int) -> int:
    """The largest power of two below a number of leaves: how many of them are in the left subtree."""
    return 1 << (leaves - 1).bit_length() - 1


def pack(frontier: Sequence[bytes]) -> bytes:
    """A frontier as one byte string, as the head row keeps it."""
    return b"".join(frontier)


def unpack(packed: bytes) -> list[bytes]:
    """The inverse of `pack`."""
    return [packed[i : i + HASH_SIZE] for i in range(0, len(packed), HASH_SIZE)]
