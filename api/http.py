"""What every route calls: the body or the query of a request, checked, and the answer to it.

Routes are plain functions. They call `body(schema)` or `query(schema)`, ask the ledger or the store, and
return `answer(bytes, …)`. Nothing here knows a resource. The read path is counted in microseconds, so it
parses nothing that it need not.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote_to_bytes, urlencode

import flask
from marshmallow import Schema
from werkzeug.datastructures import Headers
from werkzeug.http import parse_date

from api import errors
from api.context import House as House
from api.context import Request as Request
from api.context import current as current
from api.context import house as house
from api.errors import FieldError
from api.reads import consistency
from api.reads.consistency import Point
from schemas import strict_json, vocabulary

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

# What an answer to a reader without a token says about caching. Words can be erased, so whatever holds words
# stays short.
PUBLIC = "public, max-age=5, stale-while-revalidate=30"
AN_HOUR = "public, max-age=3600"
FOR_EVER = "public, max-age=31536000, immutable"
NO_STORE = "no-store"
# What an answer to a reader with a token says, whatever the route asked for.
PRIVATE = "private, no-store"
# Who sends a token of a write must not be given, out of a cache, what was read before it.
VARY = f"Authorization, {consistency.HEADER}"

# What only reads, and may be answered by 304.
READING = ("GET", "HEAD")

_STATUS_LINES = {status.value: f"{status.value} {status.phrase.upper()}" for status in HTTPStatus}
_ENTITY_TAG = re.compile(r'(?:W/)?("[\x21\x23-\x7e\x80-\xff]*")')
_REVISION = re.compile(rf'(?:W/)?"({vocabulary.REVISION_PATTERN})"')
# A query that says in no other words what it means, so it is repeated as it was sent: to write it anew took as long as
# to read it.
_PLAIN_QUERY = re.compile(r"[A-Za-z0-9._~=&-]*")
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Answer(flask.Response):
    """A response of finished bytes.

    It is built and sent without werkzeug's checks of every header, which cost half of a short read: the
    headers are ours, and the server refuses a line break in any. A test compares it with an ordinary response
    on the wire.
    """

    def __init__(self, body: bytes, status: int, headers: list[tuple[str, str]]) -> None:
        self.headers = Headers()
        self.headers._list = headers
        self.response = [body]
        self._status, self._status_code = _STATUS_LINES[status], status
        self._on_close = []
        self.direct_passthrough = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response(self._status, self.headers._list)
        return () if environ["REQUEST_METHOD"] == "HEAD" else self.response  # type: ignore[return-value]


# --- what comes in --------------------------------------------------------------------------------


def body(schema: Schema) -> dict[str, Any]:
    """The JSON body, loaded through `schema`.

    Raises UnsupportedMediaType, BodyTooLarge, MalformedJSON, InvalidRequest, or marshmallow's
    ValidationError, which `api.problems` answers in the same shape.
    """
    loaded: dict[str, Any] = schema.load(_json(JSON))
    return loaded


def foreign_body(*media_types: str) -> Any:
    """A JSON body in somebody else's format, every number of it as it was written (`schemas.strict_json.Number`).

    Raises UnsupportedMediaType, BodyTooLarge or MalformedJSON.
    """
    return _json(*media_types, numbers_as_written=True)


def patch_body() -> tuple[dict[str, Any], str]:
    """The members of a JSON merge patch without `reason`, and the reason. What the members may be, the caller
    checks.

    Raises like `body`; InvalidRequest too when the patch is no object, when it has no reason, and when it
    changes nothing.
    """
    patch = merge_patch()
    reason = patch.pop("reason", None)
    if reason is None:
        raise errors.InvalidRequest.of("/reason", "Give 'reason': why the record changes.", "required")
    if not isinstance(reason, str):
        raise errors.InvalidRequest.of("/reason", "Give 'reason' as a text.", "type")
    if not reason.strip() or len(reason) > vocabulary.MAX_TEXT:
        most = vocabulary.MAX_TEXT
        raise errors.InvalidRequest.of("/reason", f"Give 'reason' in 1 to {most:,} characters.", "length")
    if not patch:
        raise errors.InvalidRequest.of("", "Name a field to change.", "empty")
    return patch, reason


def merge_patch() -> dict[str, Any]:
    """A JSON merge patch (RFC 7396) as it was sent. Raises like `body`; InvalidRequest too where it is no object."""
    patch = _json(MERGE_PATCH, JSON)
    if not isinstance(patch, dict):
        raise errors.InvalidRequest.of("", "Send a JSON object of the fields to change.", "type")
    return patch


def no_body() -> None:
    """Refuse a body where none is taken. Raises InvalidRequest, BodyTooLarge, MalformedJSON (broken off)."""
    if raw_body():
        raise errors.InvalidRequest.of("", "This takes no body: send none.", "body")


def raw_body() -> bytes:
    """The body as it was sent, read once and never beyond the limit. Raises BodyTooLarge or MalformedJSON
    (broken off)."""
    request = current()
    if request._raw is None:
        request._raw = _read(request, house().settings.max_body)
    return request._raw


def request_digest() -> bytes:
    """SHA-256 of method, path and body: what makes a request the same request under one Idempotency-Key."""
    request = current()
    digest = hashlib.sha256(f"{request.method} {request.path}\n".encode("utf-8", "surrogateescape"))
    digest.update(raw_body())
    return digest.digest()


def idempotency_key() -> str | None:
    """The Idempotency-Key, or None without one. Raises InvalidRequest for one that is empty, long or not
    printable."""
    key: str | None = current().environ.get("HTTP_IDEMPOTENCY_KEY")
    if key is not None and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise errors.InvalidRequest.of(
            "/Idempotency-Key", "Send 1 to 255 printable ASCII characters without spaces.", "format"
        )
    return key


def required_revision() -> int | None:
    """The revision in If-Match; None for `*`, which fits any. A proxy's `W/` is tolerated.

    Raises RevisionRequired without the header and InvalidRequest for anything but one revision.
    """
    given: str | None = current().environ.get("HTTP_IF_MATCH")
    if given is None:
        raise errors.RevisionRequired('Read the document and send its ETag back in If-Match, as If-Match: "17".')
    if given.strip() == "*":
        return None
    found = _REVISION.fullmatch(given.strip())
    if found is None:
        raise errors.InvalidRequest.of("/If-Match", 'Send the ETag of one revision, as "17".', "format")
    return int(found[1])


def consistency_token() -> Point | None:
    """What the Consistency-Token stands for, None without one. Raises InvalidRequest for what is no token."""
    return consistency.decoded(current().environ.get("HTTP_CONSISTENCY_TOKEN"))


# A schema object -> what it loads when there is no query at all. Filled at the first such request of each
# route.
_DEFAULTS: dict[Schema, Mapping[str, Any]] = {}


def query(schema: Schema) -> Mapping[str, Any]:
    """The query parameters, loaded through `schema` (a module-level object, since its defaults are
    remembered). Read only.

    Raises InvalidRequest for a repeated parameter and for bytes that are not UTF-8, and marshmallow's
    ValidationError.
    """
    text: str = current().environ.get("QUERY_STRING", "")
    if text:
        loaded: dict[str, Any] = schema.load(_flat(text))
        return loaded
    if schema not in _DEFAULTS:
        _DEFAULTS[schema] = MappingProxyType(schema.load({}))
    return _DEFAULTS[schema]


def form(schema: Schema) -> Mapping[str, Any]:
    """The query parameters of a page, as `query` loads them; what was left empty in its form counts as not given.

    Raises like `query`.
    """
    return loaded(schema, current().environ.get("QUERY_STRING", ""))


def loaded(schema: Schema, text: str) -> dict[str, Any]:
    """The parameters of a query string, as `form` loads them. Raises like `query`."""
    given = {name: value for name, value in _flat(text).items() if value}
    values: dict[str, Any] = schema.load(given)
    return values


def _json(*media_types: str, numbers_as_written: bool = False) -> Any:
    request = current()
    if request.environ.get("CONTENT_TYPE") != media_types[0] and not _is_of(request, media_types):
        raise errors.UnsupportedMediaType(
            f"Send the body with Content-Type: {media_types[0]}.",
            headers={"Accept-Patch" if MERGE_PATCH in media_types else "Accept-Post": ", ".join(media_types)},
        )
    if request.environ.get("HTTP_CONTENT_ENCODING", "identity").lower() != "identity":
        raise errors.UnsupportedMediaType(
            "Send the body as it is, not compressed.", headers={"Accept-Encoding": "identity"}
        )
    try:
        return strict_json.loads(raw_body(), vocabulary.MAX_DEPTH, numbers_as_written=numbers_as_written)
    except strict_json.BadJSON as bad:
        raise errors.MalformedJSON(bad.detail, errors=[FieldError(bad.pointer, bad.detail, bad.code)]) from None


def _is_of(request: Request, media_types: Sequence[str]) -> bool:
    charset = request.mimetype_params.get("charset", "utf-8")
    return request.mimetype in media_types and charset.lower() == "utf-8"


def _read(request: Request, limit: int) -> bytes:
    """Reads the body, and of one that is over the limit no more than the limit: the server discards the
    rest."""
    environ = request.environ
    length = request.content_length
    if length is None and not environ.get("wsgi.input_terminated"):
        return b""  # the server could not say where the body ends, so there is none
    if length is not None and length > limit:
        raise _too_large(limit)
    stream, parts, left = environ["wsgi.input"], [], limit + 1 if length is None else length
    while left > 0:
        try:
            part = stream.read(min(left, 1 << 16))
        except (
            Exception
        ) as error:  # whatever the server raises when the transfer breaks off or its chunks are malformed
            raise errors.MalformedJSON("The body could not be read to its end.") from error
        if not part:
            break
        parts.append(part)
        left -= len(part)
    if length is None and left == 0:
        raise _too_large(limit)
    if length is not None and left:
        raise errors.MalformedJSON(f"The body ended {left} bytes before its Content-Length.")
    return b"".join(parts)


def _too_large(limit: int) -> errors.BodyTooLarge:
    return errors.BodyTooLarge(f"The body is over {limit} bytes. Send less at once.")


def _flat(text: str) -> dict[str, str]:
    """A query string as a dict. The server hands its bytes over as latin-1, whatever they mean."""
    values: dict[str, str] = {}
    for part in text.encode("latin-1", "replace").split(b"&"):
        if not part:
            continue
        raw_name, _, raw_value = part.partition(b"=")
        name = _decoded(raw_name, "")
        pointer = "/" + name[:200].replace("~", "~0").replace("/", "~1")
        value = _decoded(raw_value, pointer)
        if name in values:
            detail = f"The parameter {name[:60]!r} is there more than once: give it once."
            raise errors.InvalidRequest.of(pointer, detail, "repeated")
        values[name] = value
    return values


def _decoded(raw: bytes, pointer: str) -> str:
    what = f"The parameter {pointer[1:61]!r}" if pointer else "The name of a parameter"
    try:
        text = unquote_to_bytes(raw.replace(b"+", b" ")).decode("utf-8")
    except UnicodeDecodeError:
        raise errors.InvalidRequest.of(pointer, f"{what} is not UTF-8.", "encoding") from None
    if "\0" in text:
        raise errors.InvalidRequest.of(pointer, f"{what} holds the character NUL: leave it out.", "nul")
    return text


# --- what goes out --------------------------------------------------------------------------------


def etag(revision: int, erasure: int | None = None) -> str:
    """The strong ETag of a revision: 17 -> '"17"'. What changes otherwise only by an erasure has the number of that
    entry in it as well: '"17-204"'."""
    return f'"{revision}"' if erasure is None else f'"{revision}-{erasure}"'


def answer(
    body: bytes,
    *,
    etag: str | None = None,
    cache: str = PUBLIC,
    status: int = 200,
    headers: Iterable[tuple[str, str]] = (),
    content_type: str = JSON,
) -> Answer:
    """The answer of finished bytes. `etag` is a whole header value (`etag(17)`).

    A GET whose If-None-Match has that ETag is answered by 304. `cache` holds for readers without a token;
    those with one are always told `private, no-store`.
    """
    environ = current().environ
    # A 204 has no content, and may not speak of its length (RFC 9110, 8.6).
    sent = [] if status == 204 else [("Content-Type", content_type), ("Content-Length", str(len(body)))]
    cache = PRIVATE if "HTTP_AUTHORIZATION" in environ else cache
    if etag is not None:
        if status == 200 and "HTTP_IF_NONE_MATCH" in environ and _matches(environ, etag):
            return _unchanged(etag, cache)
        sent.append(("ETag", etag))
    sent.append(("Cache-Control", cache))
    sent.append(("Vary", VARY))
    sent.extend(headers)
    return Answer(body, status, sent)


def not_modified(etag: str, *, cache: str = PUBLIC, modified: datetime | None = None) -> Answer | None:
    """The 304 for a GET whose If-None-Match has `etag` (by weak comparison), else None: for a route that
    knows the ETag before it has read anything. `answer` does the same by itself.

    `modified` is what the answer would say in Last-Modified. If-Modified-Since is heeded with it, and only where there
    is no If-None-Match (RFC 9110, 13.1.3).
    """
    environ = current().environ
    # `*` asks whether there is anything at all, which is not known yet: `answer` decides that one.
    given = environ.get("HTTP_IF_NONE_MATCH", "*")
    if given.strip() != "*" and _matches(environ, etag):
        return _unchanged(etag, PRIVATE if "HTTP_AUTHORIZATION" in environ else cache)
    if modified is not None and "HTTP_IF_NONE_MATCH" not in environ and environ["REQUEST_METHOD"] in READING:
        since = parse_date(environ.get("HTTP_IF_MODIFIED_SINCE"))  # None for what is no date
        if since is not None and modified <= since:
            return _unchanged(etag, PRIVATE if "HTTP_AUTHORIZATION" in environ else cache)
    return None


def link_next(url: str) -> tuple[str, str]:
    """The Link header of a list that goes on at `url`."""
    return "Link", f'<{url}>; rel="next"'


def next_url(cursor: str) -> str:
    """The URL of the current list with its `cursor` replaced: what `link_next` takes."""
    request = current()
    text: str = request.environ.get("QUERY_STRING", "")
    if _PLAIN_QUERY.fullmatch(text):
        kept = [part for part in text.split("&") if part and not part.startswith("cursor=")]
        query = "&".join([*kept, f"cursor={cursor}"])
    else:
        query = urlencode(_flat(text) | {"cursor": cursor})
    return f"{quote(request.path, safe='/:~')}?{query}"


def address() -> str:
    """The URL that the request was sent to, in the bytes in which it was written: what a whole answer is kept under."""
    environ = current().environ
    host = environ.get("HTTP_HOST", "")
    return f"{environ['wsgi.url_scheme']}://{host}{environ['PATH_INFO']}?{environ.get('QUERY_STRING', '')}"


def base_url() -> str:
    """The scheme and host with which absolute URLs of the record begin: the setting's, or those that the request was
    sent to. Nothing that is stored may have it in it."""
    return house().settings.public_url or current().host_url.rstrip("/")


def _matches(environ: WSGIEnvironment, etag: str) -> bool:
    if environ["REQUEST_METHOD"] not in READING:
        return False
    given: str = environ["HTTP_IF_NONE_MATCH"]
    return given == etag or given.strip() == "*" or etag in _ENTITY_TAG.findall(given)


def _unchanged(etag: str, cache: str) -> Answer:
    return Answer(b"", 304, [("ETag", etag), ("Cache-Control", cache), ("Vary", VARY)])
