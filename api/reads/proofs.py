"""Proofs from the stored tree: that an entry is in the log, that a log is the continuation of a smaller one, and the
file that carries one entry's proof by itself.

What is asked for must be there: a wrong index or size is refused by name. A proof reads O(log n) hashes, in one go.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence

import orjson

from api import merkle
from api.checkpoints import Checkpoint
from api.errors import InvalidRequest, NotFound
from api.merkle import Place, Row
from api.reads import changes
from api.storage import log, tree
from api.storage.log import Connection, Head

FORMAT = "onrecord/proof/v1"
# The first line of a proof in the format of C2SP tlog-proof (c2sp.org/tlog-proof).
TLOG_PROOF = "c2sp.org/tlog-proof@v1"


def inclusion(db: Connection, index: int, size: int) -> bytes:
    """The proof that entry `index` is in the tree over the first `size` entries, as JSON.

    Raises InvalidRequest for a size that the log has not reached, and an index that this size does not have.
    """
    head = _reached(db, "/size", size)
    if index >= size:
        detail = f"The first {size:,} entries are numbered 0 to {size - 1:,}: ask for one of these, or a larger 'size'."
        raise InvalidRequest.of("/index", detail, "range")
    rows, leaf = merkle.inclusion(index, size), Place(0, index)
    whole = _unless_head(head, size)
    found = tree.hashes(db, [leaf, *whole, *_places(rows)])
    return _json(
        {
            "index": index,
            "size": size,
            "leaf_hash": found[leaf].hex(),
            "root": (_hash(found, whole) if whole else head.root).hex(),
            "path": [_hash(found, row).hex() for row in rows],
        }
    )


def consistency(db: Connection, old: int, new: int) -> bytes:
    """The proof that the tree over the first `new` entries begins with the one over the first `old`, as JSON.

    Raises InvalidRequest for a size that the log has not reached, and for an `old` that is larger than `new`.
    """
    head = _reached(db, "/to", new)
    if old > new:
        raise InvalidRequest.of("/from", f"A log only grows: ask for a 'from' up to 'to', which is {new:,}.", "range")
    rows = merkle.consistency(old, new)
    before, after = merkle.row(0, old), _unless_head(head, new)
    found = tree.hashes(db, [*before, *after, *_places(rows)])
    return _json(
        {
            "from": old,
            "to": new,
            "from_root": _hash(found, before).hex(),
            "to_root": (_hash(found, after) if after else head.root).hex(),
            "path": [_hash(found, row).hex() for row in rows],
        }
    )


def of_verdict(db: Connection, verdict_id: str) -> int:
    """The index of the entry that published a verdict. Raises NotFound."""
    # A subject's number is one more than the index of the entry that first named it.
    number = log.number(db, f"verdict/{verdict_id}")
    if number is None:
        raise NotFound.of(f"verdict/{verdict_id}")
    return number - 1


def of_claim(db: Connection, claim_id: str, revision: int | None) -> int:
    """The index of the entry that made a revision of a claim; None is the newest entry about the claim itself, since a
    verdict on it makes a revision, too, and has a proof of its own.

    Raises NotFound, and InvalidRequest for what is no revision of this claim.
    """
    name = f"claim/{claim_id}"
    newest = tree.newest_of(db, name)
    if newest is None:
        raise NotFound.of(name)
    if revision is None:
        return newest
    if not tree.belongs(db, name, revision):
        detail = f"Entry {revision} made no revision of this claim: /v1/claims/{claim_id}/history lists those that did."
        raise InvalidRequest.of("/revision", detail, "unknown-revision")
    return revision


def file(db: Connection, index: int, checkpoint: Checkpoint) -> bytes:
    """The proof file of an entry: the entry, and the C2SP tlog-proof that leads from its leaf to the checkpoint.

    The checkpoint must have been made after the entry was found.
    """
    sealed = next(log.sealed_entries(db, index, index + 1))
    rows = merkle.inclusion(index, checkpoint.size)
    found = tree.hashes(db, _places(rows))
    proof = tlog_proof(index, [_hash(found, row) for row in rows], checkpoint.text)
    told = orjson.dumps({"format": FORMAT, "proof": proof})
    return told[:-1] + b',"entry":' + changes.entry(sealed) + b"}"


def tlog_proof(index: int, path: Sequence[bytes], checkpoint: str) -> str:
    """A proof as C2SP tlog-proof writes it: index, audit path from the leaf's sibling up, checkpoint as it stands."""
    lines = [TLOG_PROOF, f"index {index}", *(b64encode(node).decode() for node in path), "", checkpoint]
    return "\n".join(lines)


def _reached(db: Connection, pointer: str, size: int) -> Head:
    head = log.head(db)
    if size > head.size:
        raise InvalidRequest.of(pointer, f"The log has {head.size:,} entries: ask for a size up to that.", "future")
    return head


def _unless_head(head: Head, size: int) -> Row:
    """The places that a size's root is made of; none where the head has the root, as it has for most who ask."""
    return merkle.row(0, size) if size < head.size else []


def _places(rows: Sequence[Row]) -> list[Place]:
    return [place for row in rows for place in row]


def _hash(found: dict[Place, bytes], row: Row) -> bytes:
    return merkle.root([found[place] for place in row])


def _json(members: dict[str, object]) -> bytes:
    return orjson.dumps(members)
