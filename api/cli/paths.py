"""Files that commands read and make. What is made gets its name once all of it is there and on the disk."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import click

from api.disk import sync_folder

# What SQLite keeps beside a database that is open, or was not closed.
COMPANIONS = ("-wal", "-shm")
# How a database file of SQLite begins.
SQLITE = b"SQLite format 3\0"


@contextmanager
def readable(file: str) -> Iterator[BinaryIO]:
    """A file to read; `-` is standard input."""
    if file == "-":
        yield sys.stdin.buffer
        return
    with Path(file).open("rb") as stream:
        yield stream


@contextmanager
def part_of(file: Path) -> Iterator[Path]:
    """A path beside `file`, which gets its name when the context ends; if it fails nothing is left. Fails where the
    file is there already."""
    if file.exists():
        raise click.ClickException(f"{file} exists: choose another name, or move it away.")
    with scratch(file) as part:
        yield part
        settle(part, file)


@contextmanager
def scratch(file: Path) -> Iterator[Path]:
    """A path beside `file` for what may become it (see `settle`). What is still there when the context ends is
    removed."""
    part = file.with_name(f"{file.name}.{os.getpid()}.part")
    try:
        yield part
    finally:
        for suffix in ("", *COMPANIONS, ".lock"):
            Path(f"{part}{suffix}").unlink(missing_ok=True)


def settle(part: Path, file: Path) -> None:
    """Give a finished file its name. It has it on the disk when this returns."""
    with part.open("rb") as written:
        os.fsync(written.fileno())
    part.rename(file)
    sync_folder(file)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """Standard output, of which the reader may have heard enough."""
    try:
        yield sys.stdout.buffer
    except BrokenPipeError:
        # What is still buffered must not complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


@contextmanager
def new_file(file: Path) -> Iterator[BinaryIO]:
    """A new file to write to."""
    with part_of(file) as part, part.open("xb") as out:
        yield out
        out.flush()
