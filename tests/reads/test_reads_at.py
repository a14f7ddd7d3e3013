"""The record as it stood: what every list and document says of a moment, it said at that moment."""

from __future__ import annotations

import json

import pytest

from api.errors import InvalidRequest
from api.reads import moments
from api.storage.sqlite import Database
from tests.reads import asking
from tests.reads.conftest import Written
from tests.records import Recorder


def test_every_moment_is_answered_as_it_was(written: Written) -> None:
    """Whatever was written since, `at` a size each list and document is what it was when the log had that size."""
    for size, answers in enumerate(written.answers):
        for (name, parameters), body in answers.items():
            again = asking.page(written.database, name, dict(parameters), at=size)
            assert again == body, (size, name, parameters)


def test_before_the_beginning_there_was_nothing(written: Written) -> None:
    """`at=0` every list is empty."""
    for name, parameters in asking.fixed(written.memory):
        if not name.startswith(("document", "timeline")):
            assert asking.everything(written.database, name, dict(parameters), at=0) == []


@pytest.mark.parametrize(
    ("at", "size"),
    [
        (None, None),
        (0, 0),
        (2, 2),
        (3, 3),
        ("2026-11-24T09:59:59.999Z", 0),
        ("2026-11-24T10:00:00.000Z", 1),
        ("2026-11-24T10:00:00.999Z", 1),
        ("2026-11-24T10:00:01.000Z", 2),
        ("2030-01-01T00:00:00.000Z", 3),
    ],
)
def test_what_size_a_moment_stands_for(database: Database, record: Recorder, at: int | str | None, size: int) -> None:
    """An instant stands for all that was recorded up to it, itself included."""
    for name in ("a", "b", "c"):
        record.party(name)
    assert moments.size(database.reader(), at) == size


def test_no_size_that_the_log_has_not_reached(database: Database, record: Recorder) -> None:
    """Nobody can say yet what the record will be."""
    record.party("a")
    with pytest.raises(InvalidRequest) as refused:
        moments.size(database.reader(), 2)
    assert [(error.pointer, error.code) for error in refused.value.errors] == [("/at", "future")]


def test_what_was_not_there_yet(database: Database, record: Recorder) -> None:
    """Lists by a party, question or claim that was recorded later are empty, not broken."""
    record.party("first")
    at = 1
    record.party("dhs")
    record.question("q", "no", "yes")
    one = record.claim("One.", "dhs", {"q": "no"})
    other = record.claim("Other.", "dhs", {"q": "yes"})
    record.assess(one, other, reviewer="dhs")
    for asked in ({"claim": one}, {"party": "dhs"}, {"question": "q"}, {"claim": one, "status": "confirmed"}):
        assert asking.everything(database, "contradictions", asked, at=at) == []
        assert len(asking.everything(database, "contradictions", asked)) == 1
    assert asking.everything(database, "claims", {"party": "dhs"}, at=at) == []
    assert json.loads(asking.page(database, f"document/claim/{one}", {}, at=at)) is None
