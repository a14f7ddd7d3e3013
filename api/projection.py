"""Folded state -> the rows of the derived tables: where a claim is found, and what it is compared with. Pure
functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from api.documents import disclosed_on
from api.domain.claims import Claim, fingerprint
from api.domain.parties import Member, members
from api.domain.record import Record
from api.domain.words import folded
from schemas.dates import Bounds, bounds

# The party of a statement's row that stands for everybody, beside those of the parties that it belongs to.
EVERYBODY = ""


class Words(NamedTuple):
    """A claim's searchable words, folded and joined by spaces."""

    text: str
    variants: str
    speakers: str
    titles: str


class Placement(NamedTuple):
    """All that the derived tables hold of a claim beside its documents.

    `facets` are "name=value" strings, one for each filter that finds it; `statements` are (party, question, position).
    """

    facets: frozenset[str]
    statements: frozenset[tuple[str, str, str]]
    stated: Bounds
    disclosed: Bounds
    members: tuple[Member, ...]
    stances: tuple[tuple[str, str], ...]
    words: Words
    fingerprint: bytes | None


def place(claim: Claim, known: Record) -> Placement:
    """Where a claim as it stands is found. `known` answers for the parties above its speaker."""
    belongs = tuple(members(claim.body["attribution"], known))
    stances = tuple((stance["question"], stance["position"]) for stance in claim.stances)
    parties = (EVERYBODY, *(member.party for member in belongs))
    return Placement(
        facets=frozenset(_facets(claim, belongs)),
        statements=frozenset((party, *stance) for party in parties for stance in stances),
        stated=bounds(claim.body.get("stated_on")),
        disclosed=bounds(disclosed_on(claim.body)),
        members=belongs,
        stances=stances,
        words=_words(claim, known),
        fingerprint=None if claim.withdrawn else fingerprint(claim.body),
    )


def publisher_facet(name: str) -> str:
    """The facet of an appearance's publisher, whatever its case."""
    return "publisher=" + name.casefold()


def _facets(claim: Claim, belongs: tuple[Member, ...]) -> list[str]:
    body = claim.body
    facets = ["claims", f"status={claim.status}"]
    facets += [f"party={member.party}" for member in belongs]
    for stance in body.get("stances", []):
        facets += [f"question={stance['question']}", f"position={stance['question']}/{stance['position']}"]
    for verdict in claim.standing:
        facets += [f"rating={verdict.rating}", f"reviewer={verdict.reviewer}"]
    facets += [f"tag={tag}" for tag in body.get("tags", [])]
    facets += [publisher_facet(shown["publisher"]) for shown in body["appearances"] if "publisher" in shown]
    return facets


def _words(claim: Claim, known: Record) -> Words:
    body, attribution = claim.body, claim.body["attribution"]
    parties = [known.party(attribution[role]) for role in ("speaker", "on_behalf_of") if role in attribution]
    return Words(
        text=" ".join(folded(body["text"])),
        variants=_joined(variant["text"] for variant in body.get("variants", ())),
        speakers=_joined(party.name for party in parties if party),
        titles=_joined(shown["title"] for shown in body["appearances"] if "title" in shown),
    )


def _joined(texts: Iterable[str]) -> str:
    return " ".join(word for text in texts for word in folded(text))
