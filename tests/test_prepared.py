"""Reads that the driver has prepared find and fail without its cursors as they do with them."""

from __future__ import annotations

from typing import Any

import pytest

from api import ledger
from api.storage import faults, log
from api.storage.faults import EngineFailure
from api.storage.postgresql import Database
from api.storage.prepared import Rows
from api.storage.session import Session
from tests.postgresql import Server
from tests.records import Recorder

READ = "SELECT idx, subject, payload_hash, NULL FROM entries WHERE idx >= :first ORDER BY idx"
# After how many times the driver has prepared a statement.
OFTEN = 6


@pytest.fixture
def session(on_server: Database) -> Session:
    """A session that reads a record of four parties."""
    record = Recorder(on_server)
    for i in range(4):
        record.party(f"party-{i}")
    return on_server.reader()


def often(session: Session, sql: str, parameters: Any) -> list[Any]:
    """What is found each time when it is asked for often enough to be prepared, and once more without a cursor."""
    found = [session.execute(sql, parameters).fetchall() for _ in range(OFTEN)]
    last = session.execute(sql, parameters)
    assert isinstance(last, Rows)
    return [*found, last.fetchall()]


def test_rows_are_those_of_a_cursor(session: Session) -> None:
    """Numbers, texts, bytes and NULL, before and after a statement was prepared."""
    found = often(session, READ, {"first": 1})
    assert all(rows == found[0] for rows in found)
    assert [row[:2] for row in found[0]] == [(1, "party/party-1"), (2, "party/party-2"), (3, "party/party-3")]
    assert [(type(row[2]), row[3]) for row in found[0]] == [(bytes, None)] * 3


def test_rows_come_one_by_one_or_together(session: Session) -> None:
    """Each row is given once."""
    often(session, READ, {"first": 0})
    rows = session.execute(READ, {"first": 0})
    assert (rows.fetchone()[0], next(rows)[0], [row[0] for row in rows]) == (0, 1, [2, 3])
    assert rows.fetchone() is None and rows.fetchall() == []


@pytest.mark.parametrize("value", ["party/party-1", b"\0\xff", 2**40, None, 1.5, True], ids=repr)
def test_values_come_back_as_they_were_given(session: Session, value: Any) -> None:
    """Whatever their type: a statement is prepared for what it was given."""
    type_of = {str: "text", bytes: "bytea", int: "bigint", float: "float8", bool: "bool"}.get(type(value), "text")
    assert often(session, f"SELECT ?::{type_of}", (value,)) == [[(value,)]] * (OFTEN + 1)
    assert session.execute("SELECT 7").fetchone() == (7,)


def test_a_read_without_values_is_prepared_as_well(session: Session) -> None:
    """As the head's."""
    assert often(session, "SELECT count(*) FROM entries", ())[-1] == [(4,)]


def test_a_text_with_nul_is_found_nowhere(session: Session) -> None:
    """PostgreSQL knows no such text."""
    sql = "SELECT idx FROM entries WHERE subject = :subject"
    assert often(session, sql, {"subject": "party/party-1"})[-1] == [(1,)]
    assert session.execute(sql, {"subject": "party/\0"}).fetchall() == []


def test_a_read_that_fails_says_why(session: Session) -> None:
    """As an engine's failure, with the server's code; the session can be used afterwards."""
    sql = "SELECT 6 / idx FROM entries WHERE idx >= ? ORDER BY idx"
    assert often(session, sql, (1,))[-1] == [(6,), (3,), (2,)]
    with pytest.raises(EngineFailure) as failed:
        session.execute(sql, (0,))
    assert failed.value.code == "22012" and not failed.value.lost
    assert session.execute(sql, (3,)).fetchall() == [(2,)]


def test_a_read_that_is_cut_off_is_done_again(session: Session, on_server: Database, postgresql: Server) -> None:
    """On another connection, which has prepared nothing yet; within a snapshot it is told."""
    name = on_server.name.rpartition("/")[2]
    found = often(session, READ, {"first": 3})
    postgresql.cut(name)
    assert often(session, READ, {"first": 3}) == found
    with pytest.raises(EngineFailure) as failed, on_server.snapshot() as db:
        often(db, READ, {"first": 3})
        postgresql.cut(name)
        db.execute(READ, {"first": 3})
    assert failed.value.lost and faults.is_away(failed.value)


def test_what_was_rolled_back_or_rebuilt_is_read_as_it_is_now(session: Session, on_server: Database) -> None:
    """The driver drops what it had prepared, and tables may be others: nothing is asked for that is not there."""
    names = [f"party/party-{i}" for i in (1, 4)]

    def read() -> tuple[list[bool], int]:
        db = on_server.reader()
        return [log.document(db, name) is not None for name in names], log.head(db).size

    for _ in range(OFTEN):
        assert read() == ([True, False], 4)
    with pytest.raises(ZeroDivisionError), on_server.turn():
        raise ZeroDivisionError
    for _ in range(OFTEN):
        assert read() == ([True, False], 4)
    ledger.rebuild(on_server)
    Recorder(on_server).party("party-4")
    for _ in range(OFTEN):
        assert read() == ([True, True], 5)
    with on_server.snapshot():
        assert read() == ([True, True], 5)


def test_nothing_is_prepared_where_sessions_change(session: Session) -> None:
    """Behind a pooler each transaction may have another session of the server."""
    session.raw.prepare_threshold = None
    assert not any(isinstance(session.execute(READ, {"first": 3}), Rows) for _ in range(2 * OFTEN))
