"""Recomputes the log from its entries and payloads, and names the first thing that does not hold.

Nothing derived is believed, and nothing is kept but the frontier of the tree, so the longest log is verified in the
same memory as a short one. Documents and lists are not looked at: a rebuild makes them anew from what is verified
here. A payload may be missing where a later entry says that it was erased, and only there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import islice
from typing import NamedTuple

from api import merkle
from api.ledger import Tree
from api.received import misfit, payload_misfit
from api.storage import log
from api.storage.faults import EngineError
from api.storage.log import Connection, Head, Sealed

# Entries whose nodes are compared at once.
TOGETHER = 1_000

UNEXPLAINED = "its payload is missing, and no entry says that it was erased"


class Fault(NamedTuple):
    """The first thing that does not hold: where, and what."""

    where: str
    what: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


def verify(db: Connection, progress: Callable[[int], None] = lambda done: None) -> Fault | None:
    """The first fault of the log, or None. `db` must be in a snapshot; `progress` is told how many entries are done.

    Checked for each entry: its number follows the one before, its time is not earlier, its payload and salt give its
    payload hash, that and its fields its leaf, and the leaves the tree's nodes. At the end the head: size, root, last
    leaf, frontier and time. And that there is nothing more: no payload without an entry or of one that was erased, no
    node of a larger tree.
    What cannot be read at all, since its page is damaged, is a fault like any other.
    """
    done = 0

    def reached(size: int) -> None:
        nonlocal done
        done = size
        progress(size)

    try:
        return _first_fault(db, reached)
    except EngineError as error:
        return _unreadable(db, done, error)


def _first_fault(db: Connection, progress: Callable[[int], None]) -> Fault | None:
    head, tree = log.head(db), Tree(log.EMPTY)
    erased = _erased(db)
    if isinstance(erased, Fault):
        return erased
    entries = log.sealed_entries(db)
    while part := list(islice(entries, TOGETHER)):
        nodes: list[merkle.Node] = []
        for sealed in part:
            fault = _entry_fault(sealed, tree, erased)
            if fault:
                return fault
            nodes += tree.append(sealed)
        fault = _node_fault(db, nodes)
        if fault:
            return fault
        progress(tree.size)
    return _head_fault(head, tree.head) or _surplus(db, tree.size, len(erased))


def _unreadable(db: Connection, verified: int, error: Exception) -> Fault:
    """Where reading failed: the first of the entries after those that were verified, or what belongs to them."""
    for index in range(verified, verified + TOGETHER):
        try:
            list(log.sealed_entries(db, index, index + 1))
        except EngineError as found:
            return Fault(f"entry {index}", f"it cannot be read: {found}")
    return Fault("tree", f"its nodes and the head cannot be read, all entries can: {error}")


def _erased(db: Connection) -> dict[int, int] | Fault:
    """For each entry whose payload was erased, the number of the entry that says so; or what is wrong with that one."""
    erased: dict[int, int] = {}
    for sealed in log.sealed_erasures(db):
        fault = _payload_fault(sealed)
        if fault:
            return Fault(f"entry {sealed.idx}", fault)
        said = log.opened(sealed).payload["entries"]
        erased |= {one["index"]: sealed.idx for one in said if one["index"] < sealed.idx}
    return erased


def _entry_fault(sealed: Sealed, tree: Tree, erased: Mapping[int, int]) -> Fault | None:
    by = erased.get(sealed.idx)
    if by is None:
        found = misfit(sealed, tree.size, tree.recorded_at)
        if found is None and (sealed.salt is None or sealed.payload is None):
            found = UNEXPLAINED
    else:
        found = misfit(sealed._replace(salt=None, payload=None), tree.size, tree.recorded_at)
        if found is None and sealed.payload is not None:
            found = f"its payload is there, and was erased by entry {by}"
    return Fault(f"entry {sealed.idx}", found) if found else None


def _payload_fault(sealed: Sealed) -> str | None:
    if sealed.salt is None or sealed.payload is None:
        return UNEXPLAINED
    return payload_misfit(sealed.salt, sealed.payload, sealed.payload_hash)


def _node_fault(db: Connection, nodes: list[merkle.Node]) -> Fault | None:
    for node in nodes:
        stored = log.node(db, node.level, node.position)
        if stored != node.hash:
            what = "it is missing" if stored is None else "it is not the hash of the leaves below it"
            first = node.position << node.level
            last = first + (1 << node.level) - 1
            return Fault(f"node {node.level}/{node.position}", f"{what} (entries {first} to {last})")
    return None


def _head_fault(stored: Head, computed: Head) -> Fault | None:
    for name in Head._fields:
        if getattr(stored, name) != getattr(computed, name):
            was, should = _shown(getattr(stored, name)), _shown(getattr(computed, name))
            told = f"{was} is stored, {should} follows from the entries"
            return Fault("head", f"its {name.replace('_', ' ')} is wrong: {told}")
    return None


def _surplus(db: Connection, size: int, erased: int) -> Fault | None:
    nodes = sum(size >> level for level in range(1, size.bit_length()))
    for table, wanted in (("payloads", size - erased), ("nodes", nodes)):
        found = log.rows(db, table)
        if found != wanted:
            return Fault(table, f"there are {found} of them, and {wanted} belong to the entries")
    return None


def _shown(value: object) -> str:
    return (value.hex() or "nothing") if isinstance(value, bytes) else str(value) or "nothing"
