"""How alike two texts are by their words alone, and which words to look for others by. Pure functions."""

from __future__ import annotations

from typing import NamedTuple

from api.domain import matching
from api.domain.opposition import NEGATIONS
from api.domain.stems import stems
from api.domain.stop_words import STOP_WORDS
from api.domain.words import Term, folded

_LEFT_OUT = STOP_WORDS - NEGATIONS
# The share of words as they stand below which texts are not compared more closely.
HARDLY = 0.3


def telling(text: str, most: int) -> list[Term]:
    """The words of a text that tell most, as they stand in it, at most so many: the longest, since those are rare. Of
    scripts without spaces two characters next to each other are a word."""
    words = matching.words_asked(text)
    return sorted(words, key=lambda term: (-sum(map(len, term.words)), term))[:most]


class Words(NamedTuple):
    """What of a text is compared: its words, stop words aside, and their stems. Words that negate are no stop words
    here, for they turn what is said."""

    words: frozenset[str]
    stems: frozenset[str]


def compared(text: str) -> Words:
    """What is compared of a text."""
    words = _telling(folded(text))
    return Words(words, frozenset(stems(words)))


def of(one: Words, other: str) -> float:
    """How alike a text is to another one (folded words joined by spaces), from 0 to 1: the stems that they share, of
    those that both have (Dice's coefficient). 0 where they hardly share a word as it stands."""
    words = _telling(other.split())
    # Stems cost more than all the rest, and most texts that are compared have nothing to do with each other.
    if _share(one.words, words) < HARDLY:
        return 0.0
    return _share(one.stems, frozenset(stems(words)))


def _telling(words: list[str]) -> frozenset[str]:
    return frozenset(word for word in words if word not in _LEFT_OUT) or frozenset(words)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    both = len(one) + len(other)
    return 2 * len(one & other) / both if both else 0.0
