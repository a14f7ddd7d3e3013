"""The long form of the kills: `python -m tests.faults [--kills N] [--seed N] [--each N]`, or `make endurance`.

A new database is begun after every so many kills, since each kill is followed by a look at the whole log. The seed is
printed, and each database has a seed of its own that follows from it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from pathlib import Path
from tempfile import mkdtemp

from tests.faults.killing import Run, Tally
from tests.faults.running import Nursery

# Kills between two lines of progress.
TOLD_EVERY = 10


def main() -> None:
    """Kills as often as the command line says; the first thing that does not hold ends it, and its files are kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults")
    parser.add_argument("--kills", type=int, default=1_000)
    parser.add_argument("--seed", type=int, default=int.from_bytes(os.urandom(4)))
    parser.add_argument("--each", type=int, default=100, help="kills of one database")
    asked = parser.parse_args()
    _say(f"seed {asked.seed}")
    began, done, acknowledged = time.monotonic(), 0, 0

    def progress(tally: Tally) -> None:
        if (done + tally.kills) % TOLD_EVERY == 0:
            _say(f"{done + tally.kills:,} of {asked.kills:,}: {tally}")

    with Nursery() as nursery:
        while done < asked.kills:
            each = min(asked.each, asked.kills - done)
            folder = Path(mkdtemp(prefix="onrecord-endurance-"))
            try:
                tally = Run(folder, nursery, asked.seed + done)(each, progress)
            except BaseException:
                _say(f"What the killed server left is in {folder}.")
                raise
            shutil.rmtree(folder)
            done, acknowledged = done + each, acknowledged + tally.acknowledged
    _say(f"{done:,} kills, {acknowledged:,} acknowledged writes, {time.monotonic() - began:,.0f} s: nothing was lost.")


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
