"""Parties: who speaks, whom they speak for, and who reviews."""

from __future__ import annotations

from typing import Any

from schemas.base import Document, Schema, patch_of, refuse
from schemas.fields import Choice, Items, Name, Slug, StrictInteger, Text, Url
from schemas.queries import ListQuery
from schemas.stamps import RECORDED_AT, REVISION, UPDATED_AT, erased, page_of, recorded_by, stamp
from schemas.vocabulary import MAX_SAME_AS, PARTY_KINDS, RESERVED_PARTY_ID

EXAMPLE: dict[str, Any] = {
    "id": "ice",
    "name": "U.S. Immigration and Customs Enforcement",
    "kind": "organization",
    "parent": "dhs",
    "same_as": ["https://www.wikidata.org/wiki/Q501542"],
}

_ID = "Chosen once, never changed."
_PARENT = "The organisation above it; of a person, the organisation that the person belongs to."
_SAME_AS = "Addresses that stand for the same party, Wikidata's above all."


class PartySchema(Schema):
    """A person or organisation to be put on record."""

    id = Slug(_ID, required=True, example="ice")
    name = Name("As it is written.", required=True, example=EXAMPLE["name"])
    kind = Choice(PARTY_KINDS, "Cannot be changed later.", required=True, example="organization")
    parent = Slug(_PARENT, example="dhs")
    description = Text("What a reader should know about it.", example="Runs Secure Communities.")
    same_as = Items(Url(example=EXAMPLE["same_as"][0]), _SAME_AS, most=MAX_SAME_AS, unique=True)

    def cross_check(self, values: dict[str, Any]) -> None:
        """No party takes the command line's name, and none is its own parent."""
        if values["id"] == RESERVED_PARTY_ID:
            raise refuse(
                f"{RESERVED_PARTY_ID!r} is the name of the command line: choose another id.", "reserved", "id"
            )
        if values.get("parent") == values["id"]:
            raise refuse(
                "A party is not its own parent: name the one above it, or leave it out.",
                "own-parent",
                "parent",
            )


PartyPatch = patch_of(
    "PartyPatch",
    PartySchema,
    without=("id", "kind"),
    reason=Text("Why it is changed.", required=True, example="The agency was renamed."),
)


class PartiesQuery(ListQuery):
    """All parties, in the order of their ids."""


class PartyDocument(Document):
    """A party on record."""

    id = Slug(_ID, example="ice")
    name = Name("As it is written.", example=EXAMPLE["name"])
    kind = Choice(PARTY_KINDS, "A person or an organisation.", example="organization")
    parent = Slug(_PARENT, allow_none=True, example="dhs")
    description = Text("What a reader should know about it.", allow_none=True)
    same_as = Items(Url(example=EXAMPLE["same_as"][0]), _SAME_AS)
    erased = erased("the party")
    revision = StrictInteger(REVISION, example=2)
    recorded_at = stamp(RECORDED_AT)
    updated_at = stamp(UPDATED_AT)
    recorded_by = recorded_by()


PartiesPage = page_of("PartiesPage", PartyDocument)
