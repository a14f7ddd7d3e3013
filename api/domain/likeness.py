"""How alike two texts are by their words alone, and which words to look for others by. Pure functions."""

from __future__ import annotations

from api.domain import matching
from api.domain.opposition import NEGATIONS
from api.domain.stems import stems
from api.domain.stop_words import STOP_WORDS
from api.domain.words import Term, folded

_LEFT_OUT = STOP_WORDS - NEGATIONS


def telling(text: str, most: int) -> list[Term]:
    """The words of a text that tell most, as they stand in it, at most so many: the longest, since those are rare. Of
    scripts without spaces two characters next to each other are a word."""
    words = matching.words_asked(text)
    return sorted(words, key=lambda term: (-sum(map(len, term.words)), term))[:most]


def stemmed(text: str) -> frozenset[str]:
    """The stems of a text's words, stop words aside; those that negate are none here, for they turn what is said."""
    return _stems(folded(text))


def of(one: frozenset[str], words: str) -> float:
    """How alike stems are to a text (folded words joined by spaces), from 0 to 1: what they share, of what both have
    (Dice's coefficient)."""
    other = _stems(words.split())
    both = len(one) + len(other)
    return 2 * len(one & other) / both if both else 0.0


def _stems(words: list[str]) -> frozenset[str]:
    return frozenset(stems([word for word in words if word not in _LEFT_OUT] or words))
