"""What happened, in a sentence: each kind of entry beside the words that it is told in."""

from __future__ import annotations

from typing import Any

import pytest

from api.domain import sentences
from api.domain.sentences import Facts, Opposition, Said, Turn
from schemas.vocabulary import ENTRY_KINDS, RATINGS

ICE = Said("ICE", "We never said so.")
REPORTED = Said("ICE", "Told counties that they may leave.", indirect=True)
ERASED = Said("ICE", None)
DESK = "Example Desk"
TURN = Turn("DHS", "Is it voluntary?", "Voluntary", "Mandatory", certain=True)


def told(kind: str, payload: dict[str, Any] | None = None, **more: Any) -> str:
    return sentences.sentence(Facts(kind, kind.partition(".")[0], payload or {}, **more))


CASES = [
    ("party.recorded", {}, {"name": "ICE", "parent": "DHS"}, "A party was recorded: ICE, part of DHS"),
    ("party.recorded", {}, {"name": "ICE"}, "A party was recorded: ICE"),
    ("party.amended", {"changes": {"name": "ICE"}}, {"name": "ICE", "renamed": "INS"}, "INS is now called ICE"),
    ("party.amended", {"changes": {"parent": "dhs"}}, {"name": "ICE", "parent": "DHS"}, "ICE is now part of DHS"),
    ("party.amended", {"changes": {"parent": None}}, {"name": "ICE"}, "ICE is now part of nobody"),
    (
        "party.amended",
        {"changes": {"same_as": [], "description": "An agency."}},
        {"name": "ICE", "renamed": "ICE"},
        "ICE: the party was amended (description, same as)",
    ),
    ("question.opened", {}, {"name": "Is it so?"}, "A question was opened: “Is it so?”"),
    (
        "question.amended",
        {"changes": {"scope": "2010"}},
        {"name": "Is it?"},
        "The question “Is it?” was amended (scope)",
    ),
    ("claim.recorded", {}, {"said": (ICE,)}, "ICE: a claim was logged: “We never said so.”"),
    (
        "claim.recorded",
        {},
        {"said": (REPORTED,)},
        "ICE: a reported statement was logged: Told counties that they may leave.",
    ),
    ("claim.recorded", {}, {"said": (ERASED,)}, "ICE: a claim was logged"),
    (
        "claim.recorded",
        {},
        {"said": (ICE,), "turn": TURN},
        "DHS reversed itself on “Is it voluntary?”, from “Voluntary” to “Mandatory”, in a claim by ICE:"
        " “We never said so.”",
    ),
    (
        "claim.recorded",
        {},
        {"said": (ICE,), "turn": TURN._replace(party="ICE", certain=False)},
        "ICE may have reversed itself on “Is it voluntary?”, from “Voluntary” to “Mandatory”: “We never said so.”",
    ),
    (
        "claim.recorded",
        {},
        {"said": (ICE,), "opposition": Opposition("ICE", "Is it voluntary?")},
        "ICE contradicts itself on “Is it voluntary?”: “We never said so.”",
    ),
    (
        "claim.amended",
        {"changes": {"text": "x", "stated_on": None}},
        {"said": (ICE,)},
        "ICE: a claim was corrected (stated on, text): “We never said so.”",
    ),
    (
        "claim.amended",
        {"changes": {"stances": []}},
        {"said": (ERASED,), "opposition": Opposition("ICE", "Is it?")},
        "After a correction, ICE contradicts itself on “Is it?”",
    ),
    (
        "claim.withdrawn",
        {},
        {"said": (ICE,), "actor": DESK},
        "Example Desk withdrew a claim by ICE from the record: “We never said so.”",
    ),
    ("claim.withdrawn", {}, {"said": (ERASED,)}, "ICE: a claim was withdrawn from the record"),
    (
        "claim.matched",
        {"claim": "01JDF3QZ5W8N6T2K4M7R9V0XAA", "relation": "same"},
        {"said": (ICE, REPORTED), "actor": DESK},
        "Example Desk found that “We never said so.” by ICE says the same as a reported statement by ICE",
    ),
    (
        "claim.matched",
        {"claim": "01JDF3QZ5W8N6T2K4M7R9V0XAA", "relation": "different"},
        {"said": (REPORTED, ERASED)},
        "A reported statement by ICE is different from a claim by ICE",
    ),
    (
        "verdict.published",
        {"rating": "false", "label": "Pants on Fire"},
        {"said": (ICE,), "actor": DESK},
        "Example Desk rated “We never said so.” by ICE false: “Pants on Fire”",
    ),
    (
        "verdict.published",
        {"rating": "mostly_false", "label": "Mostly False"},
        {"said": (REPORTED,), "actor": DESK},
        "Example Desk rated a reported statement by ICE mostly false",
    ),
    (
        "verdict.published",
        {"rating": "mixed"},
        {"said": (ERASED,), "actor": DESK, "earlier": {"rating": "false"}},
        "Example Desk changed its rating of a claim by ICE from false to mixed",
    ),
    (
        "verdict.published",
        {"rating": "false"},
        {"said": (ICE,), "actor": DESK, "earlier": {"rating": "false"}},
        "Example Desk again rated “We never said so.” by ICE false",
    ),
    (
        "verdict.published",
        {"rating": None, "label": "Satire"},
        {"said": (ICE,), "actor": DESK},
        "Example Desk reviewed “We never said so.” by ICE: “Satire”",
    ),
    (
        "verdict.retracted",
        {},
        {"said": (ICE,), "actor": DESK},
        "Example Desk retracted its verdict on “We never said so.” by ICE",
    ),
    (
        "contradiction.assessed",
        {"assessment": "reversal"},
        {"said": (ICE, REPORTED), "actor": DESK, "question": "Is it voluntary?"},
        "Example Desk assessed two claims by ICE on “Is it voluntary?” as a reversal",
    ),
    (
        "contradiction.assessed",
        {"assessment": "consistent"},
        {"said": (ICE, Said("DHS", "Yes.")), "actor": DESK},
        "Example Desk assessed two claims by DHS and ICE as consistent",
    ),
    (
        "webhook.disabled",
        {"reason": "failing"},
        {"name": "Example Desk"},
        "A webhook of Example Desk was disabled: its receiver took no message for two days",
    ),
    (
        "webhook.disabled",
        {"reason": "gone"},
        {"name": "Example Desk"},
        "A webhook of Example Desk was disabled: its receiver is gone",
    ),
    ("payload.erased", {}, {"said": (ERASED,)}, "Words of a payload by ICE were erased from the record"),
]


