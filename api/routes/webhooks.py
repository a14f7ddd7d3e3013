"""Webhooks: a party's subscriptions, and what became of their messages. Whoever has a token sees its party's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson

from api import auth, errors, http
from api.domain.record import merged
from api.interop.webhooks import subscriptions
from api.ledger import Turn
from api.openapi import Blueprint, documented
from api.reads import cursors, lists
from api.reads.lists import Page
from api.routes import writing
from api.routes.writing import Reply
from api.storage import webhooks
from api.storage.keys import Token
from api.storage.log import Connection
from api.storage.webhooks import Webhook
from schemas.queries import NoQuery
from schemas.webhooks import (
    EXAMPLE,
    DeliveriesPage,
    DeliveriesQuery,
    PingDocument,
    ReplaySchema,
    WebhookDocument,
    WebhookPatch,
    WebhookSchema,
    WebhooksPage,
    WebhooksQuery,
)

blueprint = Blueprint("webhooks", __name__, url_prefix="/v1/webhooks", description="Being called instead of polling.")

WEBHOOK, LIST, DELIVERIES, REPLAY, NO_QUERY = (
    WebhookSchema(),
    WebhooksQuery(),
    DeliveriesQuery(),
    ReplaySchema(),
    NoQuery(),
)

Change = Callable[[Connection, Webhook], Webhook]


def _own() -> Token:
    """The token of a read. The primary answers it, which has all that a Consistency-Token can stand for."""
    token = auth.present()
    http.consistency_token()
    return token


@blueprint.route("")
@documented(summary="List webhooks", query=WebhooksQuery, answers={200: WebhooksPage}, own=True, headers=["Link"])
def index() -> http.Answer:
    """The webhooks of the token's party, or of every party for `admin`, oldest first. Their secrets are not shown."""
    asked = http.query(LIST)
    db = http.house().database.reader()
    token = _own()
    after = cursors.decode(asked.get("cursor"), "w", str)
    owner = None if token.allows("admin") else token.party
    found = webhooks.page(db, owner, after[0] if after else "", asked["limit"] + 1)
    shown = found[: asked["limit"]]
    following = cursors.encode("w", shown[-1].id) if len(found) > len(shown) else None
    return _listed(Page([subscriptions.document(webhook) for webhook in shown], following))


@blueprint.route("", methods=["POST"])
@documented(
    summary="Make a webhook",
    body=WebhookSchema,
    example=EXAMPLE,
    answers={201: WebhookDocument},
    headers=["Location"],
    own=True,
    problems=[errors.TooManyWebhooks],
)
def add() -> http.Answer:
    """It is told of what is appended from now on. Keep `secret`: it is shown only in this answer."""
    token = auth.require()
    body = http.body(WEBHOOK)
    networks = http.house().settings.webhook_networks

    def doing(turn: Turn) -> Reply:
        made = subscriptions.add(turn.db, body, token.party, networks)
        location = ("Location", f"/v1/webhooks/{made.id}")
        return Reply(201, [location], subscriptions.document(made, with_secret=True))

    return _in_turn(token, doing)


@blueprint.route("/<ulid:webhook_id>")
@documented(summary="Read a webhook", query=NoQuery, answers={200: WebhookDocument}, own=True)
def read(webhook_id: str) -> http.Answer:
    """The webhook as it stands: whether it is told of everything, or why not."""
    http.query(NO_QUERY)
    db = http.house().database.reader()
    found = subscriptions.owned(db, webhook_id, _own())
    return http.answer(subscriptions.document(found), cache=http.NO_STORE)


@blueprint.route("/<ulid:webhook_id>", methods=["PATCH"])
@documented(summary="Change a webhook", body=WebhookPatch, patch=True, answers={200: WebhookDocument}, own=True)
def amend(webhook_id: str) -> http.Answer:
    """No `reason` and no `If-Match`: it is the party's own, and no part of the record. `{"enabled": true}` takes up
    again one that was paused or disabled, with what it missed first."""
    token = auth.require()
    patch = http.merge_patch()
    WEBHOOK.check_names(patch)
    networks = http.house().settings.webhook_networks

    def change(db: Connection, webhook: Webhook) -> Webhook:
        return subscriptions.amend(db, webhook, _patched(webhook, patch), networks)

    # What is wrong with the patch shows here, before others wait for it.
    _patched(subscriptions.owned(http.house().database.reader(), webhook_id, token), patch)
    return _changed(token, webhook_id, change)


