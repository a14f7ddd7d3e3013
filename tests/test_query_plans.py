"""What reads cost: no statement scans a table or sorts, and no page costs more because the list is long.

The plans are those of the statements that the reads really send, explained with the same parameters, on a database
that was never analysed. The cost of a page is counted in instructions of SQLite's virtual machine.
"""

from __future__ import annotations

import json
import random
import re
import sqlite3
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from api.interop import datafeed, feeds
from api.interop.provenance import Provenance
from api.reads import changes, contradictions, histories, lists, moments, proofs, speaking, timelines
from api.storage import log, tree
from api.storage.sqlite import Database
from tests.reads.asking import CHANGES, CLAIMS, CONTRADICTIONS, HISTORY, TIMELINE, VERDICTS
from tests.records import DESK, Recorder

CLAIMS_WRITTEN = 2_500
DAYS = 2_000
RATINGS = ("true", "false", "mixed")
WORDS = ("it", "is", "voluntary", "mandatory", "for", "states", "to", "join", "leave", "opt", "out", "said", "not")


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """Thousands of claims of two offices under one root, many judged, some amended, withdrawn or paired."""
    database = Database(tmp_path_factory.mktemp("crowded") / "record.db")
    database.migrate()
    record, chance = Recorder(database), random.Random(1)
    with record.together():
        for party, parent in (("root", None), ("office-0", "root"), ("office-1", "root"), (DESK, None)):
            record.party(party, parent)
        record.question("q", "no", "yes", neutral=("unclear",))
        record.question("other", "no", "yes")
        made = [_claim(record, chance, i) for i in range(CLAIMS_WRITTEN)]
        for i, claim in enumerate(made[:900]):
            verdict = record.verdict(claim, RATINGS[i % 3])
            if i % 9 == 0:
                record.verdict(claim, "false", supersedes=verdict)
            elif i % 10 == 1:
                record.retract(verdict)
        for claim in made[1_000:1_200]:
            record.amend_claim(claim, stated_on="2004-01-01", text=f"Amended, {claim}.")
        for claim in made[1_200:1_250]:
            record.withdraw(claim)
        for one, other in zip(made[1_300:1_500], made[1_500:1_700], strict=True):
            record.assess(one, other, chance.choice(("reversal", "consistent")))
        for _ in range(60):
            record.amend_claim(made[2_000], context=f"Context {chance.random()}.")
    yield database
    database.close()


def _claim(record: Recorder, chance: random.Random, i: int) -> str:
    day = date.fromordinal(733_000 + chance.randrange(DAYS)).isoformat()
    return record.claim(
        " ".join(chance.choices(WORDS, k=15)) + f" only{i}",
        f"office-{i % 2}",
        {"q": chance.choice(("no", "yes", "unclear")), "other": chance.choice(("no", "yes"))},
        stated_on=day if i % 20 else None,
        tags=[f"tag-{i % 10}"],
        appearances=[{"url": "https://news.example/", "publisher": f"Paper {i % 5}", "title": f"Report {i}"}],
    )


