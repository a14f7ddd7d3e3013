"""Both engines hold the same record: what is written to each alike is stored and answered alike, byte for byte."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from api import importing, ledger
from api.domain import words
from api.errors import Refusal
from api.importing import Found, Loader
from api.storage import log, search
from api.storage.database import Database
from api.storage.sqlite import Database as SQLite
from api.storage.tables import DERIVED
from api.verification import verify
from tests.histories import VOCABULARY, Chronicle
from tests.reads import asking
from tests.records import OPERATOR, Recorder, claim_body, fixed_source, ulid, write_many

# The log, and what is made of it. Of tokens and remembered answers there are none.
TABLES = ("entries", "payloads", *DERIVED)

QUERIES = [
    *VOCABULARY,
    "it is",
    '"it is"',
    '"is it" never',
    "volun*",
    "vol* nev*",
    '"is volun*"',
    "東",
    "京東",
    "東京都",
    "東* never",
    "CAFÉ naive",
    "covid-19 opt-out",
    "co*",
    "quo* is",
    '"',
    "nothing of the kind",
]


@contextmanager
def file() -> Iterator[SQLite]:
    """A migrated database without entries, in a file."""
    with tempfile.TemporaryDirectory() as folder:
        made = SQLite(Path(folder) / "record.db")
        made.migrate()
        yield made
        made.close()


def rows(database: Database, columns: dict[str, list[str]]) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of our tables."""
    db = database.reader()
    found = {table: db.execute(f"SELECT {', '.join(columns[table])} FROM {table}").fetchall() for table in columns}
    return {table: sorted(map(tuple, those), key=repr) for table, those in found.items()}


def columns(database: SQLite) -> dict[str, list[str]]:
    """The columns of our tables. PostgreSQL has one more, of which it makes its index of words."""
    sql = "SELECT name FROM pragma_table_info(?) ORDER BY cid"
    return {table: [f'"{name}"' for (name,) in database.reader().execute(sql, (table,))] for table in TABLES}


def answer(database: Database, name: str, asked: dict[str, str], at: int | None) -> bytes | str:
    """A page, or what its asking is refused with."""
    try:
        return asking.page(database, name, asked, at)
    except Refusal as refusal:
        return f"{type(refusal).__name__}: {refusal}"


