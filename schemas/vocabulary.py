"""The field's words, and the limits and patterns that hold everywhere. Nothing is imported here but `re`.

Tuples are in the order in which documentation lists them.
"""

from __future__ import annotations

import re

# --- words -----------------------------------------------------------------------------------------

PARTY_KINDS = ("person", "organization")

# How a claim's text relates to its source. An indirect one is a summary, and is never shown in quotation
# marks.
WORDINGS = ("direct", "document", "indirect")

RATINGS = ("true", "mostly_true", "mixed", "mostly_false", "false", "unproven")
VERDICT_STATUSES = ("standing", "superseded", "retracted")

CLAIM_STATUSES = ("unreviewed", "supported", "refuted", "mixed", "unproven", "disputed", "withdrawn")

# The side that a rating takes: reviewers on different sides make a claim `disputed`.
RATING_SIDES = {
    "true": "supported",
    "mostly_true": "supported",
    "mixed": "mixed",
    "mostly_false": "refuted",
    "false": "refuted",
    "unproven": "unproven",
}

ASSESSMENTS = ("reversal", "shift", "consistent")
ASSESSMENT_REASONS = ("redefinition", "law_changed", "new_evidence", "correction", "denial", "none")
CONTRADICTION_STATUSES = ("suggested", "confirmed", "dismissed", "disputed")

CLOCKS = ("stated", "disclosed")
SORTS = ("recorded", "-recorded", "stated", "-stated")
INCLUDES = ("entry",)

SCOPES = ("claims", "verdicts", "edit", "admin")

ENTRY_KINDS = (
    "party.recorded",
    "party.amended",
    "question.opened",
    "question.amended",
    "claim.recorded",
    "claim.amended",
    "claim.withdrawn",
    "verdict.published",
    "verdict.retracted",
    "contradiction.assessed",
    "webhook.disabled",
    "payload.erased",
)

# The actor of what the command line writes. No party may take this id.
RESERVED_PARTY_ID = "operator"

# The speaker of claims of which nobody knows who made them.
UNKNOWN_PARTY_ID = "unknown-speaker"

# What can come of a review that was sent to be taken in.
REVIEW_OUTCOMES = ("created", "matched", "superseded", "already", "refused")

# --- limits ----------------------------------------------------------------------------------------

MAX_NAME = 500  # characters of a name, title, label, role, publisher or author
MAX_TEXT = 10_000  # characters of a text, explanation, context, description, reason or part of a quotation
MAX_URL = 2_000
MAX_SLUG = 64
MAX_LANGUAGE = 100
MAX_DATE = 64
MAX_QUERY = 500  # characters of a search
MAX_CURSOR = 512

MIN_POSITIONS, MAX_POSITIONS = 2, 20
MIN_APPEARANCES, MAX_APPEARANCES = 1, 50
MIN_EVIDENCE, MAX_EVIDENCE = 1, 50
MAX_VARIANTS = 50
MAX_STANCES = 20
MAX_TAGS = 30
MAX_SAME_AS = 50
MAX_MARKUPS = 100  # reviews on a page, in Google's format
MAX_REVIEWS = 100  # that are taken in by one request

MAX_DEPTH = 20  # of the nesting of a JSON body
MAX_INTEGER = 2**53 - 1  # what every JSON reader holds exactly

DEFAULT_LIMIT, MAX_LIMIT = 50, 200
MAX_OFFSET = 1_000  # results that can be skipped without a cursor
MAX_WAIT = 25  # seconds that a poll may be held

# --- patterns (to be used with fullmatch) ----------------------------------------------------------

SLUG_PATTERN = r"[a-z0-9-]{1,64}"
ULID_PATTERN = (
    r"[0-7][0-9A-HJKMNP-TV-Z]{25}"  # Crockford's base 32 in upper case; 128 bits, so the first is 0 to 7
)
REVISION_PATTERN = r"0|[1-9][0-9]{0,15}"
SHA256_PATTERN = r"[0-9a-f]{64}"

SLUG = re.compile(SLUG_PATTERN)
ULID = re.compile(ULID_PATTERN)
SHA256 = re.compile(SHA256_PATTERN)
