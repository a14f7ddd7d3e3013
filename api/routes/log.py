"""The log's signed head and keys, and proofs of what is in it: for those who do not want to take our word."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from marshmallow import Schema

from api import auth, errors, http
from api.openapi import Blueprint, documented
from api.reads import proofs
from api.routes import reading
from api.routes.reading import head_etag
from api.storage import log
from api.storage.log import Connection
from schemas.proofs import (
    ClaimProofQuery,
    ConsistencyDocument,
    ConsistencyQuery,
    InclusionDocument,
    InclusionQuery,
    ProofDocument,
)
from schemas.queries import NoQuery

blueprint = Blueprint("log", __name__, url_prefix="/v1", description="The signed log, and proofs of what is in it.")

NO_QUERY, INCLUSION, CONSISTENCY, CLAIM_PROOF = NoQuery(), InclusionQuery(), ConsistencyQuery(), ClaimProofQuery()

TEXT = "text/plain; charset=utf-8"


@blueprint.route("/log/checkpoint")
@documented(
    summary="The signed head of the log",
    query=NoQuery,
    answers={200: "text/plain"},
    etag=True,
    problems=[errors.NotFound, errors.LedgerRewound],
)
def checkpoint() -> http.Answer:
    """A C2SP tlog-checkpoint: origin, size and root of the log as it is now, signed as a note with Ed25519.

    It is never smaller than the head of a page of changes that was fetched before.
    """
    _asked(NO_QUERY)
    return reading.read(lambda database: _checkpoint(database.reader()), signed=True)


def _checkpoint(db: Connection) -> http.Answer:
    checkpoints = http.house().checkpoints
    checkpoints.published(db)
    unchanged = http.not_modified(head_etag(log.head(db)), cache=http.NO_STORE)
    if unchanged is not None:
        return unchanged
    made = checkpoints.current(db)
    return http.answer(made.text.encode(), etag=head_etag(made), cache=http.NO_STORE, content_type=TEXT)


@blueprint.route("/log/key")
@documented(summary="The log's verifier keys", query=NoQuery, answers={200: "text/plain"}, problems=[errors.NotFound])
def key() -> http.Answer:
    """One on each line, as NAME+ID+BASE64: first those that sign, then those that did once and are retired."""
    _asked(NO_QUERY)
    published = http.house().checkpoints.published
    keys = reading.read(lambda database: published(database.reader()), newest=True)
    return http.answer("".join(f"{one}\n" for one in keys).encode(), content_type=TEXT)


@blueprint.route("/log/proofs/inclusion")
@documented(summary="Prove that an entry is in the log", query=InclusionQuery, answers={200: InclusionDocument})
def inclusion() -> http.Answer:
    """The audit path of an entry's leaf in the tree of a size (RFC 6962); it never changes."""
    asked = _asked(INCLUSION)
    index, size = asked["index"], asked["size"]
    proof = reading.read(lambda database: proofs.inclusion(database.reader(), index, size), size=size)
    return http.answer(proof, cache=http.FOR_EVER)


@blueprint.route("/log/proofs/consistency")
@documented(summary="Prove that the log only grew", query=ConsistencyQuery, answers={200: ConsistencyDocument})
def consistency() -> http.Answer:
    """The proof that the tree of the larger size begins with that of the smaller one (RFC 6962); it never changes."""
    asked = _asked(CONSISTENCY)
    old, new = asked["from"], asked["to"]
    proof = reading.read(lambda database: proofs.consistency(database.reader(), old, new), size=new)
    return http.answer(proof, cache=http.FOR_EVER)


@blueprint.route("/verdicts/<verdict_id>/proof")
@documented(
    summary="Prove a verdict",
    query=NoQuery,
    answers={200: ProofDocument},
    etag=True,
    problems=[errors.NotFound, errors.LedgerRewound],
)
def verdict(verdict_id: str) -> http.Answer:
    """One file with all that it takes to check offline that this verdict was published as it stands here: the entry
    that published it, its inclusion proof and a signed checkpoint."""
    _asked(NO_QUERY)
    return _proof(lambda db: proofs.of_verdict(db, verdict_id))


@blueprint.route("/claims/<claim_id>/proof")
@documented(
    summary="Prove a revision of a claim",
    query=ClaimProofQuery,
    answers={200: ProofDocument},
    etag=True,
    problems=[errors.NotFound, errors.LedgerRewound],
)
def claim(claim_id: str) -> http.Answer:
    """One file with all that it takes to check offline that an entry made this revision of the claim."""
    asked = _asked(CLAIM_PROOF)
    return _proof(lambda db: proofs.of_claim(db, claim_id, asked.get("revision")))


def _proof(find: Callable[[Connection], int]) -> http.Answer:
    """The file that proves the entry which is found; of the primary, since it is signed."""
    return reading.read(lambda database: _signed(database.reader(), find), signed=True)


def _signed(db: Connection, find: Callable[[Connection], int]) -> http.Answer:
    index = find(db)
    # The checkpoint comes after the entry was found, so it covers it.
    made = http.house().checkpoints.current(db)
    if index >= made.size:
        raise errors.NotFound(f"Entry {index} is not signed yet: this mirror is still catching up with its source.")
    # It holds words, which can be erased, so it is kept no longer than any other document.
    return http.answer(proofs.file(db, index, made), etag=head_etag(made))


def _asked(schema: Schema) -> Mapping[str, Any]:
    asked = http.query(schema)
    auth.authenticate()
    return asked
