"""The OpenAPI 3.1 document: made from the schemas that check requests, and from what each route says of
itself.

`@documented(…)` stands under `@blueprint.route(…)` and only leaves a note on the function: at run time it is
not there. `spec_bytes(app)` turns the notes into the finished document once, and keeps its bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, TypeVar

import flask
import flask_smorest
import orjson
from marshmallow import Schema
from werkzeug.routing import BaseConverter

from api import errors, openapi_errors
from api.context import ClaimConverter, IndexConverter, SlugConverter, UlidConverter
from api.errors import Refusal
from api.http import JSON, MERGE_PATCH
from api.openapi_errors import Problem
from api.problems import PROBLEMS, Internal
from api.reads import consistency
from schemas import vocabulary
from schemas.factchecktools import ErrorDocument
from schemas.webhooks import MessageDocument

View = TypeVar("View", bound=Callable[..., Any])
AnySchema = type[Schema] | Schema | dict[str, Any]

_NOTE = "x-onrecord"
_METHODS = ("get", "post", "patch", "put", "delete")

_ABOUT = """\
What people and institutions said, what fact-checkers ruled on it, and whether a party contradicted itself.

Every error is `application/problem+json` (RFC 9457): compare its `type`, and show its `detail` to people.
Reading needs no token unless the operator has closed it. Unknown fields and unknown query parameters are
refused by name.
"""

_HEADERS: dict[str, dict[str, Any]] = {
    consistency.HEADER: {
        "description": "How far the log had got. Sent with a read, it gets an answer that has got at least as far.",
        "schema": {"type": "string"},
    },
    "ETag": {"description": "The revision of the document.", "schema": {"type": "string"}},
    "Location": {"description": "Where the new document is.", "schema": {"type": "string"}},
    "Link": {
        "description": 'The next page, as `<URL>; rel="next"`, absent on the last; feeds, as `rel="alternate"`.',
        "schema": {"type": "string"},
    },
    "Last-Modified": {
        "description": "When the log last grew, to the second.",
        "schema": {"type": "string"},
    },
    "Retry-After": {"description": "Seconds to wait.", "schema": {"type": "string", "pattern": "^[0-9]+$"}},
    "WWW-Authenticate": {"description": "What is missing (RFC 6750).", "schema": {"type": "string"}},
    "X-Request-Id": {"description": "Names this request in the log.", "schema": {"type": "string"}},
}

_PARAMETERS: dict[str, dict[str, Any]] = {
    consistency.HEADER: {
        "description": "One that an answer gave: what is read then has got at least as far as the log had.",
        "schema": {"type": "string", "pattern": r"^1\.[A-Za-z0-9_-]{11,}$"},
    },
    "If-None-Match": {
        "description": "An ETag that the client has: 304 if it is still the right one.",
        "schema": {"type": "string"},
    },
    "If-Match": {
        "description": 'The ETag of the revision that the change is based on, as `"17"`; `*` for any.',
        "required": True,
        "schema": {"type": "string", "pattern": rf'^((W/)?"({vocabulary.REVISION_PATTERN})"|\*)$'},
        "examples": {"revision": {"value": '"17"'}},
    },
    "Idempotency-Key": {
        "description": "Chosen by the client: the same request with the same key gets the first answer again"
        " for 24 hours.",
        "schema": {"type": "string", "pattern": r"^[!-~]{1,255}$"},
    },
}


class Api(flask_smorest.Api):  # type: ignore[misc]
    """flask-smorest without its own error answers: errors are rendered in `api.problems` alone."""

    def _register_error_handlers(self) -> None:
        pass

    def _register_responses(self) -> None:
        pass

    def _register_etag_headers(self) -> None:
        pass

    def _register_pagination_header(self) -> None:
        pass


class Blueprint(flask_smorest.Blueprint):  # type: ignore[misc]
    """flask-smorest's blueprint, whose `route` leaves the type of a view as it is."""

    def route(self, rule: str, **options: Any) -> Callable[[View], View]:
        """Registers the view below for `rule`, and what `documented` noted on it."""
        register: Callable[[View], View] = super().route(rule, **options)
        return register

    def add_undocumented(self, rule: str, view: Callable[..., Any]) -> None:
        """Registers a view that is no part of the API."""
        flask.Blueprint.add_url_rule(self, rule, view.__name__, view)


