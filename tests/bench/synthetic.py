"""Made-up claims, as many as wanted, the same each time: typical in shape, with common words and rare ones."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from typing import Any

COMMON = (
    "the programme is voluntary mandatory for states and counties to join leave opt out said officials that not".split()
)
ORIGIN = date(2005, 1, 1).toordinal()
OFFICES = 20
QUESTIONS = 5
WORDS = 25


def parties() -> Iterator[dict[str, Any]]:
    """A root, ten departments under it and two offices under each."""
    yield {"id": "root", "name": "The Government", "kind": "organization"}
    for i in range(10):
        yield {"id": f"department-{i}", "name": f"Department {i}", "kind": "organization", "parent": "root"}
    for i in range(OFFICES):
        yield {"id": f"office-{i}", "name": f"Office {i}", "kind": "organization", "parent": f"department-{i % 10}"}


def questions() -> Iterator[dict[str, Any]]:
    """Questions with two opposing positions and a neutral one."""
    for i in range(QUESTIONS):
        positions = [
            {"id": "yes", "label": "Yes", "neutral": False},
            {"id": "no", "label": "No", "neutral": False},
            {"id": "unclear", "label": "Unclear", "neutral": True},
        ]
        yield {"id": f"question-{i}", "text": f"Is it so, in matter {i}?", "positions": positions}


def claims(count: int, seed: int = 1) -> Iterator[dict[str, Any]]:
    """`count` claims of 25 words each: common ones, of medium rarity, and one that only this claim has."""
    chance = random.Random(seed)
    for i in range(count):
        words = (
            chance.choices(COMMON, k=WORDS - 6)
            + [f"topic{chance.randrange(2000)}" for _ in range(5)]
            + [f"only{seed}x{i}"]
        )
        chance.shuffle(words)
        day = date.fromordinal(ORIGIN + chance.randrange(7000)).isoformat()
        yield {
            "text": " ".join(words),
            "wording": chance.choice(("direct", "document", "indirect")),
            "language": "en",
            "attribution": {"speaker": f"office-{chance.randrange(OFFICES)}"},
            "stated_on": day,
            "appearances": [
                {
                    "url": f"https://news.example/{seed}/{i}",
                    "title": f"Report number {i} on topic{i % 2000}",
                    "publisher": f"Paper {i % 50}",
                    "published_on": day,
                }
            ],
            "stances": [
                {
                    "question": f"question-{chance.randrange(QUESTIONS)}",
                    "position": chance.choice(("yes", "no", "unclear")),
                    "reasoning": "It says so.",
                }
            ],
            "tags": [f"tag-{i % 100}"],
        }
