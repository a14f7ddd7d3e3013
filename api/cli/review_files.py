"""What an import of reviews reads: ClaimReview in a file of any length, alone, in lists, feeds or lines."""

from __future__ import annotations

from collections.abc import Iterator

from api.cli import json_items
from api.cli.json_items import Counted
from api.importing import Fault, Item, Ready, Refused
from api.interop import claimreview_in
from schemas import strict_json
from schemas.strict_json import BadJSON

# The lists that are read one item at a time. A @graph is read whole, since its nodes name each other.
LISTS = ("dataFeedElement", "itemListElement")


def read(stream: Counted, most: int) -> Iterator[Item]:
    """Every review in a stream, prepared or refused; each item of a list, and each @graph, may have `most` bytes."""
    for line, pointer, text in json_items.feed(stream, most, LISTS):
        if text is None:
            yield Refused(line, [Fault(pointer, f"It is longer than {most:,} bytes, the limit of a body.")])
        elif isinstance(text, Fault):
            yield Refused(line, [text])
        else:
            yield from _items(line, pointer, text)


def _items(line: int, pointer: str, text: bytes) -> Iterator[Item]:
    try:
        value = strict_json.loads(text, numbers_as_written=True)
    except BadJSON as bad:
        yield Refused(line, [Fault(pointer + bad.pointer, bad.detail)])
        return
    for item in claimreview_in.items(value, pointer):
        if isinstance(item.found, claimreview_in.Refused):
            yield Refused(line, [Fault(error.pointer, error.detail) for error in item.found.errors])
        else:
            yield Ready(line, None, None, item)
