"""Pieces of words: the numbers that BERT's own tokenizer gives, and bounded work."""

from __future__ import annotations

import hashlib

import pytest

from api.embedding.wordpiece import pieces, vocabulary

# As the tokenizer of all-MiniLM-L6-v2 numbers them, without the marks of start and end.
KNOWN = [
    (
        "Participation in Secure Communities is optional for counties.",
        [6577, 1999, 5851, 4279, 2003, 11887, 2005, 5721, 1012],
    ),
    ("Unaffable, naïve café — ÀÉÎ!", [14477, 20961, 3468, 1010, 15743, 7668, 1517, 29347, 2072, 999]),
    ("東京都 is Tokyo's name in 日本", [1879, 1755, 1961, 2003, 5522, 1005, 1055, 2171, 1999, 1864, 1876]),
    (
        "$5.50 (or #SecureCommunities @ICEgov)",
        [1002, 1019, 1012, 2753, 1006, 2030, 1001, 5851, 9006, 23041, 6447, 1030, 3256, 3995, 2615, 1007],
    ),
    ("\u200bzero\u00a0width\tand\x00NUL\ufffd", [5717, 9381, 1998, 11231, 2140]),
    ("x" * 101 + " y", [100, 1061]),
    ("Привет мир 🎉", [1194, 16856, 10325, 25529, 15290, 22919, 1191, 10325, 16856, 100]),
    ("can't won't", [2064, 1005, 1056, 2180, 1005, 1056]),
    ("", []),
    (" \n\t", []),
]


@pytest.mark.parametrize(("text", "numbers"), KNOWN)
def test_the_numbers_are_those_of_bert(text: str, numbers: list[int]) -> None:
    """Lower case, no accents, punctuation and ideographs by themselves, nothing unseen, the unknown as one."""
    assert pieces(text, 100) == [101, *numbers, 102]


def test_marks_in_a_text_are_text() -> None:
    """Nobody ends a text by writing what marks its end."""
    assert pieces("[SEP]", 100) == [101, 1031, 19802, 1033, 102]
    assert pieces("[CLS] [MASK]", 100).count(101) == 1


def test_what_is_beyond_the_most_is_left_out() -> None:
    """The end is marked all the same, and no more is read than is needed."""
    assert pieces("one two three four", 5) == [101, *pieces("one two three", 100)[1:4], 102]
    assert len(pieces("a" * 10_000 + " b" * 10_000, 256)) == 256


def test_the_vocabulary_is_berts() -> None:
    """Every piece has the number that the models were trained with."""
    found = vocabulary()
    assert (len(found), found["[PAD]"], found["[UNK]"], found["##s"]) == (30_522, 0, 100, 2015)
    joined = "".join(f"{piece}\n" for piece in found)
    expected = "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3"
    assert hashlib.sha256(joined.encode()).hexdigest() == expected
