"""What a page reads: the documents of the API, from one state of the record."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

import orjson

from api.documents import PATHS
from api.errors import NotFound
from api.reads import speaking
from api.reads.speaking import Speaking
from api.storage import log
from api.storage.log import Connection, Head

Document = dict[str, Any]


class Reader:
    """Reads for one page. `at` is the size of the log that the page shows, None for the present; `asked_at` is how the
    reader asked for it, which every link of the page repeats."""

    def __init__(self, db: Connection, head: Head, at: int | None, asked_at: str | None, base: str) -> None:
        self.db, self.head, self.at, self.asked_at, self.base = db, head, at, asked_at, base
        self._names: dict[str, str] = {}
        self._speaking: dict[str, list[Speaking]] = {}

    def document(self, kind: str, identifier: str) -> Document:
        """The document of a subject. Raises NotFound."""
        found = log.document(self.db, f"{kind}/{identifier}", self.at)
        if found is None:
            raise NotFound.of(f"{kind}/{identifier}", then=self.at is not None)
        document: Document = orjson.loads(found[1])
        return document

    def documents(self, kind: str, identifiers: Iterable[str]) -> dict[str, Document]:
        """Those documents that are on record, by their ids."""
        names = [f"{kind}/{identifier}" for identifier in dict.fromkeys(identifiers)]
        found = log.documents(self.db, names, self.at)
        return {name.partition("/")[2]: orjson.loads(body) for name, body in found.items()}

    def know(self, parties: Iterable[str | None]) -> None:
        """Look up the names of these parties together, before `name` is called for each."""
        unknown = [party for party in parties if party and party not in self._names]
        self._names |= {party: found["name"] for party, found in self.documents("party", unknown).items()}

    def name(self, party: str) -> str:
        """The name of a party; of one that is not on record, its id."""
        if party not in self._names:
            self.know([party])
        return self._names.get(party, party)

    def speaking(self, question: str, most: int = speaking.WALKED) -> list[Speaking]:
        """The parties that speak on a question (see `speaking.parties`). Raises NotFound."""
        if question not in self._speaking:
            self._speaking[question] = speaking.parties(self.db, question, self.at, most)
        return self._speaking[question]

    def url(self, path: str, **query: Any) -> str:
        """The address of a page with these parameters, of those that have a value, at the moment that this page
        shows."""
        if not query and self.asked_at is None:
            return path
        given = {name.rstrip("_"): value for name, value in query.items() if value}
        if self.asked_at is not None:
            given["at"] = self.asked_at
        return f"{path}?{urlencode(given)}" if given else path

    def address(self, document: str, identifier: str) -> str:
        """The address of the page of a subject."""
        return self.url(f"/{PATHS[document]}/{identifier}")
