"""Exports: a log as lines of text, and the same log made of them again.

The first line is the header `{"format": "onrecord/export/v1", "origin", "size", "root"}`; each line after it is an
entry as `GET /v1/entries/{index}` gives it, in order. A version of the format is never changed: what one version of
this program wrote, every later one reads.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, NamedTuple

import orjson

from api import ledger
from api.ledger import Tree
from api.received import NONSENSE, Gaps, Unfit, misfit, received
from api.storage import log
from api.storage.buffered import Buffered
from api.storage.database import Database
from api.storage.log import Connection, Head, Sealed

FORMAT = "onrecord/export/v1"

# How many entries go to the store at once.
TOGETHER = 500

_FORMATS = re.compile(r"onrecord/export/v\d+")
_ROOT = re.compile(r"[0-9a-f]{64}")

# Told what is being done, and how many entries are done of it.
Progress = Callable[[str, int], None]


class Header(NamedTuple):
    """What an export says of itself: whose log it is, how many entries, and the root over them."""

    origin: str
    size: int
    root: bytes


def header(origin: str, head: Head) -> bytes:
    """The first line of an export, without its end."""
    return orjson.dumps({"format": FORMAT, "origin": origin, "size": head.size, "root": head.root.hex()})


def read(stream: BinaryIO) -> tuple[Header, Iterator[Sealed]]:
    """The header of an export, and its entries as they are asked for. Raises Unfit, with the line, for anything that
    has not the shape; whether entries are true, `load` finds out."""
    found = _header(_parsed(stream.readline(), 1))
    return found, _entries(stream)


def load(
    database: Database,
    header: Header,
    entries: Iterator[Sealed],
    progress: Progress = lambda doing, done: None,
    check: Callable[[Connection], None] = lambda db: None,
) -> Head:
    """Make the log that an export describes, in an empty ledger, and all that follows from it: in one turn, or nothing.

    Every leaf is computed anew, and the root compared with the header's. `check` may look at the new log, before
    it is there for good, and raise. Out: the head. Raises Unfit where the ledger is not empty, or an entry or the root
    does not fit.
    """
    database.write_in_bulk()
    with database.turn() as db:
        if size := log.head(db).size:
            raise Unfit(f"The ledger at {database.name} has {size:,} entries: import into a new one.")
        tree = _appended(db, entries, progress)
        if tree.size != header.size:
            raise Unfit(f"It has {tree.size:,} entries, and its header says {header.size:,}: it is not all there.")
        if tree.head.root != header.root:
            told = f"{tree.head.root.hex()}, and its header says {header.root.hex()}"
            raise Unfit(f"The root over its entries is {told}: it was altered.")
        _rebuild(database, db, progress)
        check(db)
    database.checkpoint()
    return tree.head


def _appended(db: Connection, entries: Iterator[Sealed], progress: Progress) -> Tree:
    """Store the entries; of what follows from them nothing yet."""
    buffered, tree, gaps = Buffered(db), Tree(log.EMPTY), Gaps()
    for sealed in entries:
        fault = misfit(sealed, tree.size, tree.recorded_at)
        if fault:
            raise Unfit(f"Entry {sealed.idx}: {fault}.")
        log.add_entry(buffered, sealed)
        tree.append(sealed)
        gaps.see(sealed)
        if tree.size % TOGETHER == 0:
            buffered.flush()
            progress("importing", tree.size)
    buffered.flush()
    if gaps.unexplained is not None:
        raise Unfit(f"Entry {gaps.unexplained}: its payload is missing, and no later entry says that it was erased.")
    if gaps.kept is not None:
        raise Unfit(f"Entry {gaps.kept}: its payload is there, and a later entry says that it was erased.")
    return tree


def _rebuild(database: Database, db: Connection, progress: Progress) -> None:
    try:
        ledger.derive_all(database, db, lambda done: progress("rebuilding", done))
    except NONSENSE as error:
        # Hashes say who wrote it, not that it makes sense.
        raise Unfit(f"Its hashes are right, but nothing can be made of one of its payloads ({error!r}).") from error


def _entries(stream: BinaryIO) -> Iterator[Sealed]:
    for number, line in enumerate(stream, 2):
        if line.strip():
            try:
                yield received(_parsed(line, number))
            except Unfit as unfit:
                raise Unfit(f"Line {number}: {unfit.detail}") from None


def _header(document: Any) -> Header:
    version = document.get("format") if isinstance(document, dict) else None
    if isinstance(version, str) and version != FORMAT and _FORMATS.fullmatch(version):
        raise Unfit(f"It is in the format {version}, which this version cannot read: use a newer one.")
    if version != FORMAT:
        raise Unfit(f'It is no export: its first line should be the header, {{"format":"{FORMAT}",…}}.')
    origin, size, root = [document.get(name) for name in ("origin", "size", "root")]
    if not (isinstance(origin, str) and isinstance(size, int) and isinstance(root, str) and _ROOT.fullmatch(root)):
        raise Unfit("Its header is damaged: it should have origin, size and root.")
    return Header(origin, size, bytes.fromhex(root))


def _parsed(line: bytes, number: int) -> Any:
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        what = "no JSON" if line.strip() else "empty"
        raise Unfit(f"Line {number} is {what}: the file is no export, or damaged.") from None
