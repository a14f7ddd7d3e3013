"""Records that are served by a process of their own, and what stands between them and who asks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError
from urllib.request import urlopen

import orjson

from api.storage.sqlite import Database
from tests.cli.conftest import Shell
from tests.records import dump, every_table

# What is a database's own, and not of the log.
OWN = ("tokens", "idempotency", "mirror", "move")


def folder(parent: Path, name: str) -> Shell:
    """A shell in a new folder, without a database."""
    made = parent / name
    made.mkdir()
    return Shell(made)


def rows(database: Database) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table but of those that are the database's own."""
    found = dump(database, [table for table in every_table(database) if table not in OWN])
    database.close()
    return found


def key_of(shell: Shell) -> str:
    """The verifier key of a record, which is made if it has none."""
    path = Path(f"{shell.path}.key")
    if not path.exists():
        done = shell("key", "add")
        assert done.status == 0, done.err
    return shell("key", "list").out.split()[-1]


def twin(shell: Shell, parent: Path, name: str) -> Shell:
    """A copy of a record, with its key: whoever has that can sign another history."""
    other = folder(parent, name)
    shell.database.backup(other.path)
    shutil.copy(f"{shell.path}.key", f"{other.path}.key")
    return other


Alter = Callable[[str, bytes], bytes]


class Between(ThreadingHTTPServer):
    """Stands between a server and who asks it, from entering to leaving: `alter` may change each answer."""

    daemon_threads = True

    def __init__(self, behind: str, alter: Alter = lambda path, body: body) -> None:
        self.behind, self.alter = behind, alter
        super().__init__(("127.0.0.1", 0), _Passing)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"

    def __enter__(self) -> Self:
        Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A mirror that is killed leaves its request behind."""


class _Passing(BaseHTTPRequestHandler):
    server: Between

    def do_GET(self) -> None:
        try:
            with urlopen(f"{self.server.behind}{self.path}", timeout=60) as answer:
                status, body = answer.status, self.server.alter(self.path, answer.read())
        except HTTPError as error:
            with error:
                status, body = error.code, error.read()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """The test's output is not the place."""


def entries_altered(alter: Callable[[dict[str, Any]], None]) -> Alter:
    """Alters every entry of every page of changes."""

    def altered(path: str, body: bytes) -> bytes:
        if "/v1/changes" not in path:
            return body
        page = orjson.loads(body)
        for change in page["changes"]:
            if "entry" in change:
                alter(change["entry"])
        return orjson.dumps(page)

    return altered
