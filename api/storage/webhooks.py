"""Webhooks: subscriptions with their secrets, how far each has been told, and what became of the last attempts.

None of it follows from the log, and it goes with the database into a backup. The secrets must be readable to sign with;
they are shown to nobody after they were made. The tables are made in `tables`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, NamedTuple

from api.storage.buffered import Buffered
from api.storage.log import Connection

# How many attempts are kept of each subscription.
KEPT = 100


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscription. Instants are `2026-11-24T10:00:00.000Z`.

    `version` counts whatever is changed by a request, `epoch` those changes after which what is still under way counts
    no more. `upcoming` is the first entry that it was not told of, `attempts` how often that failed, `due` when it is
    tried again, `error` and `answered` (the status) the last failure. `ping` is a test message that is to be sent.
    """

    id: str
    owner: str
    url: str = field(repr=False)
    description: str | None
    filter: dict[str, Any]
    secret: str = field(repr=False)
    created_at: str
    updated_at: str
    upcoming: int
    former: str | None = field(default=None, repr=False)
    former_until: str | None = None
    enabled: bool = True
    disabled: str | None = None
    disabled_at: str | None = None
    disabled_by: int | None = None
    version: int = 1
    epoch: int = 1
    attempts: int = 0
    due: str | None = None
    error: str | None = None
    answered: int | None = None
    ping: str | None = None


class Glimpse(NamedTuple):
    """As much of a subscription as whoever delivers looks at all the time."""

    id: str
    version: int
    enabled: bool
    ping: str | None


class Attempt(NamedTuple):
    """One attempt to deliver. `idx` is the number of the entry, None for a test message; `took` is in milliseconds,
    `answered` the status, `error` a word (see `api.interop.webhooks.calls`); both are None where there was none."""

    webhook: str
    message: str
    kind: str
    idx: int | None
    attempt: int
    at: str
    took: int
    answered: int | None
    error: str | None


class Progress(NamedTuple):
    """How far a subscription is: what its columns of the same names are to be, if its epoch is still this one."""

    webhook: str
    epoch: int
    upcoming: int
    attempts: int
    due: str | None
    error: str | None
    answered: int | None


_NAMES = tuple(column.name for column in fields(Webhook))
_COLUMNS = ", ".join(_NAMES)


def add(db: Connection, new: Webhook) -> None:
    """Store a new subscription."""
    marks = ", ".join(f":{name}" for name in _NAMES)
    db.execute(f"INSERT INTO webhooks ({_COLUMNS}) VALUES ({marks})", _row(new))


def put(db: Connection, changed: Webhook) -> None:
    """Put a changed subscription in place of the one with its id."""
    values = ", ".join(f"{name} = :{name}" for name in _NAMES if name != "id")
    db.execute(f"UPDATE webhooks SET {values} WHERE id = :id", _row(changed))


def find(db: Connection, webhook_id: str) -> Webhook | None:
    """The subscription with this id, or None."""
    row = db.execute(f"SELECT {_COLUMNS} FROM webhooks WHERE id = :id", {"id": webhook_id}).fetchone()
    return _webhook(row) if row else None


def page(db: Connection, owner: str | None, after: str, limit: int) -> list[Webhook]:
    """The subscriptions of a party, or of all, whose ids come after `after`, in the order in which they were made."""
    whose = "" if owner is None else "owner = :owner AND "
    rows = db.execute(
        f"SELECT {_COLUMNS} FROM webhooks WHERE {whose}id > :after ORDER BY id LIMIT :limit",
        {"owner": owner, "after": after, "limit": limit},
    )
    return [_webhook(row) for row in rows.fetchall()]


def count(db: Connection, owner: str) -> int:
    """How many subscriptions a party has."""
    found: int = db.execute("SELECT count(*) FROM webhooks WHERE owner = :owner", {"owner": owner}).fetchone()[0]
    return found


def remove(db: Connection, webhook_id: str) -> None:
    """Delete a subscription and the log of its attempts."""
    db.execute("DELETE FROM deliveries WHERE webhook = :id", {"id": webhook_id})
    db.execute("DELETE FROM webhooks WHERE id = :id", {"id": webhook_id})


