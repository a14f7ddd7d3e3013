"""One write over HTTP: the token's party acts, the ledger decides, and the answer is kept for the Idempotency-Key."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from api import http
from api.domain.entries import Entry, Event, instant
from api.domain.record import Body, Record, merged
from api.drafts import Draft
from api.errors import IdempotencyMismatch, NotFound, Refusal, RevisionMismatch
from api.history import History
from api.ledger import Decision, Turn
from api.reads import consistency
from api.storage import keys, log
from api.storage.keys import Token
from api.storage.log import Connection
from schemas.base import Schema
from schemas.queries import NoQuery

NO_QUERY = NoQuery()

# For how long the answer to an Idempotency-Key is kept.
REMEMBERED = timedelta(hours=24)


class Reply(NamedTuple):
    """What a write answers."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


Answering = Callable[[Connection, Entry], Reply]


def write(token: Token, decision: Decision, answering: Answering, drafted: Draft | None = None) -> http.Answer:
    """Append what is decided in the name of the token's party, and answer with what came of it. `drafted` is the draft
    of the claim that is to be recorded: what was worked out of it here is not worked out while others wait.

    With an Idempotency-Key the first answer is stored in the same transaction as the entry. A second request
    with the key waits for its turn and then gets that answer; so no retry, however early, is ever executed
    twice. Raises the decision's Refusal, IdempotencyMismatch where the key was used for another request, and
    ConsistencyUnmet where the log has lost what the request's token stands for.
    """
    return in_turn(token, lambda turn: answering(turn.db, turn.append(decision, token.party, drafted)))


def in_turn(token: Token, writing: Callable[[Turn], Reply], query: Schema = NO_QUERY) -> http.Answer:
    """Do what `write` does for any number of entries: `writing` appends them. Where it raises a Refusal, none of them
    is there. `query`: the parameters that the request may have."""
    http.query(query)
    key, point = http.idempotency_key(), http.consistency_token()
    digest = http.request_digest() if key else b""

    def work(turn: Turn) -> Reply:
        reply = _recalled(turn.db, token, key, digest) if key else None
        if reply is None:
            if point:
                consistency.check(turn.db, point)
            reply = _whole(turn, writing)
            reply.headers.append((consistency.HEADER, consistency.token(*turn.reached)))
            if key:
                _remember(turn.db, token, key, digest, reply)
        return reply

    try:
        reply: Reply = http.house().writers.write(work)
    except _Undone as undone:
        raise undone.refusal from None
    return http.answer(reply.body, status=reply.status, headers=reply.headers, cache=http.NO_STORE)


class _Undone(Exception):
    """A refusal that came after something was appended: as no Refusal, it takes the whole transaction with it."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.detail)
        self.refusal = refusal


def _whole(turn: Turn, writing: Callable[[Turn], Reply]) -> Reply:
    size = turn.head.size
    try:
        return writing(turn)
    except Refusal as refusal:
        if turn.head.size != size:
            raise _Undone(refusal) from refusal
        raise


def created(name: str, url: str) -> Answering:
    """The answer to a POST that made a document: 201, its address and its first version."""
    return lambda db, entry: _document(db, name, 201, [("Location", url)])


def changed(name: str) -> Answering:
    """The answer to a change of a document: its new version."""
    return lambda db, entry: _document(db, name, 200, [])


def amend(
    token: Token,
    name: str,
    schema: Schema,
    state_of: Callable[[Record], Any],
    decide: Callable[[Any, Body, str, Record], Event],
    keeping: Callable[[str, Body, Answering], Answering] = lambda name, after, answering: answering,
) -> http.Answer:
    """Apply the request's merge patch to a document. `keeping` gives the answering that also keeps what is to be kept
    beside the document. Raises RevisionRequired, NotFound, RevisionMismatch, ValidationError."""
    revision = http.required_revision()
    patch, reason = http.patch_body()
    schema.check_names(patch)

    def attempt() -> http.Answer:
        state = found(state_of(History(http.house().database.reader())), name)
        check_revision(revision, state.stamp.revision)
        after = schema.load(merged(state.body, patch))

        def decision(record: Record) -> Event:
            current = found(state_of(record), name)
            # The patch was merged with and checked against that revision, so it can be applied to no other.
            check_revision(state.stamp.revision, current.stamp.revision)
            return decide(current, after, reason, record)

        return write(token, decision, keeping(name, after, changed(name)))

    while True:
        try:
            return attempt()
        except RevisionMismatch:
            # `*` fits any revision: where somebody was quicker, theirs is the one to change.
            if revision is not None:
                raise


def check_revision(wanted: int | None, current: int) -> None:
    """Raise RevisionMismatch where the client's If-Match is not the current revision; None is `*`."""
    if wanted is not None and wanted != current:
        raise RevisionMismatch(
            f"Revision {wanted} is not the current one, {current}: read the document again, then repeat the change.",
            headers={"ETag": http.etag(current)},
            members={"current": current},
        )


def found(state: Any, name: str) -> Any:
    """The state, or NotFound."""
    if state is None:
        raise NotFound.of(name)
    return state


def _document(db: Connection, name: str, status: int, headers: Sequence[tuple[str, str]]) -> Reply:
    version = log.document(db, name)
    if version is None:
        raise LookupError(f"{name} was written in this very transaction and is not there")
    return Reply(status, [*headers, ("ETag", http.etag(version[0]))], version[1])


def _recalled(db: Connection, token: Token, key: str, digest: bytes) -> Reply | None:
    known = keys.recall_answer(db, token.id, key)
    if known is None or known.created_at < _now(-REMEMBERED):
        return None
    if known.request != digest:
        raise IdempotencyMismatch(
            f"Idempotency-Key '{key}' was used for another request at {known.created_at}: "
            "use a new key for a new request."
        )
    return Reply(known.status, known.headers, known.body)


def _remember(db: Connection, token: Token, key: str, digest: bytes, reply: Reply) -> None:
    keys.forget_old_answers(db, _now(-REMEMBERED))
    keys.remember_answer(
        db,
        token=token.id,
        key=key,
        request=digest,
        status=reply.status,
        headers=reply.headers,
        body=reply.body,
        now=_now(),
    )


def _now(offset: timedelta = timedelta()) -> str:
    return instant(datetime.now(UTC) + offset)
