"""ClaimReview: what the routes of reviews take."""

from __future__ import annotations

from schemas.queries import DocumentQuery, ListQuery


class ClaimReviewQuery(DocumentQuery):
    """The reviews of a claim, or one review, now or as they stood."""


class DataFeedQuery(ListQuery):
    """A page of all reviews, in the order of their publication."""
