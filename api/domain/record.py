"""What a decision may ask of the record, whoever keeps it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from api.errors import InvalidRequest

if TYPE_CHECKING:
    from api.domain.claims import Claim
    from api.domain.contradictions import Pair
    from api.domain.entries import Entry, Erased
    from api.domain.parties import Party
    from api.domain.questions import Question

Body = dict[str, Any]


class Record(Protocol):
    """The state of the record that a decision is taken on."""

    def party(self, party_id: str) -> Party | None: ...

    def question(self, question_id: str) -> Question | None: ...

    def claim(self, claim_id: str) -> Claim | None: ...

    def claim_of_verdict(self, verdict_id: str) -> Claim | None: ...

    def pair(self, one: str, other: str) -> Pair: ...

    def twin(self, fingerprint: bytes) -> str | None:
        """The id of the standing claim that has this fingerprint."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """When a state was first recorded and last changed, by entry index and by the log's clock, and the last erasure of
    what it is made of."""

    recorded_at: str
    recorded_by: str
    updated_at: str
    revision: int
    erased: Erased | None = None

    @classmethod
    def first(cls, entry: Entry) -> Self:
        """The stamp of what this entry records for the first time."""
        return cls(entry.recorded_at, entry.actor, entry.recorded_at, entry.index, entry.erased)

    def next(self, entry: Entry) -> Stamp:
        """The stamp after this entry changed it."""
        erased = last_of(self.erased, entry.erased)
        return replace(self, updated_at=entry.recorded_at, revision=entry.index, erased=erased)


def last_of(one: Erased | None, other: Erased | None) -> Erased | None:
    """The later one of two erasures, either of which may not have been."""
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda erased: erased.index)


def merged(target: Any, patch: Any) -> Any:
    """A JSON merge patch applied to a value (RFC 7396): null takes a member away, everything but an object replaces."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result


def changes_between(before: Body, after: Body) -> Body:
    """The fields of `after` that differ from `before`; a field that went is None. Refused where nothing differs."""
    changes = {
        name: after.get(name) for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)
    }
    if not changes:
        raise InvalidRequest.of(
            "", "The change changes nothing: send at least one field with another value.", "no-change"
        )
    return changes


def changed(body: Body, changes: Body) -> Body:
    """A body with the `changes` of an amending entry applied."""
    return {name: value for name, value in (body | changes).items() if value is not None}
