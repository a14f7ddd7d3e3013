"""`onrecord mirror`: the same record, verified, whatever happens on the way; and only read."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from api.cli import following, served
from api.storage import keys
from tests.cli.conftest import SECONDS, Shell, claim
from tests.cli.mirrored import Between, entries_altered, folder, key_of, rows
from tests.cli.test_cli_serving import served as serving
from tests.records import Recorder, ulid

NOW = "2026-11-25T10:00:00.000Z"
# What readers ask for, in all its forms. A mirror answers each of them with the same bytes and the same ETag.
READ = (
    "/v1/claims?limit=200",
    "/v1/claims?q=voluntary&limit=7",
    "/v1/claims?party=dhs&status=refuted",
    "/v1/parties?limit=200",
    "/v1/questions/q-voluntary/timeline?party=dhs&limit=200",
    "/v1/questions/q-voluntary/timeline?party=dhs&known_by=2010-12-31",
    "/v1/contradictions?party=dhs&limit=50",
    "/v1/changes?limit=200",
    "/v1/changes?limit=50&include=entry",
    "/v1/changes?limit=10&kind=verdict.published",
    "/v1/changes?since=now",
    "/v1/entries/17",
    "/v1/claims?at=150",
    "/v1/log/checkpoint",
    "/v1/log/key",
    "/v1/log/proofs/inclusion?index=17&size=200",
    "/v1/log/proofs/consistency?from=17&to=200",
)


@pytest.fixture
def copy(tmp_path: Path) -> Iterator[Shell]:
    """A shell without a database, for the mirror."""
    made = folder(tmp_path, "copy")
    yield made
    made.database.close()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """What can pass by itself is asked for again at once."""
    monkeypatch.setattr(served, "PAUSE", 0.05)


def got(url: str) -> tuple[int, str | None, bytes]:
    try:
        with urlopen(url, timeout=SECONDS) as answer:
            return answer.status, answer.headers["ETag"], answer.read()
    except HTTPError as error:
        with error:
            return error.code, None, error.read()


def posted(url: str, token: str | None = None) -> tuple[int, Any]:
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    try:
        with urlopen(Request(url, json.dumps(claim("New.")).encode(), headers), timeout=SECONDS) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        with error:
            return error.code, json.load(error)


def test_mirror_is_the_same_record(full: Shell, copy: Shell) -> None:
    """Every row of every table is the same, and every read is answered with the same bytes: documents, lists, cursors,
    proofs, checkpoint and keys."""
    key = key_of(full)
    with serving(full, "serve") as (url, _):
        done = copy("mirror", url, "--key", key, "--once")
        assert (done.status, done.err) == (0, "")
        assert done.out == f"200 entries of localhost/onrecord. Root: {full.head.root.hex()}\n"
        assert copy.head == full.head
        assert rows(copy.database) == rows(full.database)
        assert f"ok       mirror of {url}: has the 200 entries that were signed last\n" in copy("doctor").out
        with serving(copy, "serve", ONRECORD_MIRROR_OF=url) as (mirror, _):
            for path in READ:
                assert got(mirror + path) == got(url + path), path
            page = json.loads(got(f"{url}/v1/changes?limit=50")[2])
            for verdict in json.loads(got(f"{url}/v1/changes?kind=verdict.published")[2])["changes"]:
                assert got(mirror + verdict["url"]) == got(url + verdict["url"])
                assert got(f"{mirror}{verdict['url']}/proof") == got(f"{url}{verdict['url']}/proof")
            # A bot may change from one to the other wherever it is.
            following_page = f"/v1/changes?limit=50&since={page['next']}"
            assert got(mirror + following_page) == got(url + following_page)
            assert copy.apart("verify", mirror, "--key", key).status == 0
    assert copy("verify", "--derived").status == 0


def test_mirror_of_a_mirror(full: Shell, copy: Shell, tmp_path: Path) -> None:
    """A mirror can be mirrored in turn, with the key of the first source."""
    key, third = key_of(full), folder(tmp_path, "third")
    with serving(full, "serve") as (url, _):
        assert copy("mirror", url, "--key", key, "--once").status == 0
    with serving(copy, "serve") as (url, _):
        assert third("mirror", url, "--key", key, "--once").status == 0
    assert rows(third.database) == rows(full.database)


def test_mirror_takes_no_writes(full: Shell, copy: Shell) -> None:
    """Every write is refused, over HTTP and on the command line, and named where to go; also where nobody has set that
    it is a mirror, since an entry of its own would part it from its source for good."""
    key = key_of(full)
    with serving(full, "serve") as (url, _):
        assert copy("mirror", url, "--key", key, "--once").status == 0
        with copy.database.turn() as db:
            _, token = keys.create_token(db, party="dhs", scopes=["admin"], note=None, now=NOW)
        for settings, given in (({"ONRECORD_MIRROR_OF": url}, None), ({}, token)):
            with serving(copy, "serve", **settings) as (mirror, _):
                status, problem = posted(f"{mirror}/v1/claims", given)
            assert (status, problem["type"]) == (403, "urn:onrecord:problem:read-only-mirror")
            assert problem["source"] == url and url in problem["detail"]
        path = copy.write("parties.ndjson", [{"id": "new", "name": "New", "kind": "organization"}])
        for words in (("import", path), ("init", "--party", "new", "--name", "New")):
            done = copy(*words)
            assert done.status == 1
            assert url in done.out + done.err
        erased = copy("erase", "party/dhs", "--reason", "None.", "--yes", ONRECORD_TOKEN=token)
        assert (erased.status, url in erased.err) == (1, True)
        assert copy.head == full.head
        assert copy("mirror", url, "--key", key, "--once").status == 0


def test_mirror_survives_kills(full: Shell, copy: Shell) -> None:
    """Killed again and again, wherever it is, while its source grows, it loses nothing and repeats nothing; told to
    stop it stops with status 0."""
    key, record, chance = key_of(full), Recorder(full.database), random.Random(1)
    copy.database.migrate()
    with serving(full, "serve") as (url, _):
        sizes = [0]
        for attempt in range(8):
            for number in range(40):
                record.claim(f"Claim {attempt}/{number}.", "dhs", id=ulid(100 * attempt + number))
            with _started(copy, "following.TOGETHER = 5", "mirror", url, "--key", key) as process:
                try:
                    # In the middle of its way, a few parts from where it was; and at any moment whatever.
                    if attempt % 2:
                        _until(lambda: copy.head.size > sizes[-1] + 20, process)
                    else:
                        time.sleep(chance.uniform(0.2, 0.8))
                finally:
                    process.kill()
                    process.communicate()
            sizes.append(copy.head.size)
            assert copy("verify").status == 0
        assert sizes == sorted(sizes) and sizes[-1] > 80
        with copy.start("mirror", url, "--key", key) as process:
            try:
                _until(lambda: copy.head == full.head, process)
                # It hears of what is new while it waits.
                record.party("newcomer")
                _until(lambda: copy.head == full.head, process)
                process.send_signal(signal.SIGTERM)
                assert process.wait(SECONDS) == 0
            finally:
                process.kill()
                process.communicate()
    assert rows(copy.database) == rows(full.database)


def test_mirror_waits_for_its_source(full: Shell, copy: Shell) -> None:
    """A source that is away ends no mirror but one that is to run once."""
    key = key_of(full)
    with serving(full, "serve") as (url, _):
        port = url.rpartition(":")[2]
        assert copy("mirror", url, "--key", key, "--once").status == 0
    done = copy("mirror", url, "--key", key, "--once")
    assert done.status == 1
    assert "cannot be read" in done.err
    Recorder(full.database).party("newcomer")
    # What a person waits for in seconds a test need not.
    with _started(copy, "served.PAUSE = mirroring.FIRST = 0.05", "mirror", url, "--key", key) as process:
        try:
            assert process.stderr and b"Trying again." in process.stderr.readline()
            with serving(full, "serve", ONRECORD_BIND=f"127.0.0.1:{port}"):
                _until(lambda: copy.head == full.head, process)
        finally:
            process.kill()
            process.communicate()


LIES: dict[str, tuple[Any, str]] = {
    "payload": (lambda entry: entry.update(payload=entry["payload"].replace("e", "a", 1)), "entry 0 (party.recorded)"),
    "withheld": (
        lambda entry: entry.update(payload=None, salt=None) if entry["index"] == 7 else None,
        "payload of entry 7 is missing, and no later entry says that it was erased",
    ),
    "actor": (lambda entry: entry.update(actor="somebody"), "entry 0"),
    "number": (lambda entry: entry.update(index=entry["index"] + 1), "entry 1"),
}


@pytest.mark.parametrize("how", LIES)
def test_mirror_believes_no_server(how: str, full: Shell, copy: Shell) -> None:
    """What is served is held against what is signed: a difference is named, and nothing is kept."""
    key = key_of(full)
    alter, told = LIES[how]
    with serving(full, "serve") as (url, _), Between(url, entries_altered(alter)) as between:
        done = copy("mirror", between.url, "--key", key, "--once")
        assert (done.status, done.out) == (1, "")
        assert told in done.err
        assert copy.head.size == 0
        assert copy("mirror", url, "--key", key, "--once").status == 0


def test_mirror_believes_only_its_key(full: Shell, copy: Shell, tmp_path: Path) -> None:
    """A checkpoint that another key signed is none."""
    other = folder(tmp_path, "other")
    other.database.migrate()
    key_of(full)
    with serving(full, "serve") as (url, _):
        done = copy("mirror", url, "--key", key_of(other), "--once")
        assert done.status == 1
        assert "not signed by a key that you trust" in done.err
        assert copy("mirror", url, "--key", "nonsense", "--once").status == 1
    assert copy.head.size == 0


def test_mirror_of_another_log(full: Shell, copy: Shell, tmp_path: Path) -> None:
    """A record of its own does not become a mirror, nor a mirror that of another log."""
    key = key_of(full)
    own = folder(tmp_path, "own")
    Recorder(own.database.migrate() and own.database).party("mine")
    with serving(full, "serve") as (url, _):
        done = own("mirror", url, "--key", key, "--once")
        assert done.status == 1
        assert "has 1 entries and is no mirror" in done.err
        assert copy("mirror", url, "--key", key, "--once").status == 0
    elsewhere = key_of(own)
    with serving(own, "serve", ONRECORD_ORIGIN="other.example/log") as (url, _):
        done = copy("mirror", url, "--key", elsewhere, "--once")
    assert done.status == 1
    assert "other.example/log" in done.err
    assert copy.head == full.head


def test_mirror_erases_what_its_source_erases(full: Shell, copy: Shell, tmp_path: Path) -> None:
    """Words that are erased at the source go from the mirror, its past and its file; a mirror that is made afterwards
    never gets them, and both are the same record."""
    key, record = key_of(full), Recorder(full.database)
    words = "Jo Doe of Mill Lane said it."
    told = record.claim(words, "dhs")
    with full.database.turn() as db:
        _, token = keys.create_token(db, party="dhs", scopes=["admin"], note=None, now=NOW)
    with serving(full, "serve") as (url, _):
        assert copy("mirror", url, "--key", key, "--once").status == 0
        copy.database.close()
        assert words.encode() in copy.path.read_bytes() + _log_of(copy)
        # The first is here already; the other two come with the words, and go before they are read.
        assert _erase(full, told, token) == 0
        second = record.claim(f"{words} Again.", "dhs")
        record.party("in-between")
        assert _erase(full, second, token) == 0
        done = copy("mirror", url, "--key", key, "--once")
        assert (done.status, done.err) == (0, "")
        late = folder(tmp_path, "late")
        assert late("mirror", url, "--key", key, "--once").status == 0
    wanted = rows(full.database)
    for mirror in (copy, late):
        assert mirror("verify", "--derived").status == 0
        assert rows(mirror.database) == wanted
        assert b"Mill Lane" not in mirror.path.read_bytes() + _log_of(mirror)


def test_mirror_takes_many_parts(
    full: Shell, copy: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many parts a long way takes, what was erased later is accounted for in each of them, and the end is the
    same."""
    monkeypatch.setattr(following, "TOGETHER", 7)
    key, record = key_of(full), Recorder(full.database)
    with full.database.turn() as db:
        _, token = keys.create_token(db, party="dhs", scopes=["admin"], note=None, now=NOW)
    claims = [record.claim(f"Mill Lane {number}.", "dhs") for number in range(20)]
    with serving(full, "serve") as (url, _):
        for number in (3, 11, 17):
            assert _erase(full, claims[number], token) == 0
        assert copy("mirror", url, "--key", key, "--once").status == 0
        # The next is erased when the mirror has it, and the one after that before.
        more = [record.claim(f"Mill Road {number}.", "dhs") for number in range(20)]
        assert _erase(full, claims[5], token) == 0
        assert _erase(full, more[18], token) == 0
        assert _erase(full, more[2], token) == 0
        assert copy("mirror", url, "--key", key, "--once").status == 0
    assert copy("verify", "--derived").status == 0
    assert rows(copy.database) == rows(full.database)
    assert b"Mill Lane 5." not in copy.path.read_bytes() + _log_of(copy)


def _erase(shell: Shell, claim_id: str, token: str) -> int:
    done = shell("erase", f"claim/{claim_id}", "--reason", "An order.", "--yes", ONRECORD_TOKEN=token)
    return done.status


def _log_of(shell: Shell) -> bytes:
    path = Path(f"{shell.path}-wal")
    return path.read_bytes() if path.exists() else b""


def _started(shell: Shell, tuned: str, *words: str) -> subprocess.Popen[bytes]:
    """Start a command in a process of its own that has other constants."""
    program = f"from api.cli import following, main, mirroring, served; {tuned}; main()"
    pipes = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    return subprocess.Popen(
        [sys.executable, "-c", program, *words], cwd=shell.folder, env=shell.environ(), **pipes
    )


def _until(met: Any, process: subprocess.Popen[bytes]) -> None:
    end = time.monotonic() + SECONDS
    while not met():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)
