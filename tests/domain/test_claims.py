"""Claims: what is refused, what counts as the same utterance, and the status that verdicts give."""

from __future__ import annotations

import pytest

from api.domain.claims import text_hash
from api.errors import ClaimWithdrawn, DuplicateClaim, IdTaken, InvalidRequest
from tests.memory import Memory
from tests.records import ulid


@pytest.mark.parametrize(
    ("text", "stated_on"),
    [
        ("It is voluntary.", "2010-09-07"),
        ("it is VOLUNTARY", "2010-09-07"),
        ("  It \t is\n\nvoluntary. ", "2010-09-07"),
        ('"It is voluntary."', "2010-09-07"),
        ("“It is voluntary”", "2010-09-07"),
        ("„It is voluntary.“", "2010-09-07"),
        ("It\u00a0is\u2003voluntary", "2010-09-07"),
        ("Ｉｔ ｉｓ ｖｏｌｕｎｔａｒｙ", "2010-09-07"),
    ],
)
def test_the_same_utterance_is_refused(memory: Memory, text: str, stated_on: str) -> None:
    """The same words but for case, spacing, width and quotation marks are the same utterance."""
    first = memory.add_claim("It is voluntary.", "ice", stated_on="2010-09-07")
    with pytest.raises(DuplicateClaim) as refused:
        memory.add_claim(text, "ice", stated_on=stated_on)
    assert refused.value.members == {"existing": first.url}


@pytest.mark.parametrize(
    ("text", "speaker", "stated_on"),
    [
        ("It is not voluntary.", "ice", "2010-09-07"),
        ("It is voluntary!", "ice", "2010-09-07"),
        ("It is voluntary.", "dhs", "2010-09-07"),
        ("It is voluntary.", "ice", "2010-09-08"),
        ("It is voluntary.", "ice", "2010-09"),
        ("It is voluntary.", "ice", None),
    ],
)
def test_another_utterance_is_not(memory: Memory, text: str, speaker: str, stated_on: str | None) -> None:
    """Other words, another speaker or another date make another claim."""
    memory.add_claim("It is voluntary.", "ice", stated_on="2010-09-07")
    assert memory.add_claim(text, speaker, stated_on=stated_on).status == "unreviewed"


def test_an_undated_utterance_has_twins_too(memory: Memory) -> None:
    """Two undated records of the same words are one utterance."""
    memory.add_claim("It is voluntary.", "ice")
    with pytest.raises(DuplicateClaim):
        memory.add_claim("it is voluntary", "ice")


def test_a_withdrawn_claim_is_no_duplicate(memory: Memory) -> None:
    """What was withdrawn may be recorded anew."""
    memory.withdraw(memory.add_claim("It is voluntary.", "ice"))
    assert memory.add_claim("It is voluntary.", "ice").withdrawn is None


def test_an_amendment_can_make_no_duplicate(memory: Memory) -> None:
    """A claim cannot be corrected into another one, but may be corrected into itself."""
    memory.add_claim("It is voluntary.", "ice")
    other = memory.add_claim("It was voluntary.", "ice")
    with pytest.raises(DuplicateClaim):
        memory.amend_claim(other, text="IT IS VOLUNTARY")
    assert memory.amend_claim(other, text="It was voluntary").body["text"] == "It was voluntary"


@pytest.mark.parametrize(
    ("more", "pointer", "code"),
    [
        ({"speaker": "nobody"}, "/attribution/speaker", "unknown-party"),
        ({"on_behalf_of": "nobody"}, "/attribution/on_behalf_of", "unknown-party"),
        ({"reported_through": "nobody"}, "/attribution/reported_through", "unknown-party"),
        ({"stances": {"q": "yes", "q2": "yes"}}, "/stances/1/question", "unknown-question"),
        ({"stances": {"q": "perhaps"}}, "/stances/0/position", "unknown-position"),
    ],
)
def test_what_a_claim_refers_to_must_be_there(memory: Memory, more: dict[str, object], pointer: str, code: str) -> None:
    """Each reference to what is not on record is named."""
    fields: dict[str, object] = {"speaker": "ice"} | more
    with pytest.raises(InvalidRequest) as refused:
        memory.add_claim("It is voluntary.", **fields)  # type: ignore[arg-type]
    assert [(error.pointer, error.code) for error in refused.value.errors] == [(pointer, code)]


def test_all_broken_references_are_named_at_once(memory: Memory) -> None:
    """A client learns everything that is wrong from one answer."""
    with pytest.raises(InvalidRequest) as refused:
        memory.add_claim("Words.", "nobody", {"q": "perhaps", "q2": "yes"}, on_behalf_of="nothing")
    assert len(refused.value.errors) == 4


