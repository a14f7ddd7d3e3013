"""Databases of made-up claims to measure on, built through the ledger once and kept."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from ulid import ULID

from api import ledger
from api.domain import claims, parties, questions
from api.domain.record import Body, Record
from api.ledger import Decision
from api.storage.sqlite import Database
from tests.bench import synthetic

BATCH = 500
START = 1_700_000_000_000


def database(folder: Path, count: int) -> Path:
    """The path of a database of so many claims; built if it is not there yet."""
    path = folder / f"claims-{count}.db"
    if path.exists():
        return path
    folder.mkdir(parents=True, exist_ok=True)
    building = folder / f"claims-{count}.building"
    for leftover in folder.glob(f"{building.name}*"):
        leftover.unlink()
    store = Database(building)
    store.migrate()
    _fill(store, count)
    store.close()
    building.rename(path)
    return path


def _fill(store: Database, count: int) -> None:
    known: list[Decision] = [_deciding(parties.record, body) for body in synthetic.parties()]
    known += [_deciding(questions.record, body) for body in synthetic.questions()]
    ledger.write_many(store, [(decision, "operator") for decision in known])
    made = enumerate(synthetic.claims(count))
    began, done = time.monotonic(), 0
    while batch := list(islice(_decisions(made), BATCH)):
        outcomes = ledger.write_many(store, [(decision, "operator") for decision in batch])
        for outcome in outcomes:
            if isinstance(outcome, Exception):
                raise outcome
        done += len(batch)
        if done % 10_000 == 0 and sys.stderr.isatty():
            print(f"\r{done:,} of {count:,} claims", end="", file=sys.stderr, flush=True)
    print(f"\rbuilt {count:,} claims, {done / (time.monotonic() - began):,.0f} a second", file=sys.stderr)


def _decisions(made: Iterator[tuple[int, Body]]) -> Iterator[Decision]:
    for i, body in made:
        yield _claim(body, str(ULID.from_timestamp((START + i) / 1000)))


def _claim(body: Body, claim_id: str) -> Decision:
    return lambda known: claims.record(body, claim_id, known)


def _deciding(record: object, body: Body) -> Decision:
    def decision(known: Record) -> ledger.Event:
        event: ledger.Event = record(body, known)  # type: ignore[operator]
        return event

    return decision
