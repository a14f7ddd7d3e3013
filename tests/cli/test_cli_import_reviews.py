"""`onrecord import --format claimreview`: files of any length and shape, a line for what is refused, and repetition."""

from __future__ import annotations

import io
import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from api.cli import json_items, review_files
from api.cli.json_items import Counted
from api.importing import Ready, Refused
from api.storage import log
from schemas.reviews import EXAMPLE
from tests.cli.conftest import Shell
from tests.records import DESK, OPERATOR

LIMIT = 20_000


def review(number: int = 0, **more: Any) -> dict[str, Any]:
    """A review of PolitiFact's."""
    given: dict[str, Any] = EXAMPLE | {
        "url": f"https://www.politifact.com/{number}",
        "claimReviewed": f"The bridge was closed for {number} days.",
        "author": {"@type": "Organization", "name": "PolitiFact", "url": "https://www.politifact.com"},
    }
    return given | more


def feed(*elements: Any) -> dict[str, Any]:
    """A DataFeed as publishers have it."""
    items = [{"@type": "DataFeedItem", "item": [element]} for element in elements]
    return {"@context": "https://schema.org", "@type": "DataFeed", "dataFeedElement": items, "license": "CC-BY"}


def peak(work: Callable[[], None]) -> int:
    """The most bytes that Python held while something was done."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def dumped(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


def found(data: bytes, most: int = LIMIT) -> list[str | tuple[int, str, str]]:
    """What is read from a file: the pointer of each review, or the line, place and reason of a refusal."""
    read = []
    for item in review_files.read(Counted(io.BytesIO(data)), most):
        if isinstance(item, Refused):
            read += [(item.line, fault.pointer, fault.detail) for fault in item.faults]
        else:
            assert isinstance(item, Ready)
            read.append(item.review.pointer)
    return read


# --- what is read ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        (dumped(review()), [""]),
        (dumped([review(), review(1)]), ["/0", "/1"]),
        (dumped(feed(review(), review(1))), ["/dataFeedElement/0/item/0", "/dataFeedElement/1/item/0"]),
        (json.dumps(feed(review()), indent=1).encode(), ["/dataFeedElement/0/item/0"]),
        (b"\xef\xbb\xbf" + dumped(review()), [""]),
        (dumped(review()) + b"\n" + dumped(review(1)) + b"\r\n\n" + dumped([review(2)]), ["", "", "/0"]),
        (dumped({"@graph": [{"@type": "WebPage"}, review()]}), ["/@graph/1"]),
        (dumped({"@type": "ItemList", "itemListElement": [{"item": review()}]}), ["/itemListElement/0/item"]),
        (dumped(feed()), []),
        (b"[]", []),
        (b" \n", []),
        (b'{"dataFeedElement":[],"dataFeedElement":[' + dumped(review()) + b"]}", ["/dataFeedElement/0"]),
    ],
)
def test_reviews_are_read_from_files_of_every_shape(data: bytes, pointers: list[str]) -> None:
    """One, lists, feeds, graphs and lines, with or without white space, wherever the blocks of the file end."""
    assert found(data) == pointers
    block, json_items.BLOCK = json_items.BLOCK, 7
    try:
        assert found(data) == pointers
    finally:
        json_items.BLOCK = block


@pytest.mark.parametrize(
    ("data", "refusals"),
    [
        (b"{}", [(1, "", "has no @type")]),
        (b"12", [(1, "", "object or an array")]),
        (b"<html>", [(1, "", "object or an array")]),
        (b"[1, {x}]", [(1, "/0", "Send an object"), (1, "/1", "not JSON")]),
        (b'{"a":1', [(1, "", "broken here")]),
        (b'{"a"', [(1, "", "broken here")]),
        (b"{a:1}", [(1, "", "broken here")]),
        (b'{"a":1]', [(1, "", "broken here")]),
        (b'{"' + b"k" * 200_000 + b'":1}', [(1, "", "broken here")]),
        (b'\n{"dataFeedElement":[\n{"item":1},\n', [(3, "/dataFeedElement/0", ""), (4, "/dataFeedElement", "ends")]),
        (b'{"dataFeedElement":[{}}', [(1, "/dataFeedElement/0", ""), (1, "/dataFeedElement", "something follows")]),
        (b'[{"@type":"ClaimReview","@type":"x"}]', [(1, "/0/@type", "twice")]),
        (b'["' + b"x" * LIMIT + b'", {}]', [(1, "/0", "longer than 20,000"), (1, "/1", "@type")]),
        (b'{"a":"' + b"x" * LIMIT + b'"}\n{}', [(1, "", "longer than 20,000"), (2, "", "@type")]),
        (b"[" + b'{"a":' * 50 + b"1" + b"}" * 50 + b"]", [(1, "/0", "nested")]),
    ],
)
def test_what_cannot_be_read_is_refused_by_itself(data: bytes, refusals: list[tuple[int, str, str]]) -> None:
    """With its line, its place and a reason; what follows is read where it can be found."""
    read = found(data)
    assert [one[:2] for one in read] == [one[:2] for one in refusals]
    for got, (_, _, words) in zip(read, refusals, strict=True):
        assert words in got[2]


class Endless(io.RawIOBase):
    """A feed of so many bytes that nobody ever had in memory."""

    def __init__(self, size: int) -> None:
        self.left, self._element = size, dumped({"@type": "DataFeedItem", "item": [review()]}) + b",\n"
        self._begun = False

    def read(self, size: int = -1) -> bytes:
        if not self._begun:
            self._begun = True
            return b'{"@type":"DataFeed","name":"x","dataFeedElement":['
        if self.left <= 0:
            return b""
        block = self._element * (size // len(self._element))
        self.left -= len(block)
        return block


@pytest.mark.parametrize("text", [b'{"a":"', b"[[[[", b'["', b'{"dataFeedElement":["'])
def test_a_file_that_never_ends_an_item_is_not_kept(text: bytes) -> None:
    """Ten times as much of one text, or of brackets, is walked over in the memory of an item."""

    class Long(io.RawIOBase):
        left = 200_000

        def read(self, size: int = -1) -> bytes:
            begun, self.left = self.left < 200_000, self.left - size
            if not begun:
                return text
            return (b"[" if text == b"[[[[" else b"x") * size if self.left > 0 else b""

    def read() -> None:
        assert all(isinstance(item, Refused) for item in review_files.read(Counted(Long()), LIMIT))

    assert peak(read) < 400_000


def test_a_long_feed_is_read_in_the_memory_of_an_item() -> None:
    """However long it is, nothing is kept but the review at hand."""

    def read(size: int) -> Iterator[Any]:
        return review_files.read(Counted(Endless(size)), LIMIT)  # type: ignore[arg-type]

    def walk(size: int) -> None:
        assert sum(1 for _ in read(size)) > size / 1_000

    walk(100_000)
    assert abs(peak(lambda: walk(600_000)) - peak(lambda: walk(200_000))) < 100_000


# --- what is recorded ------------------------------------------------------------------------------


def test_import_of_a_feed_and_again(shell: Shell) -> None:
    """Each review becomes a verdict in its publisher's name, taken in by the operator; a second time nothing is new."""
    file = shell.write("feed.json", dumped(feed(*map(review, range(5)))))
    done = shell("import", "--format", "claimreview", file)
    assert (done.status, done.out, done.err) == (0, "5 recorded, 0 already there, 0 refused.\n", "")
    head = shell.head
    actors = {(sealed.kind, sealed.actor) for sealed in log.sealed_entries(shell.database.reader(), 3)}
    assert actors == {(kind, OPERATOR) for kind in ("party.recorded", "claim.recorded", "verdict.published")}
    again = shell("import", "--format", "claimreview", file)
    assert (again.status, again.out) == (0, "0 recorded, 5 already there, 0 refused.\n")
    assert shell.head == head
    changed = shell.write("changed.jsonld", dumped([review(3, reviewRating={"alternateName": "True"})]))
    assert shell("import", changed).out == "1 recorded, 0 already there, 0 refused.\n"
    assert shell.head.size == head.size + 1


