"""What Google's search and pages cost: no statement scans or sorts, and a range of days makes no search dear."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from api.interop.factchecktools import pages, search
from api.storage.sqlite import Database
from schemas.factchecktools import SearchQuery
from schemas.review_pages import PagesQuery
from tests.records import DESK, Recorder
from tests.test_query_plans import Explained, troubles

CLAIMS = 1_400  # more than lead a search
TODAY = date(2026, 11, 24).toordinal()
SEARCH, PAGES = SearchQuery(), PagesQuery()


@pytest.fixture(scope="module")
def reviewed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """So many claims with a common word, each reviewed on a day of its own, on one of two sites."""
    database = Database(tmp_path_factory.mktemp("reviewed") / "record.db")
    database.migrate()
    record = Recorder(database)
    with record.together():
        record.party(DESK)
        for i in range(CLAIMS):
            claim = record.claim(f"It is voluntary, only{i}.", DESK)
            day = date.fromordinal(TODAY - i).isoformat()
            record.verdict(claim, url=f"https://desk{i % 2}.example/{i}", reviewed_on=day, language="en")
    yield database
    database.close()


@pytest.mark.parametrize(
    "asked",
    [
        {"query": "voluntary"},
        {"query": "only77"},
        {"query": "voluntary", "maxAgeDays": "1000"},
        {"query": "voluntary", "reviewPublisherSiteFilter": "desk1.example", "languageCode": "en-US"},
        {"reviewPublisherSiteFilter": "desk1.example"},
        {"reviewPublisherSiteFilter": "desk1.example", "languageCode": "en", "maxAgeDays": "100"},
    ],
    ids=str,
)
def test_searches_look_everything_up(reviewed: Database, asked: dict[str, str]) -> None:
    """The first page and the next one."""
    with Explained(reviewed.reader()) as db:
        first = _search(db, asked)
        if "nextPageToken" in first:
            assert _search(db, asked | {"pageToken": first["nextPageToken"]})["claims"]
    assert first["claims"] and db.plans
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


@pytest.mark.parametrize("asked", [{}, {"organization": "desk1.example"}, {"url": "https://desk1.example/77"}], ids=str)
def test_pages_are_looked_up(reviewed: Database, asked: dict[str, str]) -> None:
    """The first ones and the next ones."""
    with Explained(reviewed.reader()) as db:
        first = json.loads(pages.listed(db, PAGES.load(asked)))
        if "nextPageToken" in first:
            assert json.loads(pages.listed(db, PAGES.load(asked | {"pageToken": first["nextPageToken"]})))
    assert first["claimReviewMarkupPages"]
    assert {sql: troubles(plan) for sql, plan in db.plans.items() if troubles(plan)} == {}


def test_a_range_of_days_costs_little_more(reviewed: Database) -> None:
    """Each match is looked up by its number, rather than among all that are of these days."""
    costs = []
    for more in ({}, {"maxAgeDays": "1300"}):
        with Explained(reviewed.reader()) as db:
            _search(db, {"query": "voluntary"} | more)
        costs.append(db.cost)
    assert costs[1] < 2 * costs[0]


def _search(db: Any, asked: dict[str, str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(search.search(db, SEARCH.load(asked), TODAY, "https://record.example"))
    return found
