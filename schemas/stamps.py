"""What every document on record carries, and what pages of lists look like."""

from __future__ import annotations

import re
from typing import Any

from schemas.base import Document
from schemas.fields import Cursor, Item, Items, Shaped, Slug, StrictBoolean, StrictInteger, Text

REVISION = (
    "The index of the entry that made this version of the document. In quotation marks, it is the ETag."
)
RECORDED_AT = "When it was put on record (UTC)."
UPDATED_AT = "When this version was made (UTC)."
NEXT = "The cursor of the next page; null on the last one."


class Instant(Shaped):
    """An instant as the ledger writes it: UTC, with three decimals."""

    pattern = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
    remedy = "is not an instant as the ledger writes it: 2026-11-24T10:00:00.000Z."


def stamp(description: str, *, allow_none: bool = False) -> Instant:
    """A time that the ledger has set."""
    return Instant(description, example="2026-11-24T10:00:00.000Z", allow_none=allow_none)


def recorded_by() -> Slug:
    """Who put it on record."""
    return Slug("The party whose token it was, or `operator` for the command line.", example="example-desk")


class ErasedDocument(Document):
    """That words were erased on a legal order: `[erased]` stands for them, and what could be left out is gone."""

    reason = Text("Why.", example="Order of the Exampleton court, case 12/2026.")
    at = stamp("When.")
    by = recorded_by()
    index = StrictInteger("The entry that says so, of the kind `payload.erased`.", example=204)


def erased(what: str) -> Item:
    """What is shown in place of erased words."""
    return Item(ErasedDocument, f"Null unless words of {what} were erased: why, when and by whom.", allow_none=True)


def page_of(name: str, document: type[Document], **others: Any) -> type[Document]:
    """The schema `name` of a page: `items` of one kind of document, `next`, and `others`."""
    members = {
        "items": Items(Item(document), "The page, in order."),
        "next": Cursor(NEXT, allow_none=True),
        **others,
        "__doc__": f"A page of {document.__name__}.",
    }
    return type(name, (Document,), members)


def snippet() -> Text:
    """What a search adds to each item."""
    return Text(
        "Only in a search: the words around the match, HTML-escaped, with each match in <mark> tags.",
        blank=True,
        sometimes=True,
        example="Secure Communities is not <mark>voluntary</mark> and never has been.",
    )


def truncated() -> StrictBoolean:
    """What a search adds to its page."""
    return StrictBoolean(
        "Only in a search: true if there were so many matches that only part was ranked.", sometimes=True
    )
