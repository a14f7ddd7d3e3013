"""Stems: what the forms of a word have in common, so that "opting out" is found where "opt out" is asked for.

Porter's algorithm, as SQLite's own tokenizer `porter` has it, made here once so that every engine has the same stems.
It is made for English; words of other languages it leaves alone, or cuts in the same way wherever they stand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from functools import lru_cache

import Stemmer

# What a stem in an index begins with that is not itself a word of the text. Private use, so no folded word has it, and
# the tokenizer of SQLite takes it for a letter.
MARK = "\ue000"

# For how many words the stem is kept, and up to how many characters of each: a text may be one word of a megabyte.
KEPT, LONG = 20_000, 40

_local = threading.local()


def stems(words: Iterable[str]) -> list[str]:
    """The stem of each word, which is folded already."""
    # A stemmer is not to be used by two threads at once.
    stemmer = getattr(_local, "stemmer", None)
    if stemmer is None:
        stemmer = _local.stemmer = Stemmer.Stemmer("porter")
    found: list[str] = stemmer.stemWords(list(words))
    return found


def indexed(*texts: str) -> str:
    """The stems under which texts (folded words joined by spaces) are found beside their words, each once, marked, and
    joined by spaces. A word that is its own stem is found by itself."""
    words = dict.fromkeys(" ".join(texts).split())
    marked = _marked_before if max(map(len, words), default=0) <= LONG else _marked
    return " ".join(dict.fromkeys(filter(None, map(marked, words))))


def _marked(word: str) -> str:
    """The marked stem of a word, "" where it is its own."""
    [stem] = stems([word])
    return "" if stem == word else MARK + stem


# Most words of a text are common ones: with what was found of them before, indexing a claim takes half the time.
_marked_before = lru_cache(KEPT)(_marked)
