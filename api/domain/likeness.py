"""How alike two texts are by their words alone, and which words to look for others by. Pure functions."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from api.domain import matching
from api.domain.opposition import NEGATIONS
from api.domain.stems import stems
from api.domain.stop_words import STOP_WORDS
from api.domain.words import Term, folded

_LEFT_OUT = STOP_WORDS - NEGATIONS
# The share of words as they stand, of the shorter text's, below which texts are not compared more closely.
HARDLY = 0.4
# How alike a part is to the whole, and how many words and letters it has at least: fewer stand in many texts by chance,
# and in some scripts each letter counts as a word.
PART, FEWEST, LETTERS = 0.8, 4, 12


def telling(text: str, most: int, common: Collection[Term] = ()) -> list[Term]:
    """The words of a text that tell most, as they stand in it, at most so many: the longest, since those are rare,
    unless they are known to be `common`. Of scripts without spaces two characters next to each other are a word."""
    words = matching.words_asked(text)
    return sorted(words, key=lambda term: (term in common, -sum(map(len, term.words)), term))[:most]


class Words(NamedTuple):
    """What of a text is compared: its words, stop words aside, and their stems. Words that negate are no stop words
    here, for they turn what is said."""

    words: frozenset[str]
    stems: frozenset[str]


def compared(text: str) -> Words:
    """What is compared of a text."""
    words = _content(folded(text))
    return Words(words, frozenset(stems(words)))


def of(one: Words, other: str) -> float:
    """How alike a text is to another one (folded words joined by spaces), from 0 to 1: the stems that they share, of
    those that both have (Dice's coefficient); or, where one of them is a part of the other, nearly as much."""
    words = _content(other.split())
    # Stems cost more than all the rest, and most texts that are compared have nothing to do with each other.
    if len(one.words & words) < HARDLY * min(len(one.words), len(words)):
        return 0.0
    theirs = frozenset(stems(words))
    shared, shorter = len(one.stems & theirs), min(one.stems, theirs, key=len)
    if not shared:
        return 0.0
    tells = len(shorter) >= FEWEST and sum(map(len, shorter)) >= LETTERS
    part = PART * shared / len(shorter) if tells else 0.0
    return max(2 * shared / (len(one.stems) + len(theirs)), part)


def _content(words: list[str]) -> frozenset[str]:
    every = frozenset(words)
    return every - _LEFT_OUT or every
