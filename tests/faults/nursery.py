"""A process that has imported everything and starts servers by forking: `python -m tests.faults.nursery`.

Half of the time that `onrecord serve` takes to start goes into imports. A harness that kills a server fifty times would
mostly measure those. What is forked here runs the same command with the same settings; some of the servers
of a run are started as processes of their own all the same.

Lines on standard input, each with one line of answer: `start LOG VARIABLES` (a path and a JSON object) -> the server's
pid, which is also its process group; `gone PID` -> `gone`, once no process of that server is left.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import sys
from typing import NoReturn

# The name under which a user's number stands among the variables: the server gives up root for it.
AS_USER = "AS_USER"

# What a server imports by the time that it answers: modules only, since nothing may be open when it is forked.
IMPORTED = ("api.cli", "api.server", "api.routes", "api.openapi", "gunicorn.arbiter", "gunicorn.workers.gthread")


def main() -> None:
    """Serves the lines of standard input until it ends."""
    for name in IMPORTED:
        importlib.import_module(name)
    pipes: dict[int, int] = {}
    for line in sys.stdin:
        word, _, rest = line.strip().partition(" ")
        if word == "start":
            log, _, variables = rest.partition(" ")
            pid, pipes[pid] = start(log, json.loads(variables))
            answer = str(pid)
        else:
            await_end(int(rest), pipes.pop(int(rest)))
            answer = "gone"
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def start(log: str, variables: dict[str, str]) -> tuple[int, int]:
    """Forks a server, the leader of a process group of its own.

    Out: its pid, and the end of a pipe that is closed when the last of its processes is gone.
    """
    alive, held = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(alive)
        _serve(log, variables)
    # Both sides do it, so that the group is there for both, whoever is quicker.
    os.setpgid(pid, pid)
    os.close(held)
    return pid, alive


def await_end(pid: int, alive: int) -> None:
    """Waits until no process of a server is left. Its workers are not our children, but they hold the pipe."""
    while os.read(alive, 1):
        pass
    os.close(alive)
    os.waitpid(pid, 0)


def _serve(log: str, variables: dict[str, str]) -> NoReturn:
    status = 70
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(number, target)
        as_user = variables.pop(AS_USER, None)
        if as_user is not None:
            os.setgroups([])
            os.setgid(int(as_user))
            os.setuid(int(as_user))
        os.environ.update(variables)
        from api.cli import main as command

        command(["serve"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
