"""What tests of the rules share."""

from __future__ import annotations

import pytest

from tests.memory import Memory
from tests.records import DESK


@pytest.fixture
def memory() -> Memory:
    """A record with two reviewers, DHS, ICE under it, an official of ICE, and a question."""
    made = Memory()
    made.add_party(DESK)
    made.add_party("other-desk")
    made.add_party("government")
    made.add_party("dhs", "government")
    made.add_party("ice", "dhs")
    made.add_party("official", "ice", kind="person")
    made.add_question("q", "no", "yes", neutral=("unclear",))
    return made
