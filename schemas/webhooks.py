"""Webhooks: who is told of what, and what became of it."""

from __future__ import annotations

import re
from typing import Any

from schemas.base import Document, Query, Schema, patch_of
from schemas.changes import StatusChange
from schemas.entries import ACTOR, SUBJECT
from schemas.fields import (
    Choice,
    Cursor,
    Item,
    Items,
    QueryInteger,
    Sha256,
    Shaped,
    Slug,
    StrictBoolean,
    StrictInteger,
    Text,
    Ulid,
    Url,
)
from schemas.stamps import page_of, stamp
from schemas.vocabulary import DEFAULT_LIMIT, ENTRY_KINDS, MAX_LIMIT, MAX_NAME

# Why an attempt failed. `status` is an answer that is neither 2xx nor one of the others.
ERRORS = ("dns", "address", "connection", "tls", "timeout", "response", "redirect", "status", "gone")
STATES = ("active", "failing", "paused", "disabled")
DISABLED = ("failing", "gone")
PING = "ping"

EXAMPLE: dict[str, Any] = {
    "url": "https://desk.example/hooks/onrecord",
    "filter": {"contradiction": True, "status": True},
}

_URL = "Where messages are sent by POST: https, without a user name or a fragment."
_KINDS = "Only these kinds of entries. None named: every kind."
_PARTY = "Only what concerns this party, or anything under it."
_QUESTION = "Only what concerns this question."
_CONTRADICTION = "Only claims that a party contradicted itself by. With `status`, either is enough."
_STATUS = "Only changes of the status of a claim that was there before. With `contradiction`, either is enough."
_FILTER = "What it is told of: whatever passes every part. Left out: everything."
_ENABLED = "False: nothing is sent until it is true again; then what was missed comes first."
_DESCRIPTION = "What it is for."


class Message(Shaped):
    """The id of a message: `msg_`, the subscription, and which message it is."""

    pattern = re.compile(r"msg_[0-9A-Za-z_]{1,100}")


class Secret(Shaped):
    """What messages are signed with."""

    pattern = re.compile(r"whsec_[A-Za-z0-9+/]+={0,2}")


class FilterSchema(Schema):
    """What a subscription is told of."""

    kinds = Items(Choice(ENTRY_KINDS), _KINDS, most=len(ENTRY_KINDS), unique=True)
    party = Slug(_PARTY, example="dhs")
    question = Slug(_QUESTION, example="q-voluntary")
    contradiction = StrictBoolean(_CONTRADICTION)
    status = StrictBoolean(_STATUS)


class WebhookSchema(Schema):
    """A subscription to be made."""

    url = Url(_URL, required=True, example=EXAMPLE["url"])
    description = Text(_DESCRIPTION, max=MAX_NAME, example="Tells the desk's chat.")
    filter = Item(FilterSchema, _FILTER)
    enabled = StrictBoolean(_ENABLED)


WebhookPatch = patch_of("WebhookPatch", WebhookSchema)


class ReplaySchema(Schema):
    """From where to tell again."""

    index = StrictInteger("The first entry that is told again; the size of the log, to skip to the end.", required=True)


class WebhooksQuery(Query):
    """A page of subscriptions. `limit` is always there when loaded."""

    limit = QueryInteger("How many to return at most.", minimum=1, maximum=MAX_LIMIT, load_default=DEFAULT_LIMIT)
    cursor = Cursor("The `next` of the page before.")


class DeliveriesQuery(WebhooksQuery):
    """A page of attempts, newest first. `limit` is always there when loaded."""


class FilterDocument(Document):
    """What a subscription is told of."""

    kinds = Items(Choice(ENTRY_KINDS), _KINDS)
    party = Slug(_PARTY, allow_none=True, example="dhs")
    question = Slug(_QUESTION, allow_none=True)
    contradiction = StrictBoolean(_CONTRADICTION, example=True)
    status = StrictBoolean(_STATUS, example=True)


class DisabledDocument(Document):
    """That a subscription was given up."""

    reason = Choice(DISABLED, "`failing`: every attempt failed for about 54 hours; `gone`: the receiver answered 410.")
    at = stamp("When.")
    index = StrictInteger("The entry that says so, of the kind `webhook.disabled`.", example=204)