def test_ids_of_claims(memory: Memory) -> None:
    """An id is given once and never changed."""
    claim = memory.add_claim("It is voluntary.", "ice", id=ulid(1))
    with pytest.raises(IdTaken):
        memory.add_claim("Something else.", "ice", id=ulid(1))
    with pytest.raises(InvalidRequest) as refused:
        memory.amend_claim(claim, id=ulid(2))
    assert refused.value.errors[0].code == "immutable"


# What each reviewer's standing verdict says, and what the claim then is.
STATUSES: list[tuple[list[str], str]] = [
    ([], "unreviewed"),
    (["true"], "supported"),
    (["mostly_true"], "supported"),
    (["mixed"], "mixed"),
    (["mostly_false"], "refuted"),
    (["false"], "refuted"),
    (["unproven"], "unproven"),
    (["true", "mostly_true"], "supported"),
    (["false", "mostly_false"], "refuted"),
    (["unproven", "unproven"], "unproven"),
    (["mixed", "mixed"], "mixed"),
    (["true", "false"], "disputed"),
    (["mostly_true", "mixed"], "disputed"),
    (["unproven", "false"], "disputed"),
    (["true", "mostly_true", "unproven"], "disputed"),
]


@pytest.mark.parametrize(("ratings", "status"), STATUSES)
def test_status_from_ratings(memory: Memory, ratings: list[str], status: str) -> None:
    """A claim has the side that all reviewers take, or is disputed; withdrawal wins over all."""
    claim = memory.add_claim("It is voluntary.", "ice")
    for i, rating in enumerate(ratings):
        memory.add_party(f"desk-{i}")
        claim = memory.publish(claim, rating, f"desk-{i}")
    assert claim.status == status
    assert memory.withdraw(claim).status == "withdrawn"


def test_superseded_and_retracted_verdicts_do_not_count(memory: Memory) -> None:
    """Only what stands gives the status."""
    claim = memory.publish(memory.add_claim("It is voluntary.", "ice"), "false")
    claim = memory.publish(claim, "true", supersedes=claim.verdicts[-1].id)
    assert (claim.status, [verdict.status for verdict in claim.verdicts]) == (
        "supported",
        ["superseded", "standing"],
    )
    claim = memory.retract(claim, claim.verdicts[-1].id)
    # A superseded verdict does not stand up again when the one that took its place is retracted.
    assert (claim.status, [verdict.status for verdict in claim.verdicts]) == (
        "unreviewed",
        ["superseded", "retracted"],
    )


def test_correcting_the_words_makes_verdicts_stale_until_affirmed(memory: Memory) -> None:
    """A stale verdict still counts; the claim is stale until its reviewer affirms it on the new words."""
    claim = memory.publish(memory.add_claim("It is voluntary.", "ice"), "false")
    claim = memory.amend_claim(claim, text="It was voluntary.")
    assert (claim.status, claim.stale) == ("refuted", True)
    claim = memory.publish(claim, "false", supersedes=claim.verdicts[0].id)
    assert (claim.status, claim.stale) == ("refuted", False)
    assert [verdict.text_sha256 for verdict in claim.verdicts] == [
        text_hash("It is voluntary."),
        text_hash("It was voluntary."),
    ]


def test_words_that_are_corrected_back_are_the_judged_ones(memory: Memory) -> None:
    """Staleness is about the words, not about how often they changed."""
    claim = memory.publish(memory.add_claim("It is voluntary.", "ice"), "false")
    claim = memory.amend_claim(claim, text="It was voluntary.")
    claim = memory.amend_claim(claim, text="It is voluntary.")
    assert not claim.stale
    assert claim.verdicts[0].revision == claim.stamp.revision


def test_correcting_anything_but_the_words_makes_nothing_stale(memory: Memory) -> None:
    """A new date or stance leaves the judged words as they were."""
    claim = memory.publish(memory.add_claim("It is voluntary.", "ice", stated_on="2010"), "false")
    revision = claim.verdicts[0].revision
    claim = memory.amend_claim(claim, stated_on="2010-09-07", tags=["letter"])
    assert (claim.stale, claim.verdicts[0].revision, claim.stamp.revision) == (
        False,
        revision,
        memory.size - 1,
    )


def test_a_retracted_verdict_makes_no_claim_stale(memory: Memory) -> None:
    """Only standing verdicts can be stale."""
    claim = memory.publish(memory.add_claim("It is voluntary.", "ice"), "false")
    claim = memory.amend_claim(claim, text="It was voluntary.")
    assert not memory.retract(claim, claim.verdicts[0].id).stale


def test_a_withdrawn_claim_takes_no_stance_and_no_change(memory: Memory) -> None:
    """It stays on record with its words, and nothing more can be done to it."""
    claim = memory.withdraw(memory.add_claim("It is voluntary.", "ice", {"q": "yes"}))
    assert claim.stances == []
    assert claim.body["stances"]
    for change in (lambda: memory.withdraw(claim), lambda: memory.amend_claim(claim, text="Other words.")):
        with pytest.raises(ClaimWithdrawn):
            change()
