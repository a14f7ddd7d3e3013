"""What an import reads: NDJSON, a JSON array or CSV, one body after another, however long the file is."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from api.importing import Fault, Found
from schemas import strict_json
from schemas.strict_json import BadJSON

FORMATS = ("ndjson", "json", "csv")
SUFFIXES = {".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json", ".csv": "csv"}
BLOCK = 65_536

# The columns of a CSV file of claims, and where each stands in the body of the POST.
COLUMNS = {
    "id": "/id",
    "text": "/text",
    "wording": "/wording",
    "language": "/language",
    "speaker": "/attribution/speaker",
    "on_behalf_of": "/attribution/on_behalf_of",
    "role": "/attribution/role",
    "reported_through": "/attribution/reported_through",
    "stated_on": "/stated_on",
    "disclosed_on": "/disclosed_on",
    "context": "/context",
    "url": "/appearances/0/url",
    "title": "/appearances/0/title",
    "publisher": "/appearances/0/publisher",
    "author": "/appearances/0/author",
    "published_on": "/appearances/0/published_on",
    "archived_url": "/appearances/0/archived_url",
    "quote": "/appearances/0/quote/exact",
    "question": "/stances/0/question",
    "position": "/stances/0/position",
    "reasoning": "/stances/0/reasoning",
    "tags": "/tags",
}
REQUIRED = ("text", "wording", "speaker", "url")


class Counted:
    """A stream that knows how many bytes were read of it."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.count = 0

    def block(self) -> bytes:
        """The next bytes, empty at the end."""
        data = self._stream.read(BLOCK)
        self.count += len(data)
        return data

    def lines(self, most: int) -> Iterator[tuple[int, bytes | None]]:
        """Each line with its number, counted from 1; None in place of one longer than `most` bytes, which is not
        kept."""
        number = 0
        while line := self._stream.readline(most + 1):
            number += 1
            self.count += len(line)
            if len(line) > most and not line.endswith(b"\n"):
                while line and not line.endswith(b"\n"):
                    line = self._stream.readline(BLOCK)
                    self.count += len(line)
                yield number, None
            else:
                yield number, line


def read(stream: Counted, form: str, most: int) -> Iterator[Found]:
    """The bodies in a stream of one of FORMATS; each may have `most` bytes."""
    reader = {"ndjson": _ndjson, "json": _array, "csv": _table}[form]
    return reader(stream, most)


def named(pointer: str, form: str) -> str:
    """What people call the place of a fault: in CSV its column, else its pointer."""
    if form != "csv":
        return pointer
    for column, path in COLUMNS.items():
        if pointer == path or pointer.startswith(f"{path}/"):
            return column
    return ""


def _ndjson(stream: Counted, most: int) -> Iterator[Found]:
    for number, line in stream.lines(most):
        if line is None:
            yield _too_long(number, most)
        elif not line.isspace():
            yield _parsed(number, line)


def _parsed(number: int, text: bytes) -> Found:
    try:
        return Found(number, strict_json.loads(text))
    except BadJSON as bad:
        return Found(number, None, Fault(bad.pointer, bad.detail.replace("at line 1, column", "at column")))


def _too_long(number: int, most: int) -> Found:
    return Found(number, None, Fault("", f"It is longer than {most:,} bytes, the limit of a body."))


# --- a JSON array ----------------------------------------------------------------------------------

_MARK = re.compile(rb'[\[\]{},"]')
_IN_TEXT = re.compile(rb'[^"\\]*+(?:\\.[^"\\]*+)*+', re.DOTALL)


def _array(stream: Counted, most: int) -> Iterator[Found]:
    for line, text in _Items(stream, most):
        if text is None:
            yield _too_long(line, most)
        elif isinstance(text, Fault):
            yield Found(line, None, text)
        else:
            yield _parsed(line, text)


