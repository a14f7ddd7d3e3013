"""Entries: the log itself, with everything that is needed to compute its hashes again."""

from __future__ import annotations

from schemas.base import Document
from schemas.fields import Choice, Sha256, Shaped, StrictInteger, Text
from schemas.stamps import erased, stamp
from schemas.vocabulary import ENTRY_KINDS, MAX_INTEGER

SUBJECT = (
    "What it is about: `party/ID`, `question/ID`, `claim/ULID`, `verdict/ULID`, `contradiction/ULID:ULID`"
    " or `webhook/ULID`."
)
ACTOR = "The party whose token it was, or `operator` for the command line."


class EntryDocument(Document):
    """One entry of the log. Everything but an erased payload is for ever."""

    index = StrictInteger("Its number; the first is 0.", example=17)
    recorded_at = stamp("When it was appended (UTC).")
    kind = Choice(ENTRY_KINDS, "What happened.", example="claim.recorded")
    subject = Shaped(SUBJECT, example="claim/01JDF3QZ5W8N6T2K4M7R9V0XAB")
    actor = Shaped(ACTOR, example="example-desk")
    payload = Text(
        "The exact bytes that were hashed (RFC 8785), as one text; null if it was erased.",
        max=MAX_INTEGER,
        blank=True,
        allow_none=True,
        example='{"kind":"organization","name":"U.S. Department of Homeland Security"}',
    )
    salt = Sha256("32 random bytes in hexadecimal; null if it was erased.", allow_none=True)
    payload_hash = Sha256("SHA-256 of salt and payload.")
    leaf_hash = Sha256("The hash of the leaf (RFC 6962).")
    erased = erased("the payload")
