"""What a ClaimReview is about, in the words of schema.org: the claim, who made it, and where it was found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from api.domain.erasure import TEXT as ERASED
from api.interop.iso_dates import certain, uncertain
from schemas.dates import UNDATED, bounds

Document = dict[str, Any]
Party = Callable[[str], Document | None]


def present(members: Document) -> Document:
    """The members that say something: neither None nor an empty list."""
    return {name: value for name, value in members.items() if value is not None and value != []}


def party_node(base: str, party_id: str, party: Party, role: str | None = None) -> Document:
    """A party as Person or Organization; `role` is what a person was then. Without a name where that was erased."""
    found = party(party_id)
    address = f"{base}/v1/parties/{party_id}"
    if found is None:
        return {"@type": "Organization", "@id": address, "name": party_id, "url": address}
    person = found["kind"] == "person"
    return present(
        {
            "@type": "Person" if person else "Organization",
            "@id": address,
            "name": _name(found),
            "url": address,
            "sameAs": found["same_as"],
            "jobTitle": role if person else None,
        }
    )


def claim_node(base: str, claim: Document, party: Party, *, words: bool) -> Document:
    """A claim. Without `words` nothing but which one it is: it was withdrawn, or its words were erased.

    What is `indirect` is a summary of what a source reports, and never given as the text of what was said.
    """
    address = f"{base}/v1/claims/{claim['id']}"
    if not words:
        return {"@type": "Claim", "@id": address, "url": address}
    attribution = claim["attribution"]
    behalf = attribution["on_behalf_of"]
    for_whom = party(behalf) if behalf else None
    body = bool(for_whom and for_whom["kind"] == "organization")
    indirect = claim["wording"] == "indirect"
    return present(
        {
            "@type": "Claim",
            "@id": address,
            "url": address,
            "abstract" if indirect else "text": claim["text"],
            "inLanguage": claim["language"],
            "author": party_node(base, attribution["speaker"], party, attribution["role"]),
            "sourceOrganization": party_node(base, behalf, party) if body else None,
            "creditText": _credit(attribution, party),
            "dateCreated": certain(claim["stated_on"]),
            "datePublished": certain(claim["disclosed_on"]),
            "temporal": uncertain(claim["stated_on"]),
            "firstAppearance": _first(claim["appearances"]),
            "appearance": [source_node(source) for source in claim["appearances"]],
        }
    )


def source_node(source: Document) -> Document:
    """A page, paper or recording. Who wrote it is a text, since the record does not say whether that is a person."""
    publisher = source["publisher"]
    return present(
        {
            "@type": "CreativeWork",
            "url": source["url"],
            "name": source["title"],
            "publisher": {"@type": "Organization", "name": publisher} if publisher else None,
            "creditText": source["author"],
            "datePublished": certain(source["published_on"]),
            "temporal": uncertain(source["published_on"]),
            "archivedAt": source["archived_url"],
        }
    )


def _first(appearances: list[Document]) -> Document | None:
    """The first appearance that is known: the only one, or the earliest of those that have a date."""
    if len(appearances) == 1:
        return source_node(appearances[0])
    dated = [source for source in appearances if bounds(source["published_on"]) != UNDATED]
    return source_node(min(dated, key=lambda source: bounds(source["published_on"]))) if dated else None


def _credit(attribution: Document, party: Party) -> str | None:
    """Who spoke for whom and through whom, in words, where it was not the speaker for himself."""
    relations = (("on behalf of", "on_behalf_of"), ("reported through", "reported_through"))
    told = [f"{how} {_named(attribution[role], party)}" for how, role in relations if attribution[role]]
    return ", ".join([_named(attribution["speaker"], party), *told]) if told else None


def _named(party_id: str, party: Party) -> str:
    found = party(party_id)
    return (_name(found) if found else None) or party_id


def _name(found: Document) -> str | None:
    name: str = found["name"]
    return None if found["erased"] and name == ERASED else name
