"""Proofs: what they are asked for with, and their documents."""

from __future__ import annotations

from schemas.base import Document, Query
from schemas.entries import EntryDocument
from schemas.fields import Choice, Item, Items, QueryInteger, Sha256, StrictInteger, Text
from schemas.vocabulary import MAX_INTEGER

_PATH = "The hashes that lead from it to the root, lowest first."
_PROOF = """\
c2sp.org/tlog-proof@v1
index 0

record.example.org/log
1
bjQLnP+zepicpUTmu3gKLHiQHT+zNzh2hRGjBhevoB0=

— record.example.org/log 1Cc4RMxM0Z…
"""


class InclusionQuery(Query):
    """An entry, and the size of the log that it is to be shown to be in."""

    index = QueryInteger("The number of the entry.", required=True, example=17)
    size = QueryInteger("How many entries the tree has.", minimum=1, required=True, example=200)


class ConsistencyQuery(Query):
    """Two sizes of the log."""

    from_ = QueryInteger("The smaller size.", minimum=1, required=True, data_key="from", attribute="from", example=17)
    to = QueryInteger("The larger size.", minimum=1, required=True, example=200)


class ClaimProofQuery(Query):
    """A revision of a claim."""

    revision = QueryInteger(
        "The entry that made it; left out, the newest entry about the claim itself (a verdict on it has its own proof)."
    )


class InclusionDocument(Document):
    """That an entry is in the log (RFC 6962, section 2.1.1)."""

    index = StrictInteger("The number of the entry.", example=17)
    size = StrictInteger("How many entries the tree has.", minimum=1, example=200)
    leaf_hash = Sha256("The hash of its leaf.")
    root = Sha256("The root of the tree.")
    path = Items(Sha256(), _PATH)


class ConsistencyDocument(Document):
    """That the larger log begins with the smaller one (RFC 6962, section 2.1.2)."""

    from_ = StrictInteger("The smaller size.", minimum=1, data_key="from", example=17)
    to = StrictInteger("The larger size.", minimum=1, example=200)
    from_root = Sha256("The root of the smaller tree.")
    to_root = Sha256("The root of the larger tree.")
    path = Items(Sha256(), "The hashes that lead to both roots.")


class ProofDocument(Document):
    """A file by which anybody can check offline that an entry is in the log, given the log's key."""

    format = Choice(("onrecord/proof/v1",), "The version of this format.", example="onrecord/proof/v1")
    entry = Item(EntryDocument, "The entry: its leaf hash can be computed from it.")
    proof = Text(
        "Index, audit path and signed checkpoint, in the format of C2SP tlog-proof.", max=MAX_INTEGER, example=_PROOF
    )
