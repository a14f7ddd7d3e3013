"""Whose words count as whose, and what cannot be a parent."""

from __future__ import annotations

import pytest

from api.domain import parties
from api.errors import IdTaken, InvalidRequest
from tests.memory import Memory


@pytest.mark.parametrize(
    ("attribution", "belongs_to"),
    [
        ({"speaker": "ice"}, ["ice", "dhs", "government"]),
        ({"speaker": "government"}, ["government"]),
        ({"speaker": "official"}, ["official"]),
        ({"speaker": "official", "on_behalf_of": "ice"}, ["official", "ice", "dhs", "government"]),
        ({"speaker": "official", "on_behalf_of": "dhs"}, ["official", "dhs", "government"]),
        ({"speaker": "dhs", "on_behalf_of": "ice"}, ["ice", "dhs", "government"]),
        ({"speaker": "ice", "on_behalf_of": "dhs"}, ["ice", "dhs", "government"]),
        ({"speaker": "ice", "on_behalf_of": "official"}, ["official", "ice", "dhs", "government"]),
        ({"speaker": "official", "reported_through": "ice"}, ["official"]),
        ({"speaker": "ice", "on_behalf_of": "example-desk"}, ["ice", "dhs", "example-desk", "government"]),
    ],
)
def test_a_claim_belongs_to(memory: Memory, attribution: dict[str, str], belongs_to: list[str]) -> None:
    """It belongs to its speaker, to whom it is spoken for, and to what is above those that are organizations."""
    found = parties.members(attribution, memory)
    assert [member.party for member in found] == belongs_to
    assert {member.party for member in found if member.top} == set(belongs_to) & {
        "government",
        "official",
        "example-desk",
    }


def test_membership_follows_a_new_parent(memory: Memory) -> None:
    """A party that gets another parent takes what is under it along."""
    memory.add_party("doj", "government")
    memory.amend_party("ice", parent="doj")
    assert [m.party for m in parties.members({"speaker": "ice"}, memory)] == ["ice", "doj", "government"]
    memory.amend_party("ice", parent=None)
    assert [m.party for m in parties.members({"speaker": "ice"}, memory)] == ["ice"]


@pytest.mark.parametrize(
    ("party", "parent", "code"),
    [
        ("dhs", "dhs", "cycle"),
        ("dhs", "ice", "cycle"),
        ("government", "ice", "cycle"),
        ("example-desk", "official", "not-organization"),
        ("dhs", "official", "cycle"),
        ("dhs", "nobody", "unknown-party"),
    ],
)
def test_refused_parents(memory: Memory, party: str, parent: str, code: str) -> None:
    """What is the party itself, under it, a person or unknown can be no parent."""
    with pytest.raises(InvalidRequest) as refused:
        memory.amend_party(party, parent=parent)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/parent", code)]


@pytest.mark.parametrize(
    ("party", "parent", "code"),
    [("new", "new", "cycle"), ("new", "official", "not-organization"), ("new", "nobody", "unknown-party")],
)
def test_refused_parents_of_a_new_party(memory: Memory, party: str, parent: str, code: str) -> None:
    """A new party is held to the same rules."""
    with pytest.raises(InvalidRequest) as refused:
        memory.add_party(party, parent)
    assert refused.value.errors[0].code == code


def test_taken_and_reserved_ids(memory: Memory) -> None:
    """An id is given once, and the command line's own name never."""
    with pytest.raises(IdTaken) as taken:
        memory.add_party("dhs")
    assert taken.value.members == {"existing": "/v1/parties/dhs"}
    with pytest.raises(InvalidRequest) as reserved:
        memory.add_party("operator")
    assert reserved.value.errors[0].code == "reserved"


@pytest.mark.parametrize("changes", [{"id": "dhs-2"}, {"kind": "person"}, {"id": "x", "kind": "person"}])
def test_id_and_kind_of_a_party_never_change(memory: Memory, changes: dict[str, str]) -> None:
    """Each field that cannot be changed is named."""
    with pytest.raises(InvalidRequest) as refused:
        memory.amend_party("dhs", **changes)
    assert {(error.pointer, error.code) for error in refused.value.errors} == {
        (f"/{name}", "immutable") for name in changes
    }


def test_a_change_must_change_something(memory: Memory) -> None:
    """An amendment that leaves everything as it was is refused."""
    with pytest.raises(InvalidRequest) as refused:
        memory.amend_party("dhs", name="DHS")
    assert refused.value.errors[0].code == "no-change"


def test_an_amendment_records_only_what_changed(memory: Memory) -> None:
    """The payload has the changed fields, with null for one that went, and the reason."""
    before = memory.parties["ice"]
    after = {"id": "ice", "name": "I.C.E.", "kind": "organization"}
    event = parties.amend(before, after, "Typing error.", memory)
    assert event.payload == {"changes": {"name": "I.C.E.", "parent": None}, "reason": "Typing error."}
    party = parties.evolve(before, memory.entry(event))
    assert party.body == after
    assert (party.stamp.revision, party.stamp.recorded_at) == (memory.size, before.stamp.recorded_at)
