"""The log and what belongs to it: head, tree nodes, subjects, their histories, documents and the feed of changes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import orjson

from api import merkle
from api.domain.entries import ERASURE, Entry, Erased, canonical


class Connection(Protocol):
    """What the SQL here needs of a driver's connection."""

    def execute(self, sql: str, parameters: Any = ..., /) -> Any: ...

    def executemany(self, sql: str, parameters: Any, /) -> Any: ...


class Head(NamedTuple):
    """The state of the log: how many entries, the root over their leaves, the last leaf, and the row of
    complete subtrees."""

    size: int
    root: bytes
    last_leaf: bytes
    frontier: bytes
    recorded_at: str


class Sealed(NamedTuple):
    """An entry with all that its leaf is made of, as it is stored and served. Where the payload was erased, salt and
    payload are None, and `erased` and the skeleton stand in for them."""

    idx: int
    recorded_at: str
    kind: str
    subject: str
    actor: str
    payload_hash: bytes
    leaf_hash: bytes
    salt: bytes | None
    payload: bytes | None
    erased: Erased | None = None
    skeleton: bytes | None = None


# How many entries are read at once of a log that is read from end to end.
READ_TOGETHER = 500

EMPTY = Head(0, merkle.EMPTY_ROOT, b"", b"", "")


def head(db: Connection) -> Head:
    """The head of the log."""
    row = db.execute("SELECT size, root, last_leaf, frontier, recorded_at FROM head WHERE id = 0").fetchone()
    return Head(*row) if row else EMPTY


def set_head(db: Connection, new: Head) -> None:
    """Put a new head in place of the old."""
    db.execute(
        "INSERT INTO head (id, size, root, last_leaf, frontier, recorded_at)"
        " VALUES (0, :size, :root, :last_leaf, :frontier, :recorded_at) ON CONFLICT (id) DO UPDATE SET"
        " size = :size, root = :root, last_leaf = :last_leaf, frontier = :frontier, recorded_at = :recorded_at",
        new._asdict(),
    )


def add_entry(db: Connection, sealed: Sealed) -> None:
    """Append a sealed entry with its payload and salt, if they are not erased."""
    db.execute(
        "INSERT INTO entries (idx, recorded_at, kind, subject, actor, payload_hash, leaf_hash)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        sealed[:7],
    )
    if sealed.payload is not None:
        row = (sealed.idx, sealed.salt, sealed.payload)
        db.execute("INSERT INTO payloads (idx, salt, bytes) VALUES (?, ?, ?)", row)


def add_nodes(db: Connection, nodes: Iterable[merkle.Node]) -> None:
    """Store the subtrees that an entry completed."""
    db.executemany("INSERT INTO nodes (level, position, hash) VALUES (?, ?, ?)", nodes)


def node(db: Connection, level: int, position: int) -> bytes | None:
    """The hash of a subtree, None where it is not stored."""
    row = db.execute("SELECT hash FROM nodes WHERE level = ? AND position = ?", (level, position)).fetchone()
    return row[0] if row else None


def rows(db: Connection, table: str) -> int:
    """How many rows a table of the log has."""
    found: int = db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return found


SEALED = (
    "SELECT e.idx, e.recorded_at, e.kind, e.subject, e.actor, e.payload_hash, e.leaf_hash, p.salt, p.bytes"
    " FROM entries e LEFT JOIN payloads p ON p.idx = e.idx"
)


def sealed_entries(db: Connection, start: int = 0, end: int | None = None) -> Iterator[Sealed]:
    """The entries numbered from `start` up to, not including, `end`, in order."""
    # A part at a time: an engine may hand over all that it found at once, and a log may be longer than the memory.
    sql = f"{SEALED} WHERE e.idx >= :start AND e.idx < :end ORDER BY e.idx LIMIT :limit"
    parameters = {"start": start, "end": 2**62 if end is None else end, "limit": READ_TOGETHER}
    while rows := db.execute(sql, parameters).fetchall():
        for row in rows:
            yield filled(db, Sealed(*row))
        if len(rows) < READ_TOGETHER:
            return
        parameters["start"] = rows[-1][0] + 1