def make(app: flask.Flask, version: str) -> Api:
    """The Api of `app`: register blueprints with it, and they are in the document."""
    app.config.update(API_TITLE="onrecord", API_VERSION=version, OPENAPI_VERSION="3.1.0")
    api = Api(app, spec_kwargs={"info": {"description": _ABOUT, "license": _LICENSE}})
    for converter in (SlugConverter, UlidConverter):
        api.register_converter(converter, _path_schema)
    api.register_converter(IndexConverter, lambda _: {"type": "integer", "minimum": 0})
    api.register_converter(ClaimConverter, lambda _: {"type": "string", "minLength": 1})
    components = api.spec.components
    components.schema("ProblemDocument", schema=Problem)
    components.schema("ErrorDocument", schema=ErrorDocument)
    components.schema("MessageDocument", schema=MessageDocument)
    components.security_scheme(
        "token",
        {
            "type": "http",
            "scheme": "bearer",
            "description": f"A token `onr_…`. Scopes: {', '.join(vocabulary.SCOPES)} (`admin`: all).",
        },
    )
    for name, header in _HEADERS.items():
        components.header(name, header)
    for name, parameter in _PARAMETERS.items():
        components.parameter(name, "header", dict(parameter))
    return api


# What a receiver of webhooks is sent (OpenAPI 3.1, "webhooks").
_MESSAGE: dict[str, Any] = {
    "summary": "An entry was appended",
    "description": "Sent to whoever has a webhook whose filter lets the entry through. Check `webhook-signature` with"
    " any library of Standard Webhooks, and expect a message more than once: its `webhook-id` is then the same.",
    "operationId": "webhooks_entry",
    "parameters": [
        {"in": "header", "name": name, "required": True, "description": what, "schema": {"type": "string"}}
        for name, what in (
            ("webhook-id", "Names the message, the same in every attempt."),
            ("webhook-timestamp", "When it was sent, in seconds since 1970."),
            ("webhook-signature", "`v1,` and the HMAC-SHA256 over id, timestamp and body; perhaps several."),
        )
    ],
    "requestBody": {
        "required": True,
        "content": {JSON: {"schema": {"$ref": "#/components/schemas/MessageDocument"}}},
    },
    "responses": {
        "2XX": {"description": "Taken. What else is in the answer is not read."},
        "410": {"description": "Nobody is here any more: the webhook is disabled at once."},
        "default": {"description": "Not taken: it is sent again, after a while. A redirect is not followed."},
    },
}

_LICENSE = {"name": "Apache-2.0", "identifier": "Apache-2.0"}


def documented(
    *,
    summary: str,
    answers: Mapping[int, AnySchema | str | tuple[str, AnySchema] | None],
    query: AnySchema | None = None,
    body: AnySchema | None = None,
    media_types: Sequence[str] = (JSON,),
    patch: bool = False,
    example: Mapping[str, Any] | None = None,
    problems: Iterable[type[Refusal]] = (),
    scope: str | None = None,
    own: bool = False,
    etag: bool = False,
    if_match: bool = False,
    headers: Sequence[str] = (),
    public: bool = False,
    google: bool = False,
) -> Callable[[View], View]:
    """Says what a route takes and answers; the docstring below it becomes the description.

    `answers`: status -> a schema of its JSON, the media type of another kind of text, a media type with a
    schema, for what is JSON by another name, or None where it has no body. `body` and `query`: what `http.body`
    and `http.query` are called with; `media_types`: what a body may come as; `patch`: the body is a JSON merge
    patch; `example`: one whole body. `scope`: what `auth.require` is called with, several with spaces between
    them; `own`: it is called without one, or `auth.present` is; `public`: a token is not even looked at. `etag`:
    the answer has one, and If-None-Match is heeded. `if_match`: `http.required_revision` is called. `headers`:
    further ones of a success (Location, Link). `problems`: the refusals of this route beyond those that follow
    from the rest. `google`: all problems are answered in the shape of Google's APIs.
    """

    def note(view: View) -> View:
        operation: dict[str, Any] = {
            "summary": summary,
            "description": " ".join((view.__doc__ or "").split()),
            "operationId": f"{view.__module__.rpartition('.')[2]}_{view.__name__}",
            "parameters": [{"in": "query", "schema": query}] if query is not None else [],
            "responses": {},
            _NOTE: {
                "slugs": [PROBLEMS[kind].slug for kind in problems],
                "scope": scope,
                "own": own,
                "etag": etag,
                "if_match": if_match,
                "public": public,
                "google": google,
            },
        }
        if body is not None:
            content: dict[str, Any] = {"schema": body}
            if example is not None:
                content["example"] = dict(example)
            types = (MERGE_PATCH, JSON) if patch else media_types
            operation["requestBody"] = {"required": True, "content": {kind: dict(content) for kind in types}}
        for status, what in answers.items():
            names = ["X-Request-Id", *(["ETag"] if etag else []), *headers]
            names += [consistency.HEADER] if scope else []
            operation["responses"][str(status)] = {
                "description": HTTPStatus(status).phrase,
                "headers": {name: {"$ref": f"#/components/headers/{name}"} for name in names},
                **({} if what is None else {"content": _content(what)}),
            }
        view._apidoc = {"manual_doc": operation}  # type: ignore[attr-defined]
        return view

    return note


