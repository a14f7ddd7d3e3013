"""What must hold of a database whose server was killed."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from api import checkpoints, ledger, verification
from api.storage import health, log, tree
from api.storage.log import Connection, Sealed
from api.storage.sqlite import Database
from tests.faults.pollers import Poller
from tests.faults.writers import Write
from tests.records import dump, every_table

MARK = re.compile(r"w\d+n\d+x")
SEARCHES = ("participation", "voluntary", '"participation is mandatory"', "said", "heard", "w0*")


@contextmanager
def copied(path: Path) -> Iterator[Database]:
    """A copy of a database that no process has open, write-ahead log included: what the next server would find.

    The original stays as the killed server left it, so that it is the next server that recovers it.
    """
    with TemporaryDirectory(dir=path.parent) as folder:
        copy = Path(folder) / path.name
        for suffix in ("", "-wal"):
            if Path(f"{path}{suffix}").exists():
                shutil.copyfile(f"{path}{suffix}", f"{copy}{suffix}")
        database = Database(copy, heads=f"{path}.heads")
        try:
            yield database
        finally:
            database.close()


def check(database: Database, writes: Sequence[Write], poller: Poller, before: int) -> None:
    """Fails unless the log verifies, every acknowledged write is there once, no other is half there, and what the
    poller was shown is what the log has, and what was signed. `before` entries were there before the writers began."""
    with database.snapshot() as db:
        assert health.damage(db) is None
        fault = verification.verify(db)
        assert fault is None, f"the log does not verify: {fault}"
        entries = list(log.sealed_entries(db))
        answers = _answers(db)
        marked = _marked(entries[before:])
        by_mark = {write.mark: write for write in writes}
        assert marked.keys() <= by_mark.keys(), "there are entries that nobody wrote"
        for mark, index in marked.items():
            _check_entry(entries[index], by_mark[mark], answers)
        for write in writes:
            if write.reply is not None:
                assert marked.get(write.mark) == write.index, f"{write.mark} was acknowledged as entry {write.index}"
                assert entries[write.index].subject == write.subject
                _check_answer(db, write)
            elif write.key is not None:
                # Half written would be: an answer kept for a write that was not done.
                assert (write.key in answers) == (write.mark in marked), f"of {write.mark} there is a half"
        for shown in list(poller.seen):
            assert shown.index < len(entries), f"the poller saw {shown}, which is lost"
            entry = entries[shown.index]
            assert shown == (entry.idx, entry.subject, entry.leaf_hash.hex()), f"the poller saw {shown}"
        checkpoints.check(db, checkpoints.Heads(database.heads).last())
        for signed in list(poller.signed):
            assert signed.size <= len(entries), f"{signed} was signed, and there are {len(entries)} entries"
            assert tree.root_at(db, signed.size) == signed.root, f"{signed} was signed, and the tree is another one"


def check_derived(database: Database) -> None:
    """Fails unless every derived table and every search is the same after a rebuild. It is rebuilt in place."""
    tables = every_table(database)
    before, found, head = dump(database, tables), _found(database), log.head(database.reader())
    assert ledger.rebuild(database) == head
    after = dump(database, tables)
    different = [table for table in tables if before[table] != after[table]]
    assert not different, f"these tables do not follow from the log: {different}"
    assert _found(database) == found, "the searches do not follow from the log"


def check_sound(path: Path, size: int) -> None:
    """Fails unless the database of a server that has ended has so many entries, verifies, and equals a rebuild."""
    database = Database(path)
    try:
        with database.snapshot() as db:
            assert health.damage(db) is None
            assert verification.verify(db) is None
            assert log.head(db).size == size
        check_derived(database)
    finally:
        database.close()


def _marked(entries: Iterable[Sealed]) -> dict[str, int]:
    """Which entry each mark stands in. Each entry has one, and no two have the same."""
    marked = {}
    for sealed in entries:
        marks = set(MARK.findall((sealed.payload or b"").decode()))
        assert len(marks) == 1, f"entry {sealed.idx} has the marks {sorted(marks)}"
        mark = marks.pop()
        assert mark not in marked, f"{mark} was written twice: entries {marked[mark]} and {sealed.idx}"
        marked[mark] = sealed.idx
    return marked


def _check_entry(sealed: Sealed, write: Write, answers: Counter[str]) -> None:
    """An entry is what was sent, whether its writer got to know or not."""
    assert sealed.kind == write.kind
    assert sealed.actor == write.mark.split("n")[0]
    payload: dict[str, Any] = json.loads(sealed.payload or b"")
    holds = {name: payload.get(name) for name in write.holds}
    assert holds == write.holds, f"entry {sealed.idx} holds {holds}, and {write.holds} was sent"
    if write.key is not None:
        assert answers[write.key] == 1, f"entry {sealed.idx} is there, and the answer to its key is not"


def _check_answer(db: Connection, write: Write) -> None:
    """What was answered is what is stored: the document of that revision, byte for byte. Only a claim's answer has one
    member more, its likely duplicates."""
    assert write.reply is not None
    document, more, _ = write.reply.body.partition(b',"matches":[')
    answered = document + b"}" if more else document
    stored = log.document(db, write.subject, write.index + 1)
    assert stored == (write.index, answered), f"the document of {write.mark} is another one than was answered"


def _answers(db: Connection) -> Counter[str]:
    return Counter(key for (key,) in db.execute("SELECT key FROM idempotency"))


def _found(database: Database) -> list[list[tuple[Any, ...]]]:
    sql = "SELECT rowid, bm25(searchable_fts) FROM searchable_fts WHERE searchable_fts MATCH ? ORDER BY rowid"
    return [database.reader().execute(sql, (asked,)).fetchall() for asked in SEARCHES]