class FailureDocument(Document):
    """That the last attempts failed."""

    attempts = StrictInteger("How many in a row.", example=3)
    error = Choice(ERRORS, "Why the last one did.", allow_none=True, example="timeout")
    answered = StrictInteger("The status that the receiver answered, if it did.", allow_none=True, example=503)
    next_attempt_at = stamp("When it is tried again; null once it was given up.", allow_none=True)


class WebhookDocument(Document):
    """A subscription."""

    id = Ulid("Its id.", example="01JDF7Q0R1S2T3V4W5X6Y7Z8A9")
    owner = Slug("The party whose token made it.", example="example-desk")
    url = Url(_URL, example=EXAMPLE["url"])
    description = Text(_DESCRIPTION, allow_none=True)
    filter = Item(FilterDocument, _FILTER)
    enabled = StrictBoolean(_ENABLED, example=True)
    state = Choice(STATES, "`failing`: it is tried again; `paused`: by its owner; `disabled`: it was given up.")
    next = StrictInteger("The first entry that it was not told of yet, or that was passed over.", example=200)
    failure = Item(FailureDocument, "Null unless the last attempts failed.", allow_none=True)
    disabled = Item(DisabledDocument, "Null unless it was given up.", allow_none=True)
    secret = Secret(
        "Only in the answer that made it: what messages are signed with.",
        sometimes=True,
        example="whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD",
    )
    former_secret_until = stamp("Until when the secret before signs as well, if it does.", allow_none=True)
    created_at = stamp("When it was made (UTC).")
    updated_at = stamp("When its owner last changed it (UTC).")


WebhooksPage = page_of("WebhooksPage", WebhookDocument)


class DeliveryDocument(Document):
    """One attempt to deliver a message."""

    message = Message("Its `webhook-id`, the same in each attempt.", example="msg_01JDF7Q0R1_17_9f3c51d2")
    kind = Choice((*ENTRY_KINDS, PING), "The `type` of the message.", example="verdict.published")
    index = StrictInteger("The entry that it tells of; null for a ping.", allow_none=True, example=17)
    attempt = StrictInteger("Which attempt it was, from 1.", example=1)
    at = stamp("When it began (UTC).")
    milliseconds = StrictInteger("How long it took.", example=48)
    delivered = StrictBoolean("Whether the receiver took it.", example=True)
    answered = StrictInteger("The status that the receiver answered, if it did.", allow_none=True, example=204)
    error = Choice(ERRORS, "Why it failed, if it did.", allow_none=True)


DeliveriesPage = page_of("DeliveriesPage", DeliveryDocument)


class PingDocument(Document):
    """That a test message will be sent."""

    message = Message("Its `webhook-id`.", example="msg_01JDF7Q0R1_ping_01JDF7Q0R1S2T3V4W5X6Y7Z8A9")


class MessageData(Document):
    """What a message tells of an entry: where to read on, and no words, since words can be erased."""

    index = StrictInteger("The number of the entry.", example=18)
    kind = Choice(ENTRY_KINDS, "What happened.", example="verdict.published")
    subject = Shaped(SUBJECT, example="verdict/01JDF5B2C3D4E5F6G7H8J9K0MN")
    actor = Shaped(ACTOR, example="example-desk")
    url = Url("Where what it is about stands.", example="https://record.example/v1/verdicts/01JDF5B2C3D4E5F6G7H8J9K0MN")
    claim = Ulid("The claim that it concerns, if it is one.", allow_none=True)
    status = Item(StatusChange, "Null unless a claim's status changed.", allow_none=True)
    contradicts = Items(Ulid(), "The claims of the same party that the claim opposes by this very entry, some of them.")
    leaf_hash = Sha256("The leaf of the entry: what a proof of inclusion is checked with.")


class MessageDocument(Document):
    """What a receiver is sent. Its id, time and signature are in the headers (Standard Webhooks)."""

    type = Choice(ENTRY_KINDS, "The kind of the entry.", example="verdict.published")
    timestamp = stamp("When the entry was appended (UTC).")
    version = StrictInteger("Of this shape: more members may come without a new one.", example=1)
    data = Item(MessageData, "What it tells.")
