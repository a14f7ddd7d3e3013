"""ClaimReview in: what is found in JSON-LD of every kind, as reviews that can be taken in (`api.interop.reviews`).

Tolerant of how it is written, strict in what it says: what is missing is not made up. `docs/claimreview-in.md` says
which property becomes what.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from marshmallow import ValidationError

from api.domain.parties import ORGANIZATION
from api.domain.record import Body
from api.errors import FieldError
from api.interop import reviews
from api.interop.json_ld import Node, addresses, dumped, many, texts, types, words
from api.interop.loose_dates import edtf
from api.interop.reviews import Prepared, Review
from api.interop.whose import PERSON, Named
from schemas.fields import Language
from schemas.problems import field_errors
from schemas.strict_json import escaped
from schemas.vocabulary import MAX_APPEARANCES, MAX_SAME_AS, MAX_TEXT

# Bytes of one review that are kept in the log for good.
MAX_ORIGINAL = 200_000

# Where reviews stand in what is not a review itself.
INSIDE = ("@graph", "dataFeedElement", "itemListElement", "item", "review", "mainEntity", "hasPart")
# What may be named by its @id and described elsewhere in the same graph.
_REFERRING = ("itemReviewed", "author", "publisher", "reviewRating")
# The fields of a claim and of a verdict, by where they come from.
_SOURCES = {
    "text": "claimReviewed",
    "attribution": "itemReviewed",
    "stated_on": "itemReviewed",
    "appearances": "itemReviewed",
    "rating": "reviewRating",
    "label": "reviewRating",
    "explanation": "reviewBody",
    "reviewed_on": "datePublished",
    "language": "inLanguage",
}

Nodes = Mapping[str, Node]

_LANGUAGE = Language()


class Refused(NamedTuple):
    """Why there is nothing to take in: where (RFC 6901, from the beginning of what was sent), a sentence, a code."""

    errors: tuple[FieldError, ...]

    @classmethod
    def of(cls, pointer: str, detail: str, code: str) -> Refused:
        """The refusal of one place."""
        return cls((FieldError(pointer, detail, code),))


class Item(NamedTuple):
    """One review, or what stands in place of one: where it stands, its address if it has one, and what came of it."""

    pointer: str
    url: str | None
    found: Prepared | Refused


def items(value: Any, pointer: str = "") -> Iterator[Item]:
    """Every review in a JSON value whose numbers are as they were written: one, a list, a DataFeed, a graph, or a page
    with reviews in it."""
    yield from _items(value, pointer, {}, False)


def _items(value: Any, pointer: str, nodes: Nodes, in_graph: bool) -> Iterator[Item]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _items(one, f"{pointer}/{index}", nodes, in_graph)
        return
    if not isinstance(value, dict):
        yield Item(pointer, None, Refused.of(pointer, "Send an object: a ClaimReview, or what has some in it.", "type"))
        return
    kinds = types(value)
    if "ClaimReview" in kinds or (not kinds and "claimReviewed" in value):
        yield _item(value, pointer, nodes)
        return
    inside = [name for name in INSIDE if isinstance(value.get(name), dict | list)]
    if "@graph" in inside:
        nodes = {**nodes, **{one["@id"]: one for one in many(value["@graph"]) if _is_described(one)}}
    for name in inside:
        yield from _items(value[name], f"{pointer}/{escaped(name)}", nodes, in_graph or name == "@graph")
    if not inside and not in_graph:
        yield Item(pointer, None, _no_review(kinds, pointer))


def _is_described(node: Any) -> bool:
    return isinstance(node, dict) and isinstance(node.get("@id"), str) and len(node) > 1


def _no_review(kinds: set[str], pointer: str) -> Refused:
    if "MediaReview" in kinds:
        detail = "A MediaReview says how a picture or recording was altered; it reviews no claim, and is not taken in."
        return Refused.of(pointer, detail, "media-review")
    named = f"This is of the type {', '.join(sorted(kinds))[:100]}" if kinds else "This has no @type"
    return Refused.of(pointer, f"{named}: send ClaimReview, alone, in a list, in a DataFeed or in a @graph.", "type")


def _item(node: Node, pointer: str, nodes: Nodes) -> Item:
    node = {name: _described(value, nodes) if name in _REFERRING else value for name, value in node.items()}
    url = _address_of(node)
    original = dumped(node)
    if len(original) > MAX_ORIGINAL:
        detail = f"The review has {len(original):,} bytes: at most {MAX_ORIGINAL:,} are kept."
        return Item(pointer, url, Refused.of(pointer, detail, "too-long"))
    missing = _missing(node, pointer, url)
    if missing or url is None:
        return Item(pointer, url, Refused(tuple(missing)))
    try:
        return Item(pointer, url, reviews.prepare(_review(node, url, original.decode())))
    except ValidationError as error:
        return Item(pointer, url, Refused(tuple(_from_source(pointer, *fault) for fault in field_errors(error))))


def _described(value: Any, nodes: Nodes) -> Any:
    """A value whose objects that are nothing but an @id are replaced by what the graph says of them."""
    if isinstance(value, list):
        return [_described(one, nodes) for one in value]
    if isinstance(value, dict):
        if set(value) == {"@id"} and isinstance(value["@id"], str):
            return nodes.get(value["@id"], value)
        # The claimant stands one level deeper.
        return {name: nodes.get(_reference(one), one) if name == "author" else one for name, one in value.items()}
    return value


def _reference(value: Any) -> str:
    named = value.get("@id") if isinstance(value, dict) and set(value) == {"@id"} else ""
    return named if isinstance(named, str) else ""


def _address_of(node: Node) -> str | None:
    """Where the review is published: its `url`, or else an `@id` or `mainEntityOfPage` that is an address."""
    for name in ("url", "@id", "mainEntityOfPage"):
        if found := addresses(node.get(name)):
            return found[0]
    return None


def _missing(node: Node, pointer: str, url: str | None) -> list[FieldError]:
    errors = []
    text = words(node.get("claimReviewed"), MAX_TEXT + 1)
    if text is None:
        detail = "Give claimReviewed: the claim that the review is about. Nothing else is taken for it."
        errors.append(FieldError(f"{pointer}/claimReviewed", detail, "required"))
    elif len(text) > MAX_TEXT:
        detail = f"The claim has more than {MAX_TEXT:,} characters: give a short one."
        errors.append(FieldError(f"{pointer}/claimReviewed", detail, "too-long"))
    if url is None:
        given = next(texts(node.get("url")), None)
        detail = "Give url: where the review is published, as a whole address with http or https."
        errors.append(FieldError(f"{pointer}/url", detail, "url" if given else "required"))
    if _rating(node) == (None, (None, None, None)):
        detail = "Give reviewRating, with alternateName: what the review found, in the publisher's words."
        errors.append(FieldError(f"{pointer}/reviewRating", detail, "required"))
    return errors


def _from_source(pointer: str, place: str, detail: str, code: str) -> FieldError:
    first = place.strip("/").partition("/")[0]
    return FieldError(f"{pointer}/{_SOURCES[first]}" if first in _SOURCES else pointer, detail, code)


# --- what becomes what -----------------------------------------------------------------------------


def _review(node: Node, url: str, original: str) -> Review:
    claim = _claim(node)
    publisher, author = _publisher(node)
    claimant, role = _claimant(claim)
    label, scale = _rating(node)
    return Review(
        text=words(node.get("claimReviewed"), MAX_TEXT) or "",
        url=url,
        claimant=claimant,
        role=role,
        claimed_on=_date(claim, "datePublished", "dateCreated"),
        appearances=tuple(_appearances(claim)),
        publisher=publisher,
        label=label,
        scale=scale,
        title=words(node.get("headline")) or words(node.get("name")),
        author=author,
        explanation=words(node.get("reviewBody"), MAX_TEXT) or words(node.get("description"), MAX_TEXT),
        reviewed_on=_date(node, "datePublished", "dateCreated"),
        language=_language(node),
        original=original,
    )


def _claim(node: Node) -> Node:
    """The claim that was reviewed. Older reviews have the work that it stood in."""
    given = [one for one in many(node.get("itemReviewed")) if isinstance(one, dict)]
    claims = [one for one in given if "Claim" in types(one)]
    if claims or given:
        return (claims or given)[0]
    return {"appearance": addresses(node.get("itemReviewed"))}


def _publisher(node: Node) -> tuple[Named | None, str | None]:
    """Who publishes the review, and the people who wrote it. Google's `author` is the publisher, unless it is a
    person."""
    publishers = [named for one in many(node.get("publisher")) if (named := _named(one, ORGANIZATION))]
    authors = [named for one in many(node.get("author")) if (named := _named(one, ORGANIZATION))]
    if not publishers:
        publishers = [one for one in authors if one.kind == ORGANIZATION][:1]
    publisher = publishers[0] if publishers else None
    people = [one.name for one in authors if one.name and (publisher is None or one.name != publisher.name)]
    return publisher, words(", ".join(people))


def _claimant(claim: Node) -> tuple[Named | None, str | None]:
    """Who made the claim, the first of several, and in which role."""
    for one in many(claim.get("author")):
        if named := _named(one, PERSON, theirs=False):
            return named, words(one.get("jobTitle")) if isinstance(one, dict) else None
    return None, None


def _named(value: Any, kind: str, theirs: bool = True) -> Named | None:
    """A party as it is named, None for nothing. `kind` is for what does not say whether it is a person; `theirs` says
    that its `url` stands for it as well."""
    if isinstance(value, str):
        name = words(value)
        return Named(name, kind) if name else None
    if not isinstance(value, dict):
        return None
    kinds = types(value)
    if "Person" in kinds:
        kind = PERSON
    elif kinds - {"Thing"}:
        kind = ORGANIZATION
    # What a claimant's `url` is, is anybody's guess: his page, his post, or where the publisher lists him.
    urls = addresses([value.get("sameAs"), *([value.get("url"), value.get("@id")] if theirs else [])])
    # With a fragment an @id names a place in a page of the publisher's, such as "/#organization".
    named = Named(words(value.get("name")), kind, tuple(url for url in urls if "#" not in url)[:MAX_SAME_AS])
    return named if named.name or named.urls else None


def _appearances(claim: Node) -> Iterator[Body]:
    """Where the claim was found, the first place first; without any, the work that it stood in."""
    given = [*many(claim.get("firstAppearance")), *many(claim.get("appearance"))]
    if "Claim" not in types(claim):
        given += [*addresses(claim.get("url")), *addresses(claim.get("sameAs"))]
    found: dict[str, Body] = {}
    for one in given:
        for url in addresses(one)[:1]:
            found.setdefault(url, {"url": url} | (_described_source(one) if isinstance(one, dict) else {}))
    yield from list(found.values())[:MAX_APPEARANCES]


def _described_source(node: Node) -> Body:
    publisher, author = _publisher(node)
    described = {
        "title": words(node.get("headline")) or words(node.get("name")),
        "publisher": publisher.name if publisher else None,
        "author": author,
        "published_on": _date(node, "datePublished"),
    }
    return {name: value for name, value in described.items() if value}


def _rating(node: Node) -> tuple[str | None, reviews.Scale]:
    """The label as it was published, and the number on its scale. A number without words is its own label."""
    given = many(node.get("reviewRating"))
    rating = next((one for one in given if isinstance(one, dict)), None)
    if rating is None:
        return words(given), (None, None, None)
    value, worst, best = (next(texts(rating.get(name)), None) for name in ("ratingValue", "worstRating", "bestRating"))
    label = words(rating.get("alternateName")) or words(rating.get("name")) or words(value)
    return label, (value, worst, best)


def _date(node: Node, *names: str) -> str | None:
    given = (text for name in names for text in texts(node.get(name)))
    return next(filter(None, map(edtf, given)), None)


def _language(node: Node) -> str | None:
    """The language of the review, where it is a tag and not a name ("English")."""
    for one in many(node.get("inLanguage")):
        for text in texts(one.get("alternateName") if isinstance(one, dict) else one):
            tag = text.strip().replace("_", "-")
            if len(tag.partition("-")[0]) in (2, 3) and _LANGUAGE.matches(tag):
                return tag
    return None
