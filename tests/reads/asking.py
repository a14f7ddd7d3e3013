"""Asks for lists as a client does: through the schemas of the queries, page after page."""

from __future__ import annotations

import json
from typing import Any

from api.errors import Refusal
from api.reads import changes, contradictions, histories, lists, timelines
from api.storage import log
from api.storage.sqlite import Database
from schemas.changes import ChangesQuery
from schemas.claims import ClaimsQuery, HistoryQuery
from schemas.contradictions import ContradictionsQuery
from schemas.timelines import TimelineQuery
from schemas.verdicts import VerdictsQuery
from tests.memory import Memory

Asked = dict[str, str]
# What is asked: the list, and its parameters as sorted pairs.
Question = tuple[str, tuple[tuple[str, str], ...]]
CLAIMS, TIMELINE, CONTRADICTIONS, HISTORY = ClaimsQuery(), TimelineQuery(), ContradictionsQuery(), HistoryQuery()
VERDICTS, CHANGES = VerdictsQuery(), ChangesQuery()


def page(database: Database, name: str, asking: Asked, at: int | None = None) -> bytes:
    """One page of "claims", "contradictions", "timeline/QUESTION", "history/CLAIM", "verdicts/CLAIM" or a facet;

    or a document, as "document/claim/CLAIM".
    """
    kind, _, identifier = name.partition("/")
    with database.snapshot() as db:
        if kind == "claims":
            return lists.claims(db, CLAIMS.load(asking), at)
        if kind == "contradictions":
            return contradictions.listing(db, CONTRADICTIONS.load(asking), at)
        if kind == "timeline":
            return timelines.timeline(db, identifier, TIMELINE.load(asking), at)
        if kind == "history":
            return histories.page(db, log.number(db, f"claim/{identifier}") or 0, HISTORY.load(asking), at)
        if kind == "verdicts":
            return lists.by_number(db, f"verdicts={identifier}", VERDICTS.load(asking), at)
        if kind == "document":
            found = log.document(db, identifier, at)
            return b"null" if found is None else found[1]
        return lists.by_number(db, kind, VERDICTS.load(asking), at)


def everything(
    database: Database, name: str, asking: Asked, limit: int = 200, at: int | None = None, most: int = 5_000
) -> list[Any]:
    """All items of a list, page after page, as parsed JSON."""
    items: list[Any] = []
    cursor: str | None = None
    for _ in range(most):
        more = {"cursor": cursor} if cursor else {}
        answer = json.loads(page(database, name, asking | {"limit": str(limit)} | more, at))
        found = answer["statements" if name.startswith("timeline") else "items"]
        assert len(found) <= limit
        items += found
        cursor = answer["next"]
        if cursor is None:
            return items
    raise AssertionError(f"{name} {asking} has no end")


def feed(database: Database, asking: Asked, limit: int) -> list[Any]:
    """All changes that pass the filters, page after page."""
    items: list[Any] = []
    since: str | None = None
    while True:
        with database.snapshot() as db:
            head = log.head(db)
            loaded = CHANGES.load(asking | {"limit": str(limit)} | ({"since": since} if since else {}))
            seen = changes.seen(loaded.get("since"), head)
            changes.check(db, loaded.get("since"), head)
            answer = json.loads(changes.page(db, loaded, head, seen, 5).body)
        items += answer["changes"]
        since = answer["next"]
        if not answer["has_more"]:
            return items


def fixed(memory: Memory) -> list[Question]:
    """Questions that can be asked now and later of this moment again; more as there is more to ask about."""
    parties, questions = list(memory.parties), list(memory.questions)
    asked: list[tuple[str, Asked]] = [
        ("claims", {}),
        ("claims", {"sort": "recorded"}),
        ("claims", {"sort": "stated"}),
        ("claims", {"sort": "-stated", "limit": "200"}),
        ("claims", {"stated_from": "2010-01-01", "stated_to": "2010-12-31"}),
        ("claims", {"status": "unreviewed"}),
        ("claims", {"status": "refuted", "sort": "stated"}),
        ("claims", {"status": "withdrawn"}),
        ("claims", {"rating": "false"}),
        ("claims", {"tag": "memo", "status": "unreviewed"}),
        ("claims", {"publisher": "the daily sun", "sort": "-stated"}),
        ("claims", {"q": "voluntary"}),
        ("claims", {"q": 'never "is voluntary"'}),
        ("claims", {"q": "東京 volun*", "status": "unreviewed"}),
        ("contradictions", {}),
        ("contradictions", {"status": "confirmed"}),
        ("contradictions", {"status": "suggested"}),
        ("parties", {}),
        ("questions", {}),
    ]
    asked += [("claims", {"party": party}) for party in parties[:3]]
    asked += [("claims", {"reviewer": party, "q": "it is"}) for party in parties[:1]]
    asked += [("claims", {"question": question, "position": "yes"}) for question in questions[:1]]
    asked += [("contradictions", {"party": party, "question": questions[0]}) for party in parties[:1] if questions]
    asked += [
        (f"timeline/{question}", {"party": party, "clock": clock} | more)
        for question in questions
        for party in parties[:2]
        for clock, more in (("stated", {}), ("disclosed", {"from": "2010-09-07", "known_by": "2011-01-01"}))
    ]
    for claim in list(memory.claims)[:3]:
        asked += [(f"history/{claim}", {}), (f"verdicts/{claim}", {}), (f"document/claim/{claim}", {})]
        asked += [("contradictions", {"claim": claim})]
    asked += [(f"document/{kind}", {}) for kind in ("party/org-0", "question/qa")]
    return [(name, tuple(sorted(asking.items()))) for name, asking in asked]


def answers(database: Database, memory: Memory) -> dict[Question, bytes]:
    """What each of those questions is answered now."""
    return {(name, asking): page(database, name, dict(asking)) for name, asking in fixed(memory)}


def refusal(database: Database, name: str, asking: Asked, at: int | None = None) -> Refusal | None:
    """What an asking is refused with, None where it is answered."""
    try:
        page(database, name, asking, at)
    except Refusal as refused:
        return refused
    return None