class Explained:
    """A connection that passes statements on, and notes each one's plan and what the statements cost together."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self.plans: dict[str, list[str]] = {}
        self.cost = 0

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        if sql not in self.plans:
            rows = self._db.execute(f"EXPLAIN QUERY PLAN {sql}", parameters).fetchall()
            self.plans[sql] = [detail for *_, detail in rows]
        return self._db.execute(sql, parameters)

    def __enter__(self) -> Explained:
        self._db.set_progress_handler(self._count, 10)
        return self

    def __exit__(self, *raised: object) -> None:
        self._db.set_progress_handler(None, 0)

    def _count(self) -> int:
        self.cost += 10
        return 0


def troubles(plan: list[str]) -> list[str]:
    """The steps of a plan that grow with the tables: scans of anything but what was just selected, and sorts."""
    selected = {step.split(" ", 1)[1] for step in plan if step.startswith(("CO-ROUTINE ", "MATERIALIZE "))}
    # FTS5 puts an M into the index string where it looks words up, and = where it looks up one row.
    looked_up = re.compile(r"SCAN \S+ VIRTUAL TABLE INDEX \d+:.*[M=]")
    return [
        step
        for step in plan
        if "TEMP B-TREE" in step
        or (
            step.startswith("SCAN ")
            and step.removeprefix("SCAN ") not in selected | {"CONSTANT ROW"}
            and not looked_up.match(step)
        )
    ]


FILTERS: list[dict[str, str]] = [
    {},
    {"party": "root"},
    {"question": "q"},
    {"question": "q", "position": "yes"},
    {"status": "unreviewed"},
    {"status": "withdrawn"},
    {"rating": "false"},
    {"tag": "tag-3"},
    {"publisher": "Paper 1"},
    {"party": "office-1", "question": "q", "position": "no", "status": "unreviewed", "publisher": "Paper 1"},
]
SORTS: list[dict[str, str]] = [
    {"sort": "recorded"},
    {"sort": "-recorded"},
    {"sort": "stated"},
    {"sort": "-stated"},
    {"stated_from": "2012-01-01"},
    {"stated_to": "2009-01-01", "sort": "-stated"},
    {"stated_from": "2010-01-01", "stated_to": "2011-01-01"},
    {"stated_from": "2010-01-01", "stated_to": "2011-01-01", "sort": "-stated"},
]
SEARCHES: list[dict[str, str]] = [
    {"q": "only77"},
    {"q": "voluntary"},
    {"q": '"opt out" vol*'},
    {"q": "voluntary", "tag": "tag-3"},
    {"q": "voluntary", "party": "root", "stated_from": "2008-01-01"},
]
TIMELINES: list[dict[str, str]] = [
    {},
    {"clock": "disclosed"},
    {"from": "2012-01-01"},
    {"to": "2009-01-01"},
    {"known_by": "2009-01-01"},
    {"clock": "disclosed", "known_by": "2009-01-01"},
    {"from": "2010-01-01", "to": "2012-01-01", "known_by": "2011-01-01"},
    {"clock": "disclosed", "from": "2010-01-01", "to": "2012-01-01", "known_by": "2011-01-01"},
]
PAIRS: list[dict[str, str]] = [
    {},
    {"party": "root"},
    {"question": "q"},
    {"party": "office-0", "question": "other"},
    {"status": "suggested"},
    {"status": "confirmed"},
    {"status": "dismissed", "party": "root"},
]
FEEDS: list[dict[str, str]] = [
    {},
    {"kind": "claim.recorded"},
    {"party": "root"},
    {"question": "q"},
    {"reviewer": DESK},
    {"party": "office-0", "question": "q", "kind": "claim.recorded"},
    {"include": "entry"},
]
# All that is listed, with the sort in which it comes.
LISTS: list[tuple[str, dict[str, str]]] = [
    *(("claims", asked | sort) for asked in FILTERS for sort in SORTS),
    *(("claims", asked) for asked in SEARCHES),
    *(("timeline", asked) for asked in TIMELINES),
    *(("contradictions", asked) for asked in PAIRS),
    *(("changes", asked) for asked in FEEDS),
    *((name, {}) for name in ("parties", "questions", "history", "verdicts", "claim-contradictions", "reviews")),
]
TIMES: list[int | None] = [None, 2_700]
EARLY = 300


def page(db: Any, name: str, asked: dict[str, str], at: int | None) -> dict[str, Any]:
    """One page of a list of the crowded database, as parsed JSON."""
    if name == "claims":
        return json.loads(lists.claims(db, CLAIMS.load(asked), at))
    if name == "timeline":
        return json.loads(timelines.timeline(db, "q", TIMELINE.load({"party": "root"} | asked), at))
    if name == "contradictions":
        return json.loads(contradictions.listing(db, CONTRADICTIONS.load(asked), at))
    if name == "changes":
        return _feed(db, asked)
    if name == "reviews":
        return {"next": datafeed.page(db, VERDICTS.load(asked), at, Provenance("https://a.example", "a", "", ""))[1]}
    claim = json.loads(lists.claims(db, CLAIMS.load({"limit": "1", "sort": "recorded"}), at))["items"][0]["id"]
    if name == "history":
        return json.loads(histories.page(db, log.number(db, f"claim/{claim}") or 0, HISTORY.load(asked), at))
    if name == "claim-contradictions":
        return json.loads(contradictions.listing(db, CONTRADICTIONS.load(asked | {"claim": claim}), at))
    facet = f"verdicts={claim}" if name == "verdicts" else name
    return json.loads(lists.by_number(db, facet, VERDICTS.load(asked), at))


def _feed(db: Any, asked: dict[str, str]) -> dict[str, Any]:
    asked = {"since" if name == "cursor" else name: value for name, value in asked.items()}
    head, loaded = log.head(db), CHANGES.load(asked)
    seen = changes.seen(loaded.get("since"), head)
    changes.check(db, loaded.get("since"), head)
    answer = json.loads(changes.page(db, loaded, head, seen, 5).body)
    return answer | {"next": answer["next"] if answer["has_more"] else None}


@pytest.mark.parametrize("at", TIMES)
@pytest.mark.parametrize(("name", "asked"), LISTS, ids=str)
def test_plans_of_lists(crowded: Database, name: str, asked: dict[str, str], at: int | None) -> None:
    """The first page of a list and the next one, now and in the past, scan no table and sort nothing."""
    with Explained(crowded.reader()) as db:
        first = page(db, name, asked | {"limit": "5"}, at)
        if first["next"]:
            page(db, name, asked | {"limit": "5", "cursor": first["next"]}, at)
    assert db.plans
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


@pytest.mark.parametrize("asked", FEEDS[:-1], ids=str)
def test_plans_of_feeds(crowded: Database, asked: dict[str, str]) -> None:
    """The newest changes in words scan no table and sort nothing."""
    with Explained(crowded.reader()) as db:
        assert feeds.read(db, log.head(db), asked, "https://record.example").happenings  # type: ignore[arg-type]
    assert len(db.plans) > 5
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


@pytest.mark.parametrize("at", TIMES)
def test_plans_of_speakers(crowded: Database, at: int | None) -> None:
    """Who speaks on a question, everybody's timeline, and many documents at once scan no table and sort nothing."""
    with Explained(crowded.reader()) as db:
        assert speaking.parties(db, "q", at, 100)  # type: ignore[arg-type]
        assert timelines.timeline(db, "q", {"clock": "stated", "limit": 50}, at)  # type: ignore[arg-type]
        assert log.documents(db, ["party/root", "party/office-0"], at)  # type: ignore[arg-type]
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


