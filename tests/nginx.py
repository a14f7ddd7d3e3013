"""A real nginx for tests, with the configuration of docs/nginx.conf but for addresses and folders."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.processes import Unavailable, folder, free_port

ROOT = Path(__file__).parents[1]
# What Debian's package installs is in no ordinary user's PATH.
PATH = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
TEMPORARY = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def configuration(at: Path, port: int, ports: Sequence[int]) -> str:
    """The text of the page's configuration, with two processes on these ports behind it."""
    text = (ROOT / "docs" / "nginx.conf").read_text(encoding="utf-8")
    text, count = re.subn(r"server web(\d):8000", lambda found: f"server 127.0.0.1:{ports[int(found[1]) - 1]}", text)
    assert count == len(ports)
    for old, new in (("listen 80;", f"listen 127.0.0.1:{port};"), ("/var/cache/nginx/onrecord", str(at / "cache"))):
        assert old in text
        text = text.replace(old, new)
    folders = "".join(f"{name}_temp_path {at / name};" for name in TEMPORARY)
    return text.replace("http {", f"http {{ {folders}", 1)


@contextmanager
def running(ports: Sequence[int]) -> Iterator[str]:
    """nginx before processes of the service, from entering to leaving: its URL. Raises Unavailable."""
    program = shutil.which("nginx", path=PATH)
    if program is None:
        raise Unavailable("no nginx: install Debian's package nginx-light")
    with folder("onrecord-nginx-") as at:
        port = free_port()
        (at / "nginx.conf").write_text(configuration(at, port, ports))
        own = f"daemon off; pid {at / 'pid'}; error_log {at / 'log'} warn;"
        command = [program, "-p", at, "-c", at / "nginx.conf", "-g", own, "-e", at / "log"]
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
            try:
                _await(port, process, at / "log")
                yield f"http://127.0.0.1:{port}"
            finally:
                process.terminate()
                process.wait(30)


def _await(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            if process.poll() is not None or time.monotonic() > until:
                raise AssertionError(f"nginx did not start: {log.read_text()[-500:]}") from None
        time.sleep(0.02)
