"""What surrounds a request: the house that serves it, what it knows of itself, and the one hook after it."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import flask
from werkzeug.routing import BaseConverter

from api import keyring, logs
from api.checkpoints import Checkpoints, Heads
from api.embedding.embedder import Embedder
from api.embedding.judge import Judge
from api.kept import MAX_OF_DOCUMENTS, Kept
from api.keyring import KeySource
from api.nodes import Nodes
from api.reads.duplicates import Common
from api.storage.database import is_server
from schemas import vocabulary

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

    from api.limits import Limits
    from api.settings import Settings
    from api.storage.database import Database
    from api.storage.keys import Token
    from api.watch import Watch
    from api.writers import Writers

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")

_OPEN = ("Access-Control-Allow-Origin", "*")
_CORS = (
    _OPEN,
    ("Access-Control-Expose-Headers", "Consistency-Token, ETag, Link, Location, Retry-After, X-Request-Id"),
)
_PREFLIGHT = (
    ("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS"),
    ("Access-Control-Allow-Headers", "Authorization, Consistency-Token, If-None-Match, X-Request-Id"),
    ("Access-Control-Max-Age", "86400"),
)


@dataclass
class House:
    """What an application has: `app.extensions["onrecord"]`, or `house()` while a request is served.

    `waiters` is taken (without blocking) by every poll that is held open, and `exports` by every download of the whole
    record. `stopping()` says that the process has been told to end, and that whoever waits should answer now. `nodes`
    are what is read, and `watch` looks at the replica among them, where there is one: `database` itself is for whoever
    writes. `checkpoints` signs the head, with the keys of the settings or of the file beside the database. `embedder`
    makes the vectors that meanings are compared by, and `judge` looks for contradictions. `kept` are the answers of
    lists and pages that were made already, `documents` the documents that were read, and `common` the words that many
    claims share.
    """

    settings: Settings
    database: Database
    limits: Limits
    waiters: threading.Semaphore
    writers: Writers
    watch: Watch | None = None
    stopping: Callable[[], bool] = field(default=lambda: False)
    checkpoints: Checkpoints = field(init=False)
    exports: threading.Semaphore = field(init=False)
    nodes: Nodes = field(init=False)
    embedder: Embedder = field(init=False)
    judge: Judge = field(init=False)
    kept: Kept = field(default_factory=Kept)
    documents: Kept = field(default_factory=lambda: Kept(MAX_OF_DOCUMENTS))
    common: Common = field(default_factory=Common)

    def __post_init__(self) -> None:
        keys = KeySource(self.settings.signing_key, keyring.beside(self.database.beside))
        self.exports = threading.Semaphore(self.settings.exports)
        self.embedder = Embedder(self.settings.model, self.settings.model_name, logs.no_meaning)
        self.judge = Judge(self.settings.nli_model, logs.no_judge)
        self.nodes = Nodes(self.database, self.watch, self.waiters, is_server(self.database.name))
        self.checkpoints = Checkpoints(self.settings.origin, keys, Heads(self.database.heads))


class Request(flask.Request):
    """A request that knows when it began, its id, and the token that it was made with (set by `api.auth`)."""

    token: Token | None = None
    _id: str | None = None
    _raw: bytes | None = None

    def __init__(self, environ: WSGIEnvironment, *args: Any, **kwargs: Any) -> None:
        super().__init__(environ, *args, **kwargs)
        self.started = time.perf_counter()

    @property
    def id(self) -> str:
        """The client's X-Request-Id where it is sane, else a random one."""
        if self._id is None:
            given: str = self.environ.get("HTTP_X_REQUEST_ID", "")
            self._id = given if given and _REQUEST_ID.fullmatch(given) else os.urandom(8).hex()
        return self._id


class Application(flask.Flask):
    """Flask, in which no function is a coroutine: it need not look at each, and at each hook, whether it is one."""

    request_class = Request

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """The function itself."""
        return func


class SlugConverter(BaseConverter):
    """`<slug:id>` in a rule: what can be no slug is no resource."""

    regex = vocabulary.SLUG_PATTERN


class UlidConverter(BaseConverter):
    """`<ulid:id>` in a rule."""

    regex = vocabulary.ULID_PATTERN


class ClaimConverter(BaseConverter):
    """`<claim:id>` in a rule: any id, but for the word that is an address of its own beside those of claims."""

    regex = r"(?!match$)[^/]+"


class IndexConverter(BaseConverter):
    """`<index:n>` in a rule: the number of an entry, in the one way of writing it."""

    regex = vocabulary.REVISION_PATTERN

    def to_python(self, value: str) -> int:
        """The number."""
        return int(value)


def register(app: flask.Flask) -> None:
    """Gives `app` the one hook after each request, and URLs that mean only what they say."""
    app.url_map.converters |= {
        "claim": ClaimConverter,
        "index": IndexConverter,
        "slug": SlugConverter,
        "ulid": UlidConverter,
    }
    app.url_map.merge_slashes = False  # or //host/path would be answered by a redirect
    app.after_request(_finish)


def house() -> House:
    """What the application that serves the current request has."""
    found: House = flask.current_app._get_current_object().extensions["onrecord"]  # type: ignore[attr-defined]
    return found


def current() -> Request:
    """The current request itself, not its proxy, which looks it up for each attribute."""
    return flask.request._get_current_object()  # type: ignore[attr-defined,no-any-return]


def _finish(response: flask.Response) -> flask.Response:
    """The one hook after a request: its id, CORS for reading, and the line in the log."""
    request = current()
    added: list[tuple[str, str]] = [("X-Request-Id", request.id)]
    # Most polls are answered by a 304. It has no content, and no header that who has its ETag does not know already.
    unchanged = response.status_code == 304
    if not unchanged:
        added.append(("X-Content-Type-Options", "nosniff"))
    environ = request.environ
    method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
    if method in ("GET", "HEAD", "OPTIONS") and path.startswith(("/v1/", "/v1alpha1/", "/openapi.json")):
        added += (_OPEN,) if unchanged else _CORS
        if method == "OPTIONS":
            added += _PREFLIGHT
    response.headers._list += added
    if logs.wanted(method, response.status_code):
        logs.request_done(request, response.status_code, (time.perf_counter() - request.started) * 1000)
    return response
