"""Erasure on a legal order: the words of an entry go, and what keeps its place stays.

What is erased leaves a *skeleton* in the `payload.erased` entry: the payload with all words, addresses and tags taken
out. Ids, slugs, dates, ratings and positions stay, so that everything that was built on the entry still stands. What a
skeleton keeps is listed by name: a field that nobody thought of goes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from api.domain.entries import ERASURE, Entry, Event
from api.domain.record import Body
from api.errors import InvalidRequest, NotFound

# What stands where words that cannot be left out were.
TEXT = "[erased]"

Rule = Callable[[Any], Any]


def erase(subject: str, about: Sequence[Entry], reason: str, chosen: Sequence[int] = ()) -> Event:
    """Decide that payloads of a subject are erased: those of the entries in `chosen`, or else all that are left.

    `about` are the entries about the subject ("claim/…"), in order. Raises NotFound where there are none,
    InvalidRequest without a reason, for an entry that is not among them, one that is an erasure itself, and where
    nothing is left to erase.
    """
    if not about:
        raise NotFound.of(subject)
    if not reason.strip():
        raise InvalidRequest.of("/reason", "Say why: the reason is shown wherever the words were.", "blank")
    entries = [_found(subject, about, index) for index in sorted(set(chosen))] if chosen else _left(subject, about)
    words = _first_with_words(about)
    erased = [{"index": entry.index, "payload": skeleton(entry, words.get(entry.index))} for entry in entries]
    return Event(ERASURE, subject, {"reason": reason, "entries": erased})


def skeleton(entry: Entry, words_of: int | None = None) -> Body:
    """What stays of an entry's payload. `words_of` is the number of the entry that first had the words that a claim
    has after this one; without it, whether a verdict on them is stale could no longer be told."""
    kind, _, verb = entry.kind.partition(".")
    payload = entry.payload
    if verb in ("withdrawn", "retracted"):
        return _bare({"claim": _kept, "reason": _worded}, payload)
    if verb != "amended":
        return _bare(_BODIES[kind], payload)
    # A change that takes a field away still does; one that gave it words does so too, or older words would be back.
    changes = dict.fromkeys(payload["changes"]) | _bare(_BODIES[kind], payload["changes"])
    again = {} if words_of in (None, entry.index) else {"words_of": words_of}
    return {"changes": changes, "reason": TEXT, **again}


def _found(subject: str, about: Sequence[Entry], index: int) -> Entry:
    entry = next((entry for entry in about if entry.index == index), None)
    if entry is None:
        numbers = ", ".join(str(entry.index) for entry in about)
        detail = f"Entry {index} is not about {subject}: those that are have the numbers {numbers}."
        raise InvalidRequest.of("/entry", detail, "unknown-entry")
    if entry.kind == ERASURE:
        detail = f"Entry {index} says what was erased and why: it has to stay."
        raise InvalidRequest.of("/entry", detail, "erasure")
    if entry.erased:
        detail = f"Entry {index} was erased by entry {entry.erased.index}, at {entry.erased.at}: leave it out."
        raise InvalidRequest.of("/entry", detail, "erased-before")
    return entry


def _left(subject: str, about: Sequence[Entry]) -> list[Entry]:
    left = [entry for entry in about if entry.kind != ERASURE and entry.erased is None]
    if not left:
        by = ", ".join(str(entry.index) for entry in about if entry.kind == ERASURE)
        detail = f"All of {subject} was erased before (entry {by}): nothing is left to erase."
        raise InvalidRequest.of("", detail, "erased-before")
    return left


def _first_with_words(about: Sequence[Entry]) -> dict[int, int]:
    """For each entry that gave a claim its words, the first one that gave it the same, as far as that can be told.

    Words that were erased before are like no others."""
    first: dict[str | int, int] = {}
    found = {}
    for entry in about:
        if entry.kind in ("claim.recorded", "claim.amended"):
            text = (entry.payload.get("changes") or entry.payload).get("text")
            if text is not None:
                known = entry.payload.get("words_of", entry.index) if entry.erased else text
                found[entry.index] = first.setdefault(known, entry.index)
    return found


# --- what a skeleton keeps -------------------------------------------------------------------------


def _kept(value: Any) -> Any:
    return value


def _worded(value: Any) -> Any:
    return TEXT


def _emptied(value: Any) -> Any:
    return []


def _bare(rules: Mapping[str, Rule], values: Body) -> Body:
    """The members that the rules name; null, which takes a field away, stays null."""
    return {name: value if value is None else rules[name](value) for name, value in values.items() if name in rules}


def _object(**rules: Rule) -> Rule:
    return lambda value: _bare(rules, value)


def _each(**rules: Rule) -> Rule:
    return lambda values: [_bare(rules, value) for value in values]


_BODIES: dict[str, dict[str, Rule]] = {
    "party": {"id": _kept, "name": _worded, "kind": _kept, "parent": _kept},
    "question": {
        "id": _kept,
        "text": _worded,
        "positions": _each(id=_kept, label=_worded, neutral=_kept),
    },
    "claim": {
        "id": _kept,
        "text": _worded,
        "wording": _kept,
        "language": _kept,
        "attribution": _object(speaker=_kept, on_behalf_of=_kept, reported_through=_kept),
        "stated_on": _kept,
        "disclosed_on": _kept,
        "appearances": _emptied,
        "variants": _emptied,
        "stances": _each(question=_kept, position=_kept),
        "tags": _emptied,
    },
    "verdict": {
        "id": _kept,
        "claim": _kept,
        "rating": _kept,
        "imported_by": _kept,
        "evidence": _emptied,
        "reviewer": _kept,
        "reviewed_on": _kept,
        "language": _kept,
        "claim_revision": _kept,
        "supersedes": _kept,
    },
    "contradiction": {
        "claims": _kept,
        "reviewer": _kept,
        "question": _kept,
        "assessment": _kept,
        "reason": _kept,
        "evidence": _emptied,
    },
    "webhook": {"id": _kept, "party": _kept, "reason": _kept, "attempts": _kept, "next": _kept},
}
