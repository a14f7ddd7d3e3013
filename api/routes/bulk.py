"""The whole record in one file, to be kept."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import flask

from api import auth, errors, http, streaming
from api.interop import bulk
from api.interop.claimreview import MEDIA_TYPE as JSON_LD
from api.interop.moments import Moment
from api.interop.provenance import Provenance
from api.openapi import Blueprint, documented
from api.reads import moments
from api.routes.claimreview import provenance
from api.routes.reading import head_etag
from api.storage import log
from api.storage.portable import TooLarge
from schemas.interop import FEED, ExportQuery

blueprint = Blueprint("bulk", __name__, url_prefix="/v1", description="The whole record in one file.")

EXPORT = ExportQuery()

SQLITE = "application/vnd.sqlite3"
# How large the SQLite file may become that is made before it is sent.
MOST = 4 << 30

Making = Callable[[Moment, Provenance], Iterator[bytes]]


@blueprint.route("/export.csv")
@documented(summary="All claims and verdicts as CSV", query=ExportQuery, answers={200: "text/csv"}, etag=True)
def as_csv() -> flask.Response:
    """A row for each verdict, and one for each claim without. A text that a spreadsheet would take for a formula has
    an apostrophe before it."""
    return _stream("csv")


@blueprint.route("/export.ndjson")
@documented(summary="All documents as NDJSON", query=ExportQuery, answers={200: bulk.NDJSON}, etag=True)
def as_ndjson() -> flask.Response:
    """A header, then a line for each document as the API has it: parties, questions, claims with their verdicts, and
    contradictions that were assessed."""
    return _stream("ndjson")


@blueprint.route("/export.jsonld")
@documented(summary="All reviews as ClaimReview", query=ExportQuery, answers={200: (JSON_LD, FEED)}, etag=True)
def as_claimreview() -> flask.Response:
    """The whole DataFeed of `/v1/claimreview` in one file."""
    return _stream("claimreview")


@blueprint.route("/export.sqlite")
@documented(summary="All documents as a SQLite file", query=ExportQuery, answers={200: SQLITE}, etag=True)
def as_sqlite() -> flask.Response:
    """A database of plain tables. It is made before it is sent."""
    return _answer(SQLITE, "sqlite", _file)


def _stream(name: str) -> flask.Response:
    form = bulk.STREAMS[name]
    return _answer(form.media_type, form.suffix, form.stream)


def _answer(media_type: str, suffix: str, make: Making) -> flask.Response:
    asked, house, whose = http.query(EXPORT), http.house(), provenance()
    db = house.database.reader()
    auth.authenticate()
    head = log.head(db)
    etag = head_etag(head, whose.mark)
    unchanged = http.not_modified(etag)
    if unchanged is not None:
        return unchanged
    at = moments.size(db, asked.get("at"))
    size = head.size if at is None else at
    wanted = flask.request.method != "HEAD"
    if wanted and not house.exports.acquire(blocking=False):
        told = "Others are downloading the record now, and each download takes its time: come back in a while."
        raise errors.Busy(told, headers={"Retry-After": "30"})

    def chunks() -> Iterator[bytes]:
        if wanted:
            yield from make(Moment(house.database, size), whose)

    return streaming.stream(
        chunks(),
        content_type=media_type,
        name=f"onrecord.{suffix}",
        etag=etag,
        headers=[("Link", f'<{whose.license}>; rel="license"')] if whose.license else [],
        close=house.exports.release if wanted else _nothing,
    )


def _nothing() -> None:
    """What a reader of headers alone gives back."""


def _file(moment: Moment, whose: Provenance) -> Iterator[bytes]:
    """The bytes of a SQLite file, which is gone when they are sent, or whatever else happens."""
    with tempfile.TemporaryDirectory(prefix="onrecord-") as folder:
        path = Path(folder) / "export.sqlite"
        try:
            bulk.sqlite(path, moment, whose, MOST)
        except TooLarge as error:
            told = "There is no room here to make the file: take /v1/export.ndjson, or ask the operator for the file."
            raise errors.Busy(told, headers={"Retry-After": "3600"}) from error
        stream = path.open("rb")
    # The folder is gone; what is open can be read on.
    with stream:
        while block := stream.read(streaming.BLOCK):
            yield block