def glimpses(db: Connection) -> list[Glimpse]:
    """Every subscription, in short."""
    rows = db.execute("SELECT id, version, enabled, ping FROM webhooks ORDER BY id")
    return [Glimpse(row[0], row[1], bool(row[2]), row[3]) for row in rows.fetchall()]


def disable(db: Connection, webhook_id: str, reason: str, at: str, by: int) -> None:
    """Note that a subscription was disabled: why, when, and the entry that says so."""
    db.execute(
        "UPDATE webhooks SET enabled = 0, disabled = :reason, disabled_at = :at, disabled_by = :by, due = NULL,"
        " version = version + 1, epoch = epoch + 1 WHERE id = :id",
        {"reason": reason, "at": at, "by": by, "id": webhook_id},
    )


def record(db: Connection, progress: Iterable[Progress], attempts: Sequence[Attempt]) -> None:
    """Note how far subscriptions are and what was attempted. What was deleted meanwhile is passed over."""
    for one in progress:
        db.execute(
            "UPDATE webhooks SET upcoming = :upcoming, attempts = :attempts, due = :due, error = :error,"
            " answered = :answered WHERE id = :webhook AND epoch = :epoch",
            one._asdict(),
        )
    tried = [known for known in dict.fromkeys(attempt.webhook for attempt in attempts) if _is_there(db, known)]
    _add_attempts(db, tried, attempts)
    for webhook_id in tried:
        db.execute(
            "DELETE FROM deliveries WHERE webhook = :id AND id <="
            " (SELECT d.id FROM deliveries d WHERE d.webhook = :id ORDER BY d.id DESC LIMIT 1 OFFSET :kept)",
            {"id": webhook_id, "kept": KEPT},
        )


def _is_there(db: Connection, webhook_id: str) -> bool:
    return db.execute("SELECT 1 FROM webhooks WHERE id = :id", {"id": webhook_id}).fetchone() is not None


def _add_attempts(db: Connection, webhook_ids: Sequence[str], attempts: Sequence[Attempt]) -> None:
    # Many rows to a statement: whoever delivers is busy, and each statement waits for the interpreter. The turn took
    # so long that clients who posted claims waited for a quarter of a second.
    buffered = Buffered(db)
    for webhook_id in webhook_ids:
        buffered.executemany(
            "INSERT INTO deliveries (webhook, message, kind, idx, attempt, at, took, answered, error)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            # Of so many at once those are not worth the writing that would be deleted right after.
            [tuple(one) for one in attempts if one.webhook == webhook_id][-KEPT:],
        )
    buffered.flush()


def ping_done(db: Connection, webhook_id: str, message: str) -> None:
    """Note that a test message was sent, whatever came of it."""
    db.execute("UPDATE webhooks SET ping = NULL WHERE id = :id AND ping = :ping", {"id": webhook_id, "ping": message})


def attempts(db: Connection, webhook_id: str, before: int, limit: int) -> list[tuple[int, Attempt]]:
    """(number, attempt) of a subscription's last attempts with a number below `before`, the newest first."""
    rows = db.execute(
        f"SELECT id, {', '.join(Attempt._fields)} FROM deliveries WHERE webhook = :id AND id < :before"
        " ORDER BY id DESC LIMIT :limit",
        {"id": webhook_id, "before": before, "limit": limit},
    )
    return [(row[0], Attempt._make(row[1:])) for row in rows.fetchall()]


def _row(webhook: Webhook) -> dict[str, Any]:
    row = {name: getattr(webhook, name) for name in _NAMES}
    return row | {"filter": json.dumps(webhook.filter), "enabled": int(webhook.enabled)}


def _webhook(row: Sequence[Any]) -> Webhook:
    values = dict(zip(_NAMES, row, strict=True))
    return Webhook(**values | {"filter": json.loads(values["filter"]), "enabled": bool(values["enabled"])})
