"""Lists that are paged while others write: what was there when a client began comes once."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.domain import words
from api.storage import log, search
from api.storage.sqlite import Database
from tests.reads import asking
from tests.records import DESK, Recorder


@pytest.fixture
def filled(record: Recorder) -> list[str]:
    """Twelve claims with many words in common, half of them with one that is rare at first."""
    record.party("dhs")
    record.party(DESK)
    record.question("q", "no", "yes")
    return [
        record.claim(
            f"It is voluntary {'for states ' * (i % 3)}{'seldom ' if i % 2 else ''}{i}.",
            "dhs",
            {"q": "no" if i % 2 else "yes"},
            stated_on=f"2010-0{1 + i // 2}-01",
        )
        for i in range(12)
    ]


def paged(database: Database, name: str, asked: dict[str, str], between: Any) -> list[Any]:
    """All items of a list in pages of three, with something written after each."""
    items, cursor = [], None
    while True:
        page = json.loads(asking.page(database, name, asked | {"limit": "3"} | ({"cursor": cursor} if cursor else {})))
        items += page["items" if "items" in page else "statements"]
        cursor = page["next"]
        if cursor is None:
            return items
        between()


@pytest.mark.parametrize("query", ["voluntary", "voluntary seldom", "seldom states", "volun* dhs", "it 3"])
def test_a_search_goes_on_in_the_record_that_it_began_in(
    database: Database, record: Recorder, filled: list[str], query: str
) -> None:
    """The pages of a search are of the moment of the first one, whatever is recorded, amended or judged meanwhile."""
    whole = asking.everything(database, "claims", {"q": query})
    count = iter(range(1_000))

    def write() -> None:
        i = next(count)
        for j in range(20):
            record.claim(f"Seldom seldom voluntary {i}-{j}, states.", "dhs")
        record.amend_claim(filled[i], text=f"Other words, number {i}.")
        record.verdict(filled[-1 - i])

    assert paged(database, "claims", {"q": query}, write) == whole


@pytest.mark.parametrize("sort", ["recorded", "-recorded", "stated", "-stated"])
def test_a_list_repeats_and_skips_nothing(database: Database, record: Recorder, filled: list[str], sort: str) -> None:
    """While claims are recorded and judged, each claim that was there comes exactly once."""
    count = iter(range(1_000))

    def write() -> None:
        i = next(count)
        if i < 10:  # not for ever: a list that goes forward follows what is recorded
            record.claim(f"New {i}.", "dhs", stated_on="2010-03-15")
            record.verdict(filled[i], "true")

    found = [item["id"] for item in paged(database, "claims", {"sort": sort}, write)]
    assert len(found) == len(set(found))
    assert [claim for claim in found if claim in filled] == (filled if "-" not in sort else filled[::-1])


def test_contradictions_repeat_and_skip_nothing(database: Database, record: Recorder, filled: list[str]) -> None:
    """While claims are recorded, judged and assessed, each pair that was there comes exactly once."""
    before = {pair["id"] for pair in asking.everything(database, "contradictions", {})}
    count = iter(range(1_000))

    def write() -> None:
        i = next(count)
        if i < 10:
            record.claim(f"New {i}.", "dhs", {"q": "yes"}, stated_on="2010-03-15")
            record.verdict(filled[i], "true")
            record.assess(filled[i], filled[i + 1])

    found = [pair["id"] for pair in paged(database, "contradictions", {}, write)]
    assert len(before) == 36
    assert len(found) == len(set(found))
    assert before <= set(found)


@pytest.mark.parametrize("query", ["volun*", "sel*", "volun* seldom", "voluntary sel*", "sta* sel*", "1*", "nothing*"])
@pytest.mark.parametrize("ranked", [3, 1_000])
def test_a_beginning_is_found_however_the_rows_are_walked(
    database: Database,
    record: Recorder,
    filled: list[str],
    monkeypatch: pytest.MonkeyPatch,
    query: str,
    ranked: int,
) -> None:
    """Whether the newest rows are looked through for a prefix or the index is asked, the same claims are found."""
    record.amend_claim(filled[3], text="Seldom voluntary, in other words.")
    record.withdraw(filled[5])
    monkeypatch.setattr(search, "RANKED", ranked)
    answers = []
    for looked_through in (0, 1, 4, 5_000):
        monkeypatch.setattr(search, "LOOKED_THROUGH", looked_through)
        page = json.loads(asking.page(database, "claims", {"q": query}))
        answers.append(({item["id"] for item in page["items"]}, page["truncated"]))
    assert answers == answers[:1] * 4
    assert bool(answers[0][0]) == (query != "nothing*")
    assert answers[0][1] == (len(answers[0][0]) == 3 == ranked)


@pytest.mark.parametrize("query", ["voluntary", "volun*", "voluntary seldom", '"seldom voluntary"', "nothing"])
@pytest.mark.parametrize("at", [False, True])
def test_the_same_is_found_whether_the_facet_or_the_words_lead(
    database: Database, record: Recorder, filled: list[str], monkeypatch: pytest.MonkeyPatch, query: str, at: bool
) -> None:
    """Of a party's claims those that have the words, best first: however many claims either of them has."""
    then = log.head(database.reader()).size
    record.amend_claim(filled[3], text="Seldom voluntary, in other words.")
    record.withdraw(filled[5])
    record.party("ice")
    record.claim("Voluntary for others, and seldom voluntary.", "ice")
    asked = {"q": query, "party": "dhs"} | ({"at": str(then)} if at else {})
    answers = []
    for led in (True, False):
        monkeypatch.setattr(search, "leads", lambda *_, led=led: led)
        page = json.loads(asking.page(database, "claims", asked))
        answers.append(([item["id"] for item in page["items"]], page["truncated"]))
    assert answers[0] == answers[1]
    assert bool(answers[0][0]) == (query != "nothing")


@pytest.mark.parametrize(
    "rows, query, led",
    [
        (2, "seldom", True),
        (5, "voluntary", True),
        (6, "voluntary", False),
        (5, "voluntary seldom", False),
        (5, "nothing", False),
        (20, "volun*", True),
        (21, "volun*", False),
        (21, "voluntary", False),
    ],
)
def test_a_facet_leads_that_has_fewer_rows_than_the_words(
    database: Database, filled: list[str], monkeypatch: pytest.MonkeyPatch, rows: int, query: str, led: bool
) -> None:
    """A small one always, a large one never, and one between where each of the words stands in more than twice as many
    claims."""
    monkeypatch.setattr(search, "FEW", 2)
    monkeypatch.setattr(search, "MANY", 20)
    db = database.reader()
    last = search.last_row(db, None)
    assert search.leads(rows, words.asked(query), lambda term: search.frequency(db, term, last)) == led
