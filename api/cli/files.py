"""What an import reads: NDJSON, a JSON array or CSV, one body after another, however long the file is."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from typing import Any

from api.cli import json_items
from api.cli.json_items import Counted
from api.importing import Fault, Found
from schemas import strict_json
from schemas.strict_json import BadJSON

# What others publish; `api.cli.review_files` reads it.
CLAIMREVIEW = "claimreview"
FORMATS = ("ndjson", "json", "csv", CLAIMREVIEW)
SUFFIXES = {".ndjson": "ndjson", ".jsonl": "ndjson", ".json": "json", ".csv": "csv", ".jsonld": CLAIMREVIEW}

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


def read(stream: Counted, form: str, most: int) -> Iterator[Found]:
    """The bodies in a stream of one of FORMATS but CLAIMREVIEW; each may have `most` bytes."""
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


def _array(stream: Counted, most: int) -> Iterator[Found]:
    for line, _, text in json_items.array(stream, most):
        if text is None:
            yield _too_long(line, most)
        elif isinstance(text, Fault):
            yield Found(line, None, text)
        else:
            yield _parsed(line, text)


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
