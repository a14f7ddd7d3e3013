"""Refusals in the domain's words. What status each has on the wire is said in one place, `api.problems`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class FieldError:
    """One field that was refused: where it is (RFC 6901 pointer, or "/name" of a parameter), why, and a stable code."""

    pointer: str
    detail: str
    code: str


class Refusal(Exception):
    """Something asked for cannot be done, and nothing was changed.

    `detail` is a sentence that names the remedy; `errors` the fields at fault; `members` further JSON members
    of the problem document; `headers` what the answer must carry (`Retry-After`, `WWW-Authenticate`).
    """

    def __init__(
        self,
        detail: str,
        *,
        errors: Sequence[FieldError] = (),
        members: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = tuple(errors)
        self.members = members or {}
        self.headers = headers or {}


class MalformedJSON(Refusal):
    """The body is not the strict JSON that the API takes."""


class InvalidRequest(Refusal):
    """A field or parameter has a value that cannot be accepted."""

    @classmethod
    def of(cls, pointer: str, detail: str, code: str) -> InvalidRequest:
        """The refusal of a single field."""
        return cls(detail, errors=[FieldError(pointer, detail, code)])


class Unauthenticated(Refusal):
    """No token, or one that is unknown or revoked."""


class Forbidden(Refusal):
    """The token may not do this: a scope is missing, or it speaks for another reviewer."""


class ReadOnlyMirror(Refusal):
    """This is a mirror of another record, which is the one to write to; `source` says where that is."""

    @classmethod
    def of(cls, source: str) -> ReadOnlyMirror:
        """The refusal by a mirror of the record at this URL."""
        return cls(f"This is a mirror, and only read: write to its source, {source}.", members={"source": source})


class NotFound(Refusal):
    """No such document (at the size or instant asked for)."""

    @classmethod
    def of(cls, name: str, *, then: bool = False) -> NotFound:
        """The refusal of a subject ("claim/…"), whatever was sent for its id; `then`: it was asked for `at` a time."""
        kind, identifier = name.split("/", 1)
        short = identifier if len(identifier) <= 64 else identifier[:60] + "…"
        return cls(f"No {kind} '{short}' is on record{' at that time' if then else ''}.")


class MethodNotAllowed(Refusal):
    """The resource exists, but not for this method."""


class DuplicateClaim(Refusal):
    """A standing claim with the same words, speaker and date is on record; `existing` says where."""


class IdTaken(Refusal):
    """The id chosen by the client belongs to another record."""


class ClaimWithdrawn(Refusal):
    """A withdrawn claim takes no verdicts, corrections or second withdrawal."""


class ClaimChanged(Refusal):
    """The claim's words have changed since the revision that the reviewer judged."""


class VerdictStanding(Refusal):
    """The reviewer's standing verdict must be superseded or retracted, not doubled."""


class AlreadyRetracted(Refusal):
    """The verdict no longer stands, so it cannot be retracted or superseded again."""


class TooManyWebhooks(Refusal):
    """The party has as many subscriptions as one may have."""


class CursorRewound(Refusal):
    """The cursor does not fit this log: the log was restored, replaced, or is another one."""


class LedgerRewound(Refusal):
    """The ledger does not have what was signed: it was restored from an old backup, or replaced. Nobody writes to it
    until a person has decided what is to become of it."""


class RevisionMismatch(Refusal):
    """If-Match names a revision that is no longer the current one."""


class ConsistencyUnmet(Refusal):
    """The log does not have what the request's Consistency-Token stands for."""


class RevisionRequired(Refusal):
    """The change needs If-Match, so that nobody overwrites what they have not seen."""


class BodyTooLarge(Refusal):
    """The body is over the limit."""


class UriTooLong(Refusal):
    """The request line is over the limit."""


class UnsupportedMediaType(Refusal):
    """The body is not application/json."""


class Unimplemented(Refusal):
    """A method of somebody else's API that is answered here, and that this service does not have."""


class IdempotencyMismatch(Refusal):
    """The Idempotency-Key was used for another request."""


class RateLimited(Refusal):
    """Too many writes or failed authentications; Retry-After says when to come back."""


class StorageDamaged(Refusal):
    """What the request needs cannot be read from the store; other things can."""


class StorageUnavailable(Refusal):
    """The store is full, cannot be written, or cannot be reached; Retry-After says when to look again."""


class Busy(Refusal):
    """The store cannot take the request now; Retry-After says when to come back."""