def test_import_in_the_name_of_a_party_is_of_its_own_reviews(shell: Shell) -> None:
    """With --as those of others are refused, each with its line and reason."""
    own = EXAMPLE | {"author": "Example Desk"}
    file = shell.write("mixed.jsonld", dumped(own) + b"\n" + dumped(review()) + b"\n")
    done = shell("import", file, "--as", DESK)
    assert (done.status, done.out) == (1, "1 recorded, 0 already there, 1 refused.\n")
    assert done.err.startswith("line 2: The review is by 'PolitiFact', and nobody publishes in another reviewer's name")


def test_import_says_what_is_wrong_with_the_call(shell: Shell) -> None:
    """A kind of body is no format of reviews."""
    file = shell.write("a.json", dumped(review()))
    done = shell("import", file, "--format", "claimreview", "--kind", "verdicts")
    assert done.status == 1
    assert "leave --kind out" in done.err


def test_a_long_file_is_prepared_by_another_process(shell: Shell) -> None:
    """Reviews go from one process to the other, and come out the same."""
    texts = [review(i % 400, reviewBody="Because. " * 200) for i in range(450)]
    file = shell.write("feed.jsonld", dumped(feed(*texts)))
    assert file.stat().st_size > 500_000
    done = shell.apart("import", file)
    assert (done.status, done.out, done.err) == (0, "400 recorded, 50 already there, 0 refused.\n", "")
