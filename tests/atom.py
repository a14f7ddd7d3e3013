"""What RFC 4287 asks of a feed document, checked rule by rule."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, fromstring

NAMESPACE = "{http://www.w3.org/2005/Atom}"
# RFC 3339 with a capital T and Z (section 3.3).
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")
MEDIA_TYPE = re.compile(r"[a-z]+/[a-z0-9.+-]+")

# How often each child may be there (sections 4.1.1 and 4.1.2): at least, and at most.
MANY = 10**6
FEED = {
    "id": (1, 1), "title": (1, 1), "updated": (1, 1), "subtitle": (0, 1), "generator": (0, 1), "icon": (0, 1),
    "logo": (0, 1), "rights": (0, 1), "author": (0, MANY), "category": (0, MANY), "contributor": (0, MANY),
    "link": (0, MANY), "entry": (0, MANY),
}  # fmt: skip
ENTRY = {
    "id": (1, 1), "title": (1, 1), "updated": (1, 1), "published": (0, 1), "rights": (0, 1), "source": (0, 1),
    "summary": (0, 1), "content": (0, 1), "author": (0, MANY), "category": (0, MANY), "contributor": (0, MANY),
    "link": (0, MANY),
}  # fmt: skip
PLAIN = {"id", "title", "updated", "published", "subtitle", "generator", "content", "name"}
LINK = {"href", "rel", "type", "hreflang", "title", "length"}


def faults(document: bytes) -> list[str]:
    """What is wrong with a document as an Atom feed; nothing where it is one. Raises ParseError for what is no XML."""
    root = fromstring(document)
    found = _children(root, "feed", FEED)
    entries = root.findall(f"{NAMESPACE}entry")
    if not root.findall(f"{NAMESPACE}author") and any(not entry.findall(f"{NAMESPACE}author") for entry in entries):
        found.append("an entry has no author, and neither has the feed (4.1.1)")
    found += _links(root, "feed")
    for entry in entries:
        found += _children(entry, "entry", ENTRY) + _links(entry, "entry")
        if entry.find(f"{NAMESPACE}content") is None and not _relations(entry, "alternate"):
            found.append("an entry has neither content nor an alternate (4.1.2)")
    ids = [(text(entry, "id"), text(entry, "updated")) for entry in entries]
    if len(set(ids)) < len(ids):
        found.append("two entries have the same id and time (4.1.1)")
    for element in root.iter():
        found += _element(element)
    return found


def text(element: Element, name: str) -> str:
    """The text of a child."""
    return element.findtext(f"{NAMESPACE}{name}") or ""


def _children(element: Element, name: str, rules: dict[str, tuple[int, int]]) -> list[str]:
    found = [] if element.tag == NAMESPACE + name else [f"{element.tag} is no {name}"]
    tags = [child.tag.removeprefix(NAMESPACE) for child in element]
    found += [f"{name} has a child {tag}" for tag in tags if tag not in rules]
    return found + [
        f"{name} has {tags.count(tag)} {tag}"
        for tag, (least, most) in rules.items()
        if not least <= tags.count(tag) <= most
    ]


def _links(element: Element, name: str) -> list[str]:
    links = _relations(element, "alternate")
    kinds = [(link.get("type"), link.get("hreflang")) for link in links]
    found = [f"{name} has two alternates of one type (4.1.1)"] if len(set(kinds)) < len(kinds) else []
    if name == "feed" and len(_relations(element, "self")) != 1:
        found.append("feed does not say where it is (4.1.1)")
    return found


def _relations(element: Element, relation: str) -> list[Element]:
    return [link for link in element.findall(f"{NAMESPACE}link") if link.get("rel", "alternate") == relation]


def _element(element: Element) -> list[str]:
    name = element.tag.removeprefix(NAMESPACE)
    value = element.text or ""
    if name in PLAIN and (len(element) or not value.strip()):
        return [f"{name} is not plain text"]
    if name in ("updated", "published") and not DATE.fullmatch(value):
        return [f"{name} is no date: {value}"]
    if name == "id" and not urlsplit(value).scheme:
        return [f"id is no absolute address: {value}"]
    if name == "author" and [child.tag for child in element] != [f"{NAMESPACE}name"]:
        return ["author has no name, or more"]
    if name == "category" and not element.get("term"):
        return ["category has no term (4.2.2.1)"]
    if name == "link":
        whole = urlsplit(element.get("href", ""))
        known = set(element.keys()) <= LINK and MEDIA_TYPE.fullmatch(element.get("type", "text/html"))
        right = whole.scheme and whole.netloc and known
        return [] if right else [f"link is wrong: {element.attrib}"]
    return []
