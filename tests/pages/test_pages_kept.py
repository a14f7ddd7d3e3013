"""Pages that were made are kept, as many as there is room for."""

from __future__ import annotations

from api.pages.kept import Kept


def test_a_page_is_kept_until_the_record_changes() -> None:
    """It is given again for its own ETag only, and one address has one page."""
    kept = Kept()
    kept.put("/", "1", b"one")
    assert kept.get("/", "1") == b"one" and kept.get("/", "2") is None
    kept.put("/", "2", b"two")
    assert kept.get("/", "1") is None and kept.get("/", "2") == b"two"


def test_the_page_that_was_asked_for_longest_ago_goes_first() -> None:
    """There is room for so many bytes only, and a page that is too large takes none of it."""
    kept = Kept(most=10)
    for address in ("/a", "/b"):
        kept.put(address, "1", b"12345")
    assert kept.get("/a", "1")
    kept.put("/c", "1", b"12345")
    assert [bool(kept.get(address, "1")) for address in ("/a", "/b", "/c")] == [True, False, True]
    kept.put("/large", "1", b"x" * (3 << 20))
    assert kept.get("/large", "1") is None and kept.get("/a", "1")
