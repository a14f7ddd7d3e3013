"""Lists of claims against all claims looked through one by one, and search."""

from __future__ import annotations

import json
import random
from itertools import chain, product

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from api.reads import lists
from api.storage.sqlite import Database
from schemas.vocabulary import CLAIM_STATUSES, RATINGS
from tests.reads import asking, oracle
from tests.reads.conftest import Written

SORTS: list[dict[str, str]] = [{}, {"sort": "recorded"}, {"sort": "-recorded"}, {"sort": "stated"}, {"sort": "-stated"}]
# Every filter with values that some claims have and some do not.
FILTERS: dict[str, list[dict[str, str]]] = {
    "party": [{"party": party} for party in ("org-0", "org-1", "org-2", "person-0", "person-1")],
    "question": [{"question": question} for question in ("qa", "qb")],
    "position": [{"question": "qa", "position": position} for position in ("yes", "no", "maybe")],
    "status": [{"status": status} for status in CLAIM_STATUSES],
    "rating": [{"rating": rating} for rating in RATINGS],
    "reviewer": [{"reviewer": reviewer} for reviewer in ("org-0", "org-1", "org-4")],
    "tag": [{"tag": tag} for tag in ("memo", "letter", "nothing")],
    "publisher": [{"publisher": name} for name in ("the daily SUN", "Strasse", "Nobody")],
    "dates": [
        {"stated_from": "2010-09-07"},
        {"stated_to": "2010-09-30"},
        {"stated_from": "2010-01-01", "stated_to": "2010-12-31"},
        {"stated_from": "2010-09-07", "stated_to": "2010-09-07"},
    ],
    "q": [{"q": text} for text in ("voluntary", "opt-out never", '"it is"', "東京", "volun*", "CAFÉ homeland", "?")],
}
SINGLE = list(chain.from_iterable(FILTERS.values()))


def documents(body: list[object]) -> list[object]:
    return [{name: value for name, value in item.items() if name != "snippet"} for item in body]  # type: ignore[attr-defined]


def same(written: Written, asked: dict[str, str], limit: int = 200, at: int | None = None) -> int:
    """Compare a list with the oracle's, page after page. Out: how many items it has."""
    memory = written.memory if at is None else written.snapshots[at]
    wanted = [json.loads(body) for body in oracle.claims(memory, asked)]
    found = documents(asking.everything(written.database, "claims", asked, limit, at))
    if "q" in asked:  # ordered by relevance: which, and each once
        found.sort(key=lambda item: item["id"])  # type: ignore[index]
        wanted.sort(key=lambda item: item["id"])
    assert found == wanted, asked
    return len(found)


@pytest.mark.parametrize("asked", SINGLE, ids=str)
def test_each_filter(written: Written, asked: dict[str, str]) -> None:
    """A filter lets through the claims that have what it asks for, in every order, on every size of page."""
    dated = "stated_from" in asked or "stated_to" in asked
    for sort in SORTS if "q" not in asked else SORTS[:1]:
        if not (dated and sort.get("sort", "").endswith("recorded")):
            assert len({same(written, asked | sort, limit) for limit in (1, 3, 200)}) == 1


@pytest.mark.parametrize(("one", "other"), [pair for pair in product(FILTERS, FILTERS) if pair[0] < pair[1]])
def test_filters_together(written: Written, one: str, other: str) -> None:
    """Two filters let through what both let through, now and at any moment."""
    chance = random.Random(f"{one}{other}")
    both = list(product(FILTERS[one], FILTERS[other]))
    for first, second in chance.sample(both, k=min(8, len(both))):
        asked = first | second
        if "position" in asked and asked["question"] != "qa":
            continue
        same(written, asked, chance.randint(1, 3))
        at = chance.randrange(len(written.snapshots))
        if asking.refusal(written.database, "claims", asked, at) is None:
            same(written, asked, chance.randint(1, 3), at)


def test_all_filters_at_once(written: Written) -> None:
    """Any number of filters can be given; each claim is found by all that it has."""
    body = next(c for c in written.memory.claims.values() if c.standing and c.body["stances"] and "tags" in c.body)
    asked = {
        "party": body.body["attribution"]["speaker"],
        "question": body.body["stances"][0]["question"],
        "position": body.body["stances"][0]["position"],
        "status": body.status,
        "rating": body.standing[0].rating,
        "reviewer": body.standing[0].reviewer,
        "tag": body.body["tags"][0],
    }
    assert same(written, asked) >= 1
    assert same(written, asked | {"sort": "-stated"}) >= 1


def test_filters_find_something(written: Written) -> None:
    """The histories are rich enough that these comparisons are not of nothing with nothing."""
    found = {str(asked): len(oracle.claims(written.memory, asked)) for asked in SINGLE}
    assert sum(1 for count in found.values() if count) > len(found) * 0.6
    assert len(oracle.claims(written.memory, {})) > 20


AWKWARD = st.text(st.sampled_from("abé東ิก*\"'-+^:(){}~.,<>&\\ \x00\x1f\u2028🎉")) | st.text(max_size=40)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=200, deadline=None)
@given(query=AWKWARD, tag=st.sampled_from([None, "finding", "internal"]))
@example(query="NEAR(a b, 2)", tag=None)
@example(query="text : secure", tag=None)
@example(query='"" AND ""', tag="finding")
@example(query="covid-19", tag=None)
@example(query="ิ", tag=None)
def test_any_text_can_be_searched(dhs: Database, query: str, tag: str | None) -> None:
    """Whatever is asked for there is an answer, with snippets that have no markup but <mark>."""
    with dhs.snapshot() as db:
        answer = json.loads(lists.claims(db, {"q": query, "tag": tag, "limit": 3}, None))
    for item in answer["items"]:
        assert "<" not in item["snippet"].replace("<mark>", "").replace("</mark>", "")
