"""Problems (RFC 9457): the one table that gives each refusal its status, and the one function that renders
it.

Whatever goes wrong, the answer is `application/problem+json` with a stable `type`; under `/v1alpha1`, where clients of
Google's API ask, it is the same in Google's shape. A status that has no line in the table (a broken transfer, say) is
answered as `about:blank`, which RFC 9457 reserves for "the status says it all".
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import flask
import structlog
from marshmallow import ValidationError
from werkzeug.exceptions import HTTPException
from werkzeug.http import HTTP_STATUS_CODES

from api import errors
from api.errors import FieldError, Refusal
from api.interop.factchecktools import errors as google_errors
from api.storage import faults
from api.storage.faults import StoreError
from schemas.problems import field_errors

TYPE_PREFIX = "urn:onrecord:problem:"
MEDIA_TYPE = "application/problem+json"

# Where an application keeps what shows problems to people, if it has pages.
_PAGE = "onrecord-problem-page"
Page = Callable[[dict[str, Any]], tuple[bytes, list[tuple[str, str]]] | None]

log = structlog.get_logger()


@dataclass(frozen=True)
class ProblemType:
    """One kind of problem: the HTTP status, the last part of its `type`, and its title."""

    status: int
    slug: str
    title: str

    @property
    def type(self) -> str:
        """The URN that clients compare."""
        return TYPE_PREFIX + self.slug


class Internal(Refusal):
    """Something that we did not foresee. The log has the traceback under the same request id; the answer says
    nothing."""


PROBLEMS: dict[type[Refusal], ProblemType] = {
    errors.MalformedJSON: ProblemType(400, "malformed-json", "The body is not valid JSON"),
    errors.Unauthenticated: ProblemType(401, "unauthenticated", "A valid token is needed"),
    errors.Forbidden: ProblemType(403, "forbidden", "The token does not allow this"),
    errors.ReadOnlyMirror: ProblemType(403, "read-only-mirror", "This is a mirror, which only its source writes to"),
    errors.NotFound: ProblemType(404, "not-found", "Nothing is on record here"),
    errors.MethodNotAllowed: ProblemType(405, "method-not-allowed", "The resource does not take this method"),
    errors.DuplicateClaim: ProblemType(409, "duplicate-claim", "This claim is already on record"),
    errors.IdTaken: ProblemType(409, "id-taken", "The id is already taken"),
    errors.ClaimWithdrawn: ProblemType(409, "claim-withdrawn", "The claim has been withdrawn"),
    errors.ClaimChanged: ProblemType(409, "claim-changed", "The claim's words have changed"),
    errors.VerdictStanding: ProblemType(409, "verdict-standing", "The reviewer already has a standing verdict"),
    errors.AlreadyRetracted: ProblemType(409, "already-retracted", "The verdict no longer stands"),
    errors.TooManyWebhooks: ProblemType(409, "too-many-webhooks", "The party has as many webhooks as it may have"),
    errors.CursorRewound: ProblemType(410, "cursor-rewound", "The cursor does not fit this log"),
    errors.RevisionMismatch: ProblemType(412, "revision-mismatch", "The document has a newer revision"),
    errors.ConsistencyUnmet: ProblemType(412, "consistency-unmet", "The log does not have what the token stands for"),
    errors.BodyTooLarge: ProblemType(413, "body-too-large", "The body is too large"),
    errors.UriTooLong: ProblemType(414, "uri-too-long", "The URL is too long"),
    errors.UnsupportedMediaType: ProblemType(415, "unsupported-media-type", "The body has the wrong media type"),
    errors.InvalidRequest: ProblemType(422, "invalid-request", "The request has values that cannot be accepted"),
    errors.IdempotencyMismatch: ProblemType(422, "idempotency-mismatch", "The Idempotency-Key was used before"),
    errors.RevisionRequired: ProblemType(428, "revision-required", "The change must name the revision it is based on"),
    errors.RateLimited: ProblemType(429, "rate-limited", "Too many requests"),
    Internal: ProblemType(500, "internal", "Something went wrong on our side"),
    errors.StorageDamaged: ProblemType(500, "storage-damaged", "A part of the record is damaged"),
    errors.Unimplemented: ProblemType(501, "unimplemented", "This method is not offered"),
    errors.LedgerRewound: ProblemType(503, "ledger-rewound", "The ledger has lost what was signed"),
    errors.Busy: ProblemType(503, "busy", "The service cannot take the request now"),
    errors.StorageUnavailable: ProblemType(503, "storage-unavailable", "The storage of the record is not usable now"),
}

# What werkzeug and Flask refuse by themselves, in our words. The sentence names the remedy where there is
# one.
_FROM_STATUS: dict[int, tuple[type[Refusal], str]] = {
    401: (errors.Unauthenticated, "Send a token in the Authorization header."),
    403: (errors.Forbidden, "This is not allowed."),
    404: (errors.NotFound, "There is no such resource. /openapi.json lists those that there are."),
    405: (errors.MethodNotAllowed, "The Allow header names the methods that this resource takes."),
    413: (errors.BodyTooLarge, "Send a smaller body."),
    414: (errors.UriTooLong, "Send a shorter URL."),
    415: (errors.UnsupportedMediaType, "Send the body as application/json."),
    429: (errors.RateLimited, "Come back later."),
    500: (Internal, "The log has the details under this request id."),
    503: (errors.Busy, "Try again in a second."),
}


def problem_of(refusal: Refusal) -> ProblemType:
    """The line of the table for a refusal; the nearest base class counts, and an unlisted one is internal."""
    for kind in type(refusal).__mro__:
        if kind in PROBLEMS:
            return PROBLEMS[kind]
    return PROBLEMS[Internal]


def document(refusal: Refusal, *, instance: str, request_id: str) -> dict[str, Any]:
    """The problem document of a refusal: `instance` is the path that was asked for, as it stands in a URL."""
    problem = problem_of(refusal)
    return _document(problem.type, problem.title, problem.status, refusal, instance, request_id)


def render(refusal: Refusal) -> flask.Response:
    """The answer to the current request that a refusal makes."""
    members = document(refusal, instance=_path(), request_id=_request_id())
    return _answer(members, refusal.headers)


def register(app: flask.Flask) -> None:
    """Makes every failure of `app` a problem: refusals, validation errors, HTTP errors and the unforeseen."""
    app.register_error_handler(Refusal, render)
    app.register_error_handler(ValidationError, _validation_failed)
    app.register_error_handler(HTTPException, _http_failed)
    app.register_error_handler(StoreError, _store_failed)
    app.register_error_handler(Exception, _failed)


def show_as(app: flask.Flask, page: Page) -> None:
    """Have `page` show problems to people: given a problem's members it makes HTML of them, with its headers, or None
    where a program asked."""
    app.extensions[_PAGE] = page


def encode(members: dict[str, Any]) -> bytes:
    """A problem document as JSON bytes. A lone surrogate cannot be written as UTF-8; a question mark takes
    its place, since the one thing that a report of an error must not do is fail."""
    return json.dumps(members, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def invalid(found: Sequence[FieldError]) -> errors.InvalidRequest:
    """The refusal of one or more fields, whose detail is the only one's sentence or their number."""
    if len(found) == 1:
        return errors.InvalidRequest(found[0].detail, errors=found)
    return errors.InvalidRequest(f"{len(found)} fields cannot be accepted: see errors.", errors=found)


