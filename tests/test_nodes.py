"""What a node is asked before it answers: as little as may be."""

from __future__ import annotations

from threading import Semaphore

import pytest

from api import nodes
from api.nodes import Needs, Nodes
from api.storage.sqlite import Database
from tests.records import Recorder


def test_a_primary_is_asked_once_for_what_it_has_shown(database: Database, asked: list[int]) -> None:
    """A poll costs one question, not one more to find out whether the primary has what the client has seen."""
    record = Recorder(database)
    record.party("dhs")
    primary = Nodes(database, None, Semaphore(2), waits=True)
    asked.clear()
    for _ in range(3):
        primary.read(lambda database: None, Needs(size=1))
    assert asked == [1]
    record.party("ice")
    asked.clear()
    for _ in range(3):
        primary.read(lambda database: None, Needs(size=2))
    assert asked == [2]


def test_a_primary_that_is_behind_is_waited_for_each_time(
    database: Database, asked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Until it shows what the client has seen elsewhere."""
    monkeypatch.setattr(nodes, "IN_VAIN", 0.0)
    monkeypatch.setattr(nodes, "A_MOMENT", 2 * nodes.GLANCE)
    record = Recorder(database)
    record.party("dhs")
    primary = Nodes(database, None, Semaphore(2), waits=True)
    for _ in range(2):
        asked.clear()
        primary.read(lambda database: None, Needs(size=2))
        assert len(asked) > 1
    record.party("ice")
    primary.read(lambda database: None, Needs(size=2))
    asked.clear()
    primary.read(lambda database: None, Needs(size=2))
    assert asked == []
