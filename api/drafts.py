"""What can be worked out of a claim before its turn: everything that depends on nothing but the claim itself.

The route of POST does so before it asks for the turn, an import in a process of its own. Drafts come from the same
functions that `derive` calls where there is no draft, on the entry as it will be but for its number and its time.
"""

from __future__ import annotations

from typing import NamedTuple

from api import documents
from api.domain import claims
from api.domain.entries import Entry, canonical
from api.domain.record import Body, Stamp
from api.projection import Own, own


class Draft(NamedTuple):
    """A claim as it will be recorded: its payload's bytes, its document up to the stamp, its excerpt, where it is
    found by its own words, and the subjects ("party/…", "question/…") that it refers to."""

    id: str
    payload: bytes
    document: bytes
    excerpt: bytes
    own: Own
    refers: tuple[str, ...]


def draft(body: Body, claim_id: str) -> Draft:
    """The draft of a claim that is to be recorded under `claim_id`. `body` is what the schema loaded."""
    payload = body | {"id": claim_id}
    entry = Entry(0, "", "claim.recorded", f"claim/{claim_id}", "", payload)
    claim = claims.evolve(None, entry)
    document = documents.claim(claim)
    until_stamp = document.removesuffix(_stamp(claim.stamp))
    return Draft(claim_id, canonical(payload), until_stamp, documents.excerpt(claim), own(claim), _referred(body))


def document(drafted: Draft, stamp: Stamp) -> bytes:
    """The document of the claim, now that it has its stamp: the same bytes as `documents.claim` makes."""
    return drafted.document + _stamp(stamp)


def _referred(body: Body) -> tuple[str, ...]:
    attribution = body["attribution"]
    parties = [attribution[role] for role in ("speaker", "on_behalf_of", "reported_through") if role in attribution]
    questions = [stance["question"] for stance in body.get("stances", ())]
    return (*(f"party/{party}" for party in parties), *(f"question/{question}" for question in questions))


def _stamp(stamp: Stamp) -> bytes:
    # Nothing in a stamp needs escaping: times are ours, and an actor is a slug.
    return (
        f'"revision":{stamp.revision},"recorded_at":"{stamp.recorded_at}","updated_at":"{stamp.updated_at}"'
        f',"recorded_by":"{stamp.recorded_by}"}}'
    ).encode()
