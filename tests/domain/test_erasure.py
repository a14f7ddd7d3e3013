"""What an erasure takes and what it leaves."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.domain import claims, erasure
from api.domain.entries import Entry, Erased, Event
from api.errors import InvalidRequest, NotFound
from tests.memory import Memory
from tests.records import DESK, ulid

AT = "2026-11-24T10:00:00.000Z"
WHY = "By order."
SECRET = "secret"
URL = f"https://{SECRET}.example/"
SOURCE = {
    "url": URL,
    "title": SECRET,
    "publisher": SECRET,
    "author": SECRET,
    "published_on": "2010",
    "archived_url": URL,
    "quote": {"exact": SECRET, "prefix": SECRET, "suffix": SECRET},
}
CLAIM = {
    "text": SECRET,
    "wording": "direct",
    "language": "en",
    "attribution": {"speaker": "ice", "on_behalf_of": "dhs", "role": SECRET, "reported_through": "dhs"},
    "stated_on": "2010-09",
    "disclosed_on": "2011",
    "context": SECRET,
    "appearances": [SOURCE],
    "variants": [{"text": SECRET, "url": URL, "note": SECRET}],
    "stances": [{"question": "q", "position": "yes", "reasoning": SECRET}],
    "tags": [SECRET],
}
BARE_CLAIM = {
    "text": "[erased]",
    "wording": "direct",
    "language": "en",
    "attribution": {"speaker": "ice", "on_behalf_of": "dhs", "reported_through": "dhs"},
    "stated_on": "2010-09",
    "disclosed_on": "2011",
    "appearances": [],
    "variants": [],
    "stances": [{"question": "q", "position": "yes"}],
    "tags": [],
}
# kind -> the payload with a word in every place that can have one, and what is left of it.
SKELETONS: dict[str, tuple[Any, Any]] = {
    "party.recorded": (
        {"id": "ice", "name": SECRET, "kind": "person", "parent": "dhs", "description": SECRET, "same_as": [URL]},
        {"id": "ice", "name": "[erased]", "kind": "person", "parent": "dhs"},
    ),
    "party.amended": (
        {"changes": {"name": SECRET, "parent": None, "description": SECRET, "same_as": [URL]}, "reason": SECRET},
        {"changes": {"name": "[erased]", "parent": None, "description": None, "same_as": None}, "reason": "[erased]"},
    ),
    "question.opened": (
        {
            "id": "q",
            "text": SECRET,
            "scope": SECRET,
            "positions": [{"id": "yes", "label": SECRET, "meaning": SECRET, "neutral": True}],
        },
        {"id": "q", "text": "[erased]", "positions": [{"id": "yes", "label": "[erased]", "neutral": True}]},
    ),
    "question.amended": (
        {"changes": {"scope": SECRET}, "reason": SECRET},
        {"changes": {"scope": None}, "reason": "[erased]"},
    ),
    "claim.recorded": (CLAIM | {"id": ulid(1)}, BARE_CLAIM | {"id": ulid(1)}),
    "claim.amended": (
        {"changes": CLAIM | {"language": None}, "reason": SECRET},
        {"changes": BARE_CLAIM | {"language": None, "context": None}, "reason": "[erased]"},
    ),
    "claim.withdrawn": ({"reason": SECRET}, {"reason": "[erased]"}),
    "verdict.published": (
        {
            "id": ulid(2),
            "claim": ulid(1),
            "rating": "false",
            "label": SECRET,
            "explanation": SECRET,
            "evidence": [SOURCE],
            "url": URL,
            "title": SECRET,
            "reviewer": DESK,
            "author": SECRET,
            "reviewed_on": "2012",
            "language": "en",
            "claim_revision": 7,
            "text_sha256": "5e" * 32,
            "supersedes": ulid(3),
        },
        {
            "id": ulid(2),
            "claim": ulid(1),
            "rating": "false",
            "evidence": [],
            "reviewer": DESK,
            "reviewed_on": "2012",
            "language": "en",
            "claim_revision": 7,
            "supersedes": ulid(3),
        },
    ),
    "verdict.retracted": ({"claim": ulid(1), "reason": SECRET}, {"claim": ulid(1), "reason": "[erased]"}),
    "webhook.disabled": (
        {"id": ulid(4), "party": DESK, "reason": "failing", "attempts": 10, "next": 17},
        {"id": ulid(4), "party": DESK, "reason": "failing", "attempts": 10, "next": 17},
    ),
    "contradiction.assessed": (
        {
            "claims": [ulid(1), ulid(2)],
            "reviewer": DESK,
            "question": "q",
            "assessment": "reversal",
            "reason": "denial",
            "explanation": SECRET,
            "evidence": [SOURCE],
        },
        {
            "claims": [ulid(1), ulid(2)],
            "reviewer": DESK,
            "question": "q",
            "assessment": "reversal",
            "reason": "denial",
            "evidence": [],
        },
    ),
}


@pytest.fixture
def memory() -> Memory:
    """A record with a claim that was amended, from one text to another and back, and judged after each change."""
    made = Memory()
    made.add_party(DESK)
    made.add_party("dhs")
    made.add_question("q", "no", "yes")
    claim = made.add_claim("One.", "dhs", {"q": "yes"}, id=ulid(1))
    claim = made.publish(claim, "false", id=ulid(2))
    claim = made.amend_claim(claim, text="Two.")
    made.amend_claim(claim, text="One.")
    return made


def erased(memory: Memory, subject: str, *chosen: int) -> Memory:
    """The record after a subject, or some of its entries, were erased."""
    return memory.without(memory.entry(erasure.erase(subject, memory.about(subject), WHY, chosen), "judge"))[-1]


@pytest.mark.parametrize("kind", SKELETONS)
def test_a_skeleton_has_no_words(kind: str) -> None:
    """Words, addresses and tags go; ids, dates, ratings and positions stay; a change takes away what it gave."""
    payload, bare = SKELETONS[kind]
    found = erasure.skeleton(Entry(9, AT, kind, "x/y", DESK, payload))
    assert found == bare
    assert SECRET not in json.dumps(found)


def test_a_field_that_nobody_thought_of_goes() -> None:
    """What is kept is listed: a payload of a later version does not slip through."""
    entry = Entry(9, AT, "claim.recorded", "x/y", DESK, CLAIM | {"new": SECRET, "attribution": {"nick": SECRET}})
    assert SECRET not in json.dumps(erasure.skeleton(entry))


def test_every_kind_has_a_skeleton() -> None:
    """No kind of entry is forgotten."""
    from schemas.vocabulary import ENTRY_KINDS

    assert {*SKELETONS, "payload.erased"} == set(ENTRY_KINDS)


def test_all_of_a_subject_is_erased(memory: Memory) -> None:
    """The event names each entry about the subject with its skeleton, in order, and why."""
    event = erasure.erase(f"claim/{ulid(1)}", memory.about(f"claim/{ulid(1)}"), WHY)
    assert (event.kind, event.subject, event.payload["reason"]) == ("payload.erased", f"claim/{ulid(1)}", WHY)
    assert [one["index"] for one in event.payload["entries"]] == [3, 5, 6]
    assert event.payload["entries"][1:] == [
        {"index": 5, "payload": {"changes": {"text": "[erased]"}, "reason": "[erased]"}},
        {"index": 6, "payload": {"changes": {"text": "[erased]"}, "reason": "[erased]", "words_of": 3}},
    ]


def test_chosen_entries_are_erased(memory: Memory) -> None:
    """Only those that are named, each once, in their own order."""
    event = erasure.erase(f"claim/{ulid(1)}", memory.about(f"claim/{ulid(1)}"), WHY, [6, 3, 6])
    assert [one["index"] for one in event.payload["entries"]] == [3, 6]


def test_what_was_stale_is_stale(memory: Memory) -> None:
    """Verdicts on words that changed are told from those on words that came back, though the words are gone."""
    event = erasure.erase(f"claim/{ulid(1)}", memory.about(f"claim/{ulid(1)}"), WHY)
    states = [snapshot.claims[ulid(1)] for snapshot in memory.without(memory.entry(event))[4:]]
    assert [state.stale for state in states] == [False, False, True, False, False]
    assert all(state.text_sha256 is None for state in states)
    assert all(verdict.text_sha256 is None for state in states for verdict in state.verdicts)


def test_words_that_are_erased_bit_by_bit(memory: Memory) -> None:
    """The latest first, it makes no difference. Otherwise nobody can tell any more that the words that came back are
    those that were judged, and the verdict is stale."""
    for order, stale in (([6, 5, 3], False), ([5, 6, 3], False), ([3, 5, 6], True)):
        after = memory
        for index in order:
            after = erased(after, f"claim/{ulid(1)}", index)
        assert (after.claims[ulid(1)].stale, after.claims[ulid(1)].text_sha256) == (stale, None), order


def test_an_erasure_is_a_new_revision(memory: Memory) -> None:
    """Whoever has the document learns that it changed; and it says why, when, by whom and by which entry."""
    after = erased(memory, f"claim/{ulid(1)}").claims[ulid(1)]
    assert after.stamp.revision == 7
    assert after.stamp.erased == Erased(WHY, after.stamp.updated_at, "judge", 7)
    assert [verdict.revision for verdict in after.verdicts] == [7]
    assert (after.verdicts[0].erased, after.status) == (None, "refuted")


def test_an_erased_verdict_still_counts(memory: Memory) -> None:
    """The claim keeps its status, and is not called erased itself."""
    after = erased(memory, f"verdict/{ulid(2)}").claims[ulid(1)]
    assert (after.status, after.stamp.erased, after.stamp.revision) == ("refuted", None, 7)
    assert after.verdicts[0].erased is not None
    assert after.verdicts[0].revision == 7


def test_an_erased_party_and_question_stay_what_they_are(memory: Memory) -> None:
    """Hierarchy and positions are as before."""
    after = erased(erased(memory, "party/dhs"), "question/q")
    assert (after.parties["dhs"].name, after.parties["dhs"].is_organization) == ("[erased]", True)
    assert after.questions["q"].opposes("no", "yes")
    assert after.questions["q"].body["text"] == "[erased]"


def test_a_claim_with_erased_words_goes_on(memory: Memory) -> None:
    """It can be judged and withdrawn; a verdict then has no hash of words that are gone."""
    after = erased(memory, f"claim/{ulid(1)}")
    claim = after.retract(after.claims[ulid(1)], ulid(2))
    claim = after.publish(claim, "true")
    assert "text_sha256" not in after.entries[-1].payload
    assert (claim.stale, claim.status) == (False, "supported")
    event: Event = claims.withdraw(claim, "Erased.")
    assert event.kind == "claim.withdrawn"


REFUSED: list[tuple[str, list[int], str, str, str]] = [
    (f"claim/{ulid(1)}", [], "  ", "blank", "Say why"),
    (f"claim/{ulid(1)}", [4], WHY, "unknown-entry", "have the numbers 3, 5, 6"),
    (f"claim/{ulid(1)}", [999], WHY, "unknown-entry", "have the numbers 3, 5, 6"),
]


@pytest.mark.parametrize(("subject", "chosen", "reason", "code", "told"), REFUSED)
def test_refusals(memory: Memory, subject: str, chosen: list[int], reason: str, code: str, told: str) -> None:
    """Without a reason, and for an entry that is about something else, nothing is erased."""
    with pytest.raises(InvalidRequest) as refused:
        erasure.erase(subject, memory.about(subject), reason, chosen)
    assert refused.value.errors[0].code == code
    assert told in refused.value.detail


def test_what_is_not_on_record_cannot_be_erased(memory: Memory) -> None:
    """An unknown subject is not found."""
    with pytest.raises(NotFound):
        erasure.erase("party/nobody", memory.about("party/nobody"), WHY)


def test_nothing_is_erased_twice(memory: Memory) -> None:
    """What is gone is gone, and the erasure itself stays."""
    after = erased(memory, f"claim/{ulid(1)}", 3)
    about = after.about(f"claim/{ulid(1)}")
    for chosen, told in (([3], "was erased by entry 7"), ([7], "has to stay")):
        with pytest.raises(InvalidRequest, match=told):
            erasure.erase(f"claim/{ulid(1)}", about, WHY, chosen)
    event = erasure.erase(f"claim/{ulid(1)}", about, WHY)
    assert [one["index"] for one in event.payload["entries"]] == [5, 6]
    after = after.without(after.entry(event))[-1]
    with pytest.raises(InvalidRequest, match=r"erased before \(entry 7, 8\)"):
        erasure.erase(f"claim/{ulid(1)}", after.about(f"claim/{ulid(1)}"), WHY)
