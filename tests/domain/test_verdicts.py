"""Verdicts: each reviewer for itself, on the words that it read, nothing overwritten."""

from __future__ import annotations

import pytest

from api.domain.claims import Claim
from api.errors import AlreadyRetracted, ClaimChanged, Forbidden, IdTaken, InvalidRequest, VerdictStanding
from tests.memory import Memory
from tests.records import DESK, ulid


@pytest.fixture
def judged(memory: Memory) -> Claim:
    """A claim that the Example Desk has judged."""
    claim = memory.add_claim("It is voluntary.", "ice")
    return memory.publish(claim, "false", id=ulid(901))


def test_a_verdict_says_what_it_judged(memory: Memory, judged: Claim) -> None:
    """Without a claim_revision the verdict is on the claim as it stands."""
    verdict = judged.verdicts[0]
    assert (verdict.claim, verdict.reviewer, verdict.rating) == (judged.id, DESK, "false")
    assert verdict.claim_revision == judged.text_revision == judged.stamp.revision - 1
    assert verdict.text_sha256 == judged.text_sha256


def test_only_a_label_taken_over_may_have_no_rating(memory: Memory) -> None:
    """Without a rating a verdict names the mapping that knew none, and counts for no status."""
    claim = memory.add_claim("It is voluntary.", "ice")
    with pytest.raises(InvalidRequest) as refused:
        memory.publish(claim, None)
    assert refused.value.errors[0].pointer == "/rating"
    claim = memory.publish(claim, None, label="Hm", mapping="ratings/1")
    assert (claim.verdicts[0].rating, claim.status) == (None, "unreviewed")
    assert memory.publish(claim, "false", "other-desk").status == "refuted"


def test_a_second_verdict_must_supersede_the_first(memory: Memory, judged: Claim) -> None:
    """A reviewer's standing verdict is not doubled; the refusal names it and the remedy."""
    with pytest.raises(VerdictStanding) as refused:
        memory.publish(judged, "true")
    assert refused.value.members == {"existing": f"/v1/verdicts/{ulid(901)}"}
    assert refused.value.errors[0].pointer == "/supersedes"


def test_another_reviewer_rules_for_itself(memory: Memory, judged: Claim) -> None:
    """What one reviewer published binds no other."""
    claim = memory.publish(judged, "true", "other-desk")
    assert [verdict.status for verdict in claim.verdicts] == ["standing", "standing"]


def test_superseding(memory: Memory, judged: Claim) -> None:
    """The verdict that is superseded stays, says by which, and cannot be superseded or retracted any more."""
    claim = memory.publish(judged, "true", id=ulid(902), supersedes=ulid(901))
    old, new = claim.verdicts
    assert (old.status, old.superseded_by, old.revision) == ("superseded", ulid(902), memory.size - 1)
    assert (new.status, new.superseded_by) == ("standing", None)
    with pytest.raises(AlreadyRetracted):
        memory.publish(claim, "mixed", supersedes=ulid(901))
    with pytest.raises(AlreadyRetracted):
        memory.retract(claim, ulid(901))


def test_retraction_leaves_room_for_a_new_verdict(memory: Memory, judged: Claim) -> None:
    """A retracted verdict stays with its reason, is not retracted twice, and needs no superseding."""
    claim = memory.retract(judged, ulid(901))
    verdict = claim.verdicts[0]
    assert verdict.status == "retracted"
    assert verdict.retraction is not None
    assert (verdict.retraction.reason, verdict.retraction.at) == ("It was wrong.", claim.stamp.updated_at)
    with pytest.raises(AlreadyRetracted):
        memory.retract(claim, ulid(901))
    assert memory.publish(claim, "true").status == "supported"


@pytest.mark.parametrize("act", ["retract", "supersede", "publish"])
def test_nobody_acts_in_anothers_name(memory: Memory, judged: Claim, act: str) -> None:
    """Another reviewer's verdict cannot be retracted, superseded, nor one published under its name."""
    with pytest.raises(Forbidden):
        if act == "retract":
            memory.retract(judged, ulid(901), "other-desk")
        elif act == "supersede":
            memory.publish(judged, "true", "other-desk", supersedes=ulid(901))
        else:
            memory.publish(judged, "true", "other-desk", reviewer=DESK)


def test_own_name_may_be_given(memory: Memory) -> None:
    """`reviewer` in the body is fine where it is the token's own party."""
    claim = memory.add_claim("It is voluntary.", "ice")
    assert memory.publish(claim, "true", reviewer=DESK).verdicts[0].reviewer == DESK


def test_references_of_a_verdict(memory: Memory, judged: Claim) -> None:
    """An unknown reviewer, an unknown superseded verdict and a used id are refused."""
    other = memory.add_claim("Something else.", "ice")
    with pytest.raises(InvalidRequest) as unknown:
        memory.publish(judged, "true", "nobody")
    assert unknown.value.errors[0].pointer == "/reviewer"
    with pytest.raises(InvalidRequest) as elsewhere:
        memory.publish(other, "true", supersedes=ulid(901))
    assert elsewhere.value.errors[0].pointer == "/supersedes"
    with pytest.raises(IdTaken):
        memory.publish(other, "true", id=ulid(901))


def test_the_revision_that_was_judged(memory: Memory) -> None:
    """A verdict on words that changed since is refused; one on an older revision of the same words is not."""
    claim = memory.add_claim("It is voluntary.", "ice")
    recorded = claim.stamp.revision
    dated = memory.amend_claim(claim, stated_on="2010").stamp.revision
    assert memory.publish(claim, "true", claim_revision=recorded).verdicts[0].claim_revision == recorded
    claim = memory.amend_claim(claim, text="It was voluntary.")
    for revision in (recorded, dated, 0):
        with pytest.raises(ClaimChanged) as changed:
            memory.publish(claim, "true", "other-desk", claim_revision=revision)
        assert changed.value.members == {"existing": claim.url}
    with pytest.raises(InvalidRequest) as future:
        memory.publish(claim, "true", "other-desk", claim_revision=claim.stamp.revision + 1)
    assert future.value.errors[0].pointer == "/claim_revision"
