"""What a party does with its subscriptions. Each function that changes one is called within a writer's turn, refuses
before it writes, and gives back what is stored then."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import orjson
from ulid import ULID

from api.domain.entries import instant
from api.domain.record import Body
from api.errors import InvalidRequest, NotFound, TooManyWebhooks
from api.interop.webhooks import addresses, messages
from api.interop.webhooks.addresses import Network
from api.reads import lists
from api.storage import log, webhooks
from api.storage.keys import Token
from api.storage.log import Connection
from api.storage.webhooks import Attempt, Webhook

# How many subscriptions a party may have: each entry may become a message to every one of them.
MOST = 100
# For how long the secret before signs beside a new one, so that the receiver can be told of it meanwhile.
BESIDE = timedelta(hours=24)


def owned(db: Connection, webhook_id: str, token: Token) -> Webhook:
    """A subscription of the token's party; of any for `admin`. Raises NotFound, also for those of others."""
    found = webhooks.find(db, webhook_id)
    if found is None or not (found.owner == token.party or token.allows("admin")):
        raise NotFound.of(f"webhook/{webhook_id}")
    return found


def check(db: Connection, body: Body, networks: Sequence[Network]) -> None:
    """Refuse a body whose address can never be called, or that names what is not on record. Raises InvalidRequest."""
    addresses.check(body["url"], networks)
    for name in ("party", "question"):
        if named := body.get("filter", {}).get(name):
            lists.number(db, name, named, f"filter/{name}")


def add(db: Connection, body: Body, owner: str, networks: Sequence[Network]) -> Webhook:
    """Make a subscription that is told of whatever is appended from now on. Raises InvalidRequest, TooManyWebhooks."""
    check(db, body, networks)
    if webhooks.count(db, owner) >= MOST:
        raise TooManyWebhooks(f"'{owner}' has {MOST} webhooks, which is the most: delete one that is of no use.")
    made = Webhook(
        id=str(ULID()),
        owner=owner,
        url=body["url"],
        description=body.get("description"),
        filter=body.get("filter", {}),
        secret=messages.new_secret(),
        created_at=_now(),
        updated_at=_now(),
        upcoming=log.head(db).size,
        enabled=body.get("enabled", True),
    )
    webhooks.add(db, made)
    return made


def body_of(webhook: Webhook) -> Body:
    """The body that a merge patch is applied to."""
    body = {"url": webhook.url, "description": webhook.description, "filter": webhook.filter}
    return {name: value for name, value in body.items() if value is not None} | {"enabled": webhook.enabled}


def amend(db: Connection, webhook: Webhook, body: Body, networks: Sequence[Network]) -> Webhook:
    """Put a changed body in place of a subscription's. One that is enabled again is tried again at once, and told of
    what it missed first. Raises InvalidRequest."""
    check(db, body, networks)
    after = replace(
        webhook,
        url=body["url"],
        description=body.get("description"),
        filter=body.get("filter", {}),
        enabled=body.get("enabled", True),
    )
    if after.enabled and not webhook.enabled:
        after = _afresh(replace(after, disabled=None, disabled_at=None, disabled_by=None))
    return _put(db, after)


def replay(db: Connection, webhook: Webhook, index: int) -> Webhook:
    """Tell a subscription of everything from an entry on, again or for the first time. Raises InvalidRequest beyond the
    end of the log."""
    size = log.head(db).size
    if index > size:
        raise InvalidRequest.of("/index", f"The log has {size} entries: send a number up to {size}.", "range")
    return _put(db, _afresh(replace(webhook, upcoming=index)))


def rotate(db: Connection, webhook: Webhook) -> Webhook:
    """Give a subscription a new secret. The one before signs beside it for `BESIDE`; one that was before that, no
    more."""
    until = instant(datetime.now(UTC) + BESIDE)
    return _put(db, replace(webhook, secret=messages.new_secret(), former=webhook.secret, former_until=until))


def ping(db: Connection, webhook: Webhook) -> Webhook:
    """Have a test message sent to a subscription, also where it is paused or disabled."""
    asked = replace(webhook, ping=messages.ping_id(webhook.id, str(ULID())))
    webhooks.put(db, asked)
    return asked


def signing(webhook: Webhook, now: str) -> list[str]:
    """The secrets that a message is signed with at an instant, the newest first."""
    former = webhook.former if webhook.former_until and now < webhook.former_until else None
    return [webhook.secret, *([former] if former else [])]


def document(webhook: Webhook, *, with_secret: bool = False) -> bytes:
    """The document of a subscription (`schemas.webhooks.WebhookDocument`)."""
    chosen = {name: webhook.filter.get(name) for name in ("kinds", "party", "question", "contradiction", "status")}
    chosen = (
        {"kinds": chosen["kinds"] or []}
        | {name: chosen[name] for name in ("party", "question")}
        | {name: bool(chosen[name]) for name in ("contradiction", "status")}
    )
    members = {
        "id": webhook.id,
        "owner": webhook.owner,
        "url": webhook.url,
        "description": webhook.description,
        "filter": chosen,
        "enabled": webhook.enabled,
        "state": _state(webhook),
        "next": webhook.upcoming,
        "failure": _failure(webhook),
        "disabled": _disabled(webhook),
        "former_secret_until": webhook.former_until if len(signing(webhook, _now())) > 1 else None,
        "created_at": webhook.created_at,
        "updated_at": webhook.updated_at,
    }
    return orjson.dumps(members | ({"secret": webhook.secret} if with_secret else {}))


def delivery(attempt: Attempt) -> bytes:
    """The document of an attempt (`schemas.webhooks.DeliveryDocument`)."""
    return orjson.dumps(
        {
            "message": attempt.message,
            "kind": attempt.kind,
            "index": attempt.idx,
            "attempt": attempt.attempt,
            "at": attempt.at,
            "milliseconds": attempt.took,
            "delivered": attempt.error is None,
            "answered": attempt.answered,
            "error": attempt.error,
        }
    )


def _put(db: Connection, changed: Webhook) -> Webhook:
    changed = replace(changed, version=changed.version + 1, updated_at=_now())
    webhooks.put(db, changed)
    return changed


def _afresh(webhook: Webhook) -> Webhook:
    """The subscription as if nothing had failed; what is under way counts no more."""
    return replace(webhook, epoch=webhook.epoch + 1, attempts=0, due=None, error=None, answered=None)


def _state(webhook: Webhook) -> str:
    if webhook.disabled:
        return "disabled"
    if not webhook.enabled:
        return "paused"
    return "failing" if webhook.attempts else "active"


def _failure(webhook: Webhook) -> Body | None:
    if not webhook.attempts:
        return None
    return {
        "attempts": webhook.attempts,
        "error": webhook.error,
        "answered": webhook.answered,
        "next_attempt_at": webhook.due,
    }


def _disabled(webhook: Webhook) -> Body | None:
    if not webhook.disabled:
        return None
    return {"reason": webhook.disabled, "at": webhook.disabled_at, "index": webhook.disabled_by}


def _now() -> str:
    return instant(datetime.now(UTC))
