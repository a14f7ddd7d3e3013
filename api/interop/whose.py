"""Whose words and whose review: the parties that a source means by names and addresses, without ids of ours.

A party is found by an address that stands for it, by its name, or by its site; where several could be meant, nobody is
chosen. One that is not on record is recorded, with no more than the source says. Nobody rules in another's name: see
`reviewer`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import urlsplit

from api.domain import names
from api.domain.parties import ORGANIZATION, Party
from api.domain.record import Body
from api.errors import Forbidden, InvalidRequest
from api.history import History
from schemas.vocabulary import MAX_SAME_AS, MAX_SLUG, RESERVED_PARTY_ID, UNKNOWN_PARTY_ID

PERSON = "person"

# What is written where nobody knows whose words they are.
NOBODY = {"unknown", "unknown author", "unknown speaker", "anonymous", "n/a", "na", "none", "not known", "-", "?"}

UNKNOWN: Body = {
    "id": UNKNOWN_PARTY_ID,
    "name": "Unknown speaker",
    "kind": PERSON,
    "description": "Stands for whoever made a claim of which no source says who made it. Nobody knows which of these "
    "claims are one speaker's, so they contradict each other never.",
}


class Named(NamedTuple):
    """A party as a source has it: a name, a kind, and addresses that stand for it (http or https)."""

    name: str | None
    kind: str = ORGANIZATION
    urls: tuple[str, ...] = ()


class Importer(NamedTuple):
    """Who takes reviews in: a party or the operator. `for_others`: reviews of any publisher, in the publishers' names;
    else only the party's own."""

    actor: str
    for_others: bool


class Found(NamedTuple):
    """A party's id, and its body where it is yet to be recorded."""

    id: str
    body: Body | None = None


def reviewer(known: History, publisher: Named | None, url: str, importer: Importer) -> Found:
    """In whose name a review is published whose address is `url`.

    It is the importer's own unless its publisher is evidently another, by name and by site. Another's is refused
    (Forbidden), or, where the importer may do that, published in the name of that party: the entry's actor and the
    verdict's `imported_by` say who took it in.
    """
    publisher = publisher or Named(None)
    own = known.party(importer.actor)
    if own and not _evidently_another(publisher, url, own):
        return Found(own.id)
    if not importer.for_others:
        called = publisher.name or names.site_of(url).removeprefix("site ")
        raise Forbidden(
            f"The review is by '{called}', and nobody publishes in another reviewer's name: a token with the scope"
            " 'admin' can record it in theirs, or give your party's address in its same_as if it is yours."
        )
    if publisher.name is None:
        parts = urlsplit(url)
        publisher = publisher._replace(
            name=_host((*publisher.urls, url)[0]), urls=publisher.urls or (f"{parts.scheme}://{parts.netloc}/",)
        )
    found = find(known, publisher)
    return Found(found.id) if found else _new(known, publisher)


def speaker(known: History, claimant: Named | None, reviewing: Found) -> Found:
    """Who made a claim. Without a name that says so it is the party that stands for unknown speakers."""
    if claimant is None or (not claimant.name and not claimant.urls):
        return _unknown(known)
    # The root of a site is no person's own: many have their claims on it.
    named = claimant._replace(urls=tuple(url for url in claimant.urls if names.addressed(url).startswith("page ")))
    if claimant.name and " ".join(claimant.name.casefold().split()).strip(".") in NOBODY:
        return _unknown(known)
    found = find(known, named)
    if found:
        return Found(found.id)
    if not claimant.name:
        return _unknown(known)
    if reviewing.body and names.named(reviewing.body["name"]) == names.named(claimant.name):
        return reviewing
    return _new(known, named, reviewing.id)


def find(known: History, named: Named) -> Party | None:
    """The party on record that is meant; None where there is none. Raises InvalidRequest where several could be."""
    keys = [names.addressed(url) for url in named.urls]
    entities = names.entities(keys)

    def possible(found: Sequence[Party]) -> list[Party]:
        others = [names.entities(names.keys_of(party)) for party in found]
        return [
            party
            for party, theirs in zip(found, others, strict=True)
            if party.id != UNKNOWN_PARTY_ID and not (entities and theirs and not entities & theirs)
        ]

    by_name = possible(known.called(names.named(named.name))) if named.name else []
    by_page = possible(_each(known, [key for key in keys if key.startswith("page ")]))
    by_site = possible(_each(known, [key for key in keys if key.startswith("site ")]))
    by_both = [party for party in by_name if party in by_page or party in by_site]
    for found in (by_both, by_page, by_name, by_site):
        if len(found) > 1:
            ids = ", ".join(f"'{party.id}'" for party in found[:5])
            raise InvalidRequest(f"'{named.name or named.urls[0]}' can be {ids}: name one by an address in sameAs.")
        if found:
            return found[0]
    by_id = known.party(names.slug(named.name)) if named.name else None
    # An id that is a short name ("dhs") is a name as well.
    return by_id if by_id and possible([by_id]) and by_id.id == (named.name or "").casefold() else None


def _evidently_another(publisher: Named, url: str, own: Party) -> bool:
    if publisher.name and names.named(publisher.name) == names.named(own.name):
        return False
    theirs = names.keys_of(own)
    if theirs & {names.addressed(page) for page in publisher.urls}:
        return False
    own_sites = [key.removeprefix("site ") for key in theirs if key.startswith("site ")]
    hosts = [_host(page) for page in (*publisher.urls, url)]
    if any(host == site or host.endswith(f".{site}") for host in hosts for site in own_sites):
        return False
    # Without a name, and with no site of ours to compare, nothing says that it is another's.
    return bool(publisher.name or own_sites)


def _new(known: History, named: Named, *taken: str) -> Found:
    name = named.name or ""
    party_id = names.slug(name)
    if known.party(party_id) or party_id in (RESERVED_PARTY_ID, UNKNOWN_PARTY_ID, *taken):
        mark = names.digest("\n".join([name, *named.urls])).hex()[:12]
        party_id = f"{party_id[: MAX_SLUG - len(mark) - 1]}-{mark}"
        if known.party(party_id):
            raise InvalidRequest(f"No id is left for '{name}': record the party first, with an id of your choice.")
    urls = list(dict.fromkeys(named.urls))[:MAX_SAME_AS]
    return Found(party_id, {"id": party_id, "name": name, "kind": named.kind} | ({"same_as": urls} if urls else {}))


def _unknown(known: History) -> Found:
    return Found(UNKNOWN_PARTY_ID, None if known.party(UNKNOWN_PARTY_ID) else UNKNOWN)


def _each(known: History, keys: Sequence[str]) -> list[Party]:
    return list({party.id: party for key in keys for party in known.called(key)}.values())


def _host(url: str) -> str:
    return names.site_of(url).removeprefix("site ")
