"""Lists of documents: which facets ("status=refuted", "party=dhs") lead to them, in order of number or of date."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from api.domain import erasure, names
from api.storage.log import Connection, version
from schemas.dates import OPEN_END, OPEN_START, UNDATED, Bounds

# Facets larger than this count as equally large when the smallest is chosen to lead a list.
COUNTED = 200


class Row(NamedTuple):
    """One row of a list: the subject's number, its date, and its document."""

    no: int
    earliest: int
    latest: int
    body: bytes


# A row as the engine gives it. Of a page only the last row is asked for more than its document.
Found = tuple[int, int, int, bytes]


class Selection(NamedTuple):
    """What a list is of: facets that all must hold, dates certainly inside [first, last], and the state at
    `at` entries."""

    facets: tuple[str, ...]
    first: int | None = None
    last: int | None = None
    at: int | None = None


def term(db: Connection, name: str) -> int | None:
    """The number that a facet's name is kept under; None where nothing ever had that facet."""
    row = db.execute("SELECT id FROM terms WHERE name = :name", {"name": name}).fetchone()
    return row[0] if row else None


def terms(db: Connection, names: Sequence[str]) -> dict[str, int]:
    """The numbers of those of many facets' names that have one."""
    marks = ", ".join("?" * len(names))
    return dict(db.execute(f"SELECT name, id FROM terms WHERE name IN ({marks})", names).fetchall())


def add_term(db: Connection, name: str) -> int:
    """Number a facet's name."""
    sql = "INSERT INTO terms (name) VALUES (:name) RETURNING id"
    inserted: int = db.execute(sql, {"name": name}).fetchone()[0]
    return inserted


def open_facets(db: Connection, terms: Iterable[int], no: int, since: int, dates: Bounds) -> None:
    """From entry `since` on, a subject is found under these facets."""
    db.executemany(
        "INSERT INTO facets (facet, live, no, since, earliest, latest) VALUES (?, 1, ?, ?, ?, ?)",
        [(facet, no, since, *dates) for facet in terms],
    )


def close_facets(db: Connection, terms: Iterable[int], no: int, until: int) -> None:
    """From entry `until` on, a subject is no longer found under these facets."""
    db.executemany(
        "UPDATE facets SET live = 0, until = ? WHERE facet = ? AND live = 1 AND no = ?",
        [(until, facet, no) for facet in terms],
    )


def add_fingerprint(db: Connection, fingerprint: bytes, no: int) -> None:
    """Note the fingerprint of a standing claim."""
    db.execute("INSERT INTO fingerprints (fingerprint, no) VALUES (?, ?)", (fingerprint, no))


def printed(db: Connection, fingerprints: Sequence[bytes]) -> set[bytes]:
    """Those of many fingerprints that a standing claim has."""
    marks = ", ".join("?" * len(fingerprints))
    rows = db.execute(f"SELECT fingerprint FROM fingerprints WHERE fingerprint IN ({marks})", fingerprints)
    return {row[0] for row in rows}


def add_names(db: Connection, digests: Iterable[bytes], no: int) -> None:
    """Note what a party is found by (see `api.domain.names.digest`)."""
    db.executemany("INSERT INTO names (digest, no) VALUES (?, ?)", [(digest, no) for digest in sorted(digests)])


def drop_names(db: Connection, digests: Iterable[bytes], no: int) -> None:
    """Note what a party is found by no longer."""
    db.executemany("DELETE FROM names WHERE digest = ? AND no = ?", [(digest, no) for digest in sorted(digests)])


def called(db: Connection, digest: bytes) -> list[int]:
    """The numbers of the parties that are found by this, in order."""
    rows = db.execute("SELECT no FROM names WHERE digest = :digest ORDER BY no", {"digest": digest}).fetchall()
    return [row[0] for row in rows]


def name_all(db: Connection) -> None:
    """Note what every party is found by, in a record that was made before there were names."""
    sql = (
        "SELECT d.no, d.body FROM terms t JOIN facets f ON f.facet = t.id JOIN documents d ON d.no = f.no"
        " WHERE t.name = 'parties' AND f.live = 1 AND NOT EXISTS (SELECT 1 FROM names n WHERE n.no = d.no)"
    )
    for no, body in db.execute(sql).fetchall():
        shown = json.loads(bytes(body))
        if not (shown["erased"] and shown["name"] == erasure.TEXT):
            add_names(db, map(names.digest, names.keys(shown["name"], shown["same_as"])), no)


def numbers(db: Connection, facet: int) -> list[int]:
    """The numbers of all subjects that a facet leads to now, in order: rows that are made of them are numbered alike by
    every engine."""
    sql = "SELECT no FROM facets WHERE facet = :facet AND live = 1 ORDER BY no"
    return [row[0] for row in db.execute(sql, {"facet": facet})]


def by_number(db: Connection, chosen: Selection, after: int | None, limit: int, newest_first: bool) -> list[Found]:
    """Rows in the order in which they were recorded, those beyond the number `after`."""
    terms = leading_terms(db, chosen)
    if terms is None:
        return []
    sign, direction = ("<", "DESC") if newest_first else (">", "ASC")
    start = (2**62 if newest_first else 0) if after is None else after
    condition = f"f.no {sign} :after"
    if chosen.at is not None:
        # What is numbered higher came later; without this bound a look far back would walk over all of it.
        start = min(start, chosen.at + 1) if newest_first else start
        condition += "" if newest_first else " AND f.no <= :at"
    return _rows(db, chosen, terms, condition, f"no {direction}", {"after": start, "limit": limit})


