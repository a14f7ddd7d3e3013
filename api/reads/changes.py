"""The feed of changes for those who poll, and the cursor that never skips and never repeats."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import orjson

from api.documents import erased
from api.errors import CursorRewound, InvalidRequest
from api.reads import lists
from api.storage import log
from api.storage.log import Connection, Head, Sealed

# The first bytes of the last leaf's hash: enough that another log's cursor does not fit by chance.
FINGERPRINT = 8
NOW = "now"


class Feed(NamedTuple):
    """One page of the feed, whether it was cut off because it is full, and the cursor of what comes after it."""

    body: bytes
    full: bool
    next: str


def cursor(size: int, last_leaf: bytes) -> str:
    """The cursor of one who has seen `size` entries, the last of which has this leaf hash."""
    return urlsafe_b64encode(size.to_bytes(8) + last_leaf[:FINGERPRINT]).rstrip(b"=").decode()


@lru_cache(maxsize=1_000)  # bots that wait send the same one again and again, and a poll asks twice
def place(given: str) -> tuple[int, bytes] | None:
    """The size and the fingerprint in a cursor; None for what is no cursor."""
    try:
        raw = urlsafe_b64decode(given.encode() + b"=" * (-len(given) % 4))
    except (Error, ValueError):
        return None
    size = int.from_bytes(raw[:8])
    # Only the form that `cursor` writes: two spellings of one place would be two URLs to every cache.
    return (size, raw[8:]) if len(raw) >= 8 and cursor(size, raw[8:]) == given and size < 2**62 else None


def size(since: str | None) -> int:
    """How many entries a node must have to go on after a cursor. Raises InvalidRequest for what is no cursor."""
    return 0 if since in (None, NOW) else _decoded(str(since))[0]


def seen(since: str | None, head: Head) -> int:
    """How many entries a cursor has seen, as far as the head alone can tell; nothing is read.

    Raises InvalidRequest for what is no cursor, CursorRewound for one beyond the head or at another one.
    """
    if since is None:
        return 0
    if since == NOW:
        return head.size
    size, fingerprint = _decoded(since)
    if size > head.size or (size == head.size and fingerprint != head.last_leaf[:FINGERPRINT]):
        raise _rewound(head)
    return size


def check(db: Connection, since: str | None, head: Head) -> None:
    """Raise CursorRewound for a cursor, decoded by `seen`, that points at an entry which this log does not have."""
    if since in (None, NOW):
        return
    if not fits(db, head, *_decoded(since)):
        raise _rewound(head)


def fits(db: Connection, head: Head, size: int, fingerprint: bytes) -> bool:
    """Whether the log, which has this head, has so many entries, and the last of them with this leaf hash."""
    last_leaf = head.last_leaf if size == head.size else log.leaf_at(db, size - 1) or b""
    return size <= head.size and fingerprint == last_leaf[:FINGERPRINT]


def page(db: Connection, asked: Mapping[str, Any], head: Head, since: int, poll_after: int) -> Feed:
    """The changes beyond the first `since` entries that pass the filters (see `schemas.changes.ChangesQuery`).

    `next` is always there and moves past what the filters skipped. `poll_after` is in seconds.
    """
    rows = log.changes(db, since, head.size, facets(db, asked), asked["limit"] + 1)
    more = len(rows) > asked["limit"]
    shown = rows[: asked["limit"]]
    reached = shown[-1][0] + 1 if more else head.size
    lines = _with_entries(db, shown) if asked.get("include") == "entry" else [line for _, line in shown]
    last_leaf = head.last_leaf if reached == head.size else log.leaf_at(db, reached - 1) or b""
    following = cursor(reached, last_leaf)
    rest = {
        "next": following,
        "has_more": more,
        "head": {"size": head.size, "root": head.root.hex()},
        "poll_after": 0 if more else poll_after,
    }
    joined = b"},{".join(lines)
    changes = b"{" + joined + b"}" if lines else b""
    return Feed(b'{"changes":[' + changes + b"]," + orjson.dumps(rest)[1:], more, following)


def entry(sealed: Sealed) -> bytes:
    """An entry as it is served: hashes and salt in hex, the payload the exact bytes as one JSON string (null
    when erased, and `erased` says why)."""
    return orjson.dumps(
        {
            "index": sealed.idx,
            "recorded_at": sealed.recorded_at,
            "kind": sealed.kind,
            "subject": sealed.subject,
            "actor": sealed.actor,
            "payload": None if sealed.payload is None else sealed.payload.decode(),
            "salt": None if sealed.salt is None else sealed.salt.hex(),
            "payload_hash": sealed.payload_hash.hex(),
            "leaf_hash": sealed.leaf_hash.hex(),
            "erased": erased(sealed.erased),
        }
    )


def _with_entries(db: Connection, shown: list[tuple[int, bytes]]) -> list[bytes]:
    return [line + b',"entry":' + entry(next(log.sealed_entries(db, index, index + 1))) for index, line in shown]


def facets(db: Connection, asked: Mapping[str, Any]) -> list[str]:
    """What the changes have to have that the filters ask for. Raises InvalidRequest for what is not on record.

    Those that fewest changes have come first, usually: the first leads, and the others are looked up change by change.
    """
    for name, kind in (("reviewer", "party"), ("party", "party"), ("question", "question")):
        if asked.get(name):
            lists.number(db, kind, asked[name], name)
    return [f"{name}={asked[name]}" for name in ("reviewer", "party", "question", "kind") if asked.get(name)]


def _rewound(head: Head) -> CursorRewound:
    return CursorRewound(
        "This cursor does not fit the log: it was restored from a backup, or the cursor is another log's. "
        "Start again without 'since', and compare with what you have.",
        members={"head": {"size": head.size, "root": head.root.hex()}},
    )


def _decoded(since: str) -> tuple[int, bytes]:
    found = place(since)
    if found is None:
        raise InvalidRequest.of(
            "/since", "This is no cursor of the feed: send a 'next' that it gave, 'now', or nothing.", "cursor"
        )
    return found
