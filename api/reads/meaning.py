"""Candidates by what they mean: those that share words with a sentence, ranked by how near their vectors are to its.

The best by words are all looked at, so what none of the words find is not found by its meaning either. Where anything
is missing, candidates stay as the words rank them, and the answer's `engine` says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from api.domain.matching import unlinked
from api.embedding.embedder import Embedder, digest, words
from api.embedding.model import cosines
from api.reads.conflicts import Documents
from api.reads.matching import Deadline, Found
from api.storage import vectors
from api.storage.log import Connection

# What meaning and words count for. The words' part is the claim's BM25 score over that of the best.
MEANING, WORDS = 0.7, 0.3
# Vectors that are made while somebody waits, at some 10 ms each; where more are missing, words alone rank.
MADE_AT_MOST = 10

TOO_MANY = "Only words are compared, not meaning: too many claims have no vector yet; run 'onrecord embed'."
TOO_LATE = "Only words are compared, not meaning: the time ran out."


class Ranking(NamedTuple):
    """Candidates, best first, and whether the deadline cut the work short."""

    found: list[Found]
    truncated: bool = False


class Meaning:
    """Ranks the candidates of the sentences of one request, and remembers what kept it from that."""

    def __init__(self, embedder: Embedder, deadline: Deadline) -> None:
        self._embedder, self._deadline = embedder, deadline
        self._ranked = 0
        self._reasons: dict[str, None] = {}

    @property
    def engine(self) -> Mapping[str, str | None]:
        """What ranked, as it is answered: by meaning if any of the sentences were."""
        name = self._embedder.name
        if name is None:
            return {"name": "bm25", "model": None, "note": self._embedder.reason}
        note = " ".join(self._reasons) or None
        if self._reasons and not self._ranked:
            return {"name": "bm25", "model": None, "note": note}
        return {"name": "bm25+cosine", "model": name, "note": f"Of some texts: {note}" if note else None}

    def ranking(self, db: Connection, text: str, found: list[Found], documents: Documents) -> Ranking:
        """The candidates of a sentence by words and meaning, or as they are. `found` is what its words found, best
        first."""
        if self._embedder.name is None:
            return Ranking(found)
        if not found:
            self._ranked += 1
            return Ranking(found)
        mine = None if self._deadline.passed else self._embedder.vector(unlinked(text))
        known = None if mine is None else self._known(db, found, documents)
        if mine is None or known is None:
            return self._by_words(found)
        self._ranked += 1
        near = dict(zip(known, cosines(mine, list(known.values())), strict=True))
        return Ranking(_scored(found, near))

    def _by_words(self, found: list[Found]) -> Ranking:
        late = self._deadline.passed
        self._reasons[TOO_LATE if late else self._embedder.reason or TOO_MANY] = None
        return Ranking(found, late)

    def _known(self, db: Connection, found: Sequence[Found], documents: Documents) -> dict[int, bytes] | None:
        """The vectors of the candidates that have words, by their numbers; None where too many are missing."""
        said = {one.no: words(document) for one in found if _has_words(document := documents.of(one.no))}
        stored = vectors.of(db, self._embedder.name or "", list(said))
        known: dict[int, bytes] = {}
        for no, text in said.items():
            one = stored.get(no)
            if one and one.words == digest(text) and len(one.vector) == self._embedder.size:
                known[no] = one.vector
        missing = [no for no in said if no not in known]
        if len(missing) > MADE_AT_MOST:
            return None
        for no in missing:
            made = None if self._deadline.passed else self._embedder.vector(said[no])
            if made is None:
                return None
            known[no] = made
        return known


def _has_words(document: Mapping[str, Any]) -> bool:
    """Whether a claim may have a vector: what was withdrawn or erased has none, and only its words are scored."""
    return document["withdrawn"] is None and document["text_sha256"] is not None


def _scored(found: Iterable[Found], near: Mapping[int, float]) -> list[Found]:
    """Candidates with the scores that words and meaning give them, best first."""
    found = list(found)
    best = max(one.bm25 for one in found)
    scored = []
    for one in found:
        cosine = near.get(one.no)
        score = MEANING * (cosine or 0.0) + WORDS * one.bm25 / best
        scored.append((score, one._replace(score=max(0.0, score), cosine=cosine)))
    return [one for _, one in sorted(scored, key=lambda pair: (-pair[0], -pair[1].no))]
