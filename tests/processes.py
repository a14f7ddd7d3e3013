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
from pathlib import Path
from typing import Any


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
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


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
