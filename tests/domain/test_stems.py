"""The stems of words, and what is kept of them."""

from __future__ import annotations

import pytest

from api.domain import stems
from api.domain.stems import LONG, MARK, indexed


def test_each_stem_stands_once_in_the_order_of_the_words() -> None:
    """A word that is its own stem is not repeated; those of several texts are told together."""
    assert indexed("opting out opted", "", "counties out county") == f"{MARK}opt {MARK}counti"
    assert indexed("out opt") == indexed() == indexed("") == ""


@pytest.mark.parametrize("length", [LONG, LONG + 1, 100_000])
def test_long_words_are_not_kept(length: int) -> None:
    """Or a few claims, each one word of a megabyte, would fill the memory of every process."""
    stems._marked_before.cache_clear()
    word = "a" * (length - 3) + "ing"
    assert indexed(f"opting {word}") == indexed(f"opting {word}") == f"{MARK}opt {MARK}{word.removesuffix('ing')}"
    assert stems._marked_before.cache_info().currsize == (2 if length <= LONG else 0)
