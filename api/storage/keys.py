"""Tokens, and the answers remembered for an Idempotency-Key. `db` is anything with `execute(sql, params)`.

Only the SHA-256 of a token is kept, so whoever reads the database cannot use it. The tables are made in
`tables`.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ulid import ULID

from api.storage.log import Connection

PREFIX = "onr_"

_COLUMNS = "id, party, scopes, note, created_at, revoked_at"


@dataclass(frozen=True, slots=True)
class Token:
    """What is known of a token: everything but the token. Instants are `2026-11-24T10:00:00.000Z`."""

    id: str
    party: str
    scopes: tuple[str, ...]
    note: str | None
    created_at: str
    revoked_at: str | None

    def allows(self, scope: str) -> bool:
        """Whether the token has the scope, or `admin`, which is all of them."""
        return scope in self.scopes or "admin" in self.scopes


@dataclass(frozen=True, slots=True)
class Remembered:
    """The first answer that a key was given: what was asked (a digest) and what was answered."""

    request: bytes
    status: int
    headers: list[tuple[str, str]]
    body: bytes
    created_at: str


def digest_of(secret: str) -> bytes:
    """SHA-256 of the whole token string: what is stored and looked up."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def create_token(db: Connection, *, party: str, scopes: Sequence[str], note: str | None, now: str) -> tuple[Token, str]:
    """Makes a token for `party`. Returns what is known of it and the token itself, which cannot be had
    again."""
    secret = PREFIX + secrets.token_urlsafe(32)
    token = Token(str(ULID()), party, tuple(scopes), note, now, None)
    db.execute(
        "INSERT INTO tokens (id, digest, party, scopes, note, created_at)"
        " VALUES (:id, :digest, :party, :scopes, :note, :now)",
        {
            "id": token.id,
            "digest": digest_of(secret),
            "party": party,
            "scopes": " ".join(scopes),
            "note": note,
            "now": now,
        },
    )
    return token, secret


def find_token(db: Connection, digest: bytes) -> Token | None:
    """The token with this digest, revoked or not; None if there is none."""
    row = db.execute(f"SELECT {_COLUMNS} FROM tokens WHERE digest = :digest", {"digest": digest}).fetchone()
    return _token(row) if row else None


def list_tokens(db: Connection) -> list[Token]:
    """Every token, the oldest first, the revoked ones too."""
    return [_token(row) for row in db.execute(f"SELECT {_COLUMNS} FROM tokens ORDER BY id", {}).fetchall()]


def revoke_token(db: Connection, token_id: str, now: str) -> bool:
    """Ends a token for good. False if there is no such token or it was revoked before."""
    done = db.execute(
        "UPDATE tokens SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL",
        {"id": token_id, "now": now},
    )
    return bool(done.rowcount == 1)


def remember_answer(
    db: Connection,
    *,
    token: str,
    key: str,
    request: bytes,
    status: int,
    headers: Iterable[tuple[str, str]],
    body: bytes,
    now: str,
) -> None:
    """Keeps the answer to the first request that a token (its id) made with this key. To be called in the
    write's own transaction: either both are durable or neither is."""
    db.execute(
        "INSERT INTO idempotency (token, key, request, status, headers, body, created_at)"
        " VALUES (:token, :key, :request, :status, :headers, :body, :now)",
        {
            "token": token,
            "key": key,
            "request": request,
            "status": status,
            "headers": json.dumps(list(headers)),
            "body": body,
            "now": now,
        },
    )


def recall_answer(db: Connection, token: str, key: str) -> Remembered | None:
    """The answer that this token's key was given, or None. The caller compares `request` with the request at
    hand."""
    row = db.execute(
        "SELECT request, status, headers, body, created_at FROM idempotency WHERE token = :token AND key = :key",
        {"token": token, "key": key},
    ).fetchone()
    if row is None:
        return None
    request, status, headers, body, created_at = row
    return Remembered(bytes(request), status, [(n, v) for n, v in json.loads(headers)], bytes(body), created_at)


def forget_old_answers(db: Connection, before: str) -> int:
    """Drops the answers remembered before an instant. Returns how many."""
    return int(db.execute("DELETE FROM idempotency WHERE created_at < :before", {"before": before}).rowcount)


def drop_answers(db: Connection, subject: str) -> int:
    """Drops the answers that may hold words of a subject ("claim/…"), whoever they were given to. Returns how many.

    A claim's words stand in its own document and in contradictions, a verdict's in its own and its claim's: each names
    the id, which is like no other. A slug may stand anywhere, but the document of a party or question begins with it.
    """
    kind, identifier = subject.split("/", 1)
    if kind in ("party", "question"):
        begun = f'{{"id":"{identifier}",'.encode()
        return int(db.execute("DELETE FROM idempotency WHERE instr(body, ?) = 1", (begun,)).rowcount)
    named = identifier.encode().split(b":")
    held = " AND ".join(["instr(body, ?) > 0"] * len(named))
    return int(db.execute(f"DELETE FROM idempotency WHERE {held}", named).rowcount)


def _token(row: Sequence[Any]) -> Token:
    token_id, party, scopes, note, created_at, revoked_at = row
    return Token(token_id, party, tuple(scopes.split()), note, created_at, revoked_at)