def opened(sealed: Sealed) -> Entry:
    """A stored entry with its payload read, or with the skeleton of one that was erased."""
    payload = orjson.loads(sealed.payload or sealed.skeleton or b"{}")
    return Entry(sealed.idx, sealed.recorded_at, sealed.kind, sealed.subject, sealed.actor, payload, sealed.erased)


def filled(db: Connection, sealed: Sealed) -> Sealed:
    """An entry with what stands in for its payload, if that was erased."""
    if sealed.payload is None and (found := erasure(db, sealed.idx)):
        return sealed._replace(erased=found[0], skeleton=found[1])
    return sealed


def erasures(db: Connection) -> Iterator[Entry]:
    """Every entry that erased others, in order. Reads the whole log."""
    return map(opened, sealed_erasures(db))


def sealed_erasures(db: Connection) -> Iterator[Sealed]:
    """The same entries with all that their leaves are made of."""
    return (Sealed(*row) for row in db.execute(f"{SEALED} WHERE e.kind = ? ORDER BY e.idx", (ERASURE,)))


def add_erasure(db: Connection, entry: Entry) -> list[int]:
    """Note what a `payload.erased` entry puts in place of the payloads that it erased. Out: whose they were."""
    erased: list[dict[str, Any]] = entry.payload["entries"]
    db.executemany(
        "INSERT INTO erasures (idx, by, at, actor, reason, skeleton) VALUES (?, ?, ?, ?, ?, ?)",
        [
            (one["index"], entry.index, entry.recorded_at, entry.actor, entry.payload["reason"], skeleton)
            for one in erased
            for skeleton in [canonical(one["payload"])]
        ],
    )
    return [one["index"] for one in erased]


def erasure(db: Connection, index: int) -> tuple[Erased, bytes] | None:
    """What an entry's payload was erased by, and its skeleton; None where it was not."""
    row = db.execute("SELECT reason, at, actor, by, skeleton FROM erasures WHERE idx = ?", (index,)).fetchone()
    return (Erased(*row[:4]), row[4]) if row else None


def last_erasure(db: Connection) -> int | None:
    """The number of the last entry that erased others: until another one does, nothing of the past changes."""
    return last_of_kinds(db, (ERASURE,))[ERASURE]


def last_of_kinds(db: Connection, kinds: Sequence[str]) -> dict[str, int | None]:
    """The number of the last entry of each kind, None where there is none."""
    last = "(SELECT max(idx) FROM change_facets WHERE facet = :kind{})"
    sql = f"SELECT {', '.join(last.format(i) for i in range(len(kinds)))}"
    found = db.execute(sql, {f"kind{i}": f"kind={kind}" for i, kind in enumerate(kinds)}).fetchone()
    return dict(zip(kinds, found, strict=True))


def is_noted(db: Connection, by: int) -> bool:
    """Whether what an entry erased was noted (see `add_erasure`)."""
    return db.execute("SELECT 1 FROM erasures WHERE by = ? LIMIT 1", (by,)).fetchone() is not None


def has_payload(db: Connection, indexes: Sequence[int]) -> bool:
    """Whether any of these entries has its payload."""
    return any(db.execute("SELECT 1 FROM payloads WHERE idx = ?", (index,)).fetchone() for index in indexes)


def drop_payloads(db: Connection, indexes: Iterable[int]) -> None:
    """Delete the payloads and salts of entries."""
    db.executemany("DELETE FROM payloads WHERE idx = ?", [(index,) for index in indexes])


def leaf_at(db: Connection, index: int) -> bytes | None:
    """The leaf hash of an entry, or None where there is no such entry."""
    row = db.execute("SELECT leaf_hash FROM entries WHERE idx = :index", {"index": index}).fetchone()
    return row[0] if row else None


def size_at(db: Connection, instant: str) -> int:
    """How many entries were recorded up to an instant, that instant included."""
    row = db.execute(
        "SELECT idx FROM entries WHERE recorded_at <= :instant ORDER BY recorded_at DESC, idx DESC LIMIT 1",
        {"instant": instant},
    ).fetchone()
    return row[0] + 1 if row else 0


