"""The tables on PostgreSQL: the same as on SQLite (`api.storage.tables`), migrated in the same steps. Derived ones are
made anew beside the old ones, which are read until the new ones are put in their place."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from api.storage import dialect, lists, postgresql_search, reviewers
from api.storage.faults import EngineFailure, StoreError
from api.storage.session import Session
from api.storage.tables import (
    DERIVED,
    LOG,
    MIRROR,
    MOVE,
    NAMES,
    REVIEW_PAGES,
    SERVICE,
    VECTORS,
    WEBHOOKS,
    stemmed,
)

MIGRATIONS = "onrecord_migrations"
# Where derived tables are made anew.
BESIDE = "onrecord_anew"
# What numbers the rows of derived tables.
FUNCTIONS = ("next_terms", "next_searchable")
# How often the readers of the old tables are waited for, for how many milliseconds at once, and how many seconds later
# again. Those who come to read meanwhile wait as well, so they are let in in between.
TRIES, GLANCE, PAUSE = 120, 200, 0.5


def _record(session: Session) -> None:
    _run(session, [*dialect.tables(LOG + SERVICE), *derived()])


def _mirror(session: Session) -> None:
    _run(session, dialect.tables(MIRROR))


def _match(session: Session) -> None:
    sql = "SELECT 1 FROM pg_attribute WHERE attrelid = 'searchable'::regclass AND attname = 'stems'"
    if session.execute(sql).fetchone():
        return
    _run(session, ["ALTER TABLE searchable DROP COLUMN words", "ALTER TABLE searchable ADD COLUMN stems TEXT"])
    rows = session.execute("SELECT id, text, variants, speakers, titles FROM searchable ORDER BY id").fetchall()
    for id, *words in rows:
        session.execute("UPDATE searchable SET stems = :stems WHERE id = :id", {"stems": stemmed(*words), "id": id})
    _run(session, ["ALTER TABLE searchable ALTER COLUMN stems SET NOT NULL", *postgresql_search.DDL])


def _move(session: Session) -> None:
    _run(session, dialect.tables(MOVE))


def _names(session: Session) -> None:
    _run(session, dialect.tables(NAMES))
    lists.name_all(session)


def _review_pages(session: Session) -> None:
    _run(session, dialect.tables(REVIEW_PAGES))


def _webhooks(session: Session) -> None:
    _run(session, [*dialect.numbering(WEBHOOKS), *dialect.tables(WEBHOOKS)])


def _vectors(session: Session) -> None:
    _run(session, dialect.tables(VECTORS))


def _nothing(session: Session) -> None:
    """SQLite's index of words alone is another table, which was brought up to date in another way."""


# By the names of the migrations of `api.storage.tables`, in their order.
STEPS: dict[str, Callable[[Session], None]] = {
    "0001_record": _record,
    "0002_mirror": _mirror,
    "0003_move": _move,
    "0003_webhooks": _webhooks,
    "0004_match": _match,
    "0005_names": _names,
    "0006_review_pages": _review_pages,
    "0006_reviewers": reviewers.mark_changes,
    "0007_vectors": _vectors,
    "0008_words_by_turns": _nothing,
}


def known() -> list[str]:
    """The names of all migrations."""
    return list(STEPS)


def applied(session: Session) -> list[str]:
    """The names of the migrations that ran; none where there is no record yet."""
    if session.execute("SELECT to_regclass(:name) IS NULL", {"name": MIGRATIONS}).fetchone()[0]:
        return []
    return [name for (name,) in session.execute(f"SELECT name FROM {MIGRATIONS} ORDER BY name").fetchall()]


def migrate(session: Session, name: str) -> list[str]:
    """Within a turn: run the migrations that did not run yet. Out: their names."""
    done = applied(session)
    if unknown := [step for step in done if step not in STEPS]:
        raise StoreError(f"The database {name} is of a later version (it has {unknown[-1]}): install that version.")
    if not done:
        _refuse_others(session, name)
        session.run(f'CREATE TABLE IF NOT EXISTS {MIGRATIONS} (name TEXT COLLATE "C" PRIMARY KEY, at TIMESTAMPTZ)')
    pending = [step for step in STEPS if step not in done]
    for step in pending:
        STEPS[step](session)
        session.execute(f"INSERT INTO {MIGRATIONS} (name, at) VALUES (:step, now())", {"step": step})
    return pending


