"""`onrecord serve` and `demo`, as processes on a port of their own."""

from __future__ import annotations

import json
import re
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.request import Request, urlopen

from api.storage import keys
from tests.cli.conftest import SECONDS, Shell
from tests.processes import free_port
from tests.records import APPEARANCE


@contextmanager
def served(shell: Shell, *words: str, **environ: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A serving command, from the moment that it answers until it is told to stop."""
    bind = f"127.0.0.1:{free_port()}"
    output = (shell.folder / "output.txt").open("wb")
    bind = environ.setdefault("ONRECORD_BIND", bind)
    process = shell.start(*words, environ=environ, stdout=output, stderr=output)
    try:
        _await(f"http://{bind}/readyz", process)
        yield f"http://{bind}", process
        process.send_signal(signal.SIGTERM)
        assert process.wait(SECONDS) == 0
    finally:
        process.kill()
        process.wait()
        output.close()


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while process.poll() is None and time.monotonic() < end:
        try:
            if urlopen(url, timeout=5).status == 200:
                return
        except OSError:
            time.sleep(0.02)
    raise AssertionError(f"nothing answers at {url}")


def test_serve_serves_the_record(full: Shell) -> None:
    """What is in the database is answered, and SIGTERM ends it with status 0."""
    with served(full, "serve") as (url, _):
        assert len(json.load(urlopen(f"{url}/v1/claims?limit=200"))["items"]) == 100


def test_demo_serves_the_example_record(bare: Shell) -> None:
    """It has the whole record, prints a page to look at, a token that may write and three commands that work, and can
    be started again."""
    for _ in range(2):
        with served(bare, "demo") as (url, _):
            printed = (bare.folder / "output.txt").read_text()
            token = re.search(r"ONRECORD_TOKEN=(onr_\S+)", printed)
            assert token and url in printed
            timeline = json.load(urlopen(f"{url}/v1/questions/q-voluntary/timeline?party=dhs&limit=200"))
            assert timeline["reversals"] > 0
            assert json.load(urlopen(f"{url}/v1/changes?limit=1"))["head"]["size"] == 200
            claim = json.load(urlopen(f"{url}/v1/claims?status=unreviewed&limit=1"))["items"][0]["id"]
            body = json.dumps({"rating": "unproven", "evidence": [APPEARANCE]}).encode()
            headers = {"Authorization": f"Bearer {token[1]}", "Content-Type": "application/json"}
            assert urlopen(Request(f"{url}/v1/claims/{claim}/verdicts", body, headers)).status == 201
            page = re.search(r"^Look at (\S+):", printed, re.MULTILINE)
            assert page and b"changed the answer" in urlopen(page[1]).read()
            commands = re.findall(r"^  (curl .*)$", printed, re.MULTILINE)
            assert len(commands) == 3
            assert all(any(word.startswith(url) for word in shlex.split(command)) for command in commands)
        names = [found.name for found in bare.folder.glob("demo.db*")]
        ours = (".delivering", ".key", ".lock", ".serving")
        assert sorted(names) == ["demo.db", *(f"demo.db{suffix}" for suffix in ours)]


def test_demo_leaves_other_databases_alone(full: Shell) -> None:
    """A database that no demo made is not touched."""
    with full.database.turn() as db:
        keys.create_token(db, party="dhs", scopes=["admin"], note="mine", now="2026-11-24T10:00:00.000Z")
    before = full.head
    done = full("demo", "--database", full.path, ONRECORD_BIND="127.0.0.1:0")
    assert done.status == 1
    assert "was not made by a demo" in done.err
    other = full.write("notes.txt", b"mine")
    assert full("demo", "--database", other, ONRECORD_BIND="127.0.0.1:0").status == 1
    assert other.read_bytes() == b"mine"
    assert full.head == before


def test_demo_on_a_port_that_is_taken(bare: Shell) -> None:
    """Nothing is made, or taken from under a demo that runs, where nobody could listen."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        bind = f"127.0.0.1:{taken.getsockname()[1]}"
        done = bare("demo", "--database", bare.path, ONRECORD_BIND=bind)
    assert done.status == 1
    assert done.err.startswith(f"Error: Cannot listen on {bind} (Address already in use): ")
    assert not bare.path.exists()


def test_demo_leaves_the_key_of_a_record_that_is_elsewhere_alone(bare: Shell) -> None:
    """Where there is no database yet, files that belong to one are not a demo's to remove."""
    kept = bare.write("record.db.heads", b"")
    with served(bare, "demo", "--database", str(bare.path)):
        assert kept.exists()
