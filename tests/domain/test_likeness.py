"""How alike two texts are, and which words to look for others by."""

from __future__ import annotations

import pytest

from api.domain import likeness
from api.domain.words import Term, folded

SAID = "Participation in Secure Communities is not mandatory."


@pytest.mark.parametrize(
    ("other", "least", "most"),
    [
        (SAID, 1, 1),
        ("participating in SECURE communities: is not mandatory", 1, 1),
        ("Not mandatory is participation in Secure Communities!", 1, 1),
        ("Participation in Secure Communities is mandatory.", 0.85, 0.95),
        ("Participation in the programme is voluntary.", 0, 0.3),
        (f"{SAID} Unfortunately, this was never told to anybody in such words.", 0.8, 0.8),
        ("Secure participation.", 0, 0.7),
        ("Nobody said so.", 0, 0),
        ("", 0, 0),
        ("🎉", 0, 0),
    ],
)
def test_alike_is_what_both_share(other: str, least: float, most: float) -> None:
    """Order, case and endings make no difference, a word more or less makes a small one, and both ways the same."""
    found = likeness.of(likeness.compared(SAID), " ".join(folded(other)))
    assert least <= found <= most
    assert found == likeness.of(likeness.compared(other), " ".join(folded(SAID)))


def test_the_longest_words_tell_most() -> None:
    """No stop word and no link among them, each once; with nothing else, these."""
    asked = "The participation, the PARTICIPATION of jurisdictions is http://example.org/abcdefghijklmnop mandatory"
    assert likeness.telling(asked, 2) == [Term(("jurisdictions",)), Term(("participation",))]
    assert likeness.telling("to be or not to be", 2) != []
    assert likeness.telling("🎉", 2) == []


def test_characters_of_scripts_without_spaces_are_looked_for_in_twos() -> None:
    """One alone stands everywhere."""
    assert likeness.telling("東京都", 4) == [Term(("京", "都")), Term(("東", "京"))]