def number(db: Connection, name: str) -> int | None:
    """The number of a subject: one more than the index of the entry that first named it."""
    row = db.execute("SELECT no FROM subjects WHERE name = :name", {"name": name}).fetchone()
    return row[0] if row else None


def named(db: Connection, names: Sequence[str]) -> dict[str, int]:
    """The numbers of those of many subjects that an entry named."""
    rows = db.execute(f"SELECT name, no FROM subjects WHERE name IN ({', '.join('?' * len(names))})", names)
    return dict(rows.fetchall())


def add_subject(db: Connection, name: str, no: int) -> None:
    """Number a subject that an entry names for the first time."""
    db.execute("INSERT INTO subjects (name, no) VALUES (?, ?)", (name, no))


def add_history(db: Connection, no: int, index: int) -> None:
    """Note that an entry belongs to the history of a subject."""
    db.execute("INSERT INTO histories (no, idx) VALUES (?, ?)", (no, index))


def history(db: Connection, no: int) -> list[Entry]:
    """The entries that made a subject what it is, in order."""
    rows = db.execute(
        "SELECT e.idx, e.recorded_at, e.kind, e.subject, e.actor, p.bytes FROM histories h"
        " JOIN entries e ON e.idx = h.idx LEFT JOIN payloads p ON p.idx = h.idx WHERE h.no = :no ORDER BY h.idx",
        {"no": no},
    ).fetchall()
    return [_entry(db, *row) for row in rows]


def _entry(db: Connection, idx: int, at: str, kind: str, subject: str, actor: str, data: bytes | None) -> Entry:
    if data is not None:
        return Entry(idx, at, kind, subject, actor, orjson.loads(data))
    found = erasure(db, idx)
    if found is None:
        raise LookupError(f"the payload of entry {idx} is missing: run 'onrecord verify'")
    return Entry(idx, at, kind, subject, actor, orjson.loads(found[1]), found[0])


def history_page(db: Connection, no: int, after: int, limit: int, at: int | None) -> list[tuple[Any, ...]]:
    """(index, recorded_at, kind, actor, document as it stood then) of a subject's entries beyond `after`, in order."""
    rows: list[tuple[Any, ...]] = db.execute(
        f"SELECT h.idx, e.recorded_at, e.kind, e.actor, {version('body', 'h.no', 'h.idx + 1')}"
        " FROM histories h JOIN entries e ON e.idx = h.idx"
        " WHERE h.no = :no AND h.idx > :after AND h.idx < :at ORDER BY h.idx LIMIT :limit",
        {"no": no, "after": after, "limit": limit, "at": 2**62 if at is None else at},
    ).fetchall()
    return rows


def add_document(db: Connection, no: int, since: int, body: bytes, excerpt: bytes | None = None) -> None:
    """Store a new version of a document; the one that it replaces is kept among the versions."""
    if no == since + 1:  # the entry that numbered the subject, so it had no document before
        row = (no, since, excerpt, body)
        db.execute("INSERT INTO documents (no, since, excerpt, body) VALUES (?, ?, ?, ?)", row)
        return
    db.execute(
        "INSERT INTO versions (no, since, excerpt, body) SELECT no, since, excerpt, body FROM documents WHERE no = ?",
        (no,),
    )
    db.execute("UPDATE documents SET since = ?, excerpt = ?, body = ? WHERE no = ?", (since, excerpt, body, no))


def version(column: str, no: str, bound: str | None) -> str:
    """SQL for a column ("body", "excerpt") of the document of the subject with the number `no` (SQL): as it stands, or,
    with a bound (SQL), as it stood when the log had so many entries."""
    if bound is None:
        return f"(SELECT d.{column} FROM documents d WHERE d.no = {no})"
    return (
        f"coalesce((SELECT d.{column} FROM documents d WHERE d.no = {no} AND d.since < {bound}),"
        f" (SELECT v.{column} FROM versions v WHERE v.no = {no} AND v.since < {bound} ORDER BY v.since DESC LIMIT 1))"
    )


