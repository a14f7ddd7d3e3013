"""Feeds as documents: valid Atom and JSON Feed whatever is on record, with ids that never change."""

from __future__ import annotations

import json
import re
from typing import Any
from xml.etree.ElementTree import fromstring

import feedparser
import pytest

from api import erasing, ledger
from api.interop import feeds
from api.storage import log
from api.storage.sqlite import Database
from tests import atom
from tests.histories import Chronicle
from tests.reads import asking
from tests.records import Recorder

BASE = "https://record.example"
# What breaks out of XML where it is not escaped, what no XML can hold, and what reorders lines.
HOSTILE = {
    "markup": "</title><script>alert(1)</script>&amp; ]]> <!-- & ' \"",
    "an entity": "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;",
    "control characters": "a\x01b\x08c\x0bd\x1fe\x7ff\u0085g",
    "no characters": "a\ufffeb\uffffc",
    "emoji": "🇺🇸 said 👍🏽 “no”",
    "right to left": "הם אמרו שזה מרצון",
    "an override": "not \u202eyratnulov\u202c at all",
    "lines": "one\r\ntwo\u2028three\tfour",
    "long": "word " * 2_000,
}


def read(database: Database, base: str = BASE, **asked: str) -> feeds.Feed:
    with database.snapshot() as db:
        return feeds.read(db, log.head(db), asked, base)


def both(database: Database, **asked: str) -> tuple[bytes, dict[str, Any]]:
    """A feed in both formats, the Atom one valid."""
    feed = read(database, **asked)
    document = feeds.atom(feed)
    assert atom.faults(document) == []
    return document, json.loads(feeds.json_feed(feed))


def entries(document: bytes, name: str) -> list[str]:
    """The texts of a child of each entry of an Atom document."""
    return [atom.text(entry, name) for entry in fromstring(document).findall(f"{atom.NAMESPACE}entry")]


FILTERS = [
    {},
    {"party": "org-0"},
    {"question": "qa"},
    {"reviewer": "org-1"},
    {"kind": "payload.erased"},
    {"party": "org-0", "kind": "claim.recorded"},
    {"party": "org-0", "question": "qa", "reviewer": "org-0", "kind": "verdict.published"},
]


@pytest.mark.parametrize("asked", FILTERS, ids=str)
def test_a_feed_has_the_newest_changes(history: Database, asked: dict[str, str]) -> None:
    """The newest 50 that pass the filters, the newest first, in both formats alike and with those filters in every
    address of its own."""
    document, items = both(history, **asked)
    wanted = [change["index"] for change in asking.feed(history, asked, 200)][::-1][: feeds.NEWEST]
    assert [item["_onrecord"]["index"] for item in items["items"]] == wanted
    for name, member in (("id", "id"), ("title", "title"), ("content", "content_text"), ("updated", "date_modified")):
        assert entries(document, name) == [item[member] for item in items["items"]]
    query = "&".join(f"{name}={asked[name]}" for name in feeds.FILTERS if name in asked)
    links = {link.get("rel"): link.get("href") or "" for link in fromstring(document).findall(f"{atom.NAMESPACE}link")}
    assert links["self"] == f"{BASE}/feeds/changes.atom{'?' * bool(query)}{query}"
    assert items["feed_url"] == f"{BASE}/feeds/changes.json{'?' * bool(query)}{query}"


def test_a_reader_understands_atom(dhs: Database) -> None:
    """A library that many feed readers are built on finds nothing wrong, and every entry."""
    document, items = both(dhs, party="dhs")
    parsed = feedparser.parse(document, response_headers={"content-type": feeds.ATOM_TYPE})
    assert not parsed.bozo, parsed.get("bozo_exception")
    assert (parsed.version, parsed.feed.language, parsed.feed.link) == ("atom10", "en", f"{BASE}/")
    found = [(entry.id, entry.title, entry.link, entry.author, entry.tags[0].term) for entry in parsed.entries]
    assert found == [
        (item["id"], item["title"], item["url"], item["authors"][0]["name"], item["tags"][0]) for item in items["items"]
    ]
    assert len(found) == feeds.NEWEST
    assert any("contradicts itself" in title or "reversed itself" in title for _, title, *_ in found)


