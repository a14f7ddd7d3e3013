"""Where something was found: the appearances of a claim, and the evidence of a verdict or assessment."""

from __future__ import annotations

from typing import Any

from schemas.base import Document, Schema
from schemas.fields import EdtfDate, Item, Name, Text, Url

EXAMPLE: dict[str, Any] = {
    "url": "https://fairimmigration.wordpress.com/2011/04/25/investigation-secure-comms/",
    "title": "Rep. Lofgren Calls for Investigation of Secure Communities",
    "publisher": "Fair Immigration (blog)",
    "author": "Mary Moreno",
    "published_on": "2011-04-25",
}

_PUBLISHED = "When it was published: an EDTF date."
_ARCHIVED = "A copy that will not change."


class QuoteSchema(Schema):
    """The place in the source, after the text quote selector of the Web Annotation model."""

    exact = Text(
        "The words as they stand in the source.", required=True, example="is not voluntary and never has been"
    )
    prefix = Text("What stands before them.", example="Secure Communities ")
    suffix = Text("What stands after them.", example=". Unfortunately,")


class SourceSchema(Schema):
    """A page, paper or recording that can be looked up."""

    url = Url("Where it is: http or https.", required=True, example=EXAMPLE["url"])
    title = Name("Its title.", example=EXAMPLE["title"])
    publisher = Name("Who published it.", example=EXAMPLE["publisher"])
    author = Name("Who wrote it.", example=EXAMPLE["author"])
    published_on = EdtfDate(_PUBLISHED, example="2011-04-25")
    archived_url = Url(_ARCHIVED)
    quote = Item(QuoteSchema, "The place in it.")


class QuoteDocument(Document):
    """The place in the source."""

    exact = Text("The words as they stand in the source.", example="is not voluntary and never has been")
    prefix = Text("What stands before them.", allow_none=True)
    suffix = Text("What stands after them.", allow_none=True)


class SourceDocument(Document):
    """A page, paper or recording that can be looked up."""

    url = Url("Where it is.", example=EXAMPLE["url"])
    title = Name("Its title.", allow_none=True, example=EXAMPLE["title"])
    publisher = Name("Who published it.", allow_none=True, example=EXAMPLE["publisher"])
    author = Name("Who wrote it.", allow_none=True, example=EXAMPLE["author"])
    published_on = EdtfDate(_PUBLISHED, allow_none=True, example="2011-04-25")
    archived_url = Url(_ARCHIVED, allow_none=True)
    quote = Item(QuoteDocument, "The place in it.", allow_none=True)
