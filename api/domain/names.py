"""What parties are called elsewhere: by which names and addresses a source that has no ids of ours can mean them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from hashlib import sha256
from urllib.parse import urlsplit

from api.domain import erasure
from api.domain.parties import Party
from api.domain.words import folded
from schemas.vocabulary import MAX_SLUG

# Wikidata has two addresses for an entity: the page about it, and the thing itself.
_WIKIDATA = re.compile(r"(?:m\.)?wikidata\.org/(?:wiki|entity)/(q[0-9]+)", re.IGNORECASE)
_NOT_SLUG = re.compile(r"[^a-z0-9]+")


def keys_of(party: Party) -> frozenset[str]:
    """The keys under which a party is found. A name that was erased is none."""
    if party.stamp.erased and party.name == erasure.TEXT:
        return frozenset()
    return keys(party.name, party.body.get("same_as", ()))


def keys(name: str, same_as: Iterable[str]) -> frozenset[str]:
    """The keys of a name and of addresses that stand for the same party."""
    return frozenset([named(name), *(addressed(url) for url in same_as)])


def named(name: str) -> str:
    """The key of a name: its words, whatever their case, accents and punctuation, without a leading article."""
    words = folded(name)
    if len(words) > 1 and words[0] == "the":
        words = words[1:]
    return f"name {' '.join(words) or name.casefold()}"


def addressed(url: str) -> str:
    """The key of an address: "site example.org" for the root of a site, "page example.org/about" for anything else."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").removeprefix("www.")
    except ValueError:
        return f"page {url}"
    path = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    if wikidata := _WIKIDATA.fullmatch(host + path):
        return f"page wikidata.org/{wikidata[1].casefold()}"
    return f"page {host}{path}" if path else f"site {host}"


def site_of(url: str) -> str:
    """The key of the site that an address is on."""
    try:
        return f"site {(urlsplit(url).hostname or '').removeprefix('www.')}"
    except ValueError:
        return f"site {url}"


def entities(keys: Iterable[str]) -> set[str]:
    """Those of the keys that are entities of Wikidata: two different ones are never one party."""
    return {key for key in keys if key.startswith("page wikidata.org/q")}


def digest(key: str) -> bytes:
    """What a key is kept as: short, however long an address is."""
    return sha256(key.encode()).digest()[:16]


def slug(name: str) -> str:
    """An id made of a name: "U.S. Dept. of Labor" -> "u-s-dept-of-labor". Of one without Latin letters, its hash."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    made = _NOT_SLUG.sub("-", plain).strip("-")[:MAX_SLUG].strip("-")
    return made or f"party-{digest(named(name)).hex()[:12]}"
