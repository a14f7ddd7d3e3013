"""Likely duplicates, over a record in which everybody speaks of the same matter in the same words."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest

from api.domain.words import Term
from api.reads import duplicates
from api.storage import log
from api.storage.sqlite import Database
from tests.records import Recorder, ulid

QUOTED = "Secure Communities is not voluntary and never has been."


def said(database: Database) -> dict[int, str]:
    """The texts of all claims, by their numbers."""
    texts = {}
    for name, no in database.reader().execute("SELECT name, no FROM subjects WHERE name LIKE 'claim/%'").fetchall():
        document = log.document(database.reader(), name)
        assert document is not None
        texts[no] = orjson.loads(document[1])["text"]
    return texts


def shorter(text: str) -> str:
    words = text.split()
    return " ".join(words[: len(words) // 3] + words[len(words) // 3 + 1 :])


def other_word(text: str) -> str:
    return text.replace(max(text.split(), key=len), "something", 1)


@pytest.mark.parametrize(
    ("change", "least"),
    [(str, 1.0), (shorter, 1.0), ("He said that {}".format, 1.0), (str.upper, 1.0), (other_word, 0.95)],
    ids=["the same", "a word less", "a word before", "shouted", "its longest word another"],
)
def test_claims_are_found_again(dhs: Database, change: Callable[[str], str], least: float) -> None:
    """However many others share its longest words."""
    db, texts = dhs.reader(), said(dhs)
    found = [no in [one.no for one in duplicates.likely(db, change(text))] for no, text in texts.items()]
    assert len(found) == 100 and sum(found) / 100 >= least


def test_a_part_of_what_was_said_is_found(dhs: Database) -> None:
    """A sentence of a longer statement, as another paper quotes it."""
    db = dhs.reader()
    names = [log.claim_of(log.excerpt(db, one.no)).decode() for one in duplicates.likely(db, QUOTED)]
    document = log.document(db, f"claim/{names[0]}")
    assert document is not None and QUOTED.rstrip(".") in orjson.loads(document[1])["text"]


def test_what_is_only_on_the_same_matter_is_none(dhs: Database) -> None:
    """Words that stand in half of the record are not enough."""
    assert duplicates.likely(dhs.reader(), "Secure Communities costs participating counties and cities nothing.") == []


def test_what_many_share_two_words_with_is_found_by_all_three(database: Database) -> None:
    """However many are newer, and although some of the newest were corrected and are no longer found by what they
    said."""
    record = Recorder(database)
    record.party("dhs")
    record.claim("Jurisdictions cannot terminate agreements unilaterally.", "dhs", id=ulid(1))
    for i in range(2, 2 + 2 * duplicates.GLANCED_AT):
        record.claim(f"Jurisdictions unilaterally did matter {i} of many.", "dhs", id=ulid(i))
        if i % 2:
            record.amend_claim(ulid(i), text=f"They did matter {i} of many.")
    found = duplicates.likely(database.reader(), "Jurisdictions can terminate agreements unilaterally.")
    assert [log.claim_of(log.excerpt(database.reader(), one.no)).decode() for one in found] == [ulid(1)]


def test_words_that_many_share_are_asked_for_last(database: Database) -> None:
    """Once a process has met them: by the words that tell more, what is old is found as well, and nothing else is
    looked at."""
    record = Recorder(database)
    record.party("dhs")
    record.claim("Jurisdictions unilaterally participate, but Denver's sheriff refused detainers.", "dhs", id=ulid(1))
    for i in range(2, 3 + duplicates.LOOKED_AT):
        record.claim(f"Jurisdictions unilaterally participate in matter {i}.", "dhs", id=ulid(i))
    db, common = database.reader(), duplicates.Common()
    asked = "Jurisdictions unilaterally participate, but Denver's sheriff declined detainers."
    assert duplicates.likely(db, asked, common) == []
    assert common.terms == {Term(("jurisdictions",)), Term(("unilaterally",)), Term(("participate",))}
    [found] = duplicates.likely(db, asked, common)
    assert log.claim_of(log.excerpt(db, found.no)).decode() == ulid(1)


def test_claims_are_found_again_by_a_process_that_knows_their_words(dhs: Database) -> None:
    """What is common is learned from all of them first."""
    db, texts, common = dhs.reader(), said(dhs), duplicates.Common()
    for text in texts.values():
        duplicates.likely(db, text, common)
    assert Term(("communities",)) in common.terms
    for change in (str, shorter, "He said that {}".format):
        for no, text in texts.items():
            assert no in [one.no for one in duplicates.likely(db, change(text), common)], text
    again = [no in [one.no for one in duplicates.likely(db, other_word(text), common)] for no, text in texts.items()]
    assert sum(again) >= 95
