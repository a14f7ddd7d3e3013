"""A server that is killed at any moment loses nothing that it acknowledged, and leaves nothing half written."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.faults.killing import Run
from tests.faults.running import Nursery

KILLS = 50
SEED = int.from_bytes(os.urandom(4))


def test_faults_kill(tmp_path: Path) -> None:
    """Fifty kills under four writers: every acknowledged write is there once, the log verifies, what is derived equals
    a rebuild, a bot that polled all along saw each entry once, in order, and what was signed is a head of this log."""
    # Shown where it fails: `make endurance KILLS=50 SEED=…` does the same again.
    sys.stdout.write(f"seed {SEED}\n")
    with Nursery() as nursery:
        tally = Run(tmp_path, nursery, SEED)(KILLS)
    sys.stdout.write(f"{tally}\n")
    assert tally.kills == KILLS
    # Otherwise the run has shown little: writes were cut off and sent again, and workers died alone.
    assert tally.resent > 0 and tally.repeated > 0 and tally.interrupted > 0 and tally.signed > 0
    assert tally.workers_killed > 0 or sys.platform != "linux"
    assert tally.acknowledged > KILLS
