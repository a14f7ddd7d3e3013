"""HTML as plain text, by a parser that reads it as browsers do."""

from __future__ import annotations

import html
import re

import nh3

# How much of a text is looked at: many times what any field holds. Deep nesting and long lists of attributes cost a
# parser time that grows with their square, so neither may grow far.
MOST_CHARACTERS, MOST_TAGS = 40_000, 1_000

# Tags that words do not run across. The parser leaves these alone, in one spelling, and takes all others away.
_BREAKS = {"br", "p", "div", "li", "ul", "ol", "tr", "td", "th", "h1", "h2", "h3", "h4", "h5", "h6", "blockquote"}
_BREAK = re.compile(r"</?[a-z0-9]+>")
# Words are no sentence any more once what a program was told stands among them.
_WITH_CONTENT = {"script", "style"}
_LOOKS_LIKE_HTML = re.compile(r"<[a-zA-Z/!?]|&[#a-zA-Z]")
# White space, and what cannot be seen and turns the direction of what follows; NUL cannot be stored.
_SPACE = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]+")


def plain(text: str, most: int) -> str:
    """A text without tags and entities, with single spaces, cut to `most` characters ("…" says so). "" where nothing
    is left."""
    if _LOOKS_LIKE_HTML.search(text):
        kept = nh3.clean(bounded(text), tags=_BREAKS, attributes={}, clean_content_tags=_WITH_CONTENT)
        text = html.unescape(_BREAK.sub(" ", kept))
    text = _SPACE.sub(" ", text[:MOST_CHARACTERS]).strip()
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"


def bounded(text: str) -> str:
    """As much of a text as the parser is given."""
    text = text[:MOST_CHARACTERS]
    parts = text.split("<", MOST_TAGS + 1)
    return "<".join(parts[:-1]) if len(parts) > MOST_TAGS + 1 else text
