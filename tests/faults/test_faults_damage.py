"""A damaged page in the middle of the database file: what needs it says so, everything else goes on, and nothing is
written over it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from api import checkpoints
from api.storage import keys, log
from api.storage.sqlite import Database
from tests.cli.conftest import Done, Shell
from tests.conftest import NOW
from tests.contract.servers import Got
from tests.faults.asking import claim
from tests.faults.running import Running, running
from tests.records import DESK

SPOILT = b"\xa5"

READ = ("/v1/claims?q=voluntary&limit=1", "/v1/changes?limit=200", "/v1/parties", "/v1/entries/0", "/readyz")

Name = TypeVar("Name", str, int)


@dataclass
class Damaged:
    """The DHS record with one page overwritten: where the page is, what is on it, and a token of "example-desk"."""

    path: Path
    offset: int
    size: int
    entry: int
    claim: str
    token: str

    @property
    def page(self) -> bytes:
        """The page as it is now."""
        with self.path.open("rb") as file:
            file.seek(self.offset)
            return file.read(self.size)


@pytest.fixture
def record(tmp_path: Path, dhs: Database) -> Iterator[Database]:
    """A copy of the DHS record, without anything beside the file."""
    dhs.backup(tmp_path / "record.db")
    yield Database(tmp_path / "record.db")


def damaged(record: Database, table: str, tmp_path: Path) -> Damaged:
    """Overwrites a page on which this table has the row of a claim in the middle of the log, and which no other one of
    the queries below needs."""
    with record.turn() as db:
        _, token = keys.create_token(db, party=DESK, scopes=("admin",), note=None, now=NOW)
    with record.snapshot() as db:
        entries = [sealed for sealed in log.sealed_entries(db) if sealed.kind == "claim.recorded"]
        sealed = entries[len(entries) // 2]
    record.close()
    document = "SELECT body FROM documents d JOIN subjects s ON s.no = d.no WHERE s.name"
    queries = {
        "payloads": f"SELECT bytes FROM payloads WHERE idx = {sealed.idx}",
        "documents": f"{document} = '{sealed.subject}' AND d.since = {sealed.idx}",
        "other documents": f"{document} = '{entries[0].subject}'",
        "other payloads": "SELECT bytes FROM payloads WHERE idx IN (0, 199)",
        "nodes": "SELECT hash FROM nodes WHERE level = 3 AND position = 24",
        "rest": "SELECT count(*), sum(length(line)) FROM changes, head",
        "search": "SELECT count(*) FROM searchable_fts WHERE searchable_fts MATCH 'voluntary'",
    }
    content = record.path.read_bytes()
    size = int.from_bytes(content[16:18])
    trial = tmp_path / "trial.db"
    for offset in range(size, len(content), size):
        trial.write_bytes(content[:offset] + SPOILT * size + content[offset + size :])
        if broken(trial, queries) == {table}:
            shutil.move(trial, record.path)
            return Damaged(record.path, offset, size, sealed.idx, sealed.subject.removeprefix("claim/"), token)
    raise AssertionError(f"no page is of {table} alone")


def broken(path: Path, queries: dict[Name, str]) -> set[Name]:
    """Which of the queries fail."""
    found = set()
    with closing(sqlite3.connect(path)) as db:
        for name, sql in queries.items():
            try:
                db.execute(sql).fetchall()
            except sqlite3.DatabaseError:
                found.add(name)
    return found


def told(server: Running, answer: Got) -> None:
    """The answer says that what it needs is damaged, and the log tells more under the same id."""
    assert (answer.status, answer.headers["content-type"]) == (500, "application/problem+json"), answer.body
    assert answer.json["type"] == "urn:onrecord:problem:storage-damaged"
    assert "restore a backup" in answer.json["detail"]
    lines = [json.loads(line) for line in server.said().splitlines()]
    line = next(line for line in lines if line.get("request_id") == answer.json["request_id"])
    assert (line["level"], line["code"]) == ("error", "SQLITE_CORRUPT")
    assert "malformed" in line["reason"] and "Traceback" in line["exception"]


def goes_on(server: Running, hurt: Damaged, size: int) -> None:
    """What does not need the page is read and written."""
    assert all(server.answers(path) for path in READ)
    made = claim(server, hurt.token, "This was said after the damage.", "dhs")
    assert (made.status, made.json["revision"]) == (201, size)
    assert server.get(f"/v1/claims/{made.json['id']}").json["text"] == "This was said after the damage."


def named(shell: Shell, hurt: Damaged) -> None:
    """`doctor` names the page that is damaged, and says what to do."""
    done = shell("doctor")
    assert done.status == 1
    problem = next(line for line in done.out.splitlines() if line.startswith("PROBLEM"))
    assert f"Page {hurt.offset // hurt.size + 1}" in problem.replace("page", "Page") and "restore a backup" in problem


def test_a_damaged_page_of_the_log(record: Database, tmp_path: Path) -> None:
    """An entry whose payload is damaged is a problem by itself, and so is a write that must know it. `verify` names the
    first such entry, `doctor` the page."""
    hurt = damaged(record, "payloads", tmp_path)
    before = hurt.page
    with running(hurt.path) as server:
        told(server, server.get(f"/v1/entries/{hurt.entry}"))
        told(server, server.get("/v1/changes?include=entry&limit=200"))
        verdict = {"rating": "false", "evidence": [{"url": "https://x.example"}]}
        told(server, server.send("POST", f"/v1/claims/{hurt.claim}/verdicts", verdict, hurt.token))
        assert server.answers(f"/v1/claims/{hurt.claim}")
        goes_on(server, hurt, 200)
        server.stop()
    assert hurt.page == before == SPOILT * hurt.size
    shell, payloads = (
        Shell(tmp_path),
        {index: f"SELECT bytes FROM payloads WHERE idx = {index}" for index in range(200)},
    )
    first = min(broken(hurt.path, payloads))
    assert 0 < first <= hurt.entry
    told_by = f"Error: The log does not verify. entry {first}: it cannot be read: database disk image is malformed.\n"
    assert shell("verify") == Done(1, "", told_by)
    named(shell, hurt)
    assert hurt.page == before


def test_a_damaged_page_of_documents(record: Database, tmp_path: Path) -> None:
    """A document that is damaged is a problem by itself; the log still verifies, and `doctor` names the page."""
    hurt = damaged(record, "documents", tmp_path)
    before = hurt.page
    with running(hurt.path) as server:
        told(server, server.get(f"/v1/claims/{hurt.claim}"))
        assert server.answers(f"/v1/entries/{hurt.entry}")
        goes_on(server, hurt, 200)
        server.stop()
    shell = Shell(tmp_path)
    assert shell("verify").status == 0
    named(shell, hurt)
    assert hurt.page == before == SPOILT * hurt.size


def test_a_damaged_page_of_the_tree(record: Database, tmp_path: Path) -> None:
    """Where the hashes above the entries cannot be read, nobody can tell whether the log has all that was signed: it is
    served and takes no writes. `verify` and `doctor` say why."""
    with checkpoints.Heads(record.heads).appending() as (_, append):
        head = log.head(record.reader())
        append(checkpoints.SignedHead(head.size, head.root, NOW, ()))
    hurt = damaged(record, "nodes", tmp_path)
    with running(hurt.path) as server:
        told(server, claim(server, hurt.token, "This was said after the damage.", "dhs"))
        assert all(server.answers(path) for path in READ)
        assert server.get("/v1/changes").json["head"]["size"] == 200
        server.stop()
    shell = Shell(tmp_path)
    done = shell("verify")
    assert done.status == 1
    assert done.err.startswith("Error: The log does not verify. tree: its nodes and the head cannot be read")
    named(shell, hurt)
    assert hurt.page == SPOILT * hurt.size
