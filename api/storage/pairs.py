"""Pairs of claims that somebody assessed. Those that nobody did follow from the statements and are stored nowhere."""

from __future__ import annotations

from typing import NamedTuple

from api.storage.log import Connection, version


class Assessed(NamedTuple):
    """An assessed pair: its number, the two claims, its status, and the assessments as a JSON list."""

    no: int
    one: str
    other: str
    status: str
    assessments: bytes


def put(db: Connection, claims: tuple[str, str], no: int, since: int, status: str) -> None:
    """From entry `since` on, a pair has this status."""
    keys = {"one": claims[0], "other": claims[1], "since": since}
    db.execute("UPDATE pairs SET live = 0, until = :since WHERE one = :one AND other = :other AND live = 1", keys)
    db.execute(
        "INSERT INTO pairs (one, other, since, live, status, no) VALUES (:one, :other, :since, 1, :status, :no)",
        keys | {"status": status, "no": no},
    )


def find(db: Connection, claims: tuple[str, str], at: int | None = None) -> Assessed | None:
    """The pair as assessed, or as it stood at `at`; None where nobody had assessed it."""
    assessments = version("body", "p.no", ":at")
    row = db.execute(
        f"SELECT p.no, p.one, p.other, p.status, {assessments} FROM pairs p"
        " WHERE p.one = :one AND p.other = :other AND p.since < :at ORDER BY p.since DESC LIMIT 1",
        {"one": claims[0], "other": claims[1], "at": 2**62 if at is None else at},
    ).fetchone()
    return Assessed(*row) if row else None


def of_claim(db: Connection, claim: str) -> list[tuple[str, str]]:
    """The pairs that somebody assessed of which a claim is one side. Looks at every pair."""
    sql = "SELECT DISTINCT one, other FROM pairs WHERE one = :claim OR other = :claim ORDER BY one, other"
    return [(one, other) for one, other in db.execute(sql, {"claim": claim})]


def with_status(db: Connection, status: str, after: int, limit: int, at: int | None) -> list[Assessed]:
    """Assessed pairs of one status in order of their numbers, those beyond `after`."""
    alive = (
        "p.live = 1" if at is None else "p.no <= :then AND p.since < :then AND (p.until IS NULL OR p.until >= :then)"
    )
    assessments = version("body", "p.no", ":at")
    rows = db.execute(
        f"SELECT p.no, p.one, p.other, p.status, {assessments} FROM pairs p"
        f" WHERE p.status = :status AND {alive} AND p.no > :after ORDER BY p.no LIMIT :limit",
        {"status": status, "after": after, "limit": limit, "then": at, "at": 2**62 if at is None else at},
    )
    return [Assessed(*row) for row in rows]