def differing(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What is not the same in both."""
    return [name for name in one if one[name] != other[name]]


@pytest.mark.parametrize(("seed", "erasing"), [(11, 0), (12, 0), (13, 8)])
def test_the_same_history_is_the_same_record(on_server: Database, seed: int, erasing: int) -> None:
    """Tables, lists, timelines, contradictions, documents and changes are the same, now and at any earlier moment, and
    a rebuild changes none of them."""
    with file() as here:
        chronicles = [Chronicle(seed, erasing) for _ in range(2)]
        for chronicle, database in zip(chronicles, (here, on_server), strict=True):
            chronicle.write(database, 150)
        named = columns(here)
        assert log.head(on_server.reader()) == log.head(here.reader())
        assert differing(rows(here, named), rows(on_server, named)) == []
        size = log.head(here.reader()).size
        for at in (None, 0, 1, size // 3, size // 2, size - 1, size):
            for name, asked in asking.fixed(chronicles[0].memory):
                pages = [answer(database, name, dict(asked), at) for database in (here, on_server)]
                assert pages[0] == pages[1], (name, asked, at)
        for limit in (7, 200):
            for filters in ({}, {"party": "org-0"}, {"kind": "claim.recorded", "question": "qa"}):
                assert asking.feed(here, filters, limit) == asking.feed(on_server, filters, limit)
        before = rows(on_server, named)
        assert ledger.rebuild(on_server) == log.head(here.reader())
        assert differing(before, rows(on_server, named)) == []
        with on_server.snapshot() as db:
            assert verify(db) is None


@pytest.mark.parametrize("seed", [21, 22])
def test_the_same_search_finds_the_same(on_server: Database, seed: int) -> None:
    """Whatever is asked for, both engines find the same claims, in the same order, with the same snippets."""
    with file() as here:
        chronicle = Chronicle(seed)
        chronicle.write(here, 150)
        source = fixed_source()
        for decision, actor in chronicle.decisions:
            write_many(on_server, [(decision, actor)], source)
        size = log.head(here.reader()).size
        assert log.head(on_server.reader()) == log.head(here.reader())
        filters: list[dict[str, str]] = [{}, {"status": "unreviewed"}, {"tag": "memo"}, {"party": "org-0"}]
        filters.append({"stated_from": "2010-01-01", "stated_to": "2010-12-31"})
        for at in (None, size // 2):
            for query in QUERIES:
                for chosen in filters:
                    asked = {"q": query, "limit": "200"} | chosen
                    pages = [asking.page(database, "claims", asked, at) for database in (here, on_server)]
                    assert pages[0] == pages[1], (asked, at)


def test_common_words_are_bounded_alike(on_server: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there are more matches than are ranked, walked or looked through, both engines stop at the same one."""
    for name, bound in {"RANKED": 10, "WALKED": 25, "COUNTED": 20, "FEW": 5, "MANY": 9, "LOOKED_THROUGH": 12}.items():
        monkeypatch.setattr(search, name, bound)
    with file() as here:
        for database in (here, on_server):
            record = Recorder(database)
            with record.together():
                record.party("dhs")
                for number in range(80):
                    common = "voluntary program" if number % 3 else "volunteer program"
                    rare = " seldom said" if number % 19 == 0 else ""
                    tags = ["letter"] if number % 2 else ["memo"]
                    record.claim(f"It is a {common} number {number}{rare}.", "dhs", tags=tags)
        for query in ("program", "voluntary program", "volun*", "seldom", '"seldom said"', "sel*", "volun* seldom"):
            for chosen in ({}, {"tag": "memo"}, {"party": "dhs"}):
                for at in (None, 40):
                    asked = {"q": query, "limit": "7"} | chosen
                    pages = [asking.page(database, "claims", asked, at) for database in (here, on_server)]
                    assert pages[0] == pages[1], (asked, at)


def test_words_that_no_index_holds_are_found(on_server: Database) -> None:
    """Words longer than the index takes, and texts with more words than it takes, are found as `holds` says."""
    long, longer = "a" * 300 + "b", "a" * 300 + "c"
    many = " ".join(f"word{number:06}" for number in range(900))
    variants = [{"text": " ".join(f"{part}x{number:05}" for number in range(1_200))} for part in range(48)]
    texts = {1: f"It says {long} here.", 2: f"It says {longer} here.", 3: many, 4: "Plain words."}
    record = Recorder(on_server)
    record.party("dhs")
    for number, text in texts.items():
        more: dict[str, Any] = {"variants": variants} if number == 3 else {}
        record.claim(text, "dhs", id=ulid(number), **more)
    sizes = on_server.reader().execute("SELECT octet_length(text || variants) FROM searchable ORDER BY id").fetchall()
    assert sizes[2][0] > 400_000
    asked = {long: [1], longer: [2], f'"says {long}"': [1], f'"says {longer} here"': [2], f"{'a' * 290}*": [1, 2]}
    asked |= {"word000899": [3], "47x01199": [3], '"47x01198 47x01199"': [3], "47x0119*": [3], "plain": [4], "47x1": []}
    for query, expected in asked.items():
        found = asking.everything(on_server, "claims", {"q": query[:500]})
        assert sorted(item["id"] for item in found) == [ulid(number) for number in expected], query[:40]


def test_an_import_makes_the_same_record(on_server: Database) -> None:
    """Many at once, in turns of any size, are stored as one by one."""
    bodies = [
        claim_body(f"Statement {number} of it.", "dhs", id=ulid(number), tags=["memo"], stated_on="2010-09")
        for number in range(700)
    ]
    with file() as here:
        for database in (here, on_server):
            Recorder(database).party("dhs")
            items = list(importing.prepare([Found(line, body) for line, body in enumerate(bodies, 1)], "claims"))
            with Loader(database, "claims", OPERATOR, fixed_source()) as loader:
                assert [loader.load(items[start : start + 230]) for start in range(0, 700, 230)] == [[], [], [], []]
            assert (loader.counts.recorded, loader.counts.already) == (700, 0)
        named = columns(here)
        assert differing(rows(here, named), rows(on_server, named)) == []
        assert words.asked("statement 699") and search.last_row(on_server.reader(), None) == 700
