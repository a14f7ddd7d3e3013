"""Entries of another log: adopted they make the same record, byte for byte, and what does not fit is refused."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, note, settings
from hypothesis import strategies as st

from api import exports, ledger, merkle
from api.domain.entries import leaf_data, payload_hash
from api.reads import changes
from api.received import Unfit
from api.storage import log
from api.storage.log import Sealed
from api.storage.sqlite import Database
from tests.histories import Chronicle
from tests.records import Recorder, dump, every_table, ulid
from tests.test_rebuild import fresh


def resealed(sealed: Sealed, **changed: object) -> Sealed:
    """An entry with other fields, sealed anew as whoever runs a log can."""
    other = sealed._replace(**changed)
    hashed = payload_hash(other.salt or b"", other.payload or b"")
    return other._replace(payload_hash=hashed, leaf_hash=merkle.leaf_hash(leaf_data(*other[:5], hashed)))


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(40, 120))
def test_what_is_adopted_is_the_same_record(seed: int, steps: int) -> None:
    """Entry for entry, or as an export: every row of every table is the same, and so are number, time, salt and
    hashes."""
    note(f"Chronicle({seed}), {steps} steps")
    with fresh() as source, fresh() as one, fresh() as other:
        Chronicle(seed).write(source, steps)
        before = dump(source, every_table(source))
        head, entries = log.head(source.reader()), list(log.sealed_entries(source.reader()))
        for start in range(0, len(entries), 7):
            with ledger.turn(one) as turn:
                for sealed in entries[start : start + 7]:
                    turn.adopt(sealed)
        assert dump(one, every_table(one)) == before
        lines = [exports.header("record.example/log", head), *map(changes.entry, entries)]
        header, read = exports.read(io.BytesIO(b"\n".join(lines)))
        assert exports.load(other, header, read) == head
        assert dump(other, every_table(other)) == before


@pytest.fixture
def entries(tmp_path: Path) -> Iterator[list[Sealed]]:
    """Four entries: three parties, a claim."""
    source = Database(tmp_path / "source.db")
    source.migrate()
    record = Recorder(source)
    for name in ("a", "b", "c"):
        record.party(name)
    record.claim("It is so.", "a")
    yield list(log.sealed_entries(source.reader()))
    source.close()


MISFITS: dict[str, tuple[Callable[[list[Sealed]], Sealed], str]] = {
    "repeated": (lambda all: all[1], "Entry 1: it should be number 2: it is there twice, or out of order."),
    "skipped": (lambda all: all[3], "Entry 3: it should be number 2: entries in between are missing."),
    "earlier": (lambda all: resealed(all[2], recorded_at=all[0].recorded_at), "Entry 2: it was recorded at"),
    "payload": (lambda all: all[2]._replace(payload=b"{}"), "Entry 2: its payload and salt do not give"),
    "salt": (lambda all: all[2]._replace(salt=bytes(32)), "Entry 2: its payload and salt do not give"),
    "payload hash": (lambda all: all[2]._replace(payload_hash=bytes(32)), "Entry 2: its payload and salt do not"),
    "actor": (lambda all: all[2]._replace(actor="c"), "Entry 2: its fields do not give its leaf hash."),
    "leaf": (lambda all: all[2]._replace(leaf_hash=bytes(32)), "Entry 2: its fields do not give its leaf hash."),
    "no object": (lambda all: resealed(all[2], payload=b"[]"), "Entry 2: nothing can be made of its payload"),
    "no JSON": (lambda all: resealed(all[2], payload=b"{"), "Entry 2: nothing can be made of its payload"),
    "no claim": (
        lambda all: resealed(all[2], kind="claim.recorded", subject=f"claim/{ulid(7)}"),
        "Entry 2: nothing can be made of its payload",
    ),
    "no verdict": (
        lambda all: resealed(all[2], kind="verdict.published"),
        "Entry 2: it is of the kind verdict.published, and about something else: party/c.",
    ),
}


@pytest.mark.parametrize("how", MISFITS)
def test_what_does_not_fit_is_refused(how: str, entries: list[Sealed], database: Database) -> None:
    """The next entry must be the next by number and time, and its hashes must be those of its bytes, and it must make
    sense; else not a row of the turn stays."""
    with ledger.turn(database) as turn:
        turn.adopt(entries[0])
    before = dump(database, every_table(database))
    choose, told = MISFITS[how]
    with pytest.raises(Unfit) as refused, ledger.turn(database) as turn:
        turn.adopt(entries[1])
        turn.adopt(choose(entries))
    assert refused.value.detail.startswith(told)
    assert dump(database, every_table(database)) == before
