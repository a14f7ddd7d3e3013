"""Folded state -> the rows of the derived tables: where a claim is found, and what it is compared with. Pure
functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from api.documents import disclosed_on
from api.domain import erasure, reviewed
from api.domain.claims import Claim, fingerprint
from api.domain.parties import Member, members
from api.domain.record import Body, Record
from api.domain.words import folded
from schemas.dates import Bounds, bounds
from schemas.vocabulary import UNKNOWN_PARTY_ID

# The party of a statement's row that stands for everybody, beside those of the parties that it belongs to.
EVERYBODY = ""

# The facet of every claim, and with it that of one that was just recorded, which nobody has ruled on.
CLAIMS = "claims"
RECORDED = (CLAIMS, "status=unreviewed")


class Words(NamedTuple):
    """A claim's searchable words, folded and joined by spaces."""

    text: str
    variants: str
    speakers: str
    titles: str


class Placement(NamedTuple):
    """All that the derived tables hold of a claim beside its documents.

    `facets` are "name=value" strings, one for each filter that finds it, and `reviews` those that its reviews give it,
    which are dated by the newest of them; `statements` are (party, question, position).
    """

    facets: frozenset[str]
    statements: frozenset[tuple[str, str, str]]
    stated: Bounds
    disclosed: Bounds
    members: tuple[Member, ...]
    stances: tuple[tuple[str, str], ...]
    words: Words
    fingerprint: bytes | None
    reviews: frozenset[str]
    newest: Bounds


class Own(NamedTuple):
    """The part of a placement that follows from the claim's body alone: its facets, the words of its text, variants and
    titles, its dates, and its fingerprint."""

    facets: tuple[str, ...]
    text: str
    variants: str
    titles: str
    stated: Bounds
    disclosed: Bounds
    fingerprint: bytes


class Whose(NamedTuple):
    """The part that follows from the parties above its speaker: whose the claim is, with the facets that this gives
    it, and the words of the speakers' names."""

    members: tuple[Member, ...]
    facets: tuple[str, ...]
    speakers: str


def place(claim: Claim, known: Record) -> Placement:
    """Where a claim as it stands is found. `known` answers for the parties above its speaker."""
    return placement(claim, own(claim), whose(claim.body["attribution"], known))


def own(claim: Claim) -> Own:
    """What follows from the claim's body alone."""
    body = claim.body
    return Own(
        facets=tuple(_facets(body)),
        text="" if claim.text_sha256 is None else " ".join(folded(body["text"])),
        variants=_joined(variant["text"] for variant in body.get("variants", ())),
        titles=_joined(shown["title"] for shown in body["appearances"] if "title" in shown),
        stated=bounds(body.get("stated_on")),
        disclosed=bounds(disclosed_on(body)),
        fingerprint=fingerprint(body),
    )


def whose(attribution: Body, known: Record) -> Whose:
    """What follows from the parties as they stand."""
    parties = [known.party(attribution[role]) for role in ("speaker", "on_behalf_of") if role in attribution]
    belongs = tuple(members(attribution, known))
    unknown = {f"party={party.id}" for party in parties if party and party.id == UNKNOWN_PARTY_ID}
    facets = (*(f"party={member.party}" for member in belongs), *unknown)
    # That a name was erased is nothing to be found by.
    names = [party.name for party in parties if party and not (party.stamp.erased and party.name == erasure.TEXT)]
    return Whose(belongs, facets, _joined(names))


def placement(claim: Claim, its: Own, by: Whose) -> Placement:
    """The placement that the two parts make."""
    stances = tuple([(stance["question"], stance["position"]) for stance in claim.stances])
    return Placement(
        facets=frozenset((CLAIMS, *its.facets, *by.facets, *_ruled(claim))),
        statements=statements_of(by, stances),
        stated=its.stated,
        disclosed=its.disclosed,
        members=by.members,
        stances=stances,
        words=Words(its.text, its.variants, by.speakers, its.titles),
        fingerprint=None if claim.withdrawn or claim.text_sha256 is None else its.fingerprint,
        reviews=reviewed.facets(claim),
        newest=reviewed.newest(claim),
    )


def statements_of(by: Whose, stances: tuple[tuple[str, str], ...]) -> frozenset[tuple[str, str, str]]:
    """The rows (party, question, position) that a claim's stances make."""
    parties = [EVERYBODY, *[member.party for member in by.members]]
    return frozenset([(party, *stance) for party in parties for stance in stances])


def publisher_facet(name: str) -> str:
    """The facet of an appearance's publisher, whatever its case."""
    return "publisher=" + name.casefold()


def _ruled(claim: Claim) -> list[str]:
    facets = [f"status={claim.status}"]
    for verdict in claim.standing:
        facets.append(f"reviewer={verdict.reviewer}")
        if verdict.rating:
            facets.append(f"rating={verdict.rating}")
    # Whether it stands or not: a review that was taken in once is known again.
    facets += [f"review={verdict.review}" for verdict in claim.verdicts if verdict.review]
    return facets


def _facets(body: Body) -> list[str]:
    facets = [f"tag={tag}" for tag in body.get("tags", [])]
    for stance in body.get("stances", []):
        facets += [f"question={stance['question']}", f"position={stance['question']}/{stance['position']}"]
    facets += [publisher_facet(shown["publisher"]) for shown in body["appearances"] if "publisher" in shown]
    return facets


def _joined(texts: Iterable[str]) -> str:
    return " ".join(word for text in texts for word in folded(text))
