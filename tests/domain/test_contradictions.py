"""Which claims oppose each other, and what reviewers make of them."""

from __future__ import annotations

import pytest

from api.domain.contradictions import opposition, pair_of
from api.errors import ClaimWithdrawn, InvalidRequest
from tests.memory import Memory
from tests.records import ulid


@pytest.mark.parametrize(
    ("one", "other", "opposed"),
    [
        ({"q": "yes"}, {"q": "no"}, ("q", ("yes", "no"))),
        ({"q": "no"}, {"q": "yes"}, ("q", ("no", "yes"))),
        ({"q": "yes"}, {"q": "yes"}, None),
        ({"q": "yes"}, {"q": "unclear"}, None),
        ({"q": "yes"}, {"a": "yes"}, None),
        ({"q": "yes", "a": "no"}, {"q": "no", "a": "yes"}, ("a", ("no", "yes"))),
        ({"q": "yes", "a": "no"}, {"q": "no", "a": "no"}, ("q", ("yes", "no"))),
    ],
)
def test_opposition(memory: Memory, one: dict[str, str], other: dict[str, str], opposed: object) -> None:
    """Two claims oppose on the first question, by id, on which their positions do."""
    memory.add_question("a", "no", "yes")
    claims = memory.add_claim("One.", "ice", one), memory.add_claim("Other.", "ice", other)
    assert opposition(*claims, memory) == opposed


def test_opposition_on_a_question_that_is_asked_for(memory: Memory) -> None:
    """Asked for one question, others do not count."""
    memory.add_question("a", "no", "yes")
    one = memory.add_claim("One.", "ice", {"q": "yes", "a": "no"})
    other = memory.add_claim("Other.", "ice", {"q": "no", "a": "yes"})
    found = opposition(one, other, memory, "q")
    assert found is not None
    assert found.question == "q"
    assert opposition(one, memory.withdraw(other), memory) is None


# What each reviewer says, in order, and what the pair then is.
STATUSES: list[tuple[list[tuple[str, str]], str]] = [
    ([("example-desk", "reversal")], "confirmed"),
    ([("example-desk", "shift")], "confirmed"),
    ([("example-desk", "consistent")], "dismissed"),
    ([("example-desk", "reversal"), ("other-desk", "shift")], "confirmed"),
    ([("example-desk", "reversal"), ("other-desk", "consistent")], "disputed"),
    ([("example-desk", "reversal"), ("example-desk", "consistent")], "dismissed"),
    ([("example-desk", "reversal"), ("other-desk", "consistent"), ("other-desk", "shift")], "confirmed"),
]


@pytest.mark.parametrize(("assessments", "status"), STATUSES)
def test_status_of_a_pair(memory: Memory, assessments: list[tuple[str, str]], status: str) -> None:
    """The reviewers' latest views together: confirmed, dismissed, or disputed where they disagree."""
    one, other = memory.add_claim("One.", "ice", {"q": "yes"}), memory.add_claim("Two.", "dhs", {"q": "no"})
    assert memory.pair(one.id, other.id).status == "suggested"
    for reviewer, assessment in assessments:
        pair = memory.assess(other, one, assessment, reviewer)
    assert pair.status == status
    assert pair.claims == pair_of(one.id, other.id)
    latest = dict(assessments)
    assert {found.reviewer: found.body["assessment"] for found in pair.assessments} == latest


def test_a_later_view_takes_the_place_of_the_earlier(memory: Memory) -> None:
    """Views are in the order in which they were last given."""
    one, other = memory.add_claim("One.", "ice", {"q": "yes"}), memory.add_claim("Two.", "ice", {"q": "no"})
    memory.assess(one, other, "reversal")
    memory.assess(one, other, "reversal", "other-desk")
    pair = memory.assess(one, other, "shift")
    assert [found.reviewer for found in pair.assessments] == ["other-desk", "example-desk"]


def test_the_question_of_an_assessment(memory: Memory) -> None:
    """It is the one on which the claims oppose, given or not; others can be paired without any."""
    one, other = memory.add_claim("One.", "ice", {"q": "yes"}), memory.add_claim("Two.", "ice", {"q": "no"})
    assert memory.assess(one, other, "shift").assessments[0].body["question"] == "q"
    third = memory.add_claim("Three.", "ice", {"q": "unclear"})
    assert "question" not in memory.assess(one, third, "shift").assessments[0].body
    with pytest.raises(InvalidRequest) as refused:
        memory.assess(one, third, "shift", question="q")
    assert (refused.value.errors[0].pointer, refused.value.errors[0].code) == ("/question", "not-opposing")


def test_what_cannot_be_assessed(memory: Memory) -> None:
    """Claims of two parties, a withdrawn or an unknown claim, or a view by nobody on record."""
    memory.add_party("county")
    one, other = (
        memory.add_claim("One.", "ice", {"q": "yes"}),
        memory.add_claim("Two.", "county", {"q": "no"}),
    )
    with pytest.raises(InvalidRequest) as strangers:
        memory.assess(one, other, "reversal")
    assert strangers.value.errors[0].code == "no-party"
    own = memory.add_claim("Three.", "ice", {"q": "no"})
    with pytest.raises(InvalidRequest) as reviewer:
        memory.assess(one, own, "reversal", "nobody")
    assert reviewer.value.errors[0].pointer == "/reviewer"
    memory.withdraw(own)
    with pytest.raises(ClaimWithdrawn):
        memory.assess(one, own, "reversal")
    del memory.claims[own.id]
    with pytest.raises(InvalidRequest) as unknown:
        memory.assess(one, own, "reversal")
    assert unknown.value.errors[0].pointer == "/claims/1"


def test_a_person_is_not_confused_with_the_employer(memory: Memory) -> None:
    """What an official says for himself and what the agency says is a dispute, not a contradiction."""
    own = memory.add_claim("One.", "official", {"q": "yes"}, id=ulid(801))
    official = memory.add_claim("Two.", "official", {"q": "no"}, on_behalf_of="ice", id=ulid(802))
    agency = memory.add_claim("Three.", "ice", {"q": "no"}, id=ulid(803))
    with pytest.raises(InvalidRequest):
        memory.assess(own, agency, "reversal")
    assert memory.assess(own, official, "reversal").status == "confirmed"