def drop(session: Session) -> None:
    """Within a turn: drop every table of the record, and what belongs to it."""
    dropped = [f"DROP TABLE IF EXISTS {table}" for table in (*_ours()[::-1], MIGRATIONS)]
    _run(session, [*dropped, *(f"DROP FUNCTION IF EXISTS {function}()" for function in FUNCTIONS)])


def derived() -> list[str]:
    """The statements that make every derived table, empty."""
    ddl = "".join(DERIVED.values())
    return [*dialect.numbering(ddl), *dialect.tables(ddl), *postgresql_search.DDL]


def begin_anew(session: Session) -> None:
    """Within a turn: make every derived table beside the old ones. From here on this connection finds the new ones."""
    [here] = session.execute("SELECT current_schema()").fetchone()
    schema = [f"DROP SCHEMA IF EXISTS {BESIDE} CASCADE", f"CREATE SCHEMA {BESIDE}"]
    _run(session, [*schema, f'SET LOCAL search_path = {BESIDE}, "{here}"', *derived()])
    session.rebuilt = True


def put_in_place(session: Session) -> None:
    """At the end of the turn: drop the old derived tables and put the new ones in their place."""
    here = session.execute("SELECT current_schemas(false)").fetchone()[0][1]
    # Nobody knows yet what is in them, and so how they are best read.
    session.run(f"ANALYZE {', '.join(f'{BESIDE}.{table}' for table in DERIVED)}")
    _wait_for_readers(session, here)
    for table in reversed(DERIVED):
        session.run(f'DROP TABLE IF EXISTS "{here}".{table}')
    for function in FUNCTIONS:
        session.run(f'DROP FUNCTION IF EXISTS "{here}".{function}()')
    for table in DERIVED:
        session.run(f'ALTER TABLE {BESIDE}.{table} SET SCHEMA "{here}"')
    for function in FUNCTIONS:
        session.run(f'ALTER FUNCTION {BESIDE}.{function}() SET SCHEMA "{here}"')
    session.run(f"DROP SCHEMA {BESIDE}")


def _run(session: Session, statements: list[str]) -> None:
    # As one block: where the driver sees a DROP or an ALTER it forgets what it prepared, and within a turn others that
    # are prepared are on their way already.
    session.run(f"DO $block$ BEGIN {'; '.join(statements)}; END $block$")


def _wait_for_readers(session: Session, here: str) -> None:
    # All who read several tables of one state have the head's lock, so theirs are free once that is to be had.
    locks = ", ".join(f'"{here}".{table}' for table in DERIVED)
    for attempt in range(1, TRIES + 1):
        session.run("SAVEPOINT waiting")
        session.run(f"SET LOCAL lock_timeout = {GLANCE}")
        try:
            session.run(f"LOCK TABLE {locks} IN ACCESS EXCLUSIVE MODE")
            return
        except EngineFailure as failed:
            if attempt == TRIES or failed.code not in ("55P03", "40P01"):
                raise
            session.run("ROLLBACK TO SAVEPOINT waiting")
            time.sleep(PAUSE)


def _refuse_others(session: Session, name: str) -> None:
    """Refuse a database in which somebody else's tables have our names."""
    ours = _ours()
    sql = "SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema() AND tablename IN"
    found = session.execute(f"{sql} ({', '.join('?' * len(ours))}) LIMIT 1", ours).fetchone()
    if found:
        raise StoreError(f"The database {name} is another application's (it has a table {found[0]}): use an empty one.")


def _ours() -> list[str]:
    """The names of all tables, in the order in which they are made."""
    tables = (LOG, SERVICE, MIRROR, MOVE, WEBHOOKS, VECTORS, *DERIVED.values())
    return re.findall(r"CREATE TABLE (\w+)", "".join(tables))
