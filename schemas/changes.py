"""Changes: the log as bots follow it."""

from __future__ import annotations

from schemas.base import Document, Query
from schemas.entries import ACTOR, SUBJECT, EntryDocument
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
    Ulid,
)
from schemas.stamps import stamp
from schemas.vocabulary import CLAIM_STATUSES, DEFAULT_LIMIT, ENTRY_KINDS, INCLUDES, MAX_LIMIT, MAX_WAIT


class ChangesQuery(Query):
    """What happened since a cursor. `limit` and `wait` are always there when loaded."""

    since = Cursor("The `next` of the answer before; left out, the beginning; `now`, just a cursor.")
    limit = QueryInteger(
        "How many to return at most.", minimum=1, maximum=MAX_LIMIT, load_default=DEFAULT_LIMIT
    )
    wait = QueryInteger(
        "Seconds to hold the request until something is new.", maximum=MAX_WAIT, load_default=0
    )
    kind = Choice(ENTRY_KINDS, "Only this kind of entry.")
    party = Slug("Only what concerns this party, or anything under it.")
    question = Slug("Only what concerns this question.")
    reviewer = Slug("Only this reviewer's verdicts and assessments.")
    include = Choice(INCLUDES, "`entry`: each change carries its entry.")


class EntryQuery(Query):
    """An entry takes no parameter: it never changes."""


class StatusChange(Document):
    """The claim's status before and after."""

    from_ = Choice(
        CLAIM_STATUSES,
        "Before; null if the claim is new.",
        data_key="from",
        allow_none=True,
        example="unreviewed",
    )
    to = Choice(CLAIM_STATUSES, "After.", example="refuted")


class ChangeDocument(Document):
    """One entry of the log, in short."""

    index = StrictInteger("The number of the entry.", example=18)
    at = stamp("When it was appended (UTC).")
    kind = Choice(ENTRY_KINDS, "What happened.", example="verdict.published")
    subject = Shaped(SUBJECT, example="verdict/01JDF5B2C3D4E5F6G7H8J9K0MN")
    actor = Shaped(ACTOR, example="example-desk")
    url = Shaped(
        "Where what it is about stands.", allow_none=True, example="/v1/verdicts/01JDF5B2C3D4E5F6G7H8J9K0MN"
    )
    claim = Ulid(
        "The claim that it concerns, if it is one.", allow_none=True, example="01JDF3QZ5W8N6T2K4M7R9V0XAB"
    )
    status = Item(StatusChange, "Null unless a claim's status changed.", allow_none=True)
    entry = Item(EntryDocument, "Only with `include=entry`.", sometimes=True)


class HeadDocument(Document):
    """The log as it stood when the answer was made."""

    size = StrictInteger("How many entries it had.", example=19)
    root = Sha256("The root of the tree over them (RFC 6962).")


class ChangesPage(Document):
    """What happened, in order, and where to go on."""

    changes = Items(Item(ChangeDocument), "Ascending, without holes but for what the filters skipped.")
    next = Cursor("Always there: pass it as `since`.")
    has_more = StrictBoolean("True if the next request will not have to wait.", example=False)
    head = Item(HeadDocument, "The log when this was answered.")
    poll_after = StrictInteger("Seconds after which to ask again.", example=5)
