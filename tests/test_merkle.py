"""The hash tree is the one of RFC 6962, whatever its size."""

from __future__ import annotations

from hashlib import sha256

import pytest

from api import merkle
from tests import proving
from tests.proving import mth
from tests.signing import CT_LEAVES

# The root over all eight test leaves of Certificate Transparency.
CT_ROOT = "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"

# The roots over the first 0 to 8 of them, and audit paths and consistency proofs: those that the tests of Certificate
# Transparency's own implementation publish. Leaves are counted from 0 here, from 1 there.
CT_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    CT_ROOT,
]
CT_INCLUSION = {
    (0, 1): [],
    (0, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (5, 8): [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 3): ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"],
    (1, 5): [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
}
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ],
    (6, 8): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
    (2, 5): [
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ],
    (6, 7): [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ],
}

DATA = [str(i).encode() for i in range(65)]
LEAVES = [merkle.leaf_hash(datum) for datum in DATA]


def stored(leaves: list[bytes]) -> dict[merkle.Place, bytes]:
    """What a log keeps of a tree: its leaves, and the larger complete subtrees."""
    frontier: list[bytes] = []
    found = {}
    for i, leaf in enumerate(leaves):
        found[merkle.Place(0, i)] = leaf
        frontier, nodes = merkle.append(frontier, i, leaf)
        found |= {merkle.Place(node.level, node.position): node.hash for node in nodes}
    return found


def hashed(rows: list[merkle.Row], known: dict[merkle.Place, bytes]) -> list[bytes]:
    """The hashes of a proof, from those that are stored."""
    return [merkle.root([known[place] for place in row]) for row in rows]


def test_root_over_the_certificate_transparency_leaves() -> None:
    """The eight leaves that implementations of RFC 6962 are tested with have the published root."""
    leaves = [merkle.leaf_hash(leaf) for leaf in CT_LEAVES]
    assert [merkle.tree_hash(leaves[:size]).hex() for size in range(9)] == CT_ROOTS


def test_proofs_of_the_certificate_transparency_tree() -> None:
    """The published audit paths and consistency proofs are those that the places lead to."""
    known = stored([merkle.leaf_hash(leaf) for leaf in CT_LEAVES])
    for (index, size), wanted in CT_INCLUSION.items():
        assert hashed(merkle.inclusion(index, size), known) == proving.hexes(wanted)
    for (old, new), wanted in CT_CONSISTENCY.items():
        assert hashed(merkle.consistency(old, new), known) == proving.hexes(wanted)


@pytest.mark.parametrize("size", range(1, 65))
def test_inclusion_in_trees_of_every_size(size: int) -> None:
    """For every leaf of every tree up to 64: the path is the recursive definition's, and leads to the root from that
    leaf at that place only."""
    known, root = stored(LEAVES[:size]), mth(DATA[:size])
    for index in range(size):
        path = hashed(merkle.inclusion(index, size), known)
        assert path == proving.path(index, DATA[:size])
        assert proving.included(LEAVES[index], index, size, path, root)
        assert not proving.included(LEAVES[index + 1], index, size, path, root)
        assert not proving.included(LEAVES[index], index + 1, size, path, root)


@pytest.mark.parametrize("new", range(1, 65))
def test_consistency_of_trees_of_every_size(new: int) -> None:
    """For every two sizes up to 64: the proof is the recursive definition's, and leads from the one root to the
    other."""
    known, root = stored(LEAVES[:new]), mth(DATA[:new])
    for old in range(1, new + 1):
        before = mth(DATA[:old])
        proof = hashed(merkle.consistency(old, new), known)
        assert proof == proving.proof(old, DATA[:new])
        assert proving.consistent(old, new, before, root, proof)
        assert not proving.consistent(old, new, mth([*DATA[: old - 1], b"other"]), root, proof)


@pytest.mark.parametrize("size", [1, 2, 999_999, 1_000_000, 1_048_575, 1_048_576, 1_048_577])
def test_a_proof_needs_few_nodes(size: int) -> None:
    """With its leaf and the root, an inclusion proof at a million entries takes 64 stored hashes at most."""
    for index in sorted({0, 1, size // 3, size // 2, size - 2, size - 1} - {-1, size}):
        rows = [*merkle.inclusion(index, size), merkle.row(0, size), [merkle.Place(0, index)]]
        assert len({place for row in rows for place in row}) <= 64


def test_root_of_the_empty_tree() -> None:
    """A tree without leaves has the hash of nothing as its root."""
    assert merkle.tree_hash([]) == merkle.root([]) == merkle.EMPTY_ROOT == sha256(b"").digest()


@pytest.mark.parametrize("size", range(65))
def test_roots_of_every_size(size: int) -> None:
    """The root that follows from the frontier is the recursive definition's, for every size up to 64."""
    frontier: list[bytes] = []
    for i in range(size):
        frontier, _ = merkle.append(frontier, i, LEAVES[i])
    assert merkle.root(frontier) == mth(DATA[:size]) == merkle.tree_hash(LEAVES[:size])
    assert len(frontier) == size.bit_count()
    assert merkle.unpack(merkle.pack(frontier)) == frontier


def test_nodes_that_appends_complete() -> None:
    """Appending hands out each complete subtree of two leaves and more, once, right after its last leaf."""
    frontier: list[bytes] = []
    for i, leaf in enumerate(LEAVES[:64]):
        frontier, nodes = merkle.append(frontier, i, leaf)
        wanted = [
            merkle.Node(level, i >> level, mth(DATA[i + 1 - 2**level : i + 1]))
            for level in range(1, 7)
            if (i + 1) % 2**level == 0
        ]
        assert nodes == wanted


def test_append_leaves_its_arguments_alone() -> None:
    """A frontier that was appended to still stands for the smaller tree."""
    frontier, _ = merkle.append([], 0, LEAVES[0])
    merkle.append(frontier, 1, LEAVES[1])
    assert frontier == [LEAVES[0]]
