"""Feeds for people: the newest changes in sentences, as Atom (RFC 4287) and as JSON Feed 1.1.

An entry keeps its id for ever, whoever serves it and under whatever address: the id is made of its leaf hash, which a
mirror has as well and which an erasure does not touch. Nothing here is stored.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, tostring

import orjson

from api.domain import sentences
from api.reads import changes, happenings
from api.reads.happenings import Happening
from api.storage import log
from api.storage.log import Connection, Head

ATOM_TYPE, JSON_TYPE = "application/atom+xml", "application/feed+json"
ATOM_PATH, JSON_PATH = "/feeds/changes.atom", "/feeds/changes.json"
# The page for people, and what programs read instead of a feed.
HOME, CHANGES = "/", "/v1/changes"

NEWEST = 50
FILTERS = ("party", "question", "reviewer", "kind")

# The namespace of our ids (RFC 9562, version 5). Another one would make every entry of every feed new to its readers.
NAMESPACE = UUID("6f1d2a0e-5b0c-5d0b-9a55-3c1f7a3e8d24")
OURSELVES = "onrecord"
# When a record without entries was last changed.
NEVER = "1970-01-01T00:00:00.000Z"

# What no XML 1.0 document can hold, escaped or not (its production 2, Char).
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Feed(NamedTuple):
    """What a feed says, in whichever format. `base` is scheme and host of its addresses, `query` its filters as an
    address has them, with the question mark; the newest happening comes first."""

    id: str
    title: str
    base: str
    query: str
    updated: str
    happenings: list[Happening]

    def url(self, path: str) -> str:
        """The address of a path of ours, with the feed's filters."""
        return f"{self.base}{path}{self.query}"


def read(db: Connection, head: Head, asked: Mapping[str, Any], base: str) -> Feed:
    """The feed that is asked for (see `schemas.feeds.FeedQuery`). Raises InvalidRequest for a filter that names what is
    not on record."""
    rows = log.newest_changes(db, changes.facets(db, asked), NEWEST)
    told = [happenings.happening(db, index, line) for index, line in rows]
    chosen = [(name, asked[name]) for name in FILTERS if asked.get(name)]
    query = f"?{urlencode(chosen)}" if chosen else ""
    # Named after the first leaf, so that the feed of a mirror has the same id and that of another record has not.
    first = log.leaf_at(db, 0) or head.root
    updated = max((happening.updated for happening in told), default=head.recorded_at or NEVER)
    return Feed(_id(first.hex() + query), _title(db, asked, head.size), base, query, updated, told)


def atom(feed: Feed) -> bytes:
    """A feed as an Atom document, in UTF-8."""
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})
    for name, text in (("id", feed.id), ("title", feed.title), ("updated", feed.updated)):
        _put(root, name, text)
    _put(root, "subtitle", _about())
    _put(SubElement(root, "author"), "name", OURSELVES)
    _put(root, "generator", OURSELVES)
    _link(root, "self", feed.url(ATOM_PATH), ATOM_TYPE)
    _link(root, "alternate", feed.base + HOME, "text/html")
    _link(root, "alternate", feed.url(CHANGES), "application/json")
    _link(root, "alternate", feed.url(JSON_PATH), JSON_TYPE)
    for happening in feed.happenings:
        _entry(root, happening, feed.base)
    document: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def json_feed(feed: Feed) -> bytes:
    """A feed as a JSON Feed (https://www.jsonfeed.org/version/1.1/)."""
    return orjson.dumps(
        {
            "version": "https://jsonfeed.org/version/1.1",
            "title": feed.title,
            "home_page_url": feed.base + HOME,
            "feed_url": feed.url(JSON_PATH),
            "description": _about(),
            "language": "en",
            "items": [_item(happening, feed.base) for happening in feed.happenings],
        }
    )


def alternates(**filters: str) -> str:
    """The value of a Link header that leads to both feeds, narrowed to what the filters name (RFC 8288)."""
    query = f"?{urlencode(filters)}" if filters else ""
    feeds = ((ATOM_PATH, ATOM_TYPE), (JSON_PATH, JSON_TYPE))
    return ", ".join(f'<{path}{query}>; rel="alternate"; type="{kind}"' for path, kind in feeds)


def _title(db: Connection, asked: Mapping[str, Any], size: int) -> str:
    now = happenings.Moment(db, size)
    parts = [now.party(asked["party"])] if asked.get("party") else []
    parts += [sentences.quoted(now.question(asked["question"]))] if asked.get("question") else []
    parts += [f"by {now.party(asked['reviewer'])}"] if asked.get("reviewer") else []
    parts += [str(asked["kind"])] if asked.get("kind") else []
    return f"{OURSELVES}: what changed on record" + (f" ({', '.join(parts)})" if parts else "")


def _about() -> str:
    return f"The newest {NEWEST} changes of a fact-checking record: what was said, what was ruled, and who reversed."


def _id(name: str) -> str:
    return uuid5(NAMESPACE, name).urn


def _text(happening: Happening) -> str:
    return "\n\n".join([happening.sentence, *happening.details])


def _entry(root: Element, happening: Happening, base: str) -> None:
    change, entry = happening.change, SubElement(root, "entry")
    _put(entry, "id", _id(happening.leaf_hash.hex()))
    _put(entry, "title", happening.sentence)
    _put(entry, "published", change["at"])
    _put(entry, "updated", happening.updated)
    _put(SubElement(entry, "author"), "name", happening.by or OURSELVES)
    # Readers open the alternate that is a page, and where none is said to be one they take the id for an address.
    _link(entry, "alternate", base + happening.page, "text/html")
    _link(entry, "alternate", base + change["url"], "application/json")
    SubElement(entry, "category", {"term": change["kind"]})
    _put(entry, "content", _text(happening)).set("type", "text")


def _put(parent: Element, name: str, text: str) -> Element:
    element = SubElement(parent, name)
    element.text = _NOT_XML.sub("", text)
    return element


def _link(parent: Element, relation: str, url: str, kind: str) -> None:
    SubElement(parent, "link", {"rel": relation, "type": kind, "href": _NOT_XML.sub("", url)})


def _item(happening: Happening, base: str) -> dict[str, Any]:
    change, turned = happening.change, happening.reversal
    names = ("index", "kind", "subject", "actor", "url", "claim", "status")
    reversal = {name: getattr(turned, name) for name in ("party", "question", "claim", "before")} if turned else None
    return {
        "id": _id(happening.leaf_hash.hex()),
        "url": base + happening.page,
        "title": happening.sentence,
        "content_text": _text(happening),
        "date_published": change["at"],
        "date_modified": happening.updated,
        "authors": [{"name": happening.by or OURSELVES}],
        "tags": [change["kind"]],
        "_onrecord": {
            **{name: change[name] for name in names},
            "contradictions": [opposed.contradiction for opposed in happening.contradicted],
            "reversal": reversal,
        },
    }
