"""The pages on which reviewers publish: which standing verdicts are on which (see `api.domain.reviewed`)."""

from __future__ import annotations

from api.storage.log import Connection

# Hexadecimal digits end before this, and so does the hyphen after them: it closes the range of one address.
AFTER = "~"


def add(db: Connection, page: str, no: int, site: str | None) -> None:
    """Note that the verdict with the number `no` stands on a page of a site."""
    db.execute("INSERT INTO review_pages (page, no, site) VALUES (?, ?, ?)", (page, no, site))


def remove(db: Connection, page: str, no: int) -> None:
    """Note that a verdict stands there no longer; nothing happens where it does not."""
    db.execute("DELETE FROM review_pages WHERE page = :page AND no = :no", {"page": page, "no": no})


def verdicts(db: Connection, page: str, most: int) -> list[int]:
    """The numbers of the verdicts that stand on a page, oldest first, at most so many."""
    sql = "SELECT no FROM review_pages WHERE page = :page ORDER BY no LIMIT :most"
    return [no for (no,) in db.execute(sql, {"page": page, "most": most}).fetchall()]


def at_address(db: Connection, address: str, most: int) -> list[str]:
    """The pages at an address (see `reviewed.address`), one for each reviewer who has a standing verdict there."""
    return _pages(db, "page >= :after AND page < :before", {"after": address, "before": address + AFTER}, most)


def listed(db: Connection, site: str | None, after: str, most: int, skipped: int = 0) -> list[str]:
    """The pages beyond the id `after`, of a site or of all, in order of their ids, which never changes."""
    condition = "page > :after" if site is None else "site = :site AND page > :after"
    return _pages(db, condition, {"after": after, "site": site}, most, skipped)


def _pages(db: Connection, condition: str, parameters: dict[str, object], most: int, skipped: int = 0) -> list[str]:
    sql = f"SELECT DISTINCT page FROM review_pages WHERE {condition} ORDER BY page LIMIT :most OFFSET :skipped"
    found = db.execute(sql, parameters | {"most": most, "skipped": skipped}).fetchall()
    return [page for (page,) in found]
