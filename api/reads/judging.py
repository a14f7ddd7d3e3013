"""What an operator's own model says of statements that may contradict a sentence: it is asked about the most similar
ones, as long as there is time."""

from __future__ import annotations

from collections.abc import Mapping

from api.embedding.judge import Judge
from api.reads.matching import Deadline

# Statements that the model is asked about for each sentence, at some 10 to 100 ms each, and how sure it has to be.
ASKED, SURE = 10, 0.5

TOO_LATE = "The model that looks for contradictions was not asked about all: the time ran out."


class Judging:
    """Asks the model for the sentences of one request. `truncated` says that the time ran out meanwhile."""

    def __init__(self, judge: Judge, deadline: Deadline) -> None:
        self._judge, self._deadline = judge, deadline
        self._text, self._left = "", 0
        self.truncated = False

    @property
    def name(self) -> str | None:
        """The model, None where none is asked."""
        return self._judge.name

    def begin(self, text: str) -> None:
        """Another sentence is looked at: as many statements may be asked about again."""
        self._text, self._left = text, ASKED

    def likely(self, said: str) -> float | None:
        """How likely what was said contradicts the sentence; None where the model is not asked, or is not sure."""
        if not self._left or self._judge.name is None:
            return None
        if self._deadline.passed:
            self.truncated = True
            return None
        self._left -= 1
        found = self._judge.contradiction(said, self._text)
        return found if found is not None and found >= SURE else None

    def beside(self, engine: Mapping[str, str | None]) -> Mapping[str, str | None]:
        """What ranked, as it is answered, with the model that was asked, or why none was."""
        told = [engine["note"], self._judge.reason, TOO_LATE if self.truncated else None]
        note = " ".join(one for one in told if one)
        return {**engine, "nli": self._judge.name, "note": note or None}
