"""What opposes what, and what may become of a question."""

from __future__ import annotations

import pytest

from api.errors import IdTaken, InvalidRequest
from tests.memory import Memory
from tests.records import question_body


@pytest.mark.parametrize(
    ("one", "other", "opposes"),
    [
        ("yes", "no", True),
        ("no", "yes", True),
        ("yes", "yes", False),
        ("yes", "unclear", False),
        ("unclear", "no", False),
        ("yes", "gone", False),
    ],
)
def test_opposing_positions(memory: Memory, one: str, other: str, opposes: bool) -> None:
    """Two positions oppose each other when they differ and neither is neutral."""
    assert memory.questions["q"].opposes(one, other) is opposes


def test_a_position_can_be_added_described_and_made_neutral(memory: Memory) -> None:
    """Positions may change in every way but their id, and more may come."""
    positions = question_body("q", "later", "yes", neutral=("no", "unclear"))["positions"]
    question = memory.amend_question("q", positions=positions)
    assert question.positions == ["later", "yes", "no", "unclear"]
    assert question.opposing == ["later", "yes"]


@pytest.mark.parametrize(
    ("changes", "pointer", "code"),
    [
        (
            {"positions": question_body("q", "yes", "maybe", neutral=("unclear",))["positions"]},
            "/positions",
            "dropped",
        ),
        ({"id": "q2"}, "/id", "immutable"),
        ({"text": "Is it so (q)?"}, "", "no-change"),
    ],
)
def test_refused_amendments(memory: Memory, changes: dict[str, object], pointer: str, code: str) -> None:
    """No position goes, no id changes, and something must change."""
    with pytest.raises(InvalidRequest) as refused:
        memory.amend_question("q", **changes)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [(pointer, code)]


def test_a_question_is_opened_once(memory: Memory) -> None:
    """A second question of the same id is refused with the address of the first."""
    with pytest.raises(IdTaken) as refused:
        memory.add_question("q", "a", "b")
    assert refused.value.members == {"existing": "/v1/questions/q"}
