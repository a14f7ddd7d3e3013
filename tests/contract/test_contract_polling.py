"""Bots and writers against the real server: every poller sees every entry that it should, once, in order, without
holes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.contract.bots import END
from tests.contract.servers import ROOT, serving

WRITERS = 4
CLAIMS = 66  # of each writer, and half as many verdicts: about a hundred writes

# What each poller asks for.
POLLERS = {
    "waiting": "wait=5",
    "small pages": "limit=7",
    "filtered": "party=speaker-0&limit=5",
    "of a kind": "kind=party.recorded&wait=2",
}


def start(*arguments: str) -> subprocess.Popen[bytes]:
    """A bot of `tests.contract.bots` in a process of its own."""
    command = [sys.executable, "-m", "tests.contract.bots", *arguments]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)


def test_no_poller_misses_anything(tmp_path: Path) -> None:
    """Four writers and four pollers at once: no entry is skipped, repeated or out of order, whatever the poller
    asks for."""
    with serving(tmp_path, tokens=WRITERS) as server:
        port = str(server.port)
        for writer in range(WRITERS):
            party = {"id": f"speaker-{writer}", "name": "Speaker", "kind": "organization"}
            assert server.post("/v1/parties", party).status == 201
        processes = {name: start("poll", port, query, "60") for name, query in POLLERS.items()}
        try:
            writers = [start("write", port, server.tokens[n], str(n), str(CLAIMS)) for n in range(WRITERS)]
            processes |= {f"writer {n}": writer for n, writer in enumerate(writers)}
            written = [ended(writer)["written"] for writer in writers]
            last = {"id": END, "name": "The end", "kind": "organization", "parent": "speaker-0"}
            end = server.post("/v1/parties", last)
            assert end.status == 201
            polled = {name: ended(processes[name]) for name in POLLERS}
        finally:
            for process in processes.values():
                if process.poll() is None:
                    process.kill()
                    process.wait(10)
        size = end.json["revision"] + 1
    acknowledged = sorted(index for indexes in written for index in indexes)
    assert acknowledged == list(range(1 + WRITERS, size - 1)), "every acknowledged write is there, once"
    everything = list(range(size))
    expected = {
        "waiting": everything,
        "small pages": everything,
        "filtered": [1, *sorted(written[0]), size - 1],
        "of a kind": [*range(1 + WRITERS), size - 1],
    }
    for name, found in polled.items():
        assert "timeout" not in found, f"{name} never saw the end"
        assert [index for index, _ in found["seen"]] == expected[name], name
    assert len({found["next"] for found in polled.values()}) == 1, "all stand at the same place in the end"


def ended(process: subprocess.Popen[bytes]) -> dict[str, Any]:
    """What a bot printed, when it has ended."""
    output, _ = process.communicate(timeout=90)
    assert process.returncode == 0
    found: dict[str, Any] = json.loads(output)
    assert "error" not in found, found
    return found
