"""Who speaks on a question, against the timelines of each party."""

from __future__ import annotations

import json

import pytest

from api.reads import lists, speaking, timelines
from api.reads.speaking import Speaking
from api.storage import log
from api.storage.sqlite import Database
from tests.histories import Chronicle
from tests.reads.conftest import Written
from tests.records import Recorder


def test_speakers_have_what_their_timelines_have(written: Written) -> None:
    """As many statements and reversals, now and at any moment, and every party that was named."""
    found = 0
    size = written.memory.size
    for at in (None, size // 2, size):
        with written.database.snapshot() as db:
            memory = written.snapshots[size if at is None else at]
            for question in memory.questions:
                for one in speaking.parties(db, question, at):
                    asked = {"party": one.party, "clock": "stated", "limit": 1000}
                    told = json.loads(timelines.timeline(db, question, asked, at))
                    assert (one.statements, one.reversals) == (len(told["statements"]), told["reversals"])
                    found += 1
    assert found > 3


def test_those_who_change_most_come_first(record: Recorder) -> None:
    """Of equals the one with more statements; who only stands above others and said nothing is left out."""
    record.party("government")
    record.party("ministry", "government")
    record.party("office", "ministry")
    record.party("paper")
    record.question("q", "no", "yes", neutral=("unclear",))
    record.claim("1", "ministry", {"q": "unclear"}, stated_on="2009")
    record.claim("2", "office", {"q": "yes"}, stated_on="2010")
    record.claim("3", "office", {"q": "no"}, stated_on="2011")
    record.claim("4", "paper", {"q": "no"})
    with record.database.snapshot() as db:
        assert speaking.parties(db, "q", None) == [
            Speaking("ministry", 3, 1),
            Speaking("office", 2, 1),
            Speaking("paper", 1, 0),
        ]
        assert speaking.parties(db, "q", None, most=1) == [Speaking("ministry", 1, 0)]


def test_everybodys_statements_reverse_nothing(written: Written) -> None:
    """A timeline without a party has each statement of anybody once."""
    for question in written.memory.questions:
        with written.database.snapshot() as db:
            told = json.loads(timelines.timeline(db, question, {"clock": "stated", "limit": 1000}, None))
            claims = json.loads(_claims(db, question))["items"]
        assert sorted(one["claim"] for one in told["statements"]) == sorted(
            claim["id"] for claim in claims if claim["status"] != "withdrawn"
        )
        assert told["party"] is None and told["reversals"] == 0


def _claims(db: log.Connection, question: str) -> bytes:
    return lists.claims(db, {"question": question, "sort": "stated", "limit": 1000}, None)


def test_documents_are_found_together(written: Written) -> None:
    """Many at once are those that each is by itself, at any moment; names that nothing has are left out."""
    names = [f"party/{party}" for party in written.memory.parties] + ["party/none"]
    with written.database.snapshot() as db:
        for at in (None, 5, written.memory.size // 2):
            singly = {name: found[1] for name in names if (found := log.document(db, name, at))}
            assert log.documents(db, names, at) == singly


@pytest.mark.parametrize("seed", [31])
def test_both_engines_have_the_same_speakers(
    on_server: Database, tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    """And the same documents."""
    here = Database(tmp_path_factory.mktemp("here") / "record.db")
    here.migrate()
    for database in (here, on_server):
        chronicle = Chronicle(seed)
        chronicle.write(database, 120)
    memory = chronicle.memory
    names = [f"party/{party}" for party in memory.parties]
    with here.snapshot() as one, on_server.snapshot() as other:
        for at in (None, memory.size // 2):
            assert log.documents(one, names, at) == log.documents(other, names, at)
            for question in memory.questions:
                if log.document(one, f"question/{question}", at):
                    assert speaking.parties(one, question, at) == speaking.parties(other, question, at)
    here.close()
