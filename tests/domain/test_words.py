"""Words for searching: folded the same way on both sides, any query safe, snippets that cannot break a page."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.words import MAX_TERMS, Term, asked, folded, has_all, rarity, scores, snippet


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("It is Voluntary.", ["it", "is", "voluntary"]),
        ("covid-19", ["covid", "19"]),
        ("snake_case", ["snake", "case"]),
        ("café CAFÉ cafe\u0301", ["cafe", "cafe", "cafe"]),
        ("Straße STRASSE", ["strasse", "strasse"]),
        ("ﬁnal ① Ⅳ ｗｉｄｅ", ["final", "1", "iv", "wide"]),
        ("東京都", ["東", "京", "都"]),
        ("東京Tower", ["東", "京", "tower"]),
        ("“don’t” 'won't'", ["don", "t", "won", "t"]),
        ("ΣΟΦΟΣ σοφος", ["σοφοσ", "σοφοσ"]),
        ("🎉 … — ! \u2028 \x00", []),
        ("", []),
    ],
)
def test_folding(text: str, words: list[str]) -> None:
    """Case, accents, width and ligatures are folded, marks dropped, unspaced scripts split by character."""
    assert folded(text) == words


@pytest.mark.parametrize(
    ("query", "terms"),
    [
        ("opt out", [Term(("opt",)), Term(("out",))]),
        ('"opt out"', [Term(("opt", "out"))]),
        ('"opt out', [Term(("opt", "out"))]),
        ("volun*", [Term(("volun",), prefix=True)]),
        ("covid-1*", [Term(("covid", "1"))]),
        ("covid-19*", [Term(("covid", "19"), prefix=True)]),
        ("v*", [Term(("v",))]),
        ('"volun*"', [Term(("volun",))]),
        ("東京", [Term(("東", "京"))]),
        ("yes YES yes", [Term(("yes",))]),
        ("a AND b OR NOT c", [Term((word,)) for word in ("a", "and", "b", "or", "not", "c")]),
        ('" "" "', []),
        ("*", []),
        ("🎉", []),
        ("", []),
    ],
)
def test_what_a_query_asks_for(query: str, terms: list[Term]) -> None:
    """Words, "phrases" and beginnings*; nothing in a query is an operator; what has no words asks for nothing."""
    assert asked(query) == terms


def test_long_queries_are_cut() -> None:
    """A query asks for no more terms, and a phrase for no more words, than are looked up."""
    many = " ".join(f"w{i}" for i in range(100))
    assert len(asked(many)) == MAX_TERMS
    assert len(asked(f'"{many}"')[0].words) == MAX_TERMS


@given(st.text(max_size=200))
def test_any_text_is_a_query_and_finds_itself(text: str) -> None:
    """Whatever a text holds, it can be asked for, and its own words are in it."""
    for term in asked(text):
        assert all(folded(word) == [word] for word in term.words)
    words = folded(text)[:MAX_TERMS]
    if words:
        assert has_all(asked(f'"{" ".join(words)}"'))(" ".join(folded(text)))


@pytest.mark.parametrize(
    ("words", "query", "found"),
    [
        ("it is voluntary", "voluntary it", True),
        ("it is voluntary", '"it is"', True),
        ("it is voluntary", '"is it"', False),
        ("it is voluntary", '"it voluntary"', False),
        ("it is voluntary", "volun", False),
        ("it is voluntary", "volun*", True),
        ("it is voluntary", "luntary", False),
        ("a a b", '"a b"', True),
        ("東 京 都", "京都", True),
        ("東 京 都", "東都", False),
        ("it is . voluntary", '"is voluntary"', False),
    ],
)
def test_whether_words_hold_a_query(words: str, query: str, found: bool) -> None:
    """All terms must be there, phrases in order and next to each other, words whole but for a beginning*."""
    assert has_all(asked(query))(words) is found


def test_ranking() -> None:
    """More of what is asked for, in a shorter text, and the rarer word, rank higher."""
    terms = asked("rare common")
    rarities = [rarity(1, 1000), rarity(900, 1000)]
    texts = ["common filler filler", "rare filler filler", "rare common filler", "rare rare common", "rare common"]
    ranked = scores(terms, rarities, texts)
    assert ranked[0] < ranked[1] < ranked[2] < ranked[3]
    assert ranked[4] > ranked[2]
    assert rarity(1, 1000) > rarity(10, 1000) > rarity(1000, 1000) > 0
    assert scores(terms, rarities, []) == []


@pytest.mark.parametrize(
    ("text", "query", "shown"),
    [
        ("It is voluntary.", "voluntary", "It is <mark>voluntary</mark>."),
        ("It is Voluntary, volunteers say", "volun*", "It is <mark>Voluntary</mark>, <mark>volunteers</mark> say"),
        ("Café", "cafe", "<mark>Café</mark>"),
        ("東京都", "東京", "<mark>東</mark><mark>京</mark>都"),
        ("<script>alert(1)</script>", "alert", "&lt;script&gt;<mark>alert</mark>(1)&lt;/script&gt;"),
        ("a <b> & \"c\" 'd'", "b", "a &lt;<mark>b</mark>&gt; &amp; &quot;c&quot; &#x27;d&#x27;"),
        ("Nothing here", "voluntary", "Nothing here"),
        ("<>", "voluntary", "&lt;&gt;"),
    ],
)
def test_snippets(text: str, query: str, shown: str) -> None:
    """The words asked for are marked, and everything is escaped."""
    assert snippet(text, asked(query)) == shown


def test_snippets_of_long_texts() -> None:
    """A long text is cut around its first match, and says where it was cut."""
    words = [f"w{i}" for i in range(200)]
    shown = snippet(" ".join(words), asked("w100"))
    assert shown.startswith("…w90 ")
    assert "<mark>w100</mark>" in shown
    assert shown.endswith("w129…")
    assert snippet(" ".join(words), asked("w3")).startswith("w0 ")
    assert snippet(" ".join(words), asked("w199")).endswith("<mark>w199</mark>")


@given(st.text(max_size=120), st.text(max_size=20))
def test_snippets_are_the_text(text: str, query: str) -> None:
    """Without its marks and its cuts a snippet is the escaped text or a part of it, and holds no other markup."""
    import html

    shown = snippet(text, asked(query))
    bare = re.sub("</?mark>", "", shown)
    assert "<" not in bare
    assert html.unescape(bare).strip("…") in text or bare.strip("…") in html.escape(text)
