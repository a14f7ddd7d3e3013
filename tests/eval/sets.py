"""What is evaluated on: the DHS record with paraphrases made of it, or files.

Files are JSON Lines: claims {"id", "text", "title"?}, queries {"id", "text"}, and qrels {"query", "claim"}, one for
each claim that is a right answer to a query.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import fixtures

# What may stand for a word in a paraphrase. Both ways.
SYNONYMS = {
    "jurisdictions": "localities",
    "jurisdiction": "locality",
    "program": "programme",
    "agency": "authority",
    "communities": "towns",
    "participate": "take part",
    "required": "obliged",
    "withdraw": "leave",
    "officials": "officers",
    "information": "data",
}
# What turns a sentence into its opposite.
TURNED = {
    "voluntary": "mandatory",
    "mandatory": "voluntary",
    "can": "cannot",
    "cannot": "can",
    "is": "is not",
    "will": "will not",
    "are": "are not",
    "was": "was not",
}


class Query(NamedTuple):
    """A sentence, and the ids of the claims that are right answers."""

    text: str
    right: frozenset[str]


class Pair(NamedTuple):
    """A sentence made of a claim, and whether it says the opposite."""

    text: str
    claim: str
    opposes: bool


def from_files(claims: Path, queries: Path, qrels: Path) -> tuple[list[dict[str, Any]], list[Query]]:
    """The claims as bodies of POST with their ids as titles' own, and the queries. Raises OSError, ValueError."""
    right: dict[str, set[str]] = {}
    for line in _lines(qrels):
        right.setdefault(str(line["query"]), set()).add(str(line["claim"]))
    asked = [Query(line["text"], frozenset(right.get(str(line["id"]), ()))) for line in _lines(queries)]
    return list(_lines(claims)), [query for query in asked if query.right]


def record() -> list[dict[str, Any]]:
    """The claims of the DHS record."""
    return list(_lines(Path(fixtures.__file__).parent / "claims.ndjson"))


def paraphrases(claims: list[dict[str, Any]], seed: int = 1) -> list[Query]:
    """Of each claim two sentences as people repeat it: words left out, others in their place, a tag, a link."""
    chance = random.Random(seed)
    return [
        Query(_retold(claim["text"], chance), frozenset([claim["id"]]))
        for claim in claims
        for _ in range(2)
        if len(claim["text"].split()) >= 5
    ]


def pairs(claims: list[dict[str, Any]], seed: int = 1) -> list[Pair]:
    """Of each claim a sentence that says the opposite in nearly the same words, and one that says the same."""
    chance = random.Random(seed)
    made = []
    for claim in claims:
        words = claim["text"].split()
        places = [i for i, word in enumerate(words) if word.lower() in TURNED]
        if not places or len(words) > 40:
            continue
        turned = list(words)
        place = chance.choice(places)
        turned[place] = TURNED[words[place].lower()]
        made.append(Pair(" ".join(turned), claim["id"], True))
        kept = [word for word in words if chance.random() < 0.9 or word.lower() in ("not", "no", "never", "cannot")]
        same = [SYNONYMS.get(word, word) for word in kept]
        made.append(Pair(" ".join(same), claim["id"], False))
    return made


def _retold(text: str, chance: random.Random) -> str:
    words = [SYNONYMS.get(word.lower(), word) for word in text.split() if chance.random() < 0.6]
    if chance.random() < 0.5:
        words.insert(0, "#SecureCommunities")
    return " ".join([*words, f"https://t.co/{chance.randrange(10**6)}"])


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from (json.loads(line) for line in lines if line.strip())
