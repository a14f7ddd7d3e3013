"""Pages: all that one reviewer publishes at one address, as far as it stands.

A page is no record of its own. Its id follows from the address and the reviewer (`api.domain.reviewed`), so a verdict
that was published in any other way stands on the page of its `url`, too. What was sent in this format is given back as
it was sent; what was not is put together from the documents.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import orjson

from api.domain import reviewed
from api.errors import NotFound
from api.interop.factchecktools.answers import Record, asked_site, filled, textual_rating
from api.interop.factchecktools.search import after, page_size
from api.interop.iso_dates import certain
from api.reads import cursors
from api.storage import log, review_pages
from api.storage.log import Connection
from schemas.vocabulary import MAX_LIMIT, MAX_MARKUPS

# What says that the original of a verdict is a page of this format, with one review on it.
FORMAT = "factchecktools/v1alpha1"
# The kind of page tokens.
PAGES = "google-pages"

Page = dict[str, Any]


def read(db: Connection, page: str) -> bytes:
    """A page. Raises NotFound."""
    found = page_of(db, page)
    if found is None:
        raise missing(page)
    return orjson.dumps(found)


def listed(db: Connection, asked: Mapping[str, Any]) -> bytes:
    """Pages, in order of their names. In: what `schemas.review_pages.PagesQuery` loads. Raises InvalidRequest."""
    if "url" in asked:
        return _answer(db, review_pages.at_address(db, reviewed.address(asked["url"]), MAX_LIMIT), None)
    token = after(asked, PAGES, str)
    size = page_size(asked)
    skipped = 0 if token else asked.get("offset", 0)
    names = review_pages.listed(db, asked_site(asked, "organization"), token[0] if token else "", size + 1, skipped)
    return _answer(db, names[:size], cursors.encode(PAGES, names[size - 1]) if len(names) > size else None)


def page_of(db: Connection, page: str) -> Page | None:
    """A page with the reviews that stand on it, the oldest first, at most MAX_MARKUPS; None where none does."""
    record = Record(db, None, "")
    parts = [part(record, number) for number in review_pages.verdicts(db, page, MAX_MARKUPS)]
    if not parts:
        return None
    body = filled(
        pageUrl=parts[0]["pageUrl"],
        publishDate=next((one["publishDate"] for one in parts if "publishDate" in one), None),
        claimReviewAuthor=next((one["claimReviewAuthor"] for one in parts if "claimReviewAuthor" in one), None),
        claimReviewMarkups=[markup for one in parts for markup in one["claimReviewMarkups"]],
    )
    # Of the content alone: whatever changes on the page changes it, and nothing else does.
    version = sha256(orjson.dumps(body)).hexdigest()[:16]
    return {"name": f"pages/{page}", **body, "versionId": version}


def part(record: Record, number: int) -> Page:
    """What a page has of one verdict: a page with one review."""
    verdict = record.document(number)
    found = log.document(record.db, f"claim/{verdict['claim']}")
    if found is None:
        raise LookupError(f"verdict {verdict['id']} is on claim {verdict['claim']}, which is not on record")
    claim = orjson.loads(found[1])
    # Words that were erased must not come back from where they were quoted.
    if claim["erased"] is None and verdict["erased"] is None and (original := _original(record.db, number)):
        return original
    return filled(
        pageUrl=reviewed.page_url(verdict["url"]),
        publishDate=certain(verdict["reviewed_on"]),
        claimReviewAuthor=filled(name=record.name(verdict["reviewer"])),
        claimReviewMarkups=[_markup(record, claim, verdict)],
    )


def missing(page: str) -> NotFound:
    """The refusal of a page that is not there."""
    return NotFound.of(f"page/{page}")


def _original(db: Connection, number: int) -> Page | None:
    """The page that a verdict was sent with, from the payload of its first entry; None where it came otherwise."""
    [sealed] = log.sealed_entries(db, number - 1, number)
    payload = log.opened(sealed).payload
    if payload.get("original_format") != FORMAT:
        return None
    original: Page = orjson.loads(payload["original"])
    return original


def _markup(record: Record, claim: dict[str, Any], verdict: dict[str, Any]) -> dict[str, Any]:
    url: str = verdict["url"]
    attribution = claim["attribution"]
    return filled(
        url=url if url != reviewed.page_url(url) else None,
        claimReviewed=claim["text"],
        claimDate=certain(claim["stated_on"]),
        claimAppearances=[shown["url"] for shown in claim["appearances"] if shown["url"] != url],
        claimAuthor=filled(name=record.name(attribution["speaker"]), jobTitle=attribution["role"]),
        rating=filled(textualRating=textual_rating(verdict), ratingExplanation=verdict["explanation"]),
    )


def _answer(db: Connection, names: list[str], following: str | None) -> bytes:
    found = [page_of(db, name) for name in names]
    return orjson.dumps(filled(claimReviewMarkupPages=[page for page in found if page], nextPageToken=following))
