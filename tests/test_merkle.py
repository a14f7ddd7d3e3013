"""The hash tree is the one of RFC 6962, whatever its size."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import sha256

import pytest

from api import merkle

# The test leaves of Certificate Transparency, and the root over all eight of them.
CT_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
CT_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"

LEAVES = [merkle.leaf_hash(str(i).encode()) for i in range(65)]


def mth(data: Sequence[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it is written there; over the data, not over their hashes."""
    if not data:
        return sha256(b"").digest()
    if len(data) == 1:
        return sha256(b"\x00" + data[0]).digest()
    k = 1
    while k * 2 < len(data):
        k *= 2
    return sha256(b"\x01" + mth(data[:k]) + mth(data[k:])).digest()


def test_root_over_the_certificate_transparency_leaves() -> None:
    """The eight leaves that implementations of RFC 6962 are tested with have the published root."""
    leaves = [merkle.leaf_hash(bytes.fromhex(leaf)) for leaf in CT_LEAVES]
    assert merkle.tree_hash(leaves).hex() == CT_ROOT


def test_root_of_the_empty_tree() -> None:
    """A tree without leaves has the hash of nothing as its root."""
    assert merkle.tree_hash([]) == merkle.root([]) == merkle.EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", range(65))
def test_roots_of_every_size(size: int) -> None:
    """The root that follows from the frontier is the recursive definition's, for every size up to 64."""
    data = [str(i).encode() for i in range(size)]
    frontier: list[bytes] = []
    for i in range(size):
        frontier, _ = merkle.append(frontier, i, LEAVES[i])
    assert merkle.root(frontier) == mth(data) == merkle.tree_hash(LEAVES[:size])
    assert len(frontier) == size.bit_count()
    assert merkle.unpack(merkle.pack(frontier)) == frontier


def test_nodes_that_appends_complete() -> None:
    """Appending hands out each complete subtree of two leaves and more, once, right after its last leaf."""
    frontier: list[bytes] = []
    for i, leaf in enumerate(LEAVES[:64]):
        frontier, nodes = merkle.append(frontier, i, leaf)
        wanted = [
            merkle.Node(level, i >> level, mth([str(j).encode() for j in range(i + 1 - 2**level, i + 1)]))
            for level in range(1, 7)
            if (i + 1) % 2**level == 0
        ]
        assert nodes == wanted


def test_append_leaves_its_arguments_alone() -> None:
    """A frontier that was appended to still stands for the smaller tree."""
    frontier, _ = merkle.append([], 0, LEAVES[0])
    merkle.append(frontier, 1, LEAVES[1])
    assert frontier == [LEAVES[0]]
