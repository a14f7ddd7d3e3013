"""Servers that are not ours, for tests: each with a folder and a port of its own, and as somebody who may nothing where
root starts it."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import cycle
from pathlib import Path
from typing import Any

# Below those that Linux gives to connections, for each process of pytest-xdist (gw0, gw1, …).
_EACH = 1_000
_FIRST = 20_000 + _EACH * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 12)
_PORTS = cycle(range(_FIRST, _FIRST + _EACH))


class Unavailable(Exception):
    """There is no server that could be started here; the message says why."""


@contextmanager
def folder(prefix: str) -> Iterator[Path]:
    """A folder for a server, from entering to leaving."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    try:
        made.chmod(0o755)
        if os.geteuid() == 0:
            owner = _somebody()
            os.chown(made, owner.pw_uid, owner.pw_gid)
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on.

    Tests run beside each other, and between the moment that a port is found free and the moment that a server takes it
    another test may find it, too, or a connection get it as its own end. So each process of tests goes through ports of
    its own, of which the system gives none to connections.
    """
    for port in _PORTS:
        try:
            with socket.create_server(("127.0.0.1", port)):
                return port
        except OSError:
            continue
    raise AssertionError("the ports go round")


def unprivileged() -> dict[str, Any]:
    """How a server is started: not as root."""
    environ = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}
    if os.geteuid():
        return {"env": environ}
    owner = _somebody()
    return {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": [], "cwd": "/", "env": environ}


def _somebody() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise Unavailable("root cannot run a server, and there is no user 'postgres' or 'nobody'")
