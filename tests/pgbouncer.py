"""A real pgbouncer for tests, in transaction mode, before a PostgreSQL server of `tests.postgresql`."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.postgresql import PASSWORD, USER, Server
from tests.processes import Unavailable, folder, free_port, unprivileged

ROOT = Path(__file__).parents[1]
# What Debian's package installs is in no ordinary user's PATH.
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"


class Pgbouncer:
    """A running pgbouncer. `url(name)` is the URL of a database of the server behind it."""

    def __init__(self, at: Path, server: Server, program: str) -> None:
        self.folder, self.port = at, free_port()
        self._program, self._process = program, None
        (at / "users.txt").write_text(f'"{USER}" "{PASSWORD}"\n')
        (at / "pgbouncer.ini").write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port}\n\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
            f"listen_port = {self.port}\nunix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {at / 'users.txt'}\n"
            f"{shown()}"
        )

    def url(self, name: str) -> str:
        """Over 127.0.0.1, with a password."""
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def start(self) -> None:
        """Start it, and wait until it listens."""
        with (self.folder / "log").open("ab") as log:
            command = [self._program, self.folder / "pgbouncer.ini"]
            self._process = subprocess.Popen(command, stdout=log, stderr=log, **unprivileged())
        until = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port)).close()
                return
            except OSError:
                if self._process.poll() is not None or time.monotonic() > until:
                    raise Unavailable(f"pgbouncer did not start: {(self.folder / 'log').read_text()[-500:]}") from None
            time.sleep(0.02)

    def stop(self, how: int = signal.SIGTERM) -> None:
        """Stop it, at once and whoever is connected."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None


def shown() -> str:
    """The settings that docs/scaling.md shows."""
    page = (ROOT / "docs" / "scaling.md").read_text(encoding="utf-8")
    return page.partition("## pgbouncer")[2].partition("```ini\n")[2].partition("```")[0]


@contextmanager
def running(server: Server) -> Iterator[Pgbouncer]:
    """A pgbouncer before a server, from entering to leaving. Raises Unavailable."""
    program = shutil.which("pgbouncer", path=PATH)
    if program is None:
        raise Unavailable("no pgbouncer: install Debian's package of that name")
    with folder("onrecord-pgbouncer-") as at:
        pooler = Pgbouncer(at, server, program)
        pooler.start()
        try:
            yield pooler
        finally:
            pooler.stop()