@blueprint.route("/<ulid:webhook_id>", methods=["DELETE"])
@documented(summary="Delete a webhook", answers={204: None}, own=True)
def remove(webhook_id: str) -> http.Answer:
    """Nothing more is sent to it, and its deliveries are forgotten."""
    token = auth.require()
    http.no_body()

    def doing(turn: Turn) -> Reply:
        webhooks.remove(turn.db, subscriptions.owned(turn.db, webhook_id, token).id)
        return Reply(204, [], b"")

    return _in_turn(token, doing)


@blueprint.route("/<ulid:webhook_id>/deliveries")
@documented(
    summary="List a webhook's deliveries",
    query=DeliveriesQuery,
    answers={200: DeliveriesPage},
    own=True,
    headers=["Link"],
)
def deliveries(webhook_id: str) -> http.Answer:
    """The last attempts, newest first: a hundred are kept."""
    asked = http.query(DELIVERIES)
    db = http.house().database.reader()
    found = subscriptions.owned(db, webhook_id, _own())
    after = cursors.decode(asked.get("cursor"), "-w", int)
    rows = webhooks.attempts(db, found.id, after[0] if after else 2**62, asked["limit"] + 1)
    shown = rows[: asked["limit"]]
    following = cursors.encode("-w", shown[-1][0]) if len(rows) > len(shown) else None
    return _listed(Page([subscriptions.delivery(attempt) for _, attempt in shown], following))


@blueprint.route("/<ulid:webhook_id>/replay", methods=["POST"])
@documented(
    summary="Tell a webhook again",
    body=ReplaySchema,
    example={"index": 0},
    answers={200: WebhookDocument},
    own=True,
)
def replay(webhook_id: str) -> http.Answer:
    """Every entry from `index` on that passes the filter is sent, in order; what was sent before has the same
    `webhook-id` again."""
    token = auth.require()
    first = http.body(REPLAY)["index"]
    return _changed(token, webhook_id, lambda db, webhook: subscriptions.replay(db, webhook, first))


@blueprint.route("/<ulid:webhook_id>/ping", methods=["POST"])
@documented(summary="Send a test message", answers={202: PingDocument}, own=True)
def ping(webhook_id: str) -> http.Answer:
    """A message of the type `ping` is sent once, within seconds, also while the webhook is paused or disabled. What
    came of it is among the deliveries."""
    token = auth.require()
    http.no_body()

    def doing(turn: Turn) -> Reply:
        webhook = subscriptions.ping(turn.db, subscriptions.owned(turn.db, webhook_id, token))
        return Reply(202, [], orjson.dumps({"message": webhook.ping}))

    return _in_turn(token, doing)


@blueprint.route("/<ulid:webhook_id>/secret", methods=["POST"])
@documented(summary="Change a webhook's secret", answers={200: WebhookDocument}, own=True)
def rotate(webhook_id: str) -> http.Answer:
    """Keep `secret`: it is shown only in this answer. For 24 hours messages are signed with the one before as well."""
    token = auth.require()
    http.no_body()
    return _changed(token, webhook_id, subscriptions.rotate, with_secret=True)


def _in_turn(token: Token, doing: Callable[[Turn], Reply]) -> http.Answer:
    def here(turn: Turn) -> Reply:
        # What is changed in a copy, or where the record was moved away from, nobody would ever deliver.
        turn.refuse_others()
        return doing(turn)

    return writing.in_turn(token, here)


def _changed(token: Token, webhook_id: str, change: Change, *, with_secret: bool = False) -> http.Answer:
    def doing(turn: Turn) -> Reply:
        changed = change(turn.db, subscriptions.owned(turn.db, webhook_id, token))
        return Reply(200, [], subscriptions.document(changed, with_secret=with_secret))

    return _in_turn(token, doing)


def _patched(webhook: Webhook, patch: dict[str, Any]) -> dict[str, Any]:
    loaded: dict[str, Any] = WEBHOOK.load(merged(subscriptions.body_of(webhook), patch))
    return loaded


def _listed(page: Page) -> http.Answer:
    links = [http.link_next(http.next_url(page.next))] if page.next else []
    return http.answer(lists.rendered(page), headers=links, cache=http.NO_STORE)