def _content(what: AnySchema | str | tuple[str, AnySchema]) -> dict[str, Any]:
    if isinstance(what, tuple):
        kind, schema = what
        return {kind: {"schema": schema}}
    return {what: {"schema": {"type": "string"}}} if isinstance(what, str) else {JSON: {"schema": what}}


def spec_bytes(app: flask.Flask) -> bytes:
    """The finished document, made at the first call and kept. Two threads may make it at once: they make the
    same."""
    store = app.extensions["flask-smorest"]
    found: bytes | None = store.get("onrecord-bytes")
    if found is None:
        found = store["onrecord-bytes"] = orjson.dumps(spec(app))
    return found


def spec(app: flask.Flask) -> dict[str, Any]:
    """The OpenAPI document as plain data."""
    made: dict[str, Any] = app.extensions["flask-smorest"]["apis"][""]["ext_obj"].spec.to_dict()
    made["servers"] = [{"url": "/"}]
    made["webhooks"] = {"entry": {"post": _MESSAGE}}
    for path, item in made.get("paths", {}).items():
        for method in _METHODS:
            if method in item:
                _finish(made, item[method], method, in_path="{" in path)
    return made


def _finish(made: dict[str, Any], operation: dict[str, Any], method: str, *, in_path: bool) -> None:
    """Adds to an operation what follows from its note: headers, security, and every problem it can end in."""
    note = operation.pop(_NOTE, None)
    if note is None:
        return
    operation["responses"].pop("default", None)  # flask-smorest's own, which we never answer with
    kinds: list[type[Refusal]] = [Internal]
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    if note["scope"] or not note["public"]:
        kinds += [errors.Busy, errors.StorageDamaged, errors.StorageUnavailable]
        kinds += [errors.InvalidRequest, errors.ConsistencyUnmet]
        parameters.append(_parameter(consistency.HEADER))
    if any(parameter.get("in") == "query" for parameter in parameters):
        kinds.append(errors.InvalidRequest)
    if in_path:
        kinds.append(errors.NotFound)
    if note["scope"]:
        kinds += [errors.Unauthenticated, errors.Forbidden, errors.ReadOnlyMirror]
        kinds += [errors.RateLimited, errors.LedgerRewound]
        operation["security"] = [{"token": note["scope"].split()}]
    elif note["own"]:
        kinds += [errors.Unauthenticated, errors.RateLimited]
        kinds += [] if method == "get" else [errors.ReadOnlyMirror, errors.LedgerRewound]
        operation["security"] = [{"token": []}]
    elif not note["public"]:
        kinds += [errors.Unauthenticated, errors.RateLimited]
        operation["security"] = [{}, {"token": []}]
    if note["if_match"]:
        kinds += [errors.RevisionRequired, errors.RevisionMismatch, errors.InvalidRequest]
        parameters.append(_parameter("If-Match"))
    if "requestBody" in operation:
        kinds += [
            errors.MalformedJSON,
            errors.BodyTooLarge,
            errors.UnsupportedMediaType,
            errors.InvalidRequest,
        ]
    # What is sent to be matched is a read.
    if method == "post" and (note["scope"] or note["own"]):
        kinds += [errors.InvalidRequest, errors.IdempotencyMismatch]
        parameters.append(_parameter("Idempotency-Key"))
    if note["etag"] and method == "get":
        parameters.append(_parameter("If-None-Match"))
        operation["responses"]["304"] = {
            "description": "Unchanged since the ETag in If-None-Match.",
            "headers": {"ETag": {"$ref": "#/components/headers/ETag"}},
        }
    slugs = {PROBLEMS[kind].slug for kind in kinds} | set(note["slugs"])
    operation["responses"] |= openapi_errors.responses(made, slugs, google=note["google"])


def _path_schema(converter: BaseConverter) -> dict[str, str]:
    return {"type": "string", "pattern": f"^{converter.regex}$"}


def _parameter(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/parameters/{name}"}
