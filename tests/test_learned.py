"""What turns learn of parties and questions and hand on to the next ones."""

from __future__ import annotations

import random
from contextlib import suppress

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from api.domain import claims
from api.domain.entries import Entry, Event
from api.domain.record import Record
from api.history import Learned
from api.storage import log
from api.storage.log import Connection
from api.storage.sqlite import Database
from api.writers import Writers
from tests.histories import Chronicle
from tests.records import OPERATOR, Recorder, claim_body, dump, every_table, fixed_source, ulid, write_many
from tests.test_rebuild import fresh


class _Broken(Exception):
    pass


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_two_processes_in_turns_write_what_one_alone_writes(seed: int) -> None:
    """Whatever either of them learned before the other one changed it, or in a turn that came to nothing, and whether
    they write as the service does or as an import."""
    note(f"Chronicle({seed})")
    chance, source = random.Random(seed), fixed_source()
    with fresh() as alone, fresh() as shared:
        chronicle = Chronicle(seed)
        chronicle.write(alone, 120)
        processes = [(shared, Learned()), (Database(shared.path), Learned())]
        left = list(chronicle.decisions)
        while left:
            database, learned = chance.choice(processes)
            part, buffered = left[: chance.randint(1, 6)], chance.random() < 0.5
            if chance.random() < 0.2:
                with suppress(_Broken):
                    write_many(database, [*part, (_break, OPERATOR)], fixed_source(), learned, buffered=buffered)
            write_many(database, part, source, learned, buffered=buffered)
            del left[: len(part)]
        processes[1][0].close()
        assert dump(shared, every_table(shared)) == dump(alone, every_table(alone))


def _break(known: Record) -> Event:
    raise _Broken


def test_parties_and_questions_are_folded_once(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in each turn; but again once another process has changed one."""
    record = Recorder(database)
    record.party("dhs")
    record.party("ice", "dhs")
    record.question("qa", "no", "yes")
    folded: list[str] = []
    history = log.history

    def noted(db: Connection, no: int) -> list[Entry]:
        entries = history(db, no)
        folded.extend({entry.subject for entry in entries})
        return entries

    monkeypatch.setattr(log, "history", noted)
    writers = Writers(database)

    def write(number: int, position: str) -> list[str]:
        folded.clear()
        body = claim_body(f"Statement {number}.", "ice", {"qa": position})
        writers.write(lambda turn: turn.append(lambda known: claims.record(body, ulid(number), known), "dhs"))
        return sorted(folded)

    every = ["party/dhs", "party/ice", "question/qa"]
    assert write(1, "yes") == every
    assert write(2, "no") == []
    other = Database(database.path)
    positions = [{"id": name, "label": name, "neutral": False} for name in ("no", "yes", "maybe")]
    Recorder(other).amend_question("qa", positions=positions)
    other.close()
    assert write(3, "maybe") == every
    assert write(4, "maybe") == []