def document(db: Connection, name: str, at: int | None = None) -> tuple[int, bytes] | None:
    """(revision, bytes) of a subject's document as it stands, or as it stood when the log had `at` entries."""
    sql = "SELECT d.since, d.body FROM subjects s JOIN {table} d ON d.no = s.no WHERE s.name = :name"
    now = sql.format(table="documents")
    if at is None:
        row = db.execute(now, {"name": name}).fetchone()
        return (row[0], row[1]) if row else None
    once = sql.format(table="versions") + " AND d.since < :at ORDER BY d.since DESC LIMIT 1"
    for then in (f"{now} AND d.since < :at", once):
        row = db.execute(then, {"name": name, "at": at}).fetchone()
        if row:
            return row[0], row[1]
    return None


def documents(db: Connection, names: Sequence[str], at: int | None = None) -> dict[str, bytes]:
    """The documents of those of many subjects that are on record, or were at `at`, by their names."""
    found: dict[str, bytes] = {}
    for start in range(0, len(names), READ_TOGETHER):
        part = names[start : start + READ_TOGETHER]
        marks = {f"name{i}": name for i, name in enumerate(part)}
        body = version("body", "s.no", None if at is None else ":at")
        sql = f"SELECT s.name, {body} FROM subjects s WHERE s.name IN ({', '.join(f':{mark}' for mark in marks)})"
        rows = db.execute(sql, {**marks, "at": at}).fetchall()
        found |= {name: bytes(body) for name, body in rows if body is not None}
    return found


def excerpt(db: Connection, no: int, at: int | None = None) -> bytes:
    """The excerpt of a claim's document, by its number, as it stands or stood at `at`."""
    return _version(db, "excerpt", no, at)


def document_by_number(db: Connection, no: int, at: int | None) -> bytes:
    """A subject's document as it stands, or as it stood when the log had `at` entries; it must have been there then."""
    return _version(db, "body", no, at)


def _version(db: Connection, column: str, no: int, at: int | None) -> bytes:
    sql = f"SELECT {version(column, ':no', None if at is None else ':at')}"
    found: bytes = db.execute(sql, {"no": no, "at": at}).fetchone()[0]
    return found


def claim_of(claim_excerpt: bytes) -> bytes:
    """The claim's id out of its excerpt, which begins with `"claim":"` and the 26 characters of the id."""
    return claim_excerpt[9:35]


def add_change(db: Connection, index: int, line: bytes, facets: Iterable[str]) -> None:
    """Add an entry to the feed of changes, under each "name=value" that a filter can ask for."""
    db.execute("INSERT INTO changes (idx, line) VALUES (?, ?)", (index, line))
    db.executemany("INSERT INTO change_facets (facet, idx) VALUES (?, ?)", [(facet, index) for facet in facets])


def changes(db: Connection, since: int, until: int, facets: Sequence[str], limit: int) -> list[tuple[int, bytes]]:
    """(index, line) of the changes numbered from `since` up to, not including, `until` that have all the facets."""
    return _changes(db, since, until, facets, limit, "ASC")


def newest_changes(db: Connection, facets: Sequence[str], limit: int) -> list[tuple[int, bytes]]:
    """(index, line) of the last changes that have all the facets, the newest first."""
    return _changes(db, 0, 2**62, facets, limit, "DESC")


def _changes(
    db: Connection, since: int, until: int, facets: Sequence[str], limit: int, direction: str
) -> list[tuple[int, bytes]]:
    parameters: dict[str, Any] = {"since": since, "until": until, "limit": limit}
    parameters.update({f"facet{i}": facet for i, facet in enumerate(facets)})
    others = "".join(
        f" AND EXISTS (SELECT 1 FROM change_facets o WHERE o.facet = :facet{i} AND o.idx = c.idx)"
        for i in range(1, len(facets))
    )
    if facets:
        source = "change_facets f JOIN changes c ON c.idx = f.idx WHERE f.facet = :facet0 AND f.idx"
        order = "f.idx"
    else:
        source, order = "changes c WHERE c.idx", "c.idx"
    rows: list[tuple[int, bytes]] = db.execute(
        f"SELECT c.idx, c.line FROM {source} >= :since AND {order} < :until{others}"
        f" ORDER BY {order} {direction} LIMIT :limit",
        parameters,
    ).fetchall()
    return rows
