"""Words for searching: one way to fold and split text, whatever engine keeps the index, and what a query asks for.

Full-text tokenizers do not find 東京 in 東京都 and differ between engines, so text is folded and split here,
before it is indexed, and a query in the same way.
"""

from __future__ import annotations

import html
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

MAX_TERMS = 20
MIN_PREFIX = 2
SNIPPET_WORDS = 40

# Scripts written without spaces: each character is a word of its own, and a run of them a phrase.
_UNSPACED = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3005-\u3007\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"  # kana, han
)
WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+")
_ALONE = re.compile(f"[{_UNSPACED}]")
_ASKED = re.compile(r'"([^"]*)"?|(\S+)')


class Term(NamedTuple):
    """Words that must stand next to each other; with `prefix` the last may go on."""

    words: tuple[str, ...]
    prefix: bool = False


def folded(text: str) -> list[str]:
    """The words of a text: compatibility forms, accents and case folded, punctuation and symbols dropped."""
    return WORD.findall(plain(text))


def plain(text: str) -> str:
    """A text with compatibility forms, accents and case folded: what its words are found in."""
    if text.isascii():
        return text.lower()
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return "".join(char for char in decomposed if not unicodedata.combining(char))


def is_unspaced(word: str) -> bool:
    """Whether a word is a character of a script that is written without spaces."""
    return len(word) == 1 and _ALONE.fullmatch(word) is not None


def asked(query: str) -> list[Term]:
    """What a query asks for, all of it: words, "phrases" and prefix*. Any text is a query; one without words
    asks for nothing."""
    terms = []
    for match in _ASKED.finditer(query):
        phrase, word = match.group(1), match.group(2)
        words = tuple(folded(phrase if word is None else word))[:MAX_TERMS]
        if not words:
            continue
        prefix = bool(word) and word.endswith("*") and len(words[-1]) >= MIN_PREFIX
        terms.append(Term(words, prefix))
    return list(dict.fromkeys(terms))[:MAX_TERMS]


def scores(terms: Sequence[Term], rarities: Sequence[float], texts: Sequence[str]) -> list[float]:
    """Okapi BM25 of each indexed text (words joined by single spaces), k1 = 1.2, b = 0.75.

    In: the inverse document frequency of each term, in `rarities`. The average length is that of the texts given.
    """
    spaced = [_spaced(text) for text in texts]
    lengths = [text.count(" ") + 1 for text in texts]
    average = sum(lengths) / len(lengths) if lengths else 1.0
    needles = [_needle(term, "  ") for term in terms]
    totals = []
    for text, length in zip(spaced, lengths, strict=True):
        norm = 1.2 * (0.25 + 0.75 * length / average)
        total = 0.0
        for needle, rarity in zip(needles, rarities, strict=True):
            count = text.count(needle)
            total += rarity * count * 2.2 / (count + norm)
        totals.append(total)
    return totals


def has_all(terms: Iterable[Term]) -> Callable[[str], bool]:
    """What tells whether an indexed text (words joined by single spaces) has all that a query asks for."""
    needles = [_needle(term, " ") for term in terms]

    def holds(text: str) -> bool:
        padded = f" {text} "
        return all(needle in padded for needle in needles)

    return holds


def rarity(matching: int, total: int) -> float:
    """Inverse document frequency as BM25 has it, never below a small positive number (as SQLite's FTS5)."""
    return max(math.log((total - matching + 0.5) / (matching + 0.5)), 1e-6)


def snippet(text: str, terms: Iterable[Term]) -> str:
    """The part of a text around its first match, as HTML: escaped, matches in <mark>…</mark>, cuts shown by "…"."""
    terms = list(terms)
    asked = {word for term in terms for word in term.words}
    beginnings = tuple(term.words[-1] for term in terms if term.prefix)
    words = list(WORD.finditer(text))
    hits = [i for i, word in enumerate(words) if _is_asked(word.group(), asked, beginnings)]
    if not words:
        return html.escape(text[:400])
    first = max(0, (hits[0] if hits else 0) - SNIPPET_WORDS // 4)
    last = min(len(words), first + SNIPPET_WORDS) - 1
    start = 0 if first == 0 else words[first].start()
    end = len(text) if last == len(words) - 1 else words[last].end()
    parts, at = [], start
    for i in (hit for hit in hits if first <= hit <= last):
        parts += [html.escape(text[at : words[i].start()]), f"<mark>{html.escape(words[i].group())}</mark>"]
        at = words[i].end()
    parts.append(html.escape(text[at:end]))
    return ("…" if start else "") + "".join(parts) + ("…" if end < len(text) else "")


def _spaced(text: str) -> str:
    # Words are set apart by two spaces, so that each has its own on either side and neighbours are counted both.
    return f" {text.replace(' ', '  ')} "


def _needle(term: Term, between: str) -> str:
    return f" {between.join(term.words)}" + ("" if term.prefix else " ")


def _is_asked(word: str, asked: set[str], beginnings: tuple[str, ...]) -> bool:
    return any(part in asked or part.startswith(beginnings) for part in folded(word))
