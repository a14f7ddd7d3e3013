"""ClaimReview as it is really written: what is understood, what is refused and why, and that nothing makes it slow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from api.interop import claimreview_in
from api.interop.claimreview_in import MAX_ORIGINAL, Item, Refused
from api.interop.loose_dates import edtf
from api.interop.plain_text import MOST_CHARACTERS, MOST_TAGS, bounded, plain
from api.interop.reviews import Prepared
from api.interop.whose import Named
from schemas import strict_json

CASES = [json.loads(line) for line in Path(__file__).with_name("claimreviews.ndjson").read_text("utf-8").splitlines()]

GOOD: dict[str, Any] = {
    "@type": "ClaimReview",
    "url": "https://desk.example/1",
    "claimReviewed": "Something.",
    "reviewRating": {"alternateName": "False"},
}


def items(value: Any) -> list[Item]:
    """What is found in a value that is sent as JSON."""
    sent = json.dumps(value).encode()
    return list(claimreview_in.items(strict_json.loads(sent, numbers_as_written=True)))


def prepared(value: Any) -> Prepared:
    """The one review in a value."""
    [item] = items(value)
    assert isinstance(item.found, Prepared), item.found
    return item.found


def refused(item: Item) -> list[tuple[str, str]]:
    """The places and codes of a refusal."""
    assert isinstance(item.found, Refused), item.found
    return [(error.pointer, error.code) for error in item.found.errors]


def named(given: list[Any]) -> Named:
    """A party as the cases have it."""
    return Named(given[0], given[1], tuple(given[2]))


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_what_becomes_of_a_review(case: dict[str, Any]) -> None:
    """Each case is a review as it is published, and what is taken from it."""
    review, _, verdict = prepared(case["given"])
    for name, expected in case["review"].items():
        got = getattr(review, name)
        assert (list(got) if isinstance(got, tuple) else got) == expected, name
    assert list(review.appearances) == case["appearances"]
    for name in ("claimant", "publisher"):
        if name in case:
            assert getattr(review, name) == named(case[name])
    assert (verdict["rating"], verdict["mapping"]) == (case["rating"], case["mapping"])


def test_the_original_is_kept_as_it_was_written() -> None:
    """Numbers have the digits that they came with, and nothing else is lost either."""
    sent = b'{"@type":"ClaimReview","url":"https://d.example/1","claimReviewed":"\xc3\xa9","x":[1.50,1E400,-0,12345678901234567890],"reviewRating":"False"}'
    [item] = claimreview_in.items(strict_json.loads(sent, numbers_as_written=True))
    assert isinstance(item.found, Prepared)
    assert item.found.verdict["original"].encode() == sent


@pytest.mark.parametrize(
    ("value", "pointers"),
    [
        (GOOD, [""]),
        ([GOOD, [GOOD]], ["/0", "/1/0"]),
        ({"@graph": [{"@type": "WebPage"}, {"@type": "Person", "@id": "#me"}, GOOD]}, ["/@graph/2"]),
        (
            {"@type": "DataFeed", "dataFeedElement": [{"@type": "DataFeedItem", "item": [GOOD, GOOD]}, GOOD]},
            ["/dataFeedElement/0/item/0", "/dataFeedElement/0/item/1", "/dataFeedElement/1"],
        ),
        ({"@type": "DataFeed", "dataFeedElement": {"item": GOOD}}, ["/dataFeedElement/item"]),
        ({"@type": "ItemList", "itemListElement": [{"@type": "ListItem", "item": GOOD}]}, ["/itemListElement/0/item"]),
        ({"@type": "NewsArticle", "review": GOOD}, ["/review"]),
        ({"@type": "DataFeed", "dataFeedElement": []}, []),
        ([], []),
    ],
)
def test_where_reviews_are_found(value: Any, pointers: list[str]) -> None:
    """Alone, in lists, graphs, feeds and pages; each with the pointer of its place."""
    found = items(value)
    assert [item.pointer for item in found] == pointers
    assert all(isinstance(item.found, Prepared) for item in found)


def test_nodes_of_a_graph_refer_to_each_other() -> None:
    """What is named by its @id alone is what the graph says of it, and so it is in the original."""
    graph = [
        {"@id": "#claim", "@type": "Claim", "author": {"@id": "#roe"}, "datePublished": "2019"},
        {"@id": "#roe", "@type": "Person", "name": "Jane Roe"},
        {"@id": "#org", "@type": "Organization", "name": "Desk"},
        GOOD | {"itemReviewed": {"@id": "#claim"}, "author": {"@id": "#org"}, "publisher": {"@id": "#nobody"}},
    ]
    review = prepared({"@graph": graph}).review
    assert (review.claimed_on, review.publisher) == ("2019", Named("Desk"))
    assert '"datePublished":"2019"' in (review.original or "")


def test_who_made_a_claim_is_found_in_the_graph() -> None:
    """The claimant can be named by an @id as well."""
    graph = [{"@id": "#roe", "@type": "Person", "name": "Jane Roe"}]
    graph.append(GOOD | {"itemReviewed": {"@type": "Claim", "author": {"@id": "#roe"}}})
    assert prepared({"@graph": graph}).review.claimant == Named("Jane Roe", "person")


@pytest.mark.parametrize(
    ("value", "faults"),
    [
        (
            {"@type": "ClaimReview"},
            [("/claimReviewed", "required"), ("/url", "required"), ("/reviewRating", "required")],
        ),
        (GOOD | {"claimReviewed": "<p> </p>"}, [("/claimReviewed", "required")]),
        (GOOD | {"claimReviewed": {"name": "x"}}, [("/claimReviewed", "required")]),
        (GOOD | {"claimReviewed": "x" * 10_001}, [("/claimReviewed", "too-long")]),
        (GOOD | {"url": "/relative"}, [("/url", "url")]),
        (GOOD | {"url": "https://user:secret@desk.example/"}, [("/url", "url")]),
        (GOOD | {"url": 12}, [("/url", "url")]),
        (GOOD | {"reviewRating": {"@type": "Rating"}}, [("/reviewRating", "required")]),
        (GOOD | {"image": "x" * MAX_ORIGINAL}, [("", "too-long")]),
        ({"@type": "MediaReview", "mediaAuthenticityCategory": "Satire"}, [("", "media-review")]),
        ({"@type": "Recipe"}, [("", "type")]),
        ({}, [("", "type")]),
        ("ClaimReview", [("", "type")]),
        (None, [("", "type")]),
        (12, [("", "type")]),
    ],
)
def test_what_is_refused(value: Any, faults: list[tuple[str, str]]) -> None:
    """Each fault has its place, a stable code and a sentence that says what to give."""
    [item] = items(value)
    assert refused(item) == faults
    assert isinstance(item.found, Refused)
    assert all(error.detail.endswith(".") and len(error.detail) < 300 for error in item.found.errors)


def test_one_refusal_stops_no_other() -> None:
    """What is wrong with one item of a feed is said of that one."""
    feed = {"@type": "DataFeed", "dataFeedElement": [{"item": GOOD | {"url": None}}, "x", {"item": GOOD}]}
    first, second, third = items(feed)
    assert refused(first) == [("/dataFeedElement/0/item/url", "required")]
    assert refused(second) == [("/dataFeedElement/1", "type")]
    assert isinstance(third.found, Prepared)


# --- texts -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("5 < 6 & 7 > 2", "5 < 6 & 7 > 2"),
        ("a &amp; b &lt;i&gt; &eacute;&#8217;", "a & b <i> é’"),
        ("<p>One</p><p>two<br/>three</p>", "One two three"),
        ("<b>b</b>old", "bold"),
        ("a<script>alert('x')</script>b<style>p{}</style><!-- c -->d", "abd"),
        ("<img src=x onerror=alert(1)>seen", "seen"),
        ("<a href='javascript:x'>link</a", "link"),
        ("\u202eevil\u200b\x00 text\t\n ", "evil text"),
        ("<p>unclosed <b>tags", "unclosed tags"),
        ("<title>x</title>y", "xy"),
        ("<", "<"),
        ("", ""),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    """Tags, programs, comments and what cannot be seen are gone; entities are characters; words stay apart."""
    assert plain(html, 100) == text


def test_long_texts_are_cut() -> None:
    """A text that is cut says so."""
    assert plain("word " * 100, 12) == "word word w…"
    assert plain("<p>" + "word " * 100, 12) == "word word w…"


HOSTILE = {
    "nested": "<div>" * 200_000,
    "formats": "<a><b><i>" * 100_000,
    "attributes": "<a " + " ".join(f"a{i}=1" for i in range(100_000)) + ">x",
    "comments": "<!--" * 250_000,
    "ampersands": "&a" * 500_000,
    "references": "&#x" * 300_000,
    "brackets": "<" * 1_000_000,
    "tables": "<table>" * 100_000,
    "foreign": "<svg><math>" * 90_000,
    "one word": "x" * 1_000_000,
    "spaces": " " * 1_000_000,
}


@pytest.mark.parametrize("html", HOSTILE.values(), ids=HOSTILE)
def test_hostile_html_costs_little(html: str) -> None:
    """Of a megabyte that is made to keep a parser busy it is given no more than it reads in no time."""
    given = bounded(html)
    assert len(given) <= MOST_CHARACTERS
    assert given.count("<") <= MOST_TAGS
    assert len(plain(html, 500)) <= 500


def test_hostile_structure_is_refused_or_small() -> None:
    """What is nested deeper than bodies may be is refused before it is looked at; what is wide is walked once."""
    with pytest.raises(strict_json.BadJSON):
        strict_json.loads(b'{"@graph":[' * 11 + b"]}" * 11, numbers_as_written=True)
    assert len(items([{"@type": "Recipe"}] * 20_000)) == 20_000
    loop = {"@id": "#a", "@type": "Claim", "author": {"@id": "#a"}}
    review = GOOD | {"@id": "#r", "itemReviewed": {"@id": "#a"}, "author": {"@id": "#r"}}
    assert isinstance(items({"@graph": [loop, review]})[0].found, Prepared)


# --- dates -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "means"),
    [
        ("2019-05-06", "2019-05-06"),
        ("2019-05-06T23:30:00-05:00", "2019-05-06"),
        ("2019-05-06 10:00", "2019-05-06"),
        ("20190506", "2019-05-06"),
        ("2019/5/6", "2019-05-06"),
        ("2019-05", "2019-05"),
        (" 2019 ", "2019"),
        ("May 6, 2019", "2019-05-06"),
        ("6 May 2019 at 10:15 pm", "2019-05-06"),
        ("Mon, 06 May 2019 08:00:00 GMT", "2019-05-06"),
        ("2019-05-06T00:00:00 MYT", "2019-05-06"),
        ("May 2019", "2019-05"),
        ("25/12/2019", "2019-12-25"),
        ("12/25/2019", "2019-12-25"),
        ("05/05/2019", "2019-05-05"),
        ("06/05/2019", "2019"),
        ("06.05.2019", "2019"),
        ("06/05/19", None),
        ("May 6", None),
        ("Monday", None),
        ("31/31/2019", None),
        ("2019-02-30", None),
        ("0000-00-00", None),
        ("0001-01-01T00:00:00", None),
        ("1557100800", None),
        ("1557100800000", None),
        ("Four Pinocchios", None),
        ("in the year 2019 or so, 12", None),
        ("20195", None),
        ("９０１９", None),
        ("1" * 1_000_000, None),
        ("May 99999999999999999999 2019", None),
        ("2018/2019", "2018/2019"),
    ],
)
def test_only_what_is_certain_of_a_date_is_taken(written: str, means: str | None) -> None:
    """The day as its author wrote it, less where less is certain, nothing where nothing is."""
    assert edtf(written) == means
