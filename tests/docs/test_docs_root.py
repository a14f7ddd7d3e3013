"""What the README says about the record that comes with the project."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from urllib.request import urlopen

import pytest

from api import create_app, merkle
from api.settings import Settings
from api.storage import log
from api.storage.sqlite import Database
from fixtures import root
from tests.docs import pages, servers

README = (pages.ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture
def example(tmp_path: Path) -> Iterator[Database]:
    """The example data, loaded with fixed times and salts."""
    database = Database(tmp_path / "example.db")
    database.migrate()
    root.load(database)
    yield database
    database.close()


def test_docs_show_the_root() -> None:
    """The README prints the root that the command which it names computes."""
    done = subprocess.run(
        [sys.executable, "-m", "fixtures.root"], cwd=pages.ROOT, capture_output=True, text=True, check=True
    )
    assert re.findall(r"^[0-9a-f]{64}$", README, re.MULTILINE) == [done.stdout.strip()]


def test_docs_root_is_fixed_as_they_say(example: Database) -> None:
    """Entry i is recorded i seconds after ten o'clock, its salt is the SHA-256 of i, and the root is that of
    RFC 6962 over the leaves."""
    leaves = []
    for i, sealed in enumerate(log.sealed_entries(example.reader())):
        assert sealed.recorded_at == f"2026-11-24T10:{i // 60:02d}:{i % 60:02d}.000Z"
        assert sealed.salt == sha256(str(i).encode()).digest()
        leaves.append(sealed.leaf_hash)
    assert merkle.tree_hash(leaves).hex() in README


def test_docs_root_is_that_of_the_demo(example: Database, tmp_path: Path) -> None:
    """But for times and salts, the log that the root stands for is the log of the demo."""
    with servers.Server("demo", tmp_path) as server:
        answer = urlopen(f"{server.url}/v1/changes?include=entry&limit=200").read()
    entries = [change["entry"] for change in json.loads(answer)["changes"]]
    assert [(entry["kind"], entry["subject"], entry["actor"], entry["payload"]) for entry in entries] == [
        (sealed.kind, sealed.subject, sealed.actor, (sealed.payload or b"").decode())
        for sealed in log.sealed_entries(example.reader())
    ]


def test_docs_count_the_reversals(example: Database) -> None:
    """By the end of 2010 the public could know of three reversals, not five, and the last was in October."""
    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{example.path}"}))
    ask = app.test_client().get
    address = "/v1/questions/q-voluntary/timeline?party=dhs&limit=200"
    everything = ask(address).get_json()
    known = ask(f"{address}&known_by=2010-12-31").get_json()
    assert (everything["reversals"], known["reversals"]) == (5, 3)
    assert [item["stated_on"] for item in known["statements"] if item["reversal"]][-1].startswith("2010-10")
    app.extensions["onrecord"].database.close()


def test_docs_count_the_claims(example: Database) -> None:
    """The record has as many claims as the tour says."""
    claims = sum(sealed.kind == "claim.recorded" for sealed in log.sealed_entries(example.reader()))
    assert f"{claims} claims" in README