def test_plans_of_documents(crowded: Database) -> None:
    """Single documents, contradictions and entries, sizes at an instant and the head are looked up."""
    with Explained(crowded.reader()) as db:
        one, other = page(db, "contradictions", {"status": "confirmed", "limit": "1"}, None)["items"][0]["id"].split(
            "~"
        )
        for at in TIMES:
            log.document(db, f"claim/{one}", at)
            log.document(db, "party/root", at)
            contradictions.one(db, one, other, at)
            contradictions.one(db, other, one, at)
        moments.size(db, "2026-11-24T10:20:00.000Z")
        moments.size(db, 7)
        next(log.sealed_entries(db, 17, 18))
        log.leaf_at(db, 17)
    assert len(db.plans) > 10
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


def test_plans_of_proofs(crowded: Database) -> None:
    """Each hash of a proof is looked up, at every size and of every entry, and so is what is proved."""
    size = log.head(crowded.reader()).size
    with Explained(crowded.reader()) as db:
        claim = page(db, "claims", {"limit": "1"}, None)["items"][0]["id"]
        proofs.of_claim(db, claim, proofs.of_claim(db, claim, None))
        for end in (1, 2, 64, size - 1, size):
            tree.root_at(db, end)
            for index in {0, end // 3, end - 1}:
                proofs.inclusion(db, index, end)
                proofs.consistency(db, index + 1, end)
        tree.entries(db)
    assert len(db.plans) > 10
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


@pytest.mark.parametrize(
    ("plan", "trouble"),
    [
        (["SCAN f"], True),
        (["SCAN f USING INDEX facets_by_date"], True),
        (["SCAN f USING COVERING INDEX facets_by_date"], True),
        (["SCAN w VIRTUAL TABLE INDEX 0:"], True),
        (["SEARCH f USING PRIMARY KEY (facet=?)", "USE TEMP B-TREE FOR ORDER BY"], True),
        (["SEARCH f USING PRIMARY KEY (facet=?)"], False),
        (["CO-ROUTINE w", "SCAN searchable_fts VIRTUAL TABLE INDEX 0:M5<", "SCAN w"], False),
        (["SCAN CONSTANT ROW"], False),
    ],
)
def test_what_counts_as_trouble(plan: list[str], trouble: bool) -> None:
    """A scan of a table, by an index or not, and any sort is found in a plan."""
    assert bool(troubles(plan)) is trouble


# What a page of ten may cost, in instructions; to look at every claim would cost more than ten times that.
PAGE = 8_000
# Lists whose every page reads only what it shows; several filters together walk over what only some let through.
DATES = ("stated_from", "stated_to", "from", "to", "known_by")
STEADY = [
    (name, asked)
    for name, asked in LISTS
    if "q" not in asked and len(asked.keys() - {"sort", "clock", "include", "position", *DATES}) <= 1
]


@pytest.mark.parametrize(("name", "asked"), STEADY, ids=str)
def test_no_page_costs_more_than_another(crowded: Database, name: str, asked: dict[str, str]) -> None:
    """The hundredth page of a list costs what the first costs, now and in the past."""
    # Far back only where the order is that of recording: by date, what was recorded since is walked over.
    early = [EARLY] if name == "claims" and asked.get("sort") in ("recorded", "-recorded") else []
    for at in TIMES + early:
        cursor, costs = None, []
        while len(costs) < 120:
            with Explained(crowded.reader()) as db:
                answer = page(db, name, asked | {"limit": "10"} | ({"cursor": cursor} if cursor else {}), at)
            costs.append(db.cost)
            cursor = answer["next"]
            if cursor is None:
                break
        assert max(costs) <= PAGE, (costs.index(max(costs)), len(costs))
