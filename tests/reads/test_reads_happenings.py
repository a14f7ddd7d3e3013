"""What happened, in words, and which contradictions each entry brought: compared with all pairs of claims in memory,
and with the timelines."""

from __future__ import annotations

from typing import Any

import pytest

from api import erasing, ledger
from api.domain.entries import Entry
from api.reads import happenings
from api.reads.happenings import Happening
from api.storage import log
from api.storage.database import Database
from api.storage.sqlite import Database as SQLite
from tests.histories import Chronicle
from tests.memory import Memory
from tests.reads import asking, oracle
from tests.reads.conftest import Written
from tests.records import Recorder


def told(database: Database) -> list[Happening]:
    """What happened, entry by entry."""
    with database.snapshot() as db:
        rows = log.changes(db, 0, log.head(db).size, [], 10_000)
        return [happenings.happening(db, index, line) for index, line in rows]


def opposing(memory: Memory, claim: str) -> dict[frozenset[str], Any]:
    """The pairs that a claim makes by its stances, as parsed JSON, by their two claims."""
    if claim not in memory.claims:
        return {}
    found = oracle.contradictions(memory, {"claim": claim})
    return {frozenset(name.split("~")): pair for name, pair in found.items() if pair["question"]}


def brought(written: Written, entry: Entry) -> dict[str, Any]:
    """The pairs that there are after an entry and were not before, by their ids."""
    if entry.kind not in happenings.SAYING:
        return {}
    claim = entry.subject.removeprefix("claim/")
    before, after = (opposing(written.snapshots[size], claim) for size in (entry.index, entry.index + 1))
    return {pair["id"]: pair for claims, pair in after.items() if claims not in before}


def test_an_entry_brings_the_pairs_that_were_not_there_before(written: Written) -> None:
    """Of each claim that was recorded or corrected all pairs are named that oppose after it and did not before, up to
    ten, each by the narrowest party that both belong to."""
    total = 0
    for happening, entry in zip(told(written.database), written.memory.entries, strict=True):
        wanted = brought(written, entry)
        found = {opposed.contradiction: opposed for opposed in happening.contradicted}
        assert len(found) == len(happening.contradicted) == min(len(wanted), happenings.MOST)
        for name, opposed in found.items():
            assert (opposed.party, opposed.question) == (wanted[name]["party"], wanted[name]["question"])
            assert {opposed.claim, opposed.other} == set(name.split("~"))
            assert f"claim/{opposed.claim}" == entry.subject
        total += len(found)
    assert total > 20


def turns(database: SQLite, size: int, claim: str, questions: list[str]) -> dict[tuple[str, str], Any]:
    """The reversals that a claim makes on the timelines of its parties when the log had so many entries."""
    with database.snapshot() as db:
        number = log.number(db, f"claim/{claim}") or 0
        if number > size:
            return {}
        members = happenings.statements.profile(db, number, size).members
    return {
        (party, question): shown["reversal"]
        for party, _, _ in members
        for question in questions
        for shown in asking.everything(database, f"timeline/{question}", {"party": party}, at=size)
        if shown["claim"] == claim and shown["reversal"]
    }


def test_a_reversal_is_that_of_the_timeline(database: SQLite) -> None:
    """The reversal of an entry is the first that its claim makes on a timeline, narrowest party first; none where the
    claim made the same before it was corrected."""
    chronicle = Chronicle(31)
    chronicle.write(database, 200)
    found = again = 0
    for happening, entry in zip(told(database), chronicle.memory.entries, strict=True):
        if entry.kind not in happenings.SAYING:
            assert happening.reversal is None
            continue
        claim, questions = entry.subject.removeprefix("claim/"), sorted(chronicle.snapshots[entry.index].questions)
        before, after = (turns(database, size, claim, questions) for size in (entry.index, entry.index + 1))
        first, earlier = next(iter(after.items()), None), next(iter(before.items()), None)
        if first is None or first == earlier:
            assert happening.reversal is None
            again += first is not None
            continue
        turned = happening.reversal
        assert turned is not None
        assert (turned.party, turned.question) == first[0]
        shown = {"from": turned.before, "position": turned.positions[0], "days": turned.days, "certain": turned.certain}
        assert shown == first[1]
        found += 1
    assert found > 5
    assert again > 0


def test_the_same_entry_is_always_told_the_same(database: SQLite) -> None:
    """However the log grows, and after a rebuild, an entry is told as it was right after it."""
    chronicle = Chronicle(32)
    at_once: list[Happening] = []
    chronicle.write(database, 120, lambda: at_once.append(told(database)[-1]))
    assert told(database) == at_once
    ledger.rebuild(database)
    assert told(database) == at_once


def test_both_engines_tell_the_same(on_server: Database, database: SQLite) -> None:
    """What happened is the same on PostgreSQL, erasures among it."""
    for where in (database, on_server):
        Chronicle(33, 8).write(where, 120)
    assert told(on_server) == told(database)


def test_erased_words_are_in_no_sentence(database: SQLite, record: Recorder) -> None:
    """Once words are erased no entry is told by them, neither their own nor a verdict on them; and it says since
    when."""
    record.party("ice", name="ICE")
    record.party("example-desk", name="Example Desk")
    claim = record.claim("The secret words.", "ice")
    verdict = record.verdict(claim, label="Secretly wrong", explanation="A secret reason.")
    before = told(database)
    assert [happening.sentence for happening in before[2:]] == [
        "ICE: a claim was logged: “The secret words.”",
        "Example Desk rated “The secret words.” by ICE false: “Secretly wrong”",
    ]
    erasing.erase(database, f"claim/{claim}", "A court said so.", "operator", source=record.source)
    erasing.erase(database, f"verdict/{verdict}", "Another did.", "operator", source=record.source)
    after = told(database)
    assert [happening.sentence for happening in after[2:]] == [
        "ICE: a claim was logged",
        "Example Desk rated a claim by ICE false",
        "Words of a claim by ICE were erased from the record",
        "Words of a verdict by ICE were erased from the record",
    ]
    assert "ecret" not in repr(after)
    assert after[4].details == ["Reason: A court said so."]
    erased = [after[index].change["at"] for index in (4, 5)]
    assert [happening.updated for happening in after[2:4]] == erased
    assert [happening.updated for happening in after[:2]] == [happening.updated for happening in before[:2]]


def test_dhs_reversed_itself(dhs: SQLite) -> None:
    """The founding case is told in its own words."""
    sentences = [happening.sentence for happening in told(dhs)]
    assert sum("reversed itself" in sentence for sentence in sentences) > 3
    question = "Is participation in Secure Communities voluntary for states and localities?"
    assert any(
        sentence.startswith(f"U.S. Immigration and Customs Enforcement reversed itself on “{question}”, from")
        for sentence in sentences
    )
    assert all("\n" not in sentence and len(sentence) < 800 for sentence in sentences)


@pytest.mark.parametrize(
    ("subject", "page"),
    [
        ("party/ice", "/parties/ice"),
        ("question/q", "/questions/q"),
        ("claim/A", "/claims/A"),
        ("verdict/V", "/claims/A#verdicts"),
        ("contradiction/A:B", "/contradictions/A~B"),
        ("webhook/W", "/v1/entries/7"),
    ],
)
def test_each_entry_leads_somewhere(subject: str, page: str) -> None:
    """To the page of what it is about, that of a verdict's claim; where there is none, to the entry itself."""
    change = {"index": 7, "subject": subject, "claim": "A"}
    assert Happening(change, None, "It happened", [], [], None, "", b"").page == page
