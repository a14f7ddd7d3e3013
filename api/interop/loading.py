"""Many reviews at once: what `api.importing` does for bodies, for reviews that were prepared before."""

from __future__ import annotations

from api.errors import Refusal
from api.importing import Fault, Item, Loader, Ready, Refused
from api.interop import claimreview_in, reviews
from api.interop.claimreview_in import Refused as NoReview
from api.interop.whose import Importer
from api.ledger import WORLD, Source, Turn
from api.storage.database import Database


class ReviewLoader(Loader):
    """Takes prepared reviews in, in as large turns as others can wait for. Each is taken in whole, or refused."""

    def __init__(self, database: Database, importer: Importer, source: Source = WORLD) -> None:
        super().__init__(database, "verdicts", importer.actor, source)
        self._importer = importer

    def _append(self, turn: Turn, ready: Ready) -> bool | Refused:
        item = ready.review
        if not isinstance(item, claimreview_in.Item) or isinstance(item.found, NoReview):
            raise TypeError("only reviews that were prepared can be taken in")
        try:
            return reviews.take(turn, item.found, self._importer).outcome != "already"
        except Refusal as refusal:
            faults = [Fault(item.pointer, error.detail) for error in refusal.errors]
            return Refused(ready.line, faults or [Fault(item.pointer, refusal.detail)])

    def _foresee(self, turn: Turn, items: list[Item]) -> None:
        # What is asked for depends on what the review before has made: the same claimant, the same claim.
        pass
