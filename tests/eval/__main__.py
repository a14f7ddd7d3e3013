"""`python -m tests.eval [--claims FILE --queries FILE --qrels FILE]`: how well matching finds claims and conflicts.

Prints MAP@1, MAP@3, MAP@5, MRR and recall@100 of each engine, and on the DHS record the precision and recall of
conflicts. The application is asked over its own routes, without a socket.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from api import create_app, vectorizing
from api.embedding.embedder import Embedder
from api.settings import Settings
from api.storage import opening
from api.storage.database import Database
from tests import postgresql
from tests.eval import sets
from tests.eval.sets import Pair, Query
from tests.records import Recorder, load_fixtures

DEPTH = 100


def main() -> None:
    """Run what is asked for on each engine that is here."""
    parser = argparse.ArgumentParser(prog="python -m tests.eval", description=__doc__)
    for name in ("claims", "queries", "qrels"):
        parser.add_argument(f"--{name}", type=Path)
    chosen = parser.parse_args()
    files = [chosen.claims, chosen.queries, chosen.qrels]
    if any(files) and not all(files):
        parser.error("give --claims, --queries and --qrels together")
    claims, queries = sets.from_files(*files) if all(files) else (None, sets.paraphrases(sets.record()))
    print("| engine | queries | MAP@1 | MAP@3 | MAP@5 | MRR | recall@100 |\n|---|---|---|---|---|---|---|")
    conflicts: list[str] = []
    for engine, url in _engines():
        with url as address, _asked(address, claims) as (clients, ids):
            for client in clients:
                _print_ranking(engine, client, queries, ids)
            if claims is None:
                conflicts.append(_conflicts(engine, clients[0], sets.pairs(sets.record())))
    if conflicts:
        print("\n| engine | pairs | precision | recall |\n|---|---|---|---|")
        print("\n".join(conflicts))


def _engines() -> Iterator[tuple[str, Any]]:
    yield "SQLite", _sqlite()
    try:
        postgresql.binaries()
    except postgresql.Unavailable as missing:
        print(f"(PostgreSQL is left out: {missing})")
    else:
        yield "PostgreSQL", _postgresql()


@contextmanager
def _sqlite() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield f"sqlite:///{folder}/record.db"


@contextmanager
def _postgresql() -> Iterator[str]:
    with postgresql.running() as server:
        server.create(name="eval")
        yield server.url("eval")


@contextmanager
def _asked(url: str, claims: list[dict[str, Any]] | None) -> Iterator[tuple[list[FlaskClient], dict[str, str]]]:
    """Clients of the application over the claims, without the model and with it, and what the claims are called in the
    answers that are right."""
    environ = {"DATABASE_URL": url, "ONRECORD_LOG_LEVEL": "error", "ONRECORD_MATCH_SECONDS": "60"}
    settings = Settings.from_environ(environ)
    database = opening.database(settings.database)
    database.migrate()
    ids: dict[str, str] = {}
    if claims is None:
        load_fixtures(database)
    else:
        recorder = Recorder(database)
        with recorder.together():
            recorder.party("somebody")
            for i, claim in enumerate(claims):
                titled = {"title": claim["title"]} if claim.get("title") else {}
                appearance = {"url": f"https://claims.example/{i}", **titled}
                made = recorder.claim(claim["text"], "somebody", appearances=[appearance], stated_on=_day(i))
                ids[made] = str(claim["id"])
    try:
        yield list(_clients(environ, database)), ids
    finally:
        database.close()


def _clients(environ: dict[str, str], database: Database) -> Iterator[FlaskClient]:
    yield create_app(Settings.from_environ(environ | {"ONRECORD_MODEL": "off"})).test_client()
    embedder = Embedder("")
    if embedder.name is None:
        print(f"(Without the model. {embedder.reason})")
        return
    vectorizing.embed(database, embedder)
    yield create_app(Settings.from_environ(environ)).test_client()


def _day(i: int) -> str:
    # The same words by the same speaker on the same day are one claim; here each has a day of its own.
    return f"{1000 + i // 300}-{i // 25 % 12 + 1:02}-{i % 25 + 1:02}"


def _print_ranking(engine: str, client: FlaskClient, queries: list[Query], ids: dict[str, str]) -> None:
    ranks = []
    name = engine
    for query in queries:
        answer = client.post("/v1/claims/match", json={"text": query.text[:10_000], "limit": DEPTH}).json
        name = f"{engine}, {answer['engine']['name']}"
        found = [item["claim"]["id"] for item in answer["candidates"]]
        ranks.append((query, [i for i, claim in enumerate(found) if ids.get(claim, claim) in query.right]))
    measures: list[Callable[[Query, list[int]], float]] = [_map(1), _map(3), _map(5), _reciprocal, _recall]
    means = [sum(measure(*rank) for rank in ranks) / len(ranks) for measure in measures]
    print(f"| {name} | {len(queries):,} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |", flush=True)


def _map(depth: int) -> Callable[[Query, list[int]], float]:
    """Average precision of the first so many answers."""

    def precision(query: Query, hits: list[int]) -> float:
        shown = [hit for hit in hits if hit < depth]
        return sum((i + 1) / (hit + 1) for i, hit in enumerate(shown)) / min(len(query.right), depth)

    return precision


def _reciprocal(query: Query, hits: list[int]) -> float:
    return 1 / (hits[0] + 1) if hits else 0.0


def _recall(query: Query, hits: list[int]) -> float:
    return len(hits) / len(query.right)


def _conflicts(engine: str, client: FlaskClient, pairs: list[Pair]) -> str:
    """A claim is found to oppose a sentence where its words are given as a reason."""
    right = wrong = 0
    for pair in pairs:
        claim = client.get(f"/v1/claims/{pair.claim}").json
        party = claim["attribution"]["speaker"]
        answer = client.post("/v1/claims/match", json={"text": pair.text, "party": party, "limit": DEPTH}).json
        said = [item for item in answer["conflicts"] if item["claim"]["id"] == pair.claim]
        if any(reason["kind"] != "position" for item in said for reason in item["reasons"]):
            right, wrong = (right + 1, wrong) if pair.opposes else (right, wrong + 1)
    opposing = sum(pair.opposes for pair in pairs)
    precision = right / (right + wrong) if right else 0.0
    return f"| {engine} | {len(pairs)} | {precision:.2f} | {right / opposing:.2f} |"


if __name__ == "__main__":
    main()
