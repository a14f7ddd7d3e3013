"""What is wrong with JSON-LD by the published vocabulary of schema.org, and with ClaimReview by Google's rules."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

VOCABULARY = json.loads(Path(__file__).with_name("schemaorg.json").read_text(encoding="utf-8"))
TYPES: dict[str, list[str]] = VOCABULARY["types"]
PROPERTIES: dict[str, dict[str, list[str]]] = VOCABULARY["properties"]

_URL = re.compile(r"https?://[^\s/]+(/\S*)?")
# ISO 8601 dates, of reduced precision too, and instants.
_DATE = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?")
_INSTANT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?Z")
_TEXTS = {"Text": re.compile(r"(?s).*\S.*"), "URL": _URL, "Date": _DATE, "DateTime": _INSTANT}


def ancestors(name: str) -> set[str]:
    """A type and all that it is derived from."""
    return {name}.union(*(ancestors(base) for base in TYPES[name]))


def faults(value: Any, place: str = "") -> list[str]:
    """What is wrong with a node or a graph: types and properties that there are not, on types that do not have them,
    with values that they do not take."""
    if "@graph" in value:
        return [fault for i, node in enumerate(value["@graph"]) for fault in faults(node, f"{place}/@graph/{i}")]
    kind = value.get("@type")
    if kind not in TYPES:
        return [f"{place}: no type {kind!r}"]
    found = []
    for name, given in value.items():
        if name in ("@context", "@type"):
            continue
        where = f"{place}/{name}"
        if name == "@id":
            found += [] if _URL.fullmatch(given) else [f"{where}: {given!r} is no URL"]
        elif name not in PROPERTIES or not ancestors(kind) & set(PROPERTIES[name]["domain"]):
            found.append(f"{where}: {kind} has no such property")
        else:
            values = given if isinstance(given, list) else [given]
            found += [fault for one in values for fault in _unfit(one, set(PROPERTIES[name]["range"]), where)]
    return found


def _unfit(value: Any, wanted: set[str], where: str) -> list[str]:
    if isinstance(value, dict):
        inner = faults(value, where)
        fits = value.get("@type") in TYPES and ancestors(value["@type"]) & wanted
        return inner if fits else [*inner, f"{where}: a {value.get('@type')} is none of {sorted(wanted)}"]
    if isinstance(value, int | float) and not isinstance(value, bool):
        return [] if "Number" in wanted else [f"{where}: a number is none of {sorted(wanted)}"]
    if isinstance(value, str) and any(_TEXTS[kind].fullmatch(value) for kind in wanted & _TEXTS.keys()):
        return []
    return [f"{where}: {value!r} is none of {sorted(wanted)}"]


def google_faults(review: dict[str, Any]) -> list[str]:
    """What Google's documentation of ClaimReview finds missing or wrong in a review that stands.

    https://developers.google.com/search/docs/appearance/structured-data/factcheck: required and recommended properties.
    """
    found = [name for name in ("claimReviewed", "reviewRating", "url", "author", "itemReviewed") if name not in review]
    if found:
        return found
    rating, claim = review["reviewRating"], review["itemReviewed"]
    numbers = ("ratingValue", "bestRating", "worstRating")
    rules = {
        "url is absolute": bool(_URL.fullmatch(review["url"])),
        "reviewRating.alternateName is there": bool(rating.get("alternateName", "").strip()),
        "numbers come together": len({name in rating for name in numbers}) == 1,
        "author.name": bool(review["author"].get("name")),
        "author.url": bool(review["author"].get("url")),
        "author is Person or Organization": review["author"]["@type"] in ("Person", "Organization"),
        "itemReviewed is a Claim": claim["@type"] == "Claim",
        "itemReviewed.author.name": bool(claim["author"].get("name")),
        "itemReviewed.appearance": bool(claim.get("appearance")),
        "appearance has a url": all("url" in one for one in claim.get("appearance", [])),
        "firstAppearance is one of them": claim.get("firstAppearance", claim["appearance"][0]) in claim["appearance"],
    }
    if "ratingValue" in rating:
        best, worst = rating["bestRating"], rating["worstRating"]
        rules["worst to best"] = worst < best and worst <= rating["ratingValue"] <= best
    return [rule for rule, kept in rules.items() if not kept]
