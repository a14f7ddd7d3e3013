"""In which words two texts differ, and in which members two versions of a claim."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from markupsafe import Markup, escape

from api.domain.words import folded

# Words, and what is between them: joined again they are the text.
_PART = re.compile(r"\w+(?:['’]\w+)*|\s+|[^\w\s]")
# Comparing takes the square of the length where nothing agrees: longer texts are shown whole, one after the other.
_MOST_PARTS = 3_000
# Of the words of two texts together.
_MOST_STRANGE = 0.85

# What of a claim its readers see, in this order, and what it is called.
_MEMBERS = {
    "text": "words",
    "wording": "kind of wording",
    "language": "language",
    "attribution": "attribution",
    "stated_on": "said on",
    "disclosed_on": "public on",
    "context": "context",
    "appearances": "sources",
    "variants": "other versions of the words",
    "stances": "positions",
    "tags": "tags",
}


class Difference(NamedTuple):
    """A member that two versions differ in: its name, and the earlier and the later text with what differs marked."""

    name: str
    before: Markup
    after: Markup


def between(before: dict[str, Any], after: dict[str, Any]) -> list[Difference]:
    """The members in which two versions of a claim differ, as its readers see them."""
    found = []
    for member, name in _MEMBERS.items():
        old, new = "\n".join(_told(before.get(member))), "\n".join(_told(after.get(member)))
        if old != new:
            found.append(Difference(name, *compared(old, new)))
    return found


def compared(before: str, after: str) -> tuple[Markup, Markup]:
    """Two versions of one text: in the first what was taken out is marked as deleted, in the second what was put in as
    inserted."""
    old, new = _PART.findall(before), _PART.findall(after)
    if len(old) > _MOST_PARTS or len(new) > _MOST_PARTS:
        return _wrapped("del", before), _wrapped("ins", after)
    left, right = [], []
    for kind, i, j, k, m in SequenceMatcher(None, old, new).get_opcodes():
        taken, put = "".join(old[i:j]), "".join(new[k:m])
        left.append(escape(taken) if kind == "equal" else _wrapped("del", taken))
        right.append(escape(put) if kind == "equal" else _wrapped("ins", put))
    return Markup("").join(left), Markup("").join(right)


def marked(one: str, other: str) -> tuple[Markup, Markup]:
    """Two texts, in each of them those words marked that the other one does not have, whatever their case and accents.

    Where they hardly share a word nothing is marked: all of it differs, and marks would only hide that.
    """
    texts = [_PART.findall(text) for text in (one, other)]
    known = [{word for part in parts for word in folded(part)} for parts in texts]
    strange = [
        [bool(words := folded(part)) and not words_known.issuperset(words) for part in parts]
        for parts, words_known in zip(texts, reversed(known), strict=True)
    ]
    spoken = sum(1 for parts in texts for part in parts if folded(part))
    if sum(map(sum, strange)) > _MOST_STRANGE * spoken:
        return escape(one), escape(other)
    left, right = (Markup("").join(_runs(*side)) for side in zip(texts, strange, strict=True))
    return left, right


def _runs(parts: list[str], strange: list[bool]) -> Iterator[Markup]:
    """Neighbouring words that differ share one mark, with the spaces between them."""
    i = 0
    while i < len(parts):
        if not strange[i]:
            yield escape(parts[i])
            i += 1
            continue
        end = i + 1
        while end + 1 < len(parts) and parts[end].isspace() and strange[end + 1]:
            end += 2
        yield _wrapped("mark", "".join(parts[i:end]))
        i = end


def _wrapped(tag: str, text: str) -> Markup:
    return Markup("<{0}>{1}</{0}>").format(tag, text) if text else Markup("")


def _told(value: Any) -> Iterator[str]:
    """A value as lines of text: of a list each item, of an object each member that it has."""
    if isinstance(value, list):
        for item in value:
            yield " · ".join(_told(item))
    elif isinstance(value, dict):
        for member in value.values():
            yield from _told(member)
    elif value is not None:
        yield str(value)
