"""What a party said before that may contradict a sentence, each statement with the reason. Suggestions, never rulings.

There are these kinds of reason. By position: the sentence seems to take a position on a question, by what the question
says its positions mean or else as the claim that matches it best does, and the statement takes an opposing one. By the
words: one negates what the other says, they have opposite words, or other numbers or dates for the same thing. And by
an operator's own model, where there is one: it takes the one for a contradiction of the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from api.domain.opposition import Reason, Said, leaning, opposed, said
from api.reads.judging import Judging
from api.reads.matching import Chosen, Found, ranked_under
from api.storage import log
from api.storage.log import Connection

# So many statements of the party are compared word by word, and so many of the best matches say on which question the
# sentence may be.
COMPARED, LOOKED_AT = 50, 5
# What matches less well is about something else.
NEAR = 0.25


class Stance(NamedTuple):
    """A position that a sentence seems to take, and why: the claim that it is taken from, or None where the sentence
    says what the position means."""

    question: str
    position: str
    opposing: tuple[str, ...]
    like: str | None

    @classmethod
    def among(cls, sides: Iterable[str], question: str, position: str, like: str | None = None) -> Stance:
        """The stance that takes one of a question's sides against the others."""
        return cls(question, position, tuple(side for side in sides if side != position), like)


class Conflict(NamedTuple):
    """A statement that may contradict the sentence."""

    found: Found
    document: Mapping[str, Any]
    position: str | None
    stance: Stance | None
    words: Reason | None
    judged: float | None = None


class Documents:
    """Documents, each read and parsed once."""

    def __init__(self, db: Connection, at: int) -> None:
        self._db, self.at = db, at
        self._known: dict[int, Mapping[str, Any]] = {}

    def of(self, no: int) -> Mapping[str, Any]:
        """The document of the subject with a number."""
        if no not in self._known:
            self._known[no] = orjson.loads(log.document_by_number(self._db, no, self.at))
        return self._known[no]

    def sides(self, question: str) -> dict[str, str]:
        """What the positions of a question mean that are not neutral, by their ids."""
        no = log.number(self._db, f"question/{question}")
        positions = self.of(no)["positions"] if no is not None else []
        return {one["id"]: f"{one['label']}. {one.get('meaning') or ''}" for one in positions if not one["neutral"]}


def stance(text: Said, found: Iterable[Found], documents: Documents, question: str | None = None) -> Stance | None:
    """The position that a sentence seems to take on a question: on the one that is given, or on one that the claims
    which match it best are about. `found` are those, best first."""
    found = [one for one in found if one.score >= NEAR]
    taken = [_stances(documents.of(one.no)) for one in found]
    near = dict.fromkeys(name for stances in taken[:LOOKED_AT] for name in stances)
    questions = [question] if question else list(near)
    sides = {name: documents.sides(name) for name in questions}
    for name in questions:
        position = leaning(text, sides[name])
        if position is not None:
            return Stance.among(sides[name], name, position)
    for one, stances in zip(found, taken, strict=True):
        like = documents.of(one.no)
        for name in questions:
            # A match that says the opposite in the same words takes another position than the sentence.
            if stances.get(name) in sides[name] and not opposed(text, said(like["text"])):
                return Stance.among(sides[name], name, stances[name], like["id"])
    return None


def conflicts(
    chosen: Chosen,
    text: Said,
    taken: Sequence[Stance],
    party: str,
    question: str | None,
    before: int | None,
    documents: Documents,
    judging: Judging,
) -> list[Conflict]:
    """The statements of a party, and of all under it, that may contradict the sentence: first those that take an
    opposing position and oppose it in their words, then those that take an opposing position, then those that oppose it
    in their words alone; and among these the most similar first."""
    asked = [f"party={party}", *([f"question={question}"] if question else [])]
    rows = {one.no: one for one in ranked_under(chosen, asked, before, COMPARED)}
    for one in taken:
        for position in one.opposing:
            facets = [asked[0], f"position={one.question}/{position}"]
            opposing = ranked_under(chosen, facets, before, COMPARED)
            rows |= {found.no: found for found in opposing}
    similar = sorted(rows.values(), key=lambda one: (-one.score, -one.no))
    found = [_conflict(row, text, taken, documents, judging) for row in similar]
    suggested = [conflict for conflict in found if conflict.words or conflict.stance or conflict.judged]
    return sorted(suggested, key=lambda one: (_tier(one), -one.found.bm25, -one.found.no))


def _conflict(
    row: Found, text: Said, taken: Sequence[Stance], documents: Documents, judging: Judging
) -> Conflict:
    document = documents.of(row.no)
    stances = _stances(document)
    opposing = next((one for one in taken if stances.get(one.question) in one.opposing), None)
    agrees = any(stances.get(one.question) == one.position for one in taken)
    # Who takes the same position contradicts it in no word.
    if agrees and opposing is None:
        return Conflict(row, document, None, None, None)
    words, judged = opposed(text, said(document["text"])), judging.likely(document["text"])
    return Conflict(row, document, stances[opposing.question] if opposing else None, opposing, words, judged)


def _tier(conflict: Conflict) -> int:
    if conflict.stance is None:
        return 2
    return 1 if conflict.words is None and conflict.judged is None else 0


def _stances(document: Mapping[str, Any]) -> dict[str, str]:
    return {one["question"]: one["position"] for one in document.get("stances", ())}
