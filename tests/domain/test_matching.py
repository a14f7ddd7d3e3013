"""What a sentence is matched by."""

from __future__ import annotations

import pytest

from api.domain import matching
from api.domain.stems import MARK, indexed

# A sentence, and what is looked for of it.
SENTENCES = [
    ("Participation in Secure Communities is optional.", ["particip", "secur", "commun", "option"]),
    ("RT @ICEgov: #SecureCommunities https://t.co/Ab1 www.ice.gov/x", ["icegov", "securecommun", "ic", "egov"]),
    ("Opting out, opted out, OPT OUT", ["opt"]),
    ("covid-19 in 2020", ["covid", "19", "2020"]),
    ("Is it “voluntary”? NOT - AND (NEAR) *", ["voluntari", "near"]),
    ("to be or not to be", ["to", "be", "or", "not"]),
    ("東京都の", ["東 京", "京 都", "都 の"]),
    ("京", ["京"]),
    ("café naïve", ["cafe", "naiv"]),
    ("😀 🎉", []),
    ("", []),
]


@pytest.mark.parametrize(("sentence", "wanted"), SENTENCES)
def test_terms(sentence: str, wanted: list[str]) -> None:
    """Stems without links and stop words; tags and names also taken apart; a sentence of stop words as it is."""
    found = [" ".join(term.words) for term in matching.terms(sentence)]
    assert found[: len(wanted)] == wanted
    assert len(found) == len(wanted) or sentence.startswith("RT")


def test_a_long_text_asks_for_a_bounded_number_of_words() -> None:
    """However long it is: the work is bounded by the words."""
    assert len(matching.terms(" ".join(f"word{i}" for i in range(2_000)))) == matching.MAX_WORDS


def test_an_index_has_the_stems_that_are_no_words_of_the_text() -> None:
    """Each once; a word that is its own stem needs none."""
    assert indexed("states opting opt", "states") == f"{MARK}state {MARK}opt"


def test_what_stands_in_a_text_is_what_its_stems_match() -> None:
    """A snippet marks the words as they are written, not their stems."""
    asked = matching.terms("Participation is mandatory.")
    assert [term.words for term in matching.standing("They participate; it is MANDATORY.", asked)] == [
        ("participate",),
        ("mandatory",),
    ]


def test_repetitions_are_what_somebody_found_the_same_and_nobody_different() -> None:
    """One who disagrees is enough to count it no more."""
    said = [("a", "same"), ("b", "same"), ("b", "different"), ("c", "related"), ("a", "related")]
    assert matching.repetitions({"claim": claim, "relation": relation} for claim, relation in said) == ["a"]
