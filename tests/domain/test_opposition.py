"""What two sentences may contradict each other by."""

from __future__ import annotations

import pytest

from api.domain.opposition import leaning, opposed, said

# Two sentences, and the kind of the reason with the words that oppose; None where there is none.
PAIRS: list[tuple[str, str, tuple[str, str, str] | None]] = [
    ("The vaccine is safe for children.", "The vaccine isn't safe for children.", ("negation", "safe", "not safe")),
    ("We can't leave the programme.", "We can leave the programme.", ("negation", "not leave", "leave")),
    ("The programme is voluntary.", "The programme is mandatory.", ("antonym", "voluntary", "mandatory")),
    ("Unemployment rose last year.", "Unemployment fell last year.", ("antonym", "rose", "fell")),
    ("The wall cost $5 million.", "The wall cost $7 million.", ("number", "5", "7")),
    ("The wall cost 1,200 dollars.", "The wall cost 1200 dollars.", None),
    ("The treaty was signed in May 1990.", "The treaty was signed in June 1990.", None),
    ("The treaty was signed in January 1990.", "The treaty was signed in June 1990.", ("date", "january", "june")),
    ("The city had 20 schools in 2010.", "The city had 30 schools in 2012.", None),
    ("The programme is not voluntary for states.", "The programme is mandatory for states.", None),
    ("The mayor raised taxes.", "The mayor built schools.", None),
    ("The mayor raised taxes.", "The mayor raised taxes.", None),
    ("Vaccines never caused autism, doctors say.", "A cat sat on the mat.", None),
    ("", "Not.", None),
]


@pytest.mark.parametrize(("one", "other", "reason"), PAIRS)
def test_reasons(one: str, other: str, reason: tuple[str, str, str] | None) -> None:
    """Negations and opposites cancel each other out, and whoever is read first makes no difference but to the order."""
    assert opposed(said(one), said(other)) == reason
    turned = reason and (reason[0], reason[2], reason[1])
    assert opposed(said(other), said(one)) == turned


MEANINGS = {
    "voluntary": "Voluntary. A state may decline, withdraw or opt out.",
    "mandatory": "Mandatory. A state cannot opt out, whatever it decides.",
}


@pytest.mark.parametrize(
    ("sentence", "position"),
    [
        ("Participation is optional for counties.", "voluntary"),
        ("Counties may opt out.", "voluntary"),
        ("No jurisdiction can opt out.", "mandatory"),
        ("States must take part.", "mandatory"),
        ("Secure Communities is not voluntary and never has been.", "mandatory"),
        ("The meeting was on Tuesday.", None),
        ("", None),
    ],
)
def test_a_sentence_leans_to_the_position_whose_meaning_it_has(sentence: str, position: str | None) -> None:
    """By the words with which the question says what its positions mean, and words on the same side of an opposite."""
    assert leaning(said(sentence), MEANINGS) == position


def test_a_question_without_sides_has_none_to_lean_to() -> None:
    """Where all positions are neutral."""
    assert leaning(said("It is voluntary."), {}) is None
