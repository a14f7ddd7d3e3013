"""Following another record: what it signs is checked, and what it signed is taken. And telling two of them apart."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from api import merkle, mirroring
from api.adopting import Part
from api.cli import served
from api.cli.served import PAGE, TRIES, Place, Progress, Reading, Rewound, Server, parsed
from api.domain.entries import ERASURE
from api.reads import changes
from api.received import received
from api.storage import log, tree
from api.storage.database import Database
from api.storage.log import Head, Sealed
from api.storage.mirrors import Mirror
from api.verifier import (
    Checkpoint,
    Difference,
    Frontier,
    check_consistency,
    check_inclusion,
    leaf_hash,
    open_checkpoint,
)

# How many entries become durable together, at most. A multiple of what is on a page.
TOGETHER = 2_000
# Seconds that the source is asked to hold a request while it has nothing new.
WAIT = 20
# For how many seconds cleaning the file of what was erased waits for readers.
PATIENCE = 30.0
# Seconds between two looks at a source that has fewer entries than it signed before.
PAUSE = 5

Root = Callable[[int], bytes]


class Fork(Difference):
    """Two logs under one name, both signed: what one of them says is not what was signed before."""


class Behind(Exception):
    """The source has fewer entries than we have of it, and those are the same."""


class Unexplained(Exception):
    """A payload is missing, and nothing that is signed says that it was erased."""


class Follower:
    """Keeps a database a mirror of the record at a URL, whose checkpoints one of the keys must have signed."""

    def __init__(self, database: Database, url: str, keys: list[str]) -> None:
        self._database = database
        self._server = Server(url, keys, served.PAUSE)
        self._keys = keys
        self._state: Mirror | None = None
        # How many entries there were when the source last told of more.
        self._heard = -1

    def catch_up(self, progress: Progress = lambda done: None) -> Checkpoint:
        """Take all that the source has signed by now. Out: the checkpoint with which the mirror agrees then.

        Nothing becomes durable that the checkpoint does not cover, so this may be ended at any moment. Raises Fork,
        Difference, Behind, NotAMirror, and ClickException where the source cannot be read.
        """
        for attempt in range(TRIES):
            try:
                return self._catch_up(progress)
            except Unexplained as missing:
                # What says that a payload was erased may have been written after the checkpoint.
                if attempt == TRIES - 1:
                    raise Difference(f"{missing}, and no later entry says that it was erased") from None
        raise AssertionError("the last attempt returns or raises")

    def _catch_up(self, progress: Progress) -> Checkpoint:
        signed, note = checkpoint(self._server, self._keys, self._state.origin if self._state else None)
        if self._state is None:
            self._state = mirroring.begin(self._database, Mirror(self._server.url, signed.origin, tuple(self._keys)))
        state, head = self._state, log.head(self._database.reader())
        self._check_extends(head, signed, note)
        while (head.size, state.checkpoint) != (signed.size, note):
            goal = min(head.size + TOGETHER, signed.size)
            if goal == signed.size:
                state = state._replace(size=signed.size, checkpoint=note)
            head, state = mirroring.adopt(self._database, head, self._read(head, goal, signed), state)
            self._state = state
            progress(head.size)
        return signed

    def sweep(self) -> bool:
        """Clean the file of what was erased, if there is anything. Out: whether that could be done."""
        if self._state is None or not self._state.unswept:
            return True
        self._state = mirroring.sweep(self._database, self._state, PATIENCE)
        return not self._state.unswept

    def wait(self) -> None:
        """Return when the source has something new, or after a while."""
        began, head = time.monotonic(), log.head(self._database.reader())
        since = {"since": changes.cursor(head.size, head.last_leaf)} if head.size else {}
        try:
            page = parsed(self._server.get("changes", since | {"wait": WAIT, "limit": 1}))
        except Rewound:
            return  # What that means, the next checkpoint says.
        pause = page.get("poll_after")
        if page.get("changes"):
            # There are entries that are not signed yet, if the same was said before: asking on and on is of no use.
            pause = PAUSE if head.size == self._heard else 0
            self._heard = head.size
        # Where too many wait already one is answered at once, and must not ask again at once.
        pause = pause if isinstance(pause, int) else PAUSE
        time.sleep(max(0.0, began + min(pause, WAIT) - time.monotonic()))

    def _check_extends(self, head: Head, signed: Checkpoint, note: str) -> None:
        """That what is signed now begins with all that is here. Raises Fork, Behind."""
        if signed.size >= head.size:
            ours, path = head.root, _path(self._server, head.size, signed.size)
            try:
                check_consistency(head.size, ours, signed.size, signed.root, path)
                return
            except Difference:
                parting = self._parting(min(head.size, signed.size), signed.size)
        else:
            if self._root_at(signed.size) == signed.root:
                raise Behind(
                    f"{self._server.url} has signed {signed.size:,} entries, and had signed {head.size:,} before: it"
                    " was restored from an old backup, or it lags behind. Nothing is taken until it has more again."
                )
            parting = self._parting(signed.size, signed.size)
        raise Fork(
            f"FORK: {self._server.url} has signed a log of {signed.size:,} entries that does not begin with the"
            f" {head.size:,} that were taken from it, which were signed as well{parting}. Nothing more is taken."
            f" {self._evidence(note)}"
        )

    def _parting(self, agreed: int, size: int) -> str:
        index = parting(self._root_at, lambda at: _root_at(self._server, at, size), min(agreed, size))
        return "" if index is None else f": entry {index} is another one"

    def _root_at(self, size: int) -> bytes:
        return tree.root_at(self._database.reader(), size)

    def _evidence(self, note: str) -> str:
        before = self._state.checkpoint if self._state else ""
        if not before:
            return "The checkpoint reads:\n" + note
        path = Path(f"{self._database.beside}.fork-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.txt")
        path.write_text(f"{before}\n{note}", encoding="utf-8")
        return f"Both checkpoints are in {path}: keep it, since the two signatures prove it."

    def _read(self, head: Head, goal: int, signed: Checkpoint) -> Part:
        """The entries from the head up to number `goal`, checked. Raises Difference where they are not those that were
        signed, Unexplained where a payload is missing."""
        since = changes.cursor(head.size, head.last_leaf) if head.size else None
        place = Place(signed.origin, since, Reading(Frontier(head.size, merkle.unpack(head.frontier))))
        documents = []
        try:
            for document in self._server.entries(place, goal):
                place.reading.take(document)
                documents.append(document)
            # What was signed covers all of the log; that these entries are the next part of it, a proof says.
            path = _path(self._server, goal, signed.size)
            check_consistency(goal, place.reading.frontier.root(), signed.size, signed.root, path)
        except (Difference, Rewound) as error:
            raise Difference(
                f"what {self._server.url} serves as entries {head.size} to {goal - 1} is not what it has signed:"
                f" {error}"
            ) from None
        part = Part([received(document) for document in documents])
        if goal < signed.size and (part.erasing or part.unexplained is not None):
            since = changes.cursor(goal, part.entries[-1].leaf_hash)
            part = part._replace(foreseen=list(self._erasing(since, signed)))
        if part.unexplained is not None:
            raise Unexplained(f"the payload of entry {part.unexplained} is missing")
        return part

    def _erasing(self, since: str, signed: Checkpoint) -> Iterator[Sealed]:
        """The entries that come after a cursor, are signed, and say what was erased; checked one by one, by inclusion.
        Raises Difference."""
        more = True
        while more:
            asked = {"since": since, "kind": ERASURE, "include": "entry", "limit": PAGE}
            page = parsed(self._server.get("changes", asked))
            for change in page["changes"]:
                document = change["entry"]
                leaf, index = leaf_hash(document), document["index"]
                if index < signed.size:
                    proof = parsed(self._server.get("log/proofs/inclusion", {"index": index, "size": signed.size}))
                    path = [_hash(node) for node in proof["path"]]
                    check_inclusion(leaf, index, signed.size, path, signed.root)
                    yield received(document)
            since, more = page["next"], page["has_more"]


def checkpoint(server: Server, keys: list[str], origin: str | None = None) -> tuple[Checkpoint, str]:
    """What a server has signed now, and the note that says so. Raises Difference, ClickException."""
    note = server.get("log/checkpoint").decode("utf-8", "replace")
    return open_checkpoint(note, keys, origin), note


def parting(ours: Root, theirs: Root, size: int) -> int | None:
    """The first entry in which two logs differ whose roots over the first `size` entries do; None where that cannot be
    told. The functions give the root of either at a size; a log is asked as often as halving takes."""
    same, other = 0, size
    try:
        if size == 0 or ours(size) == theirs(size):
            return None
        while other - same > 1:
            middle = (same + other) // 2
            if ours(middle) == theirs(middle):
                same = middle
            else:
                other = middle
    except (Difference, LookupError):
        return None
    return same


def compared(urls: tuple[str, str], keys: tuple[list[str], list[str]]) -> str:
    """Compare what two servers of one log have signed. Out: a sentence. Raises Fork, Difference, ClickException."""
    servers = [Server(url, its, served.PAUSE) for url, its in zip(urls, keys, strict=True)]
    found = [checkpoint(server, its) for server, its in zip(servers, keys, strict=True)]
    (one, _), (other, _) = found
    if one.origin != other.origin:
        raise Difference(f"they are two logs: {urls[0]} serves {one.origin}, and {urls[1]} serves {other.origin}")
    small, large = (0, 1) if one.size <= other.size else (1, 0)
    old, new = found[small][0], found[large][0]
    try:
        path = _path(servers[large], old.size, new.size)
        check_consistency(old.size, old.root, new.size, new.root, path)
    except Difference:
        index = parting(
            lambda at: _root_at(servers[small], at, old.size),
            lambda at: _root_at(servers[large], at, new.size),
            old.size,
        )
        where = "" if index is None else f" They part at entry {index}."
        notes = "\n".join(note for _, note in found)
        raise Fork(
            f"FORK: both logs of {old.size:,} and {new.size:,} entries are signed, and neither is the beginning of the"
            f" other.{where} Keep these two checkpoints, which prove it:\n\n{notes}"
        ) from None
    if old.size == new.size:
        return f"The same: both have signed {new.size:,} entries of {new.origin} with the root {new.root.hex()}."
    return (
        f"One log: the {old.size:,} entries that {urls[small]} has signed are the first of the {new.size:,} that"
        f" {urls[large]} has signed."
    )


def _path(server: Server, old: int, new: int) -> list[bytes]:
    """The proof of a server that its log of a size begins with that of a smaller one. Raises Difference."""
    if old in (0, new):
        return []
    return [_hash(node) for node in _consistency(server, old, new).get("path") or ()]


def _root_at(server: Server, at: int, size: int) -> bytes:
    """What a server says that its root was at a size, which is not checked."""
    return _hash(_consistency(server, at, size).get("from_root"))


def _consistency(server: Server, old: int, new: int) -> dict[str, Any]:
    return parsed(server.get("log/proofs/consistency", {"from": old, "to": new}))


def _hash(text: object) -> bytes:
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        raise Difference("a proof holds something that is no hash") from None
