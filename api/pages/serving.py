"""One page over HTTP: who may read it, when it is unchanged, and the policy under which a browser shows it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import quote

import orjson
from marshmallow import Schema

from api import auth, http
from api.kept import Made
from api.pages import rendering
from api.pages.reader import Reader
from api.reads import moments
from api.routes import reading
from api.storage import log
from api.storage.log import Connection, Head

HTML = "text/html; charset=utf-8"
# What an address begins with that programs ask for: it is answered by a problem in JSON, whoever asks.
PROGRAMS = (
    *("/v1/", "/v1alpha1/", "/openapi.json", "/docs", "/livez", "/readyz"),
    *("/assets/", "/feeds/", "/oembed", "/embed.js"),
)

# Everything comes from here, and nothing runs or is styled that stands in the page itself.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors {ancestors}"
)

View = Callable[[Reader, Mapping[str, Any]], "Page"]


class Page:
    """What a view makes: a template with its values, or finished bytes of another kind; and the address of the same in
    JSON."""

    def __init__(
        self, template: str, values: dict[str, Any], *, json: str | None = None, body: bytes | None = None
    ) -> None:
        self.template, self.values, self.json, self.body = template, values, json, body


def headers(framed: bool = False) -> list[tuple[str, str]]:
    """The headers that every page has. Only what is made to be embedded may stand in a frame elsewhere."""
    policy = _POLICY.format(ancestors="*" if framed else "'none'")
    return [("Content-Security-Policy", policy), ("Referrer-Policy", "strict-origin-when-cross-origin")]


def page(
    schema: Schema, view: View, *, kind: str = HTML, more: Iterable[tuple[str, str]] | None = None, framed: bool = False
) -> http.Answer:
    """The answer of a view, read from one state of the record. Raises what the view raises, Unauthenticated where
    reading is closed, and ValidationError or InvalidRequest for parameters that cannot be taken.

    A page follows from the log, the address and this version of the package alone, so that is its ETag: 304 is decided
    before a row is read, and what was made before is sent again as long as the record stays what it is.
    """
    asked = http.form(schema)
    auth.authenticate()
    sent = list(headers(framed) if more is None else more)
    at = asked.get("at")

    def making(db: Connection, head: Head) -> Made:
        reader = Reader(db, head, moments.size(db, at), None if at is None else str(at), http.base_url())
        return _made(view(reader, asked), reader, _address())

    version = f"-{rendering.version()}"
    return reading.read(lambda database: reading.made_once(database, making, kind, version, sent), at=at)


def problem(members: Mapping[str, Any]) -> tuple[bytes, list[tuple[str, str]]] | None:
    """A problem as a page, with its headers, where a person asked for one; None where a program did."""
    request = http.current()
    if request.path.startswith(PROGRAMS):
        return None
    accepted = request.accept_mimetypes.best_match(("application/problem+json", "application/json", "text/html"))
    if accepted != "text/html":
        return None
    values = {"problem": members, "now": None, "at": None, "link": _present, "base": "", "json": None, "path": ""}
    return rendering.fill("problem.html", values), [("Content-Type", HTML), *headers()]


def _made(page: Page, reader: Reader, address: str) -> Made:
    """The bytes of a page, with a Link to the same in JSON."""
    body = page.body
    if body is None:
        shared = {
            "at": _moment(reader),
            "now": _without_at(address),
            "link": reader.url,
            "reader": reader,
            "base": reader.base,
            "path": address,
            "json": page.json,
        }
        body = rendering.fill(page.template, shared | page.values)
    link = [("Link", f'<{page.json}>; rel="alternate"; type="application/json"')] if page.json else []
    return Made(body, link)


def _moment(reader: Reader) -> dict[str, Any] | None:
    """What the banner of a page says that shows the past."""
    if reader.at is None:
        return None
    last = next(log.sealed_entries(reader.db, reader.at - 1, reader.at), None) if reader.at else None
    return {"size": reader.at, "time": last.recorded_at if last else None, "asked": reader.asked_at}


def _address() -> str:
    request = http.current()
    text: str = request.environ.get("QUERY_STRING", "")
    query = f"?{quote(text.encode('latin-1', 'replace'), safe='=&%+~*.:,-_')}" if text else ""
    return quote(request.path, safe="/:~") + query


def _without_at(address: str) -> str:
    path, _, query = address.partition("?")
    kept = [part for part in query.split("&") if part and not part.startswith("at=")]
    return f"{path}?{'&'.join(kept)}" if kept else path


def _present(path: str, **query: Any) -> str:
    return path



def loaded(body: bytes) -> dict[str, Any]:
    """What a read of the API answered, as plain data."""
    found: dict[str, Any] = orjson.loads(body)
    return found
