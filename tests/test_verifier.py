"""The module that anybody can copy: it accepts what the specifications define, and nothing that is close to it."""

from __future__ import annotations

import ast
import json
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from api import verifier
from api.reads import changes
from api.storage import log
from api.storage.sqlite import Database
from api.verifier import (
    Checkpoint,
    Difference,
    Frontier,
    check_consistency,
    check_inclusion,
    check_proof,
    leaf_hash,
    open_checkpoint,
    open_note,
)
from tests.proving import mth, path, proof
from tests.records import Recorder
from tests.signing import CT_LEAVES, Signer, tlog_proof

ORIGIN = "record.example/log"
SIGNER = Signer(ORIGIN)


def hashes(*texts: str) -> list[bytes]:
    return [bytes.fromhex(text) for text in texts]


# --- published vectors -----------------------------------------------------------------------------

# The roots of Certificate Transparency's test trees with 1 to 8 leaves.
CT_ROOTS = hashes(
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
# (index, size): the path, lowest first.
CT_INCLUSION = {
    (0, 1): [],
    (0, 8): hashes(
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ),
    (5, 8): hashes(
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 3): hashes("fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"),
    (1, 5): hashes(
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}
# (old size, new size): the proof.
CT_CONSISTENCY = {
    (1, 1): [],
    (1, 8): CT_INCLUSION[0, 8],
    (6, 8): hashes(
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ),
    (2, 5): hashes(
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
    ),
}

# The example of c2sp.org/signed-note.
C2SP_KEY = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
C2SP_NOTE = (
    "This is an example message.\n\n— example.com/foo "
    "Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# The example of Go's golang.org/x/mod/sumdb/note, with its second signature.
GO_KEYS = [
    "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW",
    "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop",
]
GO_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
GO_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
GO_ENOCH = "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWLox33WWd1RvMc+QQ=\n"


def test_roots_of_certificate_transparency() -> None:
    """The frontier has the published root at each size."""
    frontier = Frontier()
    for leaf, root in zip(CT_LEAVES, CT_ROOTS, strict=True):
        frontier.add(sha256(b"\x00" + leaf).digest())
        assert frontier.root() == root


@pytest.mark.parametrize(("index", "size"), CT_INCLUSION)
def test_paths_of_certificate_transparency(index: int, size: int) -> None:
    """The published paths lead to the published roots, and are those that the tests compute."""
    known = CT_INCLUSION[index, size]
    assert path(index, CT_LEAVES[:size]) == known
    check_inclusion(sha256(b"\x00" + CT_LEAVES[index]).digest(), index, size, known, CT_ROOTS[size - 1])


@pytest.mark.parametrize(("old", "new"), CT_CONSISTENCY)
def test_consistency_of_certificate_transparency(old: int, new: int) -> None:
    """So do the published proofs that one tree begins with another."""
    known = CT_CONSISTENCY[old, new]
    assert proof(old, CT_LEAVES[:new]) == known
    check_consistency(old, CT_ROOTS[old - 1], new, CT_ROOTS[new - 1], known)


def test_example_of_the_signed_note_specification() -> None:
    """The example of the specification verifies with its key."""
    assert open_note(C2SP_NOTE, [C2SP_KEY]) == "This is an example message.\n"


@pytest.mark.parametrize("keys", [GO_KEYS, GO_KEYS[:1], GO_KEYS[1:], [*GO_KEYS, C2SP_KEY]])
def test_example_of_the_go_implementation(keys: list[str]) -> None:
    """One known signature is enough, and those of unknown keys are passed over."""
    assert open_note(f"{GO_TEXT}\n{GO_PETER}{GO_ENOCH}", keys) == GO_TEXT


# --- every tree up to 64 leaves --------------------------------------------------------------------

DATA = [str(i).encode() for i in range(65)]
LEAVES = [sha256(b"\x00" + data).digest() for data in DATA]
ROOTS = [mth(DATA[:size]) for size in range(66)]


def wrong(right: list[bytes]) -> Iterator[list[bytes]]:
    """A proof altered in one bit of each hash, without each hash, with one more in each place, and in another order."""
    for i, one in enumerate(right):
        for byte in (0, 31):
            flipped = bytearray(one)
            flipped[byte] ^= 1
            yield [*right[:i], bytes(flipped), *right[i + 1 :]]
        yield [*right[:i], one[:31], *right[i + 1 :]]
        yield [*right[:i], *right[i + 1 :]]
    for i in range(len(right) + 1):
        for more in (LEAVES[64], right[-1] if right else b""):
            yield [*right[:i], more, *right[i:]]
    if len(right) > 1:
        yield right[::-1]


def test_inclusion_in_every_tree() -> None:
    """Each leaf of each tree is proven, by no other path, at no other index and in the tree of no other size."""
    for size in range(1, 65):
        for index in range(size):
            right = path(index, DATA[:size])
            check_inclusion(LEAVES[index], index, size, right, ROOTS[size])
            cases: list[tuple[bytes, int, int, list[bytes], bytes]] = [
                (LEAVES[64], index, size, right, ROOTS[size]),
                (LEAVES[index], index, size, right, ROOTS[65]),
                *((LEAVES[index], index, size, bad, ROOTS[size]) for bad in wrong(right)),
                *((LEAVES[index], i, size, right, ROOTS[size]) for i in range(-1, 66) if i != index),
                *((LEAVES[index], index, n, right, ROOTS[n]) for n in range(66) if n != size),
            ]
            for case in cases:
                with pytest.raises(Difference):
                    check_inclusion(*case)


def test_consistency_of_every_two_trees() -> None:
    """Each tree is proven to begin with each smaller one, by no other proof and for no other sizes."""
    for new in range(65):
        for old in range(new + 1):
            right = proof(old, DATA[:new]) if old else []
            check_consistency(old, ROOTS[old], new, ROOTS[new], right)
            cases: list[tuple[int, bytes, int, bytes, list[bytes]]] = [
                (old, ROOTS[65], new, ROOTS[new], right),
                *((old, ROOTS[old], new, ROOTS[new], bad) for bad in wrong(right)),
                *((n, ROOTS[old], new, ROOTS[new], right) for n in range(-1, 66) if n != old),
                *((n, ROOTS[n], new, ROOTS[new], right) for n in range(1, 66) if n != old and right),
                *((old, ROOTS[old], n, ROOTS[n], right) for n in range(66) if n != new and old),
            ]
            if old:
                cases.append((old, ROOTS[old], new, ROOTS[65], right))
            for case in cases:
                with pytest.raises(Difference):
                    check_consistency(*case)


def test_frontier_of_every_size() -> None:
    """A frontier has the root of its tree, and goes on as before after it was kept as JSON."""
    frontier = Frontier()
    for size in range(65):
        assert (frontier.size, frontier.root()) == (size, ROOTS[size])
        frontier = Frontier.from_json(json.loads(json.dumps(frontier.to_json())))
        frontier.add(LEAVES[size])


@pytest.mark.parametrize(
    "kept", [{"size": 1, "nodes": []}, {"size": 0, "nodes": ["00" * 32]}, {"size": 1, "nodes": [""]}]
)
def test_frontier_of_no_tree(kept: dict[str, Any]) -> None:
    """What is no frontier is not taken for one."""
    with pytest.raises(ValueError, match="no frontier"):
        Frontier.from_json(kept)


# --- signatures ------------------------------------------------------------------------------------

NOTE = SIGNER.checkpoint(ORIGIN, 3, ROOTS[3])
OTHER, STRANGER = Signer(ORIGIN, 1), Signer("stranger.example", 2)
TEXT = NOTE.partition("\n\n")[0] + "\n"


def test_checkpoint_says_what_is_signed() -> None:
    """Origin, size and root come out of a checkpoint; lines that follow them are let be."""
    assert open_checkpoint(NOTE, [SIGNER.public], ORIGIN) == Checkpoint(ORIGIN, 3, ROOTS[3])
    more = f"{TEXT}more\n"
    assert open_checkpoint(f"{more}\n{SIGNER.line(more)}", [SIGNER.public]).size == 3


def test_checkpoint_with_two_keys() -> None:
    """While a key is being changed both sign, and whoever trusts either can open the checkpoint."""
    both = NOTE + OTHER.line(TEXT)
    for keys in ([SIGNER.public], [OTHER.public], [OTHER.public, SIGNER.public]):
        assert open_checkpoint(both, keys).size == 3


def test_checkpoint_altered_in_one_place() -> None:
    """Whichever character of a checkpoint is altered, it is refused."""
    for i, char in enumerate(NOTE):
        with pytest.raises(Difference):
            open_checkpoint(NOTE[:i] + chr(ord(char) ^ 1) + NOTE[i + 1 :], [SIGNER.public])


def signed(text: str) -> str:
    return f"{text}\n{SIGNER.line(text)}"


ROOT = TEXT.split("\n")[2]
REFUSED = {
    "no signature": (TEXT + "\n", "no signed note"),
    "not even a note": ("", "no signed note"),
    "no line feed at the end": (NOTE[:-1], "no signed note"),
    "more after the signatures": (f"{NOTE}\n", "no signed note"),
    "carriage returns": (NOTE.replace("\n", "\r\n"), "no signed note"),
    "a stranger's signature": (f"{TEXT}\n{STRANGER.line(TEXT)}", "not signed by a key that you trust"),
    "another key of the same name": (f"{TEXT}\n{OTHER.line(TEXT)}", "not signed by a key that you trust"),
    "a good one and a wrong one": (NOTE + SIGNER.line("other"), "signature by record.example/log is wrong"),
    "a signature of another text": (f"{TEXT}\n{SIGNER.line('other')}", "signature by record.example/log is wrong"),
    "a hyphen for the dash": (NOTE.replace("— ", "- "), "no signature"),
    "too many signatures": (NOTE + STRANGER.line(TEXT) * 100, "no signed note"),
    "another origin": (signed(f"x\n3\n{ROOT}\n"), "'x', not of 'record.example/log'"),
    "a size with a zero before it": (signed(f"{ORIGIN}\n03\n{ROOT}\n"), "origin, a size and a root"),
    "a negative size": (signed(f"{ORIGIN}\n-3\n{ROOT}\n"), "origin, a size and a root"),
    "a short root": (signed(f"{ORIGIN}\n3\nAAAA\n"), "origin, a size and a root"),
    "a root that is no base64": (signed(f"{ORIGIN}\n3\n{ROOT[:-2]}h=\n".replace("h=", "*=")), "no base64"),
    "no root": (signed(f"{ORIGIN}\n3\n"), "origin, a size and a root"),
    "an empty line after the root": (signed(f"{ORIGIN}\n3\n{ROOT}\n\nmore\n"), "origin, a size and a root"),
}


@pytest.mark.parametrize(("note", "told"), REFUSED.values(), ids=REFUSED)
def test_checkpoint_that_is_none(note: str, told: str) -> None:
    """What is not signed, or not as the specifications say, is refused with the reason."""
    with pytest.raises(Difference, match=told):
        open_checkpoint(note, [SIGNER.public], ORIGIN)


@pytest.mark.parametrize(
    "key",
    [
        "",
        "record.example/log",
        SIGNER.public[:-1],
        SIGNER.public.replace("record", "other"),
        SIGNER.public[len(ORIGIN) :],
        SIGNER.private,
        "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2",
    ],
)
def test_key_that_is_none(key: str) -> None:
    """What is no verifier key for Ed25519 is refused, and not passed over as a key that did not sign."""
    with pytest.raises(ValueError, match="verifier key"):
        open_checkpoint(NOTE, [SIGNER.public, key])


# --- entries ---------------------------------------------------------------------------------------


@pytest.fixture
def entries(database: Database, record: Recorder) -> list[dict[str, Any]]:
    """Eleven entries, as they are served."""
    record.party("dhs", name='Département “東京” \\ "quoted"')
    record.question("q", "no", "yes")
    claims = [record.claim(f"Statement {i}.", "dhs", {"q": "no"}) for i in range(7)]
    record.verdict(claims[3], reviewer="dhs")
    record.withdraw(claims[0])
    return [json.loads(changes.entry(sealed)) for sealed in log.sealed_entries(database.reader())]


def test_leaves_are_those_of_the_log(entries: list[dict[str, Any]], database: Database) -> None:
    """From what is served the leaves and the root of the log come out, whether a payload was erased or not."""
    frontier = Frontier()
    for entry in entries:
        assert leaf_hash(entry).hex() == entry["leaf_hash"]
        assert leaf_hash(entry | {"payload": None, "salt": None}).hex() == entry["leaf_hash"]
        frontier.take(entry)
    assert frontier.root() == log.head(database.reader()).root


@pytest.mark.parametrize("name", ["index", *verifier.SHAPES, "payload", "salt", "leaf_hash"])
def test_entry_altered_in_one_place(entries: list[dict[str, Any]], name: str) -> None:
    """Whichever character of an entry is altered, it is named with its index and its kind."""
    entry = entries[9]
    if name == "index":
        cases: list[Any] = [8, 10, -1, 9.0, True, "9", None]
    else:
        text = entry[name]
        cases = [text[:i] + chr(ord(text[i]) ^ 1) + text[i + 1 :] for i in range(len(text))]
        cases += [text[1:], f"{text}\n", "", None, 1]
    for case in cases:
        with pytest.raises(Difference, match=r"^entry \S+ \("):
            leaf_hash(entry | {name: case})


def test_salt_cannot_swallow_the_payload(entries: list[dict[str, Any]]) -> None:
    """Bytes that move from the payload to the salt give the same hash, and are another entry all the same."""
    entry = entries[9]
    moved = entry | {"salt": entry["salt"] + entry["payload"][:8].encode().hex(), "payload": entry["payload"][8:]}
    with pytest.raises(Difference, match=r"entry 9 \(verdict.published\): its payload or its salt"):
        leaf_hash(moved)


def test_line_feed_cannot_move_the_lines(entries: list[dict[str, Any]]) -> None:
    """Two fields that are joined by a line feed would give the same leaf, and are refused."""
    entry = entries[9]
    for moved in ({"kind": f"{entry['kind']}\n{entry['subject']}"}, {"actor": f"{entry['actor']}\n"}):
        with pytest.raises(Difference, match="malformed"):
            leaf_hash(entry | moved)


@pytest.mark.parametrize("entry", [None, [], "entry", {}, {"index": 3}])
def test_entry_that_is_none(entry: Any) -> None:
    """What is no entry at all is refused like one that is wrong."""
    with pytest.raises(Difference):
        leaf_hash(entry)


def test_frontier_takes_entries_in_order(entries: list[dict[str, Any]]) -> None:
    """An entry that was left out, comes again, or comes too early is named."""
    frontier = Frontier()
    frontier.take(entries[0])
    for i in (0, 2):
        with pytest.raises(Difference, match=rf"entry {i} \(.*\): it came where entry 1 should be"):
            frontier.take(entries[i])
    frontier.take(entries[1])


# --- proof files -----------------------------------------------------------------------------------


def proof_file(entries: list[dict[str, Any]], index: int, **other: Any) -> bytes:
    data = [
        "".join(f"{line}\n" for line in ("onrecord/entry/v1", e["index"], *(e[n] for n in verifier.SHAPES))).encode()
        for e in entries
    ]
    note = SIGNER.checkpoint(ORIGIN, len(data), mth(data))
    file = {"format": "onrecord/proof/v1", "entry": entries[index], "proof": tlog_proof(index, path(index, data), note)}
    return json.dumps(file | other, ensure_ascii=False).encode()


def test_proof_file_proves_an_entry(entries: list[dict[str, Any]]) -> None:
    """Out of a file alone comes an entry, with its payload, and under what it was signed."""
    for index, entry in enumerate(entries):
        proven = check_proof(proof_file(entries, index, entry=entry | {"more": "than is hashed"}), [SIGNER.public])
        assert proven["entry"] == {name: entry[name] for name in proven["entry"]}
        assert {"index", *verifier.SHAPES, "payload", "salt", "leaf_hash"} == proven["entry"].keys()
        assert proven["payload"] == json.loads(entry["payload"])
        assert proven["checkpoint"][:2] == (ORIGIN, len(entries))
    erased = proof_file(entries, 9, entry=entries[9] | {"payload": None, "salt": None})
    assert check_proof(erased, [SIGNER.public])["payload"] is None


def test_proof_file_altered_in_one_byte(entries: list[dict[str, Any]]) -> None:
    """Whichever byte of a proof file is altered, it is refused, unless all that is proven stays the same."""
    file = proof_file(entries, 0)
    proven, kept = check_proof(file, [SIGNER.public]), 0
    for position in range(len(file)):
        altered = bytearray(file)
        altered[position] ^= 1
        try:
            assert check_proof(bytes(altered), [SIGNER.public]) == proven
            kept += 1
        except Difference:
            pass
    assert kept <= len('"erased": null'), "only what is not hashed may be altered"


def test_proof_file_that_proves_nothing(entries: list[dict[str, Any]]) -> None:
    """A file of another kind, another entry's proof, and a file that says things twice are refused with the reason."""
    text = json.loads(proof_file(entries, 3))["proof"]
    twice = b'{"entry": {}, ' + proof_file(entries, 3)[1:]
    cases = {
        proof_file(entries, 3, format="onrecord/proof/v2"): "no file of the format onrecord/proof/v1",
        proof_file(entries, 4, proof=text): r"entry 4 \(claim.recorded\): the proof is one of entry 3",
        proof_file(entries, 3, proof=text.replace("@v1", "@v2")): "not of the format c2sp.org/tlog-proof@v1",
        proof_file(entries, 3, proof=text.replace("index 3", "index 03")): "not of the format",
        proof_file(entries, 3, proof=text.replace("index 3", "index " + "9" * 5000)): "not of the format",
        proof_file(entries, 3, proof=text.partition("\n\n")[0]): "not of the format",
        proof_file(entries, 3, proof=None): "no file of the format",
        proof_file(entries, 3, entry=None): "no JSON object",
        proof_file(entries, 3)[:-1]: "no JSON",
        twice: "names something twice",
        b"": "no JSON",
        b"[" * 100_000: "no JSON",
    }
    for file, told in cases.items():
        with pytest.raises(Difference, match=told):
            check_proof(file, [SIGNER.public])
    with pytest.raises(Difference, match="not signed by a key that you trust"):
        check_proof(proof_file(entries, 3), [OTHER.public])


def test_proof_file_with_extra_data(entries: list[dict[str, Any]]) -> None:
    """The line of opaque data that the format allows is passed over."""
    text = json.loads(proof_file(entries, 3))["proof"].replace("index", "extra AAAA\nindex", 1)
    assert check_proof(proof_file(entries, 3, proof=text), [SIGNER.public])["entry"]["index"] == 3


# --- the module ------------------------------------------------------------------------------------


def test_module_stands_alone() -> None:
    """It imports the standard library and one thing of `cryptography`: a copy of the file is all that one needs."""
    tree = ast.parse(Path(verifier.__file__).read_text(encoding="utf-8"))
    imported = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    others = {name for name in imported if name.split(".")[0] not in sys.stdlib_module_names}
    assert others == {"cryptography.exceptions", "cryptography.hazmat.primitives.asymmetric.ed25519"}