def test_the_other_format_is_json_feed(dhs: Database) -> None:
    """It has what JSON Feed 1.1 asks for: a version, a title, absolute addresses, and of each item an id, a text and
    dates in RFC 3339; its own member begins with an underscore."""
    items = both(dhs, party="dhs")[1]
    assert items["version"] == "https://jsonfeed.org/version/1.1" and items["title"]
    assert all(items[name].startswith(f"{BASE}/") for name in ("home_page_url", "feed_url"))
    known = {"id", "url", "title", "content_text", "date_published", "date_modified", "authors", "tags", "_onrecord"}
    for item in items["items"]:
        assert item.keys() == known
        assert item["id"] and item["content_text"].startswith(item["title"]) and item["url"].startswith(f"{BASE}/")
        assert all(atom.DATE.fullmatch(item[name]) for name in ("date_published", "date_modified"))
        assert [author.keys() for author in item["authors"]] == [{"name"}] and item["authors"][0]["name"]


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_no_text_breaks_a_feed(record: Recorder, database: Database, text: str) -> None:
    """Names, words, labels and reasons stay texts, whatever is in them; characters that XML has not are left out."""
    record.party("example-desk", name=f"Desk {text}"[:500])
    record.question("q", "yes", "no", text=text)
    claims = [record.claim(f"{word} {text}", "example-desk", {"q": word}) for word in ("yes", "no")]
    record.verdict(claims[0], label=text[:500], explanation=text)
    record.withdraw(claims[1], reason=text)
    document, items = both(database, party="example-desk", question="q")
    root = fromstring(document)
    assert {element.tag.removeprefix(atom.NAMESPACE) for element in root.iter()} <= {
        "feed", "id", "title", "updated", "subtitle", "author", "name", "generator", "link", "entry", "published",
        "category", "content",
    }  # fmt: skip
    assert len(items["items"]) == 4
    assert len(both(database)[1]["items"]) == 6
    assert not re.search("[\x00-\x08\x0b\x0c\x0e-\x1f\u202e\ufffe\uffff]", document.decode())
    assert all("\n" not in title and len(title) < 1_000 for title in entries(document, "title"))


def test_an_id_is_for_ever(database: Database) -> None:
    """An entry's id is the same under another address, in a copy of the log, after a rebuild and after an erasure; of
    two entries it never is, and another log's are others."""
    chronicle = Chronicle(51)
    chronicle.write(database, 60)
    before = both(database)[1]
    ids = [item["id"] for item in before["items"]]
    assert len(set(ids)) == len(ids) > 40
    assert all(re.fullmatch(r"urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", one) for one in ids)
    assert [item["id"] for item in json.loads(feeds.json_feed(read(database, "http://elsewhere:8000")))["items"]] == ids
    assert read(database, "http://elsewhere:8000").id == read(database).id != read(database, kind="claim.recorded").id
    ledger.rebuild(database)
    assert both(database)[1] == before
    claim = next(item for item in before["items"] if item["_onrecord"]["kind"] == "claim.recorded")
    erasing.erase(database, claim["_onrecord"]["subject"], "By order.", "org-0")
    assert [item["id"] for item in both(database)[1]["items"]][1:] == ids[: feeds.NEWEST - 1]


def test_an_erasure_makes_its_entry_new(record: Recorder, database: Database) -> None:
    """Readers show an entry again whose `updated` changed: so those whose words are gone say when they went."""
    record.party("ice", name="ICE")
    claim = record.claim("The secret words.", "ice")
    then = [item["date_modified"] for item in both(database)[1]["items"]]
    erasing.erase(database, f"claim/{claim}", "A court said so.", "operator", source=record.source)
    document, items = both(database)
    erased, recorded, party = items["items"]
    assert recorded["date_modified"] == erased["date_published"] > recorded["date_published"] == then[0]
    assert party["date_modified"] == then[1]
    assert b"secret" not in document and "secret" not in json.dumps(items)
    assert atom.text(fromstring(document), "updated") == erased["date_published"]


def test_an_empty_record_has_a_feed(database: Database) -> None:
    """With no entry in it, but valid."""
    document, items = both(database)
    assert items["items"] == entries(document, "id") == []
    assert atom.text(fromstring(document), "updated") == feeds.NEVER
