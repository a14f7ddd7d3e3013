"""Reviews, and short calls that take them in."""

from __future__ import annotations

from typing import Any

from api import ledger
from api.interop.reviews import Review, Taken, prepare, take
from api.interop.whose import Importer, Named
from api.storage.database import Database
from tests.records import DESK, OPERATOR

SENATOR = Named("Jane Roe", "person")
POLITIFACT = Named("PolitiFact", "organization", ("https://www.politifact.com",))
AGGREGATOR = Importer(OPERATOR, for_others=True)
ITSELF = Importer(DESK, for_others=False)


def review(text: str = "The bridge was closed for a year.", **more: Any) -> Review:
    """A review of PolitiFact's, but for the members that are given."""
    given: dict[str, Any] = {
        "url": "https://www.politifact.com/bridge",
        "claimant": SENATOR,
        "claimed_on": "2026-10-05",
        "publisher": POLITIFACT,
        "label": "Mostly False",
        "reviewed_on": "2026-10-07",
        "original": '{"@type":"ClaimReview"}',
    }
    return Review(text, **(given | more))


def taken(database: Database, one: Review, importer: Importer = AGGREGATOR) -> Taken:
    """Take a review in, in a turn of its own. Raises its Refusal."""
    with ledger.turn(database) as turn:
        return take(turn, prepare(one), importer)