def _validation_failed(error: ValidationError) -> flask.Response:
    return render(invalid([FieldError(*found) for found in field_errors(error)]))


def _http_failed(error: HTTPException) -> flask.Response:
    status = error.code or 500
    headers = {name: value for name, value in error.get_headers() if name not in ("Content-Type", "Content-Length")}
    if status in _FROM_STATUS:
        kind, detail = _FROM_STATUS[status]
        return render(kind(detail, headers=headers))
    refusal = Refusal(error.description or "The request cannot be served.", headers=headers)
    title = HTTP_STATUS_CODES.get(status, "Error")
    members = _document("about:blank", title, status, refusal, _path(), _request_id())
    return _answer(members, headers)


def _store_failed(error: StoreError) -> flask.Response:
    # The sentence has a path in it, which is for the operator only.
    log.error("the store cannot be used", request_id=_request_id(), reason=str(error))
    detail = "The record cannot be reached now: its operator must look at the log. Try again later."
    return render(errors.StorageUnavailable(detail, headers={"Retry-After": "5"}))


def _failed(error: Exception) -> flask.Response:
    refusal = faults.refusal(error)
    if refusal is not None:
        return _storage_failed(error, refusal)
    # Only the path: a query may hold words that are nobody's business in a log.
    log.error(
        "failed",
        request_id=_request_id(),
        method=flask.request.method,
        path=flask.request.path,
        exc_info=error,
    )
    return render(Internal(_FROM_STATUS[500][1]))


def _storage_failed(error: Exception, refusal: Refusal) -> flask.Response:
    if not isinstance(refusal, errors.Busy):
        # Where it is damaged the log must show which read came upon it; else the one sentence says all.
        damaged = error if isinstance(refusal, errors.StorageDamaged) else None
        code = getattr(error, "sqlite_errorname", None) or getattr(error, "code", None) or type(error).__name__
        log.error("the storage failed", request_id=_request_id(), reason=str(error), code=code, exc_info=damaged)
    return render(refusal)


def _document(type_: str, title: str, status: int, refusal: Refusal, instance: str, request_id: str) -> dict[str, Any]:
    members: dict[str, Any] = {
        "type": type_,
        "title": title,
        "status": status,
        "detail": refusal.detail,
        "instance": instance,
        "request_id": request_id,
    }
    if refusal.errors:
        members["errors"] = [{"pointer": e.pointer, "detail": e.detail, "code": e.code} for e in refusal.errors]
    return members | {name: value for name, value in refusal.members.items() if name not in members}


def _answer(members: dict[str, Any], headers: dict[str, str]) -> flask.Response:
    page = flask.current_app.extensions.get(_PAGE)
    if flask.request.path.startswith(google_errors.PREFIX):
        members = google_errors.body(members, headers.get("Retry-After"))
        response = flask.Response(
            encode(members), status=members["error"]["code"], content_type="application/json"
        )
    else:
        body, more = (page(members) if page else None) or (encode(members), [("Content-Type", MEDIA_TYPE)])
        response = flask.Response(body, status=members["status"], headers=more)
    response.headers.extend(headers)
    # A shared cache may keep a 404, 405, 410 or 414 by its own rules unless it is told not to.
    response.headers["Cache-Control"] = "no-store"
    return response


def _path() -> str:
    return quote(flask.request.path, safe="/:@!$&'()*+,;=~")


def _request_id() -> str:
    return str(getattr(flask.request, "id", ""))
