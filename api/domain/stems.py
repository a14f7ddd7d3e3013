"""Stems: what the forms of a word have in common, so that "opting out" is found where "opt out" is asked for.

Porter's algorithm, as SQLite's own tokenizer `porter` has it, made here once so that every engine has the same stems.
It is made for English; words of other languages it leaves alone, or cuts in the same way wherever they stand.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable

import Stemmer

# What a stem in an index begins with that is not itself a word of the text. Private use, so no folded word has it, and
# the tokenizer of SQLite takes it for a letter.
MARK = "\ue000"

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
    words = list(dict.fromkeys(word for text in texts for word in text.split()))
    marked = (MARK + stem for word, stem in zip(words, stems(words), strict=True) if stem != word)
    return " ".join(dict.fromkeys(marked))
