"""All of the record at one moment, in one file: CSV, NDJSON, a SQLite database, or ClaimReview.

Each is made part by part, whatever the size of the record, and says whose it is and under which licence.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import orjson

from api.interop import datafeed, rows
from api.interop.claim_nodes import Document
from api.interop.claimreview import MEDIA_TYPE as JSON_LD
from api.interop.moments import Moment
from api.interop.provenance import Provenance
from api.interop.rows import Rows
from api.reads.lookups import Documents
from api.storage import portable, published
from api.storage.published import Published

NDJSON = "application/x-ndjson"
FORMAT = "onrecord/documents/v1"

# The lists of documents, what each of their documents is called, and its rows, parents before children.
LISTS: dict[str, tuple[str, Callable[[Document], Rows]]] = {
    "parties": ("party", rows.party_rows),
    "questions": ("question", rows.question_rows),
    "claims": ("claim", rows.claim_rows),
}


@dataclass(frozen=True)
class Form:
    """A format that is a stream: what it is called on the wire, how its files end, and how it is made."""

    media_type: str
    suffix: str
    stream: Callable[[Moment, Provenance], Iterator[bytes]]


def ndjson(moment: Moment, whose: Provenance) -> Iterator[bytes]:
    """A line of JSON for each document as the API has it, after a header."""
    about = {"format": FORMAT, "origin": whose.origin, "size": moment.size, "root": moment.root.hex()}
    about |= {"source": whose.base, "license": whose.terms, "attribution": whose.credit}
    yield orjson.dumps(about) + b"\n"
    for facet, (name, _) in LISTS.items():
        before = b'{"type":"' + name.encode() + b'","document":'
        yield from moment.documents(facet, partial(_lines, before))
    yield from moment.published(published.ASSESSMENTS, _assessment_lines)


def spreadsheet(moment: Moment, whose: Provenance) -> Iterator[bytes]:
    """CSV (RFC 4180): a row for each verdict, and for each claim without one; see `api.interop.rows`."""
    terms = {"license": whose.terms, "attribution": whose.credit}

    def render(known: Documents, bodies: list[bytes]) -> bytes:
        return _csv(row for body in bodies for row in rows.csv_rows(orjson.loads(body), known.party, terms))

    yield _csv([list(rows.COLUMNS)])
    yield from moment.documents("claims", render)


def claimreview(moment: Moment, whose: Provenance) -> Iterator[bytes]:
    """The DataFeed of all reviews, in one."""

    def render(known: Documents, verdicts: list[Published]) -> bytes:
        return b",\n".join(datafeed.items(known, verdicts, whose.base))

    yield datafeed.opening(whose) + b"\n"
    between = b""
    for items in moment.published(published.VERDICTS, render):
        if items:
            yield between + items
            between = b",\n"
    yield datafeed.CLOSING + b"\n"


STREAMS = {
    "csv": Form("text/csv; charset=utf-8", "csv", spreadsheet),
    "ndjson": Form(NDJSON, "ndjson", ndjson),
    "claimreview": Form(JSON_LD, "jsonld", claimreview),
}


def sqlite(path: Path, moment: Moment, whose: Provenance, most: int | None = None) -> None:
    """Make a SQLite file of plain tables at `path` (see `api.storage.portable`), of at most so many bytes. Raises
    TooLarge."""
    portable.write(path, _parts(moment, whose), most)


def _parts(moment: Moment, whose: Provenance) -> Iterator[Rows]:
    about = {"license": whose.terms, "attribution": whose.credit, "source": whose.base, "origin": whose.origin}
    about |= {"size": str(moment.size), "root": moment.root.hex()}
    yield {"about": [{"name": name, "value": value} for name, value in about.items()]}
    for facet, (_, rows_of) in LISTS.items():
        yield from moment.documents(facet, partial(_rows, rows_of))
    yield from moment.published(published.ASSESSMENTS, _assessment_rows)


def _rows(rows_of: Callable[[Document], Rows], _: Documents, bodies: list[bytes]) -> Rows:
    return _together(rows_of(orjson.loads(body)) for body in bodies)


def _together(found: Iterable[Rows]) -> Rows:
    together: Rows = {}
    for tables in found:
        for table, its in tables.items():
            together.setdefault(table, []).extend(its)
    return together


def _assessment_rows(_: Documents, pairs: list[Published]) -> Rows:
    return _together(rows.assessment_rows(_pair(one), orjson.loads(one.body)) for one in pairs if one.body)


def _assessment_lines(_: Documents, pairs: list[Published]) -> bytes:
    lines = []
    for one in pairs:
        if one.body:
            claims = orjson.dumps(_pair(one))
            lines.append(b'{"type":"contradiction","document":{"claims":' + claims + b',"assessments":' + one.body)
    return b"".join(line + b"}}\n" for line in lines)


def _pair(one: Published) -> tuple[str, str]:
    first, second = one.subject.removeprefix("contradiction/").split(":")
    return first, second


def _lines(before: bytes, _: Documents, bodies: list[bytes]) -> bytes:
    return b"".join(before + body + b"}\n" for body in bodies)


def _csv(found: Iterable[list[Any]]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows(found)
    return out.getvalue().encode()
