"""Histories of claims, verdicts of claims, parties and questions, and the feed of changes, against the log."""

from __future__ import annotations

import json
from itertools import product

import pytest

from api import documents
from api.domain.verdicts import claim_of
from schemas.vocabulary import ENTRY_KINDS
from tests.reads import asking, oracle
from tests.reads.conftest import Written


@pytest.mark.parametrize("limit", [1, 2, 200])
def test_histories(written: Written, limit: int) -> None:
    """A claim's history has each of its entries, with the claim as it stood after that entry."""
    for claim in written.memory.claims:
        wanted = oracle.history(written.snapshots, claim)
        assert asking.everything(written.database, f"history/{claim}", {}, limit) == wanted


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_verdicts_of_a_claim(written: Written, limit: int) -> None:
    """A claim's verdicts come oldest first, as they stand."""
    for claim in written.memory.claims.values():
        wanted = [json.loads(documents.verdict(verdict, claim)) for verdict in claim.verdicts]
        assert asking.everything(written.database, f"verdicts/{claim.id}", {}, limit) == wanted


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_parties_and_questions(written: Written, limit: int) -> None:
    """Both come in the order in which they were recorded."""
    parties = [json.loads(documents.party(party)) for party in written.memory.parties.values()]
    assert asking.everything(written.database, "parties", {}, limit) == parties
    questions = [json.loads(documents.question(question)) for question in written.memory.questions.values()]
    assert asking.everything(written.database, "questions", {}, limit) == questions


def test_the_feed_has_every_entry(written: Written) -> None:
    """Each change says what its entry is, where it is, and what became of the claim."""
    for limit in (1, 7, 200):
        changes = asking.feed(written.database, {}, limit)
        assert [change["index"] for change in changes] == list(range(len(written.memory.entries)))
    for change, entry in zip(changes, written.memory.entries, strict=True):
        assert (change["at"], change["kind"], change["subject"], change["actor"]) == (
            entry.recorded_at,
            entry.kind,
            entry.subject,
            entry.actor,
        )
        what, identifier = entry.subject.split("/")
        claim = claim_of(entry) if what == "verdict" else identifier if what == "claim" else None
        assert change["claim"] == claim
        before, after = (written.snapshots[entry.index + i].claims.get(claim) for i in (0, 1))
        status = {"from": before.status if before else None, "to": after.status} if after else None
        assert change["status"] == (None if status is None or status["from"] == status["to"] else status)


@pytest.mark.parametrize("limit", [1, 3, 200])
def test_the_feed_filtered(written: Written, limit: int) -> None:
    """Filters let through what concerns a party, a question, a reviewer or a kind, before or after; `next` skips the
    rest."""
    parties, questions = list(written.memory.parties)[:4], list(written.memory.questions)
    asked: list[dict[str, str]] = [{"kind": kind} for kind in ENTRY_KINDS]
    asked += [{"party": party} for party in parties] + [{"question": question} for question in questions]
    asked += [{"reviewer": party} for party in parties]
    asked += [{"party": party, "reviewer": reviewer} for party, reviewer in product(parties[:2], repeat=2)]
    asked += [{"party": party, "question": question} for party, question in product(parties, questions)]
    asked += [{"party": party, "kind": "claim.amended"} for party in parties]
    asked += [{"question": question, "kind": "verdict.published"} for question in questions]
    for filters in asked:
        found = [change["index"] for change in asking.feed(written.database, filters, limit)]
        assert found == list(oracle.changes(written.snapshots, filters)), filters
