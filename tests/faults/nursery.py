"""A process that has imported everything and starts servers by forking: `python -m tests.faults.nursery`.

Half of the time that `onrecord serve` takes to start goes into imports. A harness that kills a server fifty times would
mostly measure those. What is forked here runs the same command with the same settings; some of the servers
of a run are started as processes of their own all the same.

Lines on standard input, each with one line of answer: `start LOG VARIABLES` (a path and a JSON object) -> the server's
pid, which is also its process group; `gone PID` -> `gone`, once no process of that server is left.
"""

from __future__ import annotations

import ctypes
import importlib
import json
import os
import signal
import sys
from typing import NoReturn

# Among the variables of a server it says that modes hold for it, also where root runs it.
OBEYS_MODES = "OBEYS_MODES"
# What root may do whatever the modes say (capabilities(7)), as bits: CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER.
OVERRIDES = 0b1110

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


def obey_modes() -> None:
    """Makes this process, and those that it forks, ask for permission like any user's, though root runs it.

    Becoming another user would not do: nobody may not even read the Python of some machines.
    """
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)  # version 3 of the structure, this process
    sets = (ctypes.c_uint32 * 6)()  # effective, permitted, inheritable: the low words, then the high ones
    if libc.capget(header, sets):
        raise OSError(ctypes.get_errno(), "capget")
    for number in range(3):
        sets[number] &= ~OVERRIDES
    if libc.capset(header, sets):
        raise OSError(ctypes.get_errno(), "capset")


def _serve(log: str, variables: dict[str, str]) -> NoReturn:
    status = 70
    try:
        os.setpgid(0, 0)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for number, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(number, target)
        if variables.pop(OBEYS_MODES, None) and os.geteuid() == 0:
            obey_modes()
        os.environ.update(variables)
        from api.cli import main as command

        command(["serve"])
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        os._exit(status)


if __name__ == "__main__":
    main()
