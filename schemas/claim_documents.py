"""What is answered about claims."""

from __future__ import annotations

from typing import Any

import marshmallow.fields as stock

from schemas.base import Document
from schemas.fields import (
    Choice,
    EdtfDate,
    Item,
    Items,
    Language,
    Name,
    Sha256,
    Shaped,
    Slug,
    StrictBoolean,
    StrictInteger,
    Text,
    Ulid,
    Url,
)
from schemas.sources import SourceDocument
from schemas.stamps import RECORDED_AT, REVISION, UPDATED_AT, erased, page_of, recorded_by, snippet, stamp, truncated
from schemas.verdicts import VerdictDocument
from schemas.vocabulary import CLAIM_STATUSES, ENTRY_KINDS, RELATIONS, WORDINGS

TEXT = (
    "Secure Communities is not voluntary and never has been. Unfortunately, this was not communicated "
    "as clearly as it should have been to state and local jurisdictions by ICE when the program began."
)
ULID = "01JDF3QZ5W8N6T2K4M7R9V0XAB"


class AttributionDocument(Document):
    """Whose words they are."""

    speaker = Slug("The party who said it.", example="dhs-official-2011-04")
    on_behalf_of = Slug("The party spoken for.", allow_none=True, example="dhs")
    role = Name("In which role.", allow_none=True, example="official, unnamed")
    reported_through = Slug("The party that passed the words on.", allow_none=True)


class VariantDocument(Document):
    """The same words as they stand elsewhere."""

    text = Text("The words there.")
    url = Url("Where.", allow_none=True)
    note = Text("What differs, and why.", allow_none=True)


class StanceDocument(Document):
    """The position that the claim takes on a question."""

    question = Slug("The question.", example="sc-voluntary")
    position = Slug("One of its positions.", example="mandatory")
    reasoning = Text("Why the words take this position.", allow_none=True)


class WithdrawalDocument(Document):
    """When, by whom and why a claim was withdrawn."""

    reason = Text("Why.")
    at = stamp("When.")
    by = recorded_by()


class RelationDocument(Document):
    """What another claim is to this one."""

    claim = Ulid("The other claim.", example="01JDF3QZ5W8N6T2K4M7R9V0XAA")
    relation = Choice(RELATIONS, "`same`: the same statement again.", example="same")
    at = stamp("When that was said.")
    by = recorded_by()


class ClaimDocument(Document):
    """A claim on record, with its verdicts and the status that they give it."""

    id = Ulid("Its ULID.", example=ULID)
    text = Text("The words as they stand in the source.", example=TEXT)
    text_sha256 = Sha256(
        "SHA-256 of the text in UTF-8: what a verdict judged. Null once the text is erased.", allow_none=True
    )
    wording = Choice(
        WORDINGS, "An indirect claim is a summary, not to be shown in quotation marks.", example="direct"
    )
    language = Language("BCP 47.", allow_none=True, example="en")
    attribution = Item(AttributionDocument, "Whose words they are.")
    stated_on = EdtfDate(
        "When it was said, as it was given; null if unknown.", allow_none=True, example="2011-04"
    )
    disclosed_on = EdtfDate(
        "When the public could know: as given, else `stated_on`.", allow_none=True, example="2011-04"
    )
    context = Text(
        "On what occasion, to whom.", allow_none=True, example="Statement to the Los Angeles Times."
    )
    appearances = Items(Item(SourceDocument), "Where it was found.")
    variants = Items(Item(VariantDocument), "The same words as they stand elsewhere.")
    stances = Items(Item(StanceDocument), "One for each question at most.")
    tags = Items(Slug(example="secure-communities"), "For finding it again.")
    status = Choice(CLAIM_STATUSES, "What the reviewers' standing verdicts say.", example="unreviewed")
    stale = StrictBoolean("True if a verdict that counts judged an earlier text.", example=False)
    verdicts = Items(Item(VerdictDocument), "All of them, oldest first.")
    withdrawn = Item(WithdrawalDocument, "Null unless it was withdrawn.", allow_none=True)
    relations = Items(
        Item(RelationDocument), "What other claims were found to be to this one; left out where none.", sometimes=True
    )
    erased = erased("the claim")
    revision = StrictInteger(REVISION, example=17)
    recorded_at = stamp(RECORDED_AT)
    updated_at = stamp(UPDATED_AT)
    recorded_by = recorded_by()


class LikelyDocument(Document):
    """A claim that may be the same."""

    claim = Ulid("Its ULID.", example="01JDF3QZ5W8N6T2K4M7R9V0XAA")
    url = Shaped("Where it stands.", example="/v1/claims/01JDF3QZ5W8N6T2K4M7R9V0XAA")
    score = stock.Float(metadata={"description": "From 0 to 1.", "minimum": 0, "maximum": 1, "example": 0.91})


class ClaimRecorded(ClaimDocument):
    """A claim that was just recorded, with what may be the same among those before it."""

    matches = Items(Item(LikelyDocument), "Likely duplicates, the likeliest first; none of them was looked at closely.")


class ClaimFound(ClaimDocument):
    """A claim in a list. In a search it carries a snippet."""

    snippet = snippet()


class ClaimExcerpt(Document):
    """A claim in short."""

    claim = Ulid("Its ULID.", example=ULID)
    url = Shaped("Where it stands in full.", example=f"/v1/claims/{ULID}")
    text = Text("The words as they stand in the source.", example=TEXT)
    wording = Choice(
        WORDINGS, "An indirect claim is a summary, not to be shown in quotation marks.", example="direct"
    )
    attribution = Item(AttributionDocument, "Whose words they are.")
    stated_on = EdtfDate("When it was said; null if unknown.", allow_none=True, example="2011-04")
    disclosed_on = EdtfDate("When the public could know.", allow_none=True, example="2011-04")
    erased = erased("the claim")
    status = Choice(CLAIM_STATUSES, "What the reviewers' standing verdicts say.", example="unreviewed")


class HistoryItem(Document):
    """One change of a claim, and the claim as it stood after it."""

    index = StrictInteger("The entry that made it.", example=17)
    at = stamp("When.")
    kind = Choice(ENTRY_KINDS, "What happened.", example="claim.recorded")
    actor = recorded_by()
    claim: Any = Item(ClaimDocument, "The claim after it.", allow_none=True)


ClaimsPage = page_of("ClaimsPage", ClaimFound, truncated=truncated())
HistoryPage = page_of("HistoryPage", HistoryItem)
