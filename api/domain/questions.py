"""Questions: what claims take positions on, and which positions oppose each other."""

from __future__ import annotations

from dataclasses import dataclass, replace

from api.domain.entries import ERASURE, Entry, Event
from api.domain.parties import taken
from api.domain.record import Body, Record, Stamp, changed, changes_between
from api.errors import InvalidRequest


@dataclass(frozen=True, slots=True)
class Question:
    """A question as it stands."""

    id: str
    body: Body
    stamp: Stamp

    @property
    def positions(self) -> list[str]:
        """The ids of all positions, in their own order."""
        return [position["id"] for position in self.body["positions"]]

    @property
    def opposing(self) -> list[str]:
        """The ids of the positions that are not neutral, sorted: each two of them oppose each other."""
        return sorted(position["id"] for position in self.body["positions"] if not position["neutral"])

    def opposes(self, one: str, other: str) -> bool:
        """Whether two positions contradict each other: they differ and neither is neutral."""
        sides = self.opposing
        return one != other and one in sides and other in sides


def record(body: Body, known: Record) -> Event:
    """Decide that a question is opened. Raises IdTaken."""
    if known.question(body["id"]):
        raise taken("question", body["id"], f"/v1/questions/{body['id']}")
    return Event("question.opened", f"question/{body['id']}", body)


def amend(question: Question, after: Body, reason: str) -> Event:
    """Decide that a question's fields become those of `after`. Its id never changes, and no position goes.

    A position that is dropped would leave claims with a stance that nobody can look up.
    """
    changes = changes_between(question.body, after)
    if "id" in changes:
        raise InvalidRequest.of("/id", "The id of a question cannot be changed: open another question.", "immutable")
    kept = {position["id"] for position in after["positions"]}
    for position in question.positions:
        if position not in kept:
            raise InvalidRequest.of(
                "/positions",
                f"Position '{position}' cannot be dropped: claims may hold it. Keep it in the list.",
                "dropped",
            )
    return Event("question.amended", f"question/{question.id}", {"changes": changes, "reason": reason})


def evolve(question: Question | None, entry: Entry) -> Question:
    """The question after one entry of its history."""
    if question is None:
        return Question(entry.payload["id"], entry.payload, Stamp.first(entry))
    changes = {} if entry.kind == ERASURE else entry.payload["changes"]
    return replace(question, body=changed(question.body, changes), stamp=question.stamp.next(entry))
