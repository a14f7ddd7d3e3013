"""What a file system must be told so that it does not forget."""

from __future__ import annotations

import os
from pathlib import Path


def sync_folder(file: Path) -> None:
    """Have the name of a file on the disk that was just made or renamed: a rename alone may be forgotten by a power
    cut. Raises OSError."""
    folder = os.open(file.absolute().parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
