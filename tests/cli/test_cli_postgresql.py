"""The command line on a PostgreSQL server: DATABASE_URL is all that changes."""

from __future__ import annotations

import json
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.request import urlopen

import pytest

from api import create_app, notes
from api.settings import Settings
from api.storage import log
from tests.cli.conftest import ROOT, Done, Shell, claim
from tests.cli.mirrored import key_of
from tests.cli.test_cli_mirror import READ
from tests.cli.test_cli_serving import served as serving
from tests.postgresql import PASSWORD, Server
from tests.processes import free_port
from tests.records import DESK

KEY = notes.new_key("localhost/onrecord")


class ServerShell(Shell):
    """Runs commands on a database of a server, in a folder of their own."""

    def __init__(self, folder: Path, server: Server) -> None:
        from api.storage.postgresql import Database

        self.folder, self.server = folder, server
        self.name = server.create()
        self.url = server.over_tcp(self.name)
        self.database = Database(self.url, folder / "onrecord.heads", folder / "onrecord")  # type: ignore[assignment]

    def environ(self, **more: str) -> dict[str, str]:
        """The environment of a command."""
        return super().environ() | {"DATABASE_URL": self.url} | more

    def __call__(self, *words: str | Path, **environ: str) -> Done:
        """Run a command in a process of its own, in the folder: what belongs to the record is made there."""
        return self.apart(*words, environ=environ)

    path = Path("nowhere.db")


@pytest.fixture
def remote(postgresql: Server, tmp_path: Path) -> Iterator[ServerShell]:
    """A shell on an empty database of a server."""
    made = ServerShell(tmp_path, postgresql)
    yield made
    made.database.close()
    postgresql.drop(made.name)


def test_a_record_on_a_server(remote: ServerShell, bare: Shell) -> None:
    """init, import, verify, rebuild, doctor, export and erase do there what they do with a file."""
    made = remote("init", "--party", DESK, "--name", "Example Desk")
    assert made.status == 0 and (remote.folder / "onrecord.key").exists(), made.err
    token = made.out.strip()
    lines = [{"id": "agency", "name": "Agency", "kind": "organization"}]
    assert remote("import", remote.write("parties.ndjson", lines)).out == "1 recorded, 0 already there, 0 refused.\n"
    claims = remote.write("claims.ndjson", [claim(f"Statement {number}.") for number in range(300)])
    assert remote("import", claims).out == "300 recorded, 0 already there, 0 refused.\n"
    assert remote("import", claims).out == "0 recorded, 300 already there, 0 refused.\n"
    verified = remote("verify")
    assert verified.out.startswith("302 entries verify. Root: "), verified.err
    assert remote("rebuild").out.endswith(verified.out.partition("Root: ")[2])
    looked = remote("doctor")
    # The server of the tests does not wait for its disk, and doctor says so.
    assert [line for line in looked.out.splitlines() if not line.startswith("ok ")] == [
        "PROBLEM  commits: fsync is off: a power cut can destroy the database. Set fsync = on in the server's"
        " configuration."
    ]
    subject = log.history(remote.database.reader(), 2)[0].subject
    assert subject == "party/agency"
    erased = remote("erase", "claim/" + first_claim(remote), "--reason", "By order.", "--yes", ONRECORD_TOKEN=token)
    assert erased.status == 0 and "The tables were written anew" in erased.out, erased.err
    assert remote("verify").status == 0
    exported = remote("export", "all.ndjson")
    assert exported.out == "Wrote 303 entries to all.ndjson.\n", exported.err
    assert bare("migrate").status == 0
    assert bare("import", "--ledger", remote.folder / "all.ndjson").status == 0
    assert bare.head == remote.head
    assert PASSWORD not in "".join((made.err, looked.out, looked.err, verified.out, erased.out))


def first_claim(remote: ServerShell) -> str:
    """The id of the first claim."""
    sealed = next(entry for entry in log.sealed_entries(remote.database.reader()) if entry.kind == "claim.recorded")
    return sealed.subject.removeprefix("claim/")


def test_a_ledger_moves_to_a_server(full: Shell, remote: ServerShell) -> None:
    """An export of a file makes the same log on a server, which gives the same answers, byte for byte: so cursors,
    ETags and proofs stay good."""
    assert full("export", full.folder / "all.ndjson").status == 0
    assert remote("migrate").status == 0
    moved = remote("import", "--ledger", full.folder / "all.ndjson")
    assert moved.status == 0 and full.head.root.hex() in moved.out, moved.err
    assert remote.head == full.head
    own = {"ONRECORD_SIGNING_KEY": KEY.private_text(), "ONRECORD_HEADS": str(full.folder / "heads")}
    clients = [
        create_app(Settings.from_environ(own | {"DATABASE_URL": url})).test_client()
        for url in (f"sqlite:///{full.path}", remote.url)
    ]
    for path in READ:
        one, other = (client.get(path) for client in clients)
        assert (one.status_code, one.data) == (other.status_code, other.data), path
        assert one.headers.get("ETag") == other.headers.get("ETag"), path
        assert one.status_code == 200 and one.data
    for client in clients:
        client.application.extensions["onrecord"].database.close()


def test_a_mirror_on_a_server(full: Shell, remote: ServerShell) -> None:
    """A server can have the mirror of a record, with the same root."""
    key = key_of(full)
    with serving(full, "serve") as (url, _):
        done = remote("mirror", url, "--key", key, "--once")
        assert done.status == 0 and full.head.root.hex() in done.out, done.err
    assert remote.head == full.head
    assert remote("verify").status == 0


