"""What the routes take that give the record in the formats of others."""

from __future__ import annotations

from typing import Any

from schemas.queries import DocumentQuery, ListQuery

# What the vocabulary says of each (https://schema.org/ClaimReview, https://schema.org/DataFeed) is not said again here.
_CONTEXT = {"const": "https://schema.org"}
_NODES = {"type": "array", "items": {"type": "object", "required": ["@type"]}}
REVIEWS: dict[str, Any] = {
    "type": "object",
    "properties": {"@context": _CONTEXT, "@graph": _NODES},
    "required": ["@context", "@graph"],
}
REVIEW: dict[str, Any] = {
    "type": "object",
    "properties": {"@context": _CONTEXT, "@type": {"const": "ClaimReview"}},
    "required": ["@context", "@type", "@id", "url", "author", "itemReviewed"],
}
FEED: dict[str, Any] = {
    "type": "object",
    "properties": {"@context": _CONTEXT, "@type": {"const": "DataFeed"}, "dataFeedElement": _NODES},
    "required": ["@context", "@type", "url", "dataFeedElement"],
}


class ClaimReviewQuery(DocumentQuery):
    """The reviews of a claim, or one review, now or as they stood."""


class DataFeedQuery(ListQuery):
    """A page of all reviews, in the order of their publication."""


class ExportQuery(DocumentQuery):
    """The whole record, now or as it stood."""
