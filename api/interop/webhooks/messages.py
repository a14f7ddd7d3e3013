"""What a receiver is sent: a thin message that says what happened and where to read it, and its signature.

Headers and signature are those of Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 over
`id.timestamp.body`, the timestamp in seconds. A message has no words of claims in it: those can be erased from the
record, and not from a receiver's inbox.
"""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Sequence
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from api.domain.record import Body
from api.domain.webhooks import Filter
from api.reads import happenings
from api.storage import log
from api.storage.log import Connection

VERSION = 1
PING = "ping"
PREFIX = "whsec_"
SECRET_SIZE = 32

# How many changes are looked through at once for those that pass a filter.
TOGETHER = 100
# Of how many entries what there is to tell is kept.
KEPT = 1_000


class Message(NamedTuple):
    """One message: the id that it keeps in every attempt, what it is about, and its bytes. `entry` is the number of the
    entry, None for a test message."""

    id: str
    kind: str
    entry: int | None
    body: bytes


class Tiding(NamedTuple):
    """What there is to tell of an entry: its change as the feed has it, the claims that it contradicts, its leaf."""

    change: Body
    opposed: list[str]
    leaf: bytes


class Page(NamedTuple):
    """The messages of a stretch of the log, and the first entry beyond it."""

    messages: list[Message]
    reached: int


def new_secret() -> str:
    """A secret to sign with, as Standard Webhooks writes it."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_SIZE)).decode()


def headers(message: Message, timestamp: int, signing: Sequence[str]) -> list[tuple[str, str]]:
    """The headers that say who it is from: signed with each of the secrets, so that a receiver may know either."""
    signed = f"{message.id}.{timestamp}.".encode() + message.body
    signatures = [f"v1,{_signature(secret, signed)}" for secret in signing]
    return [
        ("webhook-id", message.id),
        ("webhook-timestamp", str(timestamp)),
        ("webhook-signature", " ".join(signatures)),
    ]


class Tidings:
    """What there is to tell of entries. It is the same for every subscription, so what was worked out for one is kept
    for the others. Not to be used by two threads."""

    def __init__(self, base: str) -> None:
        """`base` is what the addresses in messages begin with."""
        self._base = base
        self._kept: dict[int, Tiding] = {}

    def page(self, db: Connection, webhook_id: str, wanted: Filter, since: int, size: int) -> Page:
        """The messages of a stretch of the entries from `since` up to, not including, `size`: those that a filter lets
        through."""
        rows = log.changes(db, since, size, wanted.facets, TOGETHER)
        found = []
        for index, line in rows:
            change = orjson.loads(b"{" + line + b"}")
            if wanted.concerns(change["kind"]):
                tiding = self._tiding(db, index, change)
                if wanted.admits(change, tiding.opposed):
                    found.append(self._message(webhook_id, tiding))
        return Page(found, rows[-1][0] + 1 if len(rows) == TOGETHER else size)

    def _tiding(self, db: Connection, index: int, change: Body) -> Tiding:
        found = self._kept.get(index)
        sealed = next(log.sealed_entries(db, index, index + 1))
        # Another entry with this number, after a backup was restored, is another one.
        if found is None or found.leaf != sealed.leaf_hash:
            opposed = [one.other for one in happenings.contradicted(db, log.opened(sealed))]
            found = Tiding(change, opposed, sealed.leaf_hash)
            if len(self._kept) >= KEPT:
                self._kept.clear()
            self._kept[index] = found
        return found

    def _message(self, webhook_id: str, tiding: Tiding) -> Message:
        """The message of an entry. Its id has the leaf in it, so that no two entries ever share one."""
        change = tiding.change
        data = {name: change[name] for name in ("index", "kind", "subject", "actor", "claim", "status")}
        data |= {"url": self._base + change["url"], "contradicts": tiding.opposed, "leaf_hash": tiding.leaf.hex()}
        body = {"type": change["kind"], "timestamp": change["at"], "version": VERSION, "data": data}
        message_id = f"msg_{webhook_id}_{change['index']}_{tiding.leaf[:4].hex()}"
        return Message(message_id, change["kind"], change["index"], orjson.dumps(body))


def ping_id(webhook_id: str, number: str) -> str:
    """The id of a test message."""
    return f"msg_{webhook_id}_{PING}_{number}"


def ping(webhook_id: str, message_id: str, at: str) -> Message:
    """A test message, which tells nothing but that it came. `at` is an instant as the ledger writes it."""
    members: dict[str, Any] = {"type": PING, "timestamp": at, "version": VERSION, "data": {"webhook": webhook_id}}
    return Message(message_id, PING, None, orjson.dumps(members))


def _signature(secret: str, signed: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(PREFIX))
    return base64.b64encode(hmac.digest(key, signed, sha256)).decode()
