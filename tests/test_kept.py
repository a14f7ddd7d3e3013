"""Answers that were made are kept, as many as there is room for."""

from __future__ import annotations

from api.kept import BESIDE, MAX_BODY, Kept, Made


def test_an_answer_is_kept_until_the_record_changes() -> None:
    """It is given again for its own ETag only, and one address has one answer."""
    kept = Kept()
    one, two = Made(b"one", [("Link", "<next>")]), Made(b"two")
    kept.put("/", "1", one)
    assert kept.get("/", "1") == one and kept.get("/", "2") is None
    kept.put("/", "2", two)
    assert kept.get("/", "1") is None and kept.get("/", "2") == two


def test_the_answer_that_was_asked_for_longest_ago_goes_first() -> None:
    """There is room for so many bytes only, and an answer that is too large takes none of it."""
    kept = Kept(most=2 * (BESIDE + 7))
    for address in ("/a", "/b"):
        kept.put(address, "1", Made(b"12345"))
    assert kept.get("/a", "1")
    kept.put("/c", "1", Made(b"12345"))
    assert [bool(kept.get(address, "1")) for address in ("/a", "/b", "/c")] == [True, False, True]
    kept.put("/large", "1", Made(b"x" * (MAX_BODY + 1)))
    assert kept.get("/large", "1") is None and kept.get("/a", "1")


def test_long_addresses_take_room_too() -> None:
    """Who asks chooses them: many short answers at long addresses do not take more than there is room for."""
    kept = Kept(most=2 * BESIDE + 1_000)
    for name in "abc":
        kept.put("/" + name * 500, "1", Made(b""))
    assert [bool(kept.get("/" + name * 500, "1")) for name in "abc"] == [False, False, True]
