"""`claims:search` against the same search done by a plain LIKE: in process, over claims of which each was reviewed once,
and in CPU time, since both take nothing else.

The other one is what is quickly written: a table of claims and one of reviews, `LIKE '%word%'` for each word of the query
over what is searched here too (the words, who said them, and the titles of where they were found), the newest review
first, and the same JSON made of the rows.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

import orjson
from ulid import ULID

from api import ledger
from api.domain import claims, parties, questions, verdicts
from api.interop.factchecktools import search
from api.storage.sqlite import Database
from schemas.factchecktools import SearchQuery
from tests.bench import synthetic

QUERIES: dict[str, list[dict[str, str]]] = {
    "a common word": [{"query": word} for word in ("voluntary", "mandatory", "counties")],
    "two common words": [{"query": words} for words in ("voluntary states", "officials said")],
    "a common and a rare word": [{"query": words} for words in ("voluntary topic77", "states topic1500")],
    "a rare word": [{"query": word} for word in ("topic77", "topic1500", "only1x4242")],
    "a common word, on a site": [{"query": "voluntary", "reviewPublisherSiteFilter": f"desk{i}.example"} for i in (1, 7)],
    "a common word, of the last year": [{"query": "voluntary", "maxAgeDays": "365"}],
    "the newest on a site": [{"reviewPublisherSiteFilter": f"desk{i}.example"} for i in (2, 9)],
}
REPEATS = 15
WANTED = 5
TABLES = """
DROP TABLE IF EXISTS claims;
DROP TABLE IF EXISTS reviews;
CREATE TABLE claims (id INTEGER PRIMARY KEY, text, claimant, title, stated_on);
CREATE TABLE reviews (claim INTEGER PRIMARY KEY, publisher, site, url, reviewed_on, rating, language);
"""
SITES, LANGUAGES = 50, ("en", "en-GB", "fr")
TOGETHER = 1_000
TODAY = date(2026, 11, 24).toordinal()
ASKED = SearchQuery()


def measure(folder: Path, sizes: list[int]) -> None:
    """Print a row for each kind of query at each size: median and 99th percentile of both, and how many times faster."""
    print(f"\n| claims:search | claims | CPU ms, median | p99 | LIKE, median | p99 | times faster (wanted: {WANTED}) |\n|---|---|---|---|---|---|---|")
    for size in sizes:
        path = database(folder, size)
        store, plain = Database(path), sqlite3.connect(path.with_suffix(".plain.db"))
        for name, queries in QUERIES.items():
            ours = list(_milliseconds(queries, lambda asked, store=store: _ours(store, asked)))
            theirs = list(_milliseconds(queries, lambda asked, plain=plain: _like(plain, asked)))
            cells = f"{median(ours):.2f} | {_p99(ours):.2f} | {median(theirs):.2f} | {_p99(theirs):.2f}"
            print(f"| {name} | {size:,} | {cells} | {median(theirs) / median(ours):.1f} |", flush=True)
        store.close()
        plain.close()


def _ours(store: Database, asked: dict[str, str]) -> bytes:
    with store.snapshot() as db:
        return search.search(db, ASKED.load(asked), TODAY, "https://record.example")


def _like(plain: sqlite3.Connection, asked: dict[str, str]) -> bytes:
    conditions = ["c.text || ' ' || c.claimant || ' ' || c.title LIKE ?"] * len(asked.get("query", "").split())
    values: list[Any] = [f"%{word}%" for word in asked.get("query", "").split()]
    if "reviewPublisherSiteFilter" in asked:
        conditions.append("site = ?")
        values.append(asked["reviewPublisherSiteFilter"])
    if "maxAgeDays" in asked:
        conditions.append("reviewed_on >= ?")
        values.append(date.fromordinal(TODAY - int(asked["maxAgeDays"])).isoformat())
    sql = (
        "SELECT c.text, c.claimant, c.stated_on, r.publisher, r.site, r.url, r.reviewed_on, r.rating, r.language"
        f" FROM claims c JOIN reviews r ON r.claim = c.id WHERE {' AND '.join(conditions)}"
        " ORDER BY r.reviewed_on DESC LIMIT 10"
    )
    shown = [
        {
            "text": text,
            "claimant": claimant,
            "claimDate": f"{stated_on}T00:00:00Z",
            "claimReview": [
                {
                    "publisher": {"name": publisher, "site": site},
                    "url": url,
                    "reviewDate": f"{reviewed_on}T00:00:00Z",
                    "textualRating": rating,
                    "languageCode": language,
                }
            ],
        }
        for text, claimant, stated_on, publisher, site, url, reviewed_on, rating, language in plain.execute(sql, values)
    ]
    return orjson.dumps({"claims": shown})


def _milliseconds(queries: list[dict[str, str]], ask: Callable[[dict[str, str]], bytes]) -> Iterator[float]:
    for i in range(REPEATS + 1):
        for asked in queries:
            began = time.process_time()
            ask(asked)
            # What the first one waits for is the disk.
            if i:
                yield (time.process_time() - began) * 1000


def _p99(milliseconds: list[float]) -> float:
    return quantiles(milliseconds, n=100)[-1]


def database(folder: Path, count: int) -> Path:
    """The path of a database of so many claims with a verdict each, and beside it the plain table of the same; built if
    they are not there yet."""
    path = folder / f"reviews-{count}.db"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    building = folder / f"reviews-{count}.building"
    for leftover in folder.glob(f"{building.name}*"):
        leftover.unlink()
    store, plain = Database(building), sqlite3.connect(path.with_suffix(".plain.db"))
    store.migrate()
    plain.executescript(TABLES)
    with ledger.turn(store) as turn:
        for body in synthetic.parties():
            turn.append(lambda known, body=body: parties.record(body, known), "operator")
        for body in synthetic.questions():
            turn.append(lambda known, body=body: questions.record(body, known), "operator")
    made = list(_reviewed(count))
    for start in range(0, count, TOGETHER):
        with ledger.turn_of_many(store) as turn:
            for claim, verdict in made[start : start + TOGETHER]:
                _append(turn, claim, verdict)
    fill(plain, made)
    plain.close()
    store.checkpoint()
    store.close()
    building.rename(path)
    return path


def _reviewed(count: int, seed: int = 2) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    chance = random.Random(seed)
    for i, claim in enumerate(synthetic.claims(count)):
        site = chance.randrange(SITES)
        yield claim, {
            "rating": chance.choice(("true", "mixed", "false")),
            "label": chance.choice(("Correct", "Half true", "Pants on fire")),
            "evidence": claim["appearances"],
            "url": f"https://www.desk{site}.example/{i}",
            "reviewed_on": date.fromordinal(TODAY - chance.randrange(4_000)).isoformat(),
            "language": chance.choice(LANGUAGES),
        }


def _append(turn: ledger.Turn, claim: dict[str, Any], verdict: dict[str, Any]) -> None:
    claim_id, verdict_id = str(ULID()), str(ULID())
    turn.append(lambda known: claims.record(claim, claim_id, known), "operator")
    turn.append(
        lambda known: verdicts.publish(known.claim(claim_id), verdict, verdict_id, "root", known),  # type: ignore[arg-type]
        "root",
    )


def fill(plain: sqlite3.Connection, made: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
    """Put claims and their verdicts into the plain tables."""
    for i, (claim, verdict) in enumerate(made):
        speaker = claim["attribution"]["speaker"].replace("-", " ").capitalize()
        title = claim["appearances"][0]["title"]
        site = str(urlsplit(verdict["url"]).hostname).removeprefix("www.")
        given = (verdict["url"], verdict["reviewed_on"], verdict["label"], verdict["language"])
        plain.execute("INSERT INTO claims VALUES (?, ?, ?, ?, ?)", (i, claim["text"], speaker, title, claim["stated_on"]))
        plain.execute("INSERT INTO reviews VALUES (?, ?, ?, ?, ?, ?, ?)", (i, "The Government", site, *given))
    plain.commit()
