"""Random histories that the reads are compared on, each written once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from api.storage.sqlite import Database
from tests.histories import Chronicle
from tests.memory import Memory
from tests.reads import asking
from tests.reads.asking import Question

# A history's seed, and how many of a hundred steps erase something.
HISTORIES = {"history1": (1, 0), "history2": (7, 0), "history3": (3, 0), "erased": (5, 8)}
STEPS = 170


@dataclass
class Written:
    """A random history. `answers[n]` is what each question of `asking.fixed` got when the log had n entries; there are
    none of a history with erasures, which change the past."""

    database: Database
    snapshots: list[Memory]
    answers: list[dict[Question, bytes]]

    @property
    def memory(self) -> Memory:
        """The record as it stands, in memory."""
        return self.snapshots[-1]


@pytest.fixture(scope="session", params=HISTORIES.values(), ids=list(HISTORIES))
def written(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Written]:
    """A random history, and what was answered while it was written. Tests only read it."""
    database = Database(tmp_path_factory.mktemp("history") / "record.db")
    database.migrate()
    seed, erasing = request.param
    chronicle = Chronicle(seed, erasing)
    answers = [asking.answers(database, chronicle.memory)]
    chronicle.write(database, STEPS, lambda: answers.append(asking.answers(database, chronicle.memory)))
    if erasing:
        assert chronicle.erased > 5
        answers.clear()
    yield Written(database, chronicle.snapshots, answers)
    database.close()