def by_date(
    db: Connection, chosen: Selection, after: tuple[int, int, int] | None, limit: int, newest_first: bool
) -> list[Found]:
    """Rows in order of the day that they were stated, beyond the key (earliest, latest, number); undated
    ones come last."""
    terms = leading_terms(db, chosen)
    if terms is None:
        return []
    if not newest_first:
        return _dated(db, chosen, terms, after or (-1, -1, -1), limit, False)
    if after is None or after[0] != UNDATED.earliest:
        rows = _dated(db, chosen, terms, after or (OPEN_END, OPEN_END, 2**62), limit, True)
        if len(rows) == limit or chosen.first is not None or chosen.last is not None:
            return rows
        after = None
    else:
        rows = []
    undated = after or (UNDATED.earliest, UNDATED.latest, 2**62)
    parameters = {**UNDATED._asdict(), "no": undated[2], "limit": limit - len(rows)}
    only = "f.earliest = :earliest AND f.latest = :latest AND f.no < :no"
    rest = _rows(db, chosen, terms, only, "no DESC", parameters)
    return rows + rest


def leading_terms(db: Connection, chosen: Selection) -> list[int] | None:
    """The terms of a selection, the one with the fewest rows first: it leads, the others are looked up row by row.

    None where one of the facets was never used: then the list is empty.
    """
    terms = [term(db, facet) for facet in chosen.facets]
    known = [found for found in terms if found is not None]
    if len(known) < len(terms):
        return None
    if len(known) > 1:
        known.sort(key=lambda facet: count(db, facet, COUNTED, chosen.at))
    return known


def count(db: Connection, facet: int, most: int, at: int | None = None) -> int:
    """How many rows a facet has now, or ever had where `at` asks for the past, counted no further than `most`."""
    alive = " AND live = 1" if at is None else ""
    sql = f"SELECT count(*) FROM (SELECT 1 FROM facets WHERE facet = :facet{alive} LIMIT :most) counted"
    found: int = db.execute(sql, {"facet": facet, "most": most}).fetchone()[0]
    return found


def holding(
    terms: Sequence[int], at: int | None, of: str, start: int = 1, inside: str = ""
) -> tuple[str, dict[str, Any]]:
    """SQL that holds where the subject numbered `of` has all of terms[start:], with its parameters.

    `inside` is a further condition on each of those rows (`o`).
    """
    alive = "o.live = 1" if at is None else "o.live IN (0, 1) AND o.since < :at AND (o.until IS NULL OR o.until >= :at)"
    sql = "".join(
        f" AND EXISTS (SELECT 1 FROM facets o WHERE o.facet = :term{i} AND o.no = {of} AND {alive}{inside})"
        for i in range(start, len(terms))
    )
    return sql, {f"term{i}": terms[i] for i in range(start, len(terms))}


def versions(select: str, order: str, at: int | None) -> str:
    """A SELECT over the rows that hold now, or that held when the log had :at entries.

    `select` has {alive} where the condition belongs. What held then is in two runs of the index, rows that
    still hold and rows that were closed since; both are in order already, and the engine merges them.
    """
    if at is None:
        return f"{select.format(alive='f.live = 1')} ORDER BY {order} LIMIT :limit"
    still = select.format(alive="f.live = 1 AND f.since < :at")
    closed = select.format(alive="f.live = 0 AND f.since < :at AND f.until >= :at")
    return f"{still} UNION ALL {closed} ORDER BY {order} LIMIT :limit"


def _dated(
    db: Connection, chosen: Selection, terms: list[int], after: tuple[int, int, int], limit: int, newest_first: bool
) -> list[Found]:
    sign, direction = ("<", "DESC") if newest_first else (">", "ASC")
    conditions = [f"(f.earliest, f.latest, f.no) {sign} (:earliest, :latest, :no)"]
    parameters: dict[str, Any] = {"limit": limit}
    if chosen.first is not None or chosen.last is not None:
        first = OPEN_START if chosen.first is None else chosen.first
        last = OPEN_END if chosen.last is None else chosen.last
        # The edge from which the window is walked goes into the key: given two bounds on one side, the engine may
        # take the weaker one and walk up to the window.
        after = min(after, (last + 1, -1, -1)) if newest_first else max(after, (first, -1, -1))
        conditions.append("f.earliest >= :first" if newest_first else "f.earliest <= :last")
        conditions.append("f.latest <= :last")
        parameters |= {"first": first, "last": last}
    parameters |= {"earliest": after[0], "latest": after[1], "no": after[2]}
    order = ", ".join(f"{column} {direction}" for column in ("earliest", "latest", "no"))
    return _rows(db, chosen, terms, " AND ".join(conditions), order, parameters)


def _rows(
    db: Connection, chosen: Selection, terms: list[int], condition: str, order: str, parameters: dict[str, Any]
) -> list[Found]:
    body = version("body", "f.no", None if chosen.at is None else ":at")
    others, other_parameters = holding(terms, chosen.at, "f.no")
    select = (
        f"SELECT f.no AS no, f.earliest AS earliest, f.latest AS latest, {body} AS body"
        f" FROM facets f WHERE f.facet = :term0 AND {{alive}} AND {condition}{others}"
    )
    parameters = parameters | other_parameters | {"term0": terms[0], "at": chosen.at}
    rows: list[Found] = db.execute(versions(select, order, chosen.at), parameters).fetchall()
    return rows
