"""What a party is found by."""

from __future__ import annotations

import pytest

from api.domain import names


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("The New York Times", "new york  times", True),
        ("São Paulo", "Sao Paulo.", True),
        ("Jane Roe", "Jane Doe", False),
        ("!!!", "???", False),
    ],
)
def test_names_are_compared_by_their_words(one: str, other: str, same: bool) -> None:
    """Case, accents, punctuation and a leading article make no difference."""
    assert (names.named(one) == names.named(other)) is same


@pytest.mark.parametrize(
    ("url", "key"),
    [
        ("https://www.example.org/", "site example.org"),
        ("HTTP://EXAMPLE.org", "site example.org"),
        ("https://example.org/about/", "page example.org/about"),
        ("https://example.org/?id=1", "page example.org?id=1"),
        ("https://www.wikidata.org/entity/Q42", "page wikidata.org/q42"),
        ("http://m.wikidata.org/wiki/q42", "page wikidata.org/q42"),
        ("http://[broken", "page http://[broken"),
    ],
)
def test_addresses_are_compared_without_their_scheme(url: str, key: str) -> None:
    """The root of a site is told apart from a page on it, and an entity of Wikidata has one key."""
    assert names.addressed(url) == key


@pytest.mark.parametrize(
    ("name", "slug"),
    [("U.S. Dept. of Labor", "u-s-dept-of-labor"), ("Zoë", "zoe"), ("x" * 90, "x" * 64), ("Ω", "party-")],
)
def test_ids_are_made_of_names(name: str, slug: str) -> None:
    """What is left of a name in Latin letters, or its hash."""
    made = names.slug(name)
    assert made == slug or (slug == "party-" and made.startswith(slug) and len(made) == 18)