def test_it_is_served(remote: ServerShell) -> None:
    """A server of two processes answers, writes and stops."""
    port = free_port()
    refused = remote("serve")
    assert refused.status == 1 and "run 'onrecord migrate' first" in refused.err
    token = remote("init", "--party", DESK, "--name", "Example Desk").out.strip()
    with remote.start("serve", environ={"ONRECORD_BIND": f"127.0.0.1:{port}"}) as process:
        try:
            until_ready(port)
            headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
            party = {"id": "agency", "name": "Agency", "kind": "organization"}
            assert ask(port, "POST", "/v1/parties", json.dumps(party), headers)[0] == 201
            status, body = ask(port, "POST", "/v1/claims", json.dumps(claim("A statement.")), headers)
            assert status == 201
            number = json.loads(body)["id"]
            assert json.loads(ask(port, "GET", "/v1/claims?q=statement")[1])["items"][0]["id"] == number
            assert json.loads(ask(port, "GET", f"/v1/claims/{number}")[1]) | {"matches": []} == json.loads(body)
            assert "\n3\n" in ask(port, "GET", "/v1/log/checkpoint")[1]
        finally:
            process.send_signal(signal.SIGTERM)
            out, err = process.communicate(timeout=40)
    assert PASSWORD.encode() not in out + err


def test_a_demo_on_a_server(remote: ServerShell) -> None:
    """DATABASE_URL is all that a demo on a server needs. It can be started again, signs with a key of its own, and
    leaves the files of a real record alone."""
    kept = [remote.write(f"onrecord.{name}", b"") for name in ("key", "heads")]
    for _ in range(2):
        with serving(remote, "demo") as (url, _):
            printed = (remote.folder / "output.txt").read_text()
            assert f"The example record is in {remote.database.name}, and is served at {url}" in printed
            assert PASSWORD not in printed and "ONRECORD_TOKEN=onr_" in printed
            timeline = json.load(urlopen(f"{url}/v1/questions/q-voluntary/timeline?party=dhs&limit=200"))
            assert timeline["reversals"] > 0
            assert b"\n200\n" in urlopen(f"{url}/v1/log/checkpoint").read()
    assert [path.read_bytes() for path in kept] == [b"", b""]
    assert sorted(path.name for path in remote.folder.iterdir() if path not in kept) == ["demo.heads", "output.txt"]


def test_a_demo_leaves_another_record_on_a_server_alone(remote: ServerShell) -> None:
    """A record that no demo made is not touched, and neither is the database of another application."""
    assert remote("init", "--party", DESK, "--name", "Example Desk").status == 0
    before = log.head(remote.database.reader())
    bind = f"127.0.0.1:{free_port()}"
    done = remote("demo", ONRECORD_BIND=bind)
    assert done.status == 1 and "was not made by a demo" in done.err
    assert log.head(remote.database.reader()) == before


def test_the_procfile_serves_it(remote: ServerShell) -> None:
    """The lines of the Procfile, run by a shell as a platform does, need nothing but DATABASE_URL and PORT."""
    lines = dict(line.split(": ", 1) for line in (ROOT / "Procfile").read_text().splitlines())
    commands = {name: line.replace("python ", f"exec {shlex.quote(sys.executable)} ") for name, line in lines.items()}
    port = free_port()
    environ = remote.environ(PORT=str(port), DATABASE_URL=remote.url.replace("postgresql:", "postgres:"))
    for _ in range(2):
        subprocess.run(commands["release"], shell=True, check=True, cwd=remote.folder, env=environ, capture_output=True)
    with subprocess.Popen(commands["web"], shell=True, cwd=remote.folder, env=environ, stderr=subprocess.PIPE) as web:
        try:
            until_ready(port)
            assert json.loads(ask(port, "GET", "/v1/claims")[1]) == {"items": [], "next": None}
        finally:
            web.send_signal(signal.SIGTERM)
            _, err = web.communicate(timeout=40)
    assert web.returncode == 0 and PASSWORD.encode() not in err


@pytest.mark.parametrize(
    ("words", "instead"),
    [(("backup", "copy.db"), "pg_dump"), (("restore", "here"), "pg_restore"), (("verify", "--derived"), "rebuild")],
)
def test_what_is_for_files_says_what_to_do(remote: ServerShell, words: tuple[str, ...], instead: str) -> None:
    """Commands that copy files name what does it on a server."""
    (remote.folder / "here").touch()
    assert remote("migrate").status == 0
    done = remote(*words)
    assert done.status == 1 and re.fullmatch(rf"Error: .*PostgreSQL.*{instead}.*\n", done.err)


def test_a_wrong_password_is_one_line(remote: ServerShell) -> None:
    """What cannot be opened is said in a line, without the password."""
    url = remote.server.over_tcp(remote.name, "wrong-one")
    for words in (("migrate",), ("serve",), ("token", "list"), ("doctor",)):
        done = remote(*words, DATABASE_URL=url)
        assert done.status == 1
        lines = done.err.splitlines() if words != ("doctor",) else done.out.splitlines()[1:]
        assert len(lines) == 1 and "password authentication failed" in lines[0], done
        assert "wrong-one" not in done.err + done.out


def ask(port: int, method: str, path: str, body: str | None = None, headers: dict[str, str] = {}) -> tuple[int, str]:  # noqa: B006
    """One request."""
    connection = HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    found = answer.status, answer.read().decode()
    connection.close()
    return found


def until_ready(port: int) -> None:
    """Wait until it answers."""
    until = time.monotonic() + 30
    while True:
        try:
            if ask(port, "GET", "/readyz")[0] == 200:
                return
        except OSError:
            pass
        assert time.monotonic() < until
        time.sleep(0.05)