class _Items:
    """The items of one JSON array as they stand in the file, found by brackets, commas and quotation marks alone.

    What is between them is not looked at here, so that an item that is no JSON is refused by itself and the next one is
    found. Nothing is kept but the item at hand.
    """

    def __init__(self, stream: Counted, most: int) -> None:
        self._stream, self._most = stream, most
        self._data = b""
        self._at = 0
        self._line = 1
        self._ended = False

    def __iter__(self) -> Iterator[tuple[int, bytes | Fault | None]]:
        """Each item with the line that it begins in; None for one that is too long, a Fault where the array is
        broken."""
        self._skip_space()
        if not self._data.startswith(b"["):
            yield self._line, Fault("", "The file is no JSON array: it does not begin with '['. Is it --format ndjson?")
            return
        self._at += 1
        first = True
        while True:
            self._skip_space()
            line = self._line
            text, after = self._item()
            if after == b"":
                yield line, Fault("", "The file ends in the middle of the array: what follows is missing.")
                return
            if not (first and after == b"]" and text == b""):
                yield line, text
            first = False
            if after != b",":
                break
        if after != b"]" or not self._nothing_left():
            yield self._line, Fault("", "The array ends here, and something follows it: the rest was not read.")

    def _nothing_left(self) -> bool:
        self._skip_space()
        return not self._data

    def _skip_space(self) -> None:
        while True:
            rest = self._data[self._at :]
            kept = rest.lstrip(b" \t\r\n")
            self._line += rest[: len(rest) - len(kept)].count(b"\n")
            self._data, self._at = kept, 0
            if kept or not self._more():
                return

    def _item(self) -> tuple[bytes | None, bytes]:
        """The next item, None if it is too long, and the byte that ended it: a comma, a bracket, or nothing at the
        end."""
        depth, in_text, too_long = 0, False, False
        while True:
            if in_text:
                inside = _IN_TEXT.match(self._data, self._at)
                self._at = inside.end() if inside else self._at
                if self._data[self._at : self._at + 1] == b'"':
                    in_text, self._at = False, self._at + 1
                    continue
            else:
                mark = _MARK.search(self._data, self._at)
                if mark is not None:
                    self._at = mark.end()
                    kind = mark[0]
                    if kind == b'"':
                        in_text = True
                    elif kind in b"[{":
                        depth += 1
                    elif depth and kind in b"]}":
                        depth -= 1
                    elif not depth:
                        return None if too_long or self._at - 1 > self._most else self._cut(), kind
                    continue
                self._at = len(self._data)
            if self._at > self._most:
                too_long = True
                self._cut()
            if not self._more():
                return None if too_long else self._cut(), b""

    def _cut(self) -> bytes:
        """Let go of what was walked over; of an item, its text without what ended it."""
        text, self._data, self._at = self._data[: self._at], self._data[self._at :], 0
        self._line += text.count(b"\n")
        return text[:-1].rstrip(b" \t\r\n")

    def _more(self) -> bool:
        block = b"" if self._ended else self._stream.block()
        self._ended = not block
        self._data += block
        return not self._ended


# --- CSV -------------------------------------------------------------------------------------------


class _NotText(Exception):
    """A line that csv must not see: the sentence says why."""


def _table(stream: Counted, most: int) -> Iterator[Found]:
    rows = csv.reader(_texts(stream, most), strict=True)
    line = 1
    try:
        columns = next(rows, [])
        faults = _header_faults(columns)
        for fault in faults:
            yield Found(1, None, fault)
        if faults:
            return
        while True:
            line = rows.line_num + 1
            cells = next(rows, None)
            if cells is None:
                return
            if cells:
                yield _row(line, columns, cells)
    except (csv.Error, _NotText) as error:
        yield Found(line, None, Fault("", f"This is no CSV that can be read: {error}. The rest was not read."))


def _texts(stream: Counted, most: int) -> Iterator[str]:
    for number, line in stream.lines(most):
        if line is None:
            raise _NotText(f"line {number} is longer than {most:,} bytes")
        # Excel begins a file of UTF-8 with a byte order mark.
        yield line.removeprefix(b"\xef\xbb\xbf" if number == 1 else b"").decode("utf-8", "surrogateescape")


def _header_faults(columns: list[str]) -> list[Fault]:
    if not columns:
        return [Fault("", "The file is empty: its first line names the columns.")]
    if len(columns) == 1 and ";" in columns[0]:
        return [Fault("", "The columns are separated by ';': save the file with commas.")]
    faults = [
        Fault("", f"There is no column {column!r} here: known are {', '.join(COLUMNS)}.")
        for column in columns
        if column not in COLUMNS
    ]
    faults += [Fault("", f"The column {column!r} is missing.") for column in REQUIRED if column not in columns]
    twice = sorted({column for column in columns if columns.count(column) > 1})
    return faults + [Fault("", f"The column {column!r} is there twice.") for column in twice]


def _row(line: int, columns: list[str], cells: list[str]) -> Found:
    if len(cells) != len(columns):
        return Found(line, None, Fault("", f"The row has {len(cells)} cells, and there are {len(columns)} columns."))
    body: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=True):
        if not cell:
            continue
        if not cell.isascii() and any("\udc80" <= char <= "\udcff" for char in cell):
            return Found(line, None, Fault(COLUMNS[column], "The cell is not UTF-8: save the file as UTF-8."))
        _put(body, COLUMNS[column], cell.split() if column == "tags" else cell)
    body.setdefault("attribution", {})
    body.setdefault("appearances", [{}])
    return Found(line, body)


def _put(body: dict[str, Any], path: str, value: Any) -> None:
    *steps, last = path.removeprefix("/").split("/")
    for step in steps:
        if step in ("appearances", "stances"):
            body = body.setdefault(step, [{}])[0]
        elif step != "0":
            body = body.setdefault(step, {})
    body[last] = value
