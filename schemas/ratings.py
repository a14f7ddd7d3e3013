"""What the labels of fact-checkers mean in the six ratings of the record: one versioned table, `ratings.csv`.

A label is looked up with its publisher first, then among those that mean the same with everybody. One that stands in
neither place has no rating: nothing is guessed. Some labels are in the table without a rating, since they do not say
how true a claim is ("Satire", "Full Flop").

The rows were made from what the publishers say of their ratings, and from the list by which ClaimsKG normalises them
(github.com/claimskg/claimskg-extractor); where ClaimsKG has TRUE, FALSE, MIXTURE and OTHER, this has six ratings.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from collections.abc import Sequence
from decimal import Decimal
from functools import cache
from importlib.resources import files
from typing import NamedTuple
from urllib.parse import urlsplit

# A row that is added, changed or taken away makes another version: verdicts name the one that rated them.
VERSION = 1
GENERAL = "general"
# Only numbers of this scale have words: Google's documentation of ClaimReview gives them for 1 to 5.
SCALE, WORST, BEST = "scale 1 to 5", 1, 5

# The publishers of the table: what they are called, and where they publish.
PUBLISHERS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "politifact": (("politifact",), ("politifact.com",)),
    "snopes": (("snopes", "snopes.com"), ("snopes.com",)),
    "washington-post": (("washington post", "the washington post"), ("washingtonpost.com",)),
    "full-fact": (("full fact",), ("fullfact.org",)),
    "afp": (("afp", "afp fact check", "afp factuel", "agence france-presse"), ("afp.com",)),
    "ap": (("ap", "ap news", "associated press", "the associated press", "ap fact check"), ("apnews.com", "ap.org")),
    "reuters": (("reuters", "reuters fact check"), ("reuters.com",)),
    "factcheck.org": (("factcheck.org",), ("factcheck.org",)),
    "africa-check": (("africa check", "africacheck"), ("africacheck.org",)),
    "truth-or-fiction": (("truth or fiction", "truthorfiction"), ("truthorfiction.com",)),
    "check-your-fact": (("check your fact",), ("checkyourfact.com",)),
    "aap": (("aap", "aap factcheck", "australian associated press"), ("aap.com.au",)),
    "polygraph": (("polygraph", "polygraph.info"), ("polygraph.info",)),
    "eufactcheck": (("eufactcheck",), ("eufactcheck.eu",)),
}

_NAMES = {name: key for key, (names, _) in PUBLISHERS.items() for name in names}
_SITES = {site: key for key, (_, sites) in PUBLISHERS.items() for site in sites}
_DASHES = re.compile(r"[\s_\u2010-\u2015-]+")
_NUMBER = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3})?")


class Row(NamedTuple):
    """A line of the table: `rating` is None where the label does not say how true a claim is."""

    publisher: str
    label: str
    rating: str | None
    note: str


class Rated(NamedTuple):
    """A rating, None where there is none, and what gave it: "ratings/1/snopes/mixture", or "ratings/1" alone where no
    row has the label."""

    rating: str | None
    mapping: str


@cache
def table() -> tuple[Row, ...]:
    """Every row, in the order of the file."""
    lines = files("schemas").joinpath("ratings.csv").read_text("utf-8").splitlines()
    return tuple(
        Row(line["publisher"], line["label"], line["rating"] or None, line["note"]) for line in csv.DictReader(lines)
    )


def rate(
    label: str | None,
    names: Sequence[str] = (),
    urls: Sequence[str] = (),
    scale: tuple[str | None, str | None, str | None] = (None, None, None),
) -> Rated:
    """The rating of a label. `names` and `urls` say whose it is; `scale` is the value, the worst and the best.

    A number counts only where there are no words: words that are unknown may say something that is on no scale.
    """
    if label and not _NUMBER.fullmatch(label.strip()):
        key = normal(label)
        rows = _rows()
        for publisher in (*_publishers(names, urls), GENERAL):
            if (publisher, key) in rows:
                return _rated(rows[publisher, key])
        return Rated(None, f"ratings/{VERSION}")
    value, worst, best = (_decimal(text) for text in scale)
    if value is not None and worst == WORST and best == BEST and (SCALE, str(value)) in _rows():
        return _rated(_rows()[SCALE, str(value)])
    return Rated(None, f"ratings/{VERSION}")


def markdown() -> str:
    """The table as it stands in the documentation."""
    lines = [f"Version {VERSION}:", "", "| publisher | label | rating | |", "|---|---|---|---|"]
    for row in table():
        lines.append(f"| {row.publisher} | {row.label} | {f'`{row.rating}`' if row.rating else 'null'} | {row.note} |")
    return "\n".join(lines) + "\n"


def normal(label: str) -> str:
    """A label as the table has it: case, dashes, white space, and punctuation around it make no difference."""
    text = _DASHES.sub(" ", unicodedata.normalize("NFKC", label).casefold())
    return text.strip(" \"'“”‘’«»!.:;,")


@cache
def _rows() -> dict[tuple[str, str], Row]:
    return {(row.publisher, normal(row.label)): row for row in table()}


def _rated(row: Row) -> Rated:
    return Rated(row.rating, f"ratings/{VERSION}/{row.publisher}/{row.label}")


def _publishers(names: Sequence[str], urls: Sequence[str]) -> list[str]:
    found = [_NAMES[key] for name in names if (key := " ".join(name.casefold().split())) in _NAMES]
    for url in urls:
        host = _host(url)
        found += [key for site, key in _SITES.items() if host == site or host.endswith(f".{site}")]
    return list(dict.fromkeys(found))


def _host(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _decimal(text: str | None) -> Decimal | None:
    """A number as it is written, without zeros at its end: "1.0" is 1."""
    if text is None or not _NUMBER.fullmatch(text.strip()):
        return None
    number = Decimal(text.strip())
    return number.to_integral_value() if number == number.to_integral_value() else number
