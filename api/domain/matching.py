"""What a sentence is matched by: the stems of its words, but for links and stop words, with tags and names written
together taken apart. Pure functions.

Matching asks for any of the words, and ranks by BM25; `api.reads.matching` finds the claims.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise

from api.domain.stems import stems
from api.domain.stop_words import STOP_WORDS
from api.domain.words import WORD, Term, is_unspaced, plain

# So many different words are looked up at most, the first of the sentence: what is longer is no sentence, and the work
# that it makes is bounded by this.
MAX_WORDS = 100

_LINK = re.compile(r"(?:https?://|www\.|pic\.twitter\.com/|t\.co/)\S+", re.IGNORECASE)
_TOGETHER = re.compile(r"[#@](\w+)")
_HUMPS = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+|[0-9]+|[^\W\d_a-zA-Z]+")


def terms(text: str) -> list[Term]:
    """What a claim may hold of a sentence, each once, in the order of the sentence: single stems, and of scripts
    without spaces two characters next to each other.

    A sentence of nothing but stop words is matched by these; one without any word (only emoji, say) has no terms.
    """
    return _terms(text, stems)


def words_asked(text: str) -> list[Term]:
    """As `terms`, but each word as it stands in the sentence, folded, and not its stem."""
    return _terms(text, list)


def unlinked(text: str) -> str:
    """A sentence without its links."""
    return _LINK.sub(" ", text).strip()


def stemmed(words: str) -> str:
    """Folded words joined by spaces, as their stems: what the terms of a sentence are counted in."""
    return " ".join(stems(words.split()))


def rarity(holding: int, total: int) -> float:
    """Inverse document frequency of a term that so many of all texts have: always positive, so that on a record of a
    few claims a word that half of them have still counts."""
    return math.log(1 + (total - holding + 0.5) / (holding + 0.5))


def similarity(scores: Sequence[float], rarities: Sequence[float]) -> list[float]:
    """BM25 scores as numbers from 0 to 1: 1 is what a text of average length would score that had every term once."""
    whole = sum(rarities)
    return [min(1.0, score / whole) if whole else 0.0 for score in scores]


def _terms(text: str, forms: Callable[[list[str]], list[str]]) -> list[Term]:
    bare = unlinked(text)
    spaced = [word for word in _asked(bare) if not is_unspaced(word)]
    singles = [Term((form,)) for form in dict.fromkeys(forms(spaced))]
    return [*singles, *_neighbours(plain(bare))][:MAX_WORDS]


def _asked(bare: str) -> list[str]:
    """The words of a sentence but for stop words; all of them where there are no others."""
    words = _words(bare)
    return [word for word in words if word not in STOP_WORDS] or words


def _words(bare: str) -> list[str]:
    """The words of a sentence, folded: those of its tags and names both as they stand and taken apart."""
    apart = [hump for match in _TOGETHER.finditer(bare) for hump in _HUMPS.findall(match[1]) if hump != match[1]]
    return WORD.findall(plain(" ".join((bare, *apart))))


def _neighbours(folded: str) -> list[Term]:
    """Characters of scripts without spaces, two by two as they stand next to each other, and one that stands alone."""
    found: list[Term] = []
    if folded.isascii():
        return found
    run: list[str] = []
    end = -1
    for match in WORD.finditer(folded):
        if not is_unspaced(match[0]) or match.start() != end:
            found += _pairs(run)
            run = []
        if is_unspaced(match[0]):
            run.append(match[0])
            end = match.end()
    return list(dict.fromkeys([*found, *_pairs(run)]))


def _pairs(run: list[str]) -> list[Term]:
    return [Term(pair) for pair in pairwise(run)] if len(run) > 1 else [Term((char,)) for char in run]


def standing(text: str, asked: Iterable[Term]) -> list[Term]:
    """The words of a text, as they stand there, that the terms of a sentence match: what a snippet marks."""
    wanted = {word for term in asked for word in term.words}
    found = list(dict.fromkeys(WORD.findall(plain(text))))
    return [Term((word,)) for word, stem in zip(found, stems(found), strict=True) if stem in wanted]


def repetitions(relations: Iterable[Mapping[str, str]]) -> list[str]:
    """The claims that are the same statement again: somebody says so, and nobody that they are different. In: the
    relations of a claim's document."""
    found: dict[str, set[str]] = {}
    for relation in relations:
        found.setdefault(relation["claim"], set()).add(relation["relation"])
    return [claim for claim, said in found.items() if "same" in said and "different" not in said]
