"""What a write keeps beside the entry: the vector of the claim's words, made before its turn."""

from __future__ import annotations

from api import http
from api.domain.entries import Entry
from api.domain.record import Body
from api.embedding.embedder import digest, words
from api.routes.writing import Answering, Reply
from api.storage import log, vectors
from api.storage.log import Connection
from api.storage.vectors import Vector


def kept(name: str, body: Body, answering: Answering) -> Answering:
    """The answering of a write that leaves a claim with this body: it also keeps the vector of its words, in the same
    transaction. Where no model makes one, nothing is kept, and the write goes on."""
    embedder = http.house().embedder
    said = words(body)
    vector, model = embedder.vector(said), embedder.name
    if vector is None or model is None:
        return answering

    def keeping(db: Connection, entry: Entry) -> Reply:
        no = log.number(db, name)
        if no is not None:
            vectors.put(db, [Vector(no, model, digest(said), vector)])
        return answering(db, entry)

    return keeping


def let_go(name: str, answering: Answering) -> Answering:
    """The answering of a write that withdraws a claim: its vector goes in the same transaction."""

    def dropping(db: Connection, entry: Entry) -> Reply:
        no = log.number(db, name)
        if no is not None:
            vectors.drop(db, [no])
        return answering(db, entry)

    return dropping