@pytest.mark.parametrize(("kind", "payload", "facts", "expected"), CASES, ids=[case[3][:40] for case in CASES])
def test_each_kind_of_entry_has_its_sentence(
    kind: str, payload: dict[str, Any], facts: dict[str, Any], expected: str
) -> None:
    """Names stand for ids, the words of others in quotation marks, and what was erased is left out."""
    assert told(kind, payload, **facts) == expected


def test_no_kind_was_forgotten() -> None:
    """Every kind of entry has a case here, and a kind that nobody put into words is told by its name."""
    assert {case[0] for case in CASES} == set(ENTRY_KINDS)
    assert told("mirror.moved_on") == "Mirror moved on"


@pytest.mark.parametrize("rating", RATINGS)
def test_a_rating_is_told_in_words(rating: str) -> None:
    """`mostly_true` is "mostly true"."""
    expected = f"Example Desk rated “We never said so.” by ICE {rating.replace('_', ' ')}"
    assert told("verdict.published", {"rating": rating}, said=(ICE,), actor=DESK) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("two\n  lines\tand\x00 a\x1b bell\x07", "two lines and a bell"),
        ("a " * 120, ("a " * 79).strip() + "…"),
        ("x" * 200, "x" * 159 + "…"),
        ("abc\u202edef\u2066", "abcdef"),
        ("זה לא נכון", "\u2068זה לא נכון\u2069"),
        ("‎نعم", "\u2068نعم\u2069"),
        ("🇺🇸 no 👍🏽", "🇺🇸 no 👍🏽"),
    ],
    ids=["one line", "cut at a word", "cut where there is none", "overrides", "Hebrew", "Arabic", "emoji"],
)
def test_text_of_others_cannot_break_out(text: str, expected: str) -> None:
    """Whatever a text has in it, it stays on its line, at its length, and in its own direction."""
    assert sentences.clipped(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"), [("“Yes.”", "“Yes.”"), ('"Yes" and "no"', '“"Yes" and "no"”'), ("[erased]", "[erased]")]
)
def test_quotation_marks_are_not_doubled(text: str, expected: str) -> None:
    """A text that stands in quotation marks already gets no more; gone words get none."""
    assert sentences.quoted(text) == expected


def test_details_have_what_the_sentence_has_not() -> None:
    """The reason, the explanation, and words that the sentence cut or left out; nothing that it has, nothing erased."""
    long = Said("ICE", "It is so. " * 30)
    facts = Facts("claim.amended", "claim", {"changes": {"text": "x"}, "reason": "A typo."}, said=(long,))
    assert sentences.details(facts) == [f"ICE: “{('It is so. ' * 30).strip()}”", "Reason: A typo."]
    verdict = {"rating": "false", "explanation": "Records show it.", "reason": "none"}
    facts = Facts("verdict.published", "verdict", verdict, DESK, said=(REPORTED,))
    assert sentences.details(facts) == [
        "ICE, as reported: Told counties that they may leave.",
        "Explanation: Records show it.",
    ]
    gone = Facts("claim.withdrawn", "claim", {"reason": "[erased]"}, said=(ERASED,))
    assert sentences.details(gone) == []
