"""The OpenAPI document, and a page that shows it. Everything the page loads comes from this package's own
dependencies."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files

import flask

from api import errors, http, openapi
from api.openapi import Blueprint, documented

blueprint = Blueprint("docs", __name__, description="This documentation.")

_PAGE = b"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>onrecord API</title>
<link rel="stylesheet" href="docs/swagger-ui.css">
<link rel="icon" type="image/png" href="docs/favicon-32x32.png">
</head>
<body>
<div id="swagger-ui"></div>
<noscript>This page needs JavaScript. See <a href="openapi.json">openapi.json</a> without it.</noscript>
<script src="docs/swagger-ui-bundle.js"></script>
<script src="docs/start.js"></script>
</body>
</html>
"""

# validatorUrl: null, or the page would show the document to a server that is not ours.
_START = b"""window.ui = SwaggerUIBundle({
  url: "openapi.json", dom_id: "#swagger-ui", validatorUrl: null, deepLinking: true,
  presets: [SwaggerUIBundle.presets.apis], layout: "BaseLayout"
});
"""

_ASSETS = {
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "favicon-32x32.png": "image/png",
}

# Swagger UI draws its icons from data: URLs; everything else it loads and asks for may come from here only.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
    " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_PAGE_HEADERS = (("Content-Security-Policy", _POLICY), ("Referrer-Policy", "no-referrer"))


@blueprint.route("/openapi.json")
@documented(summary="This document", answers={200: {"type": "object"}}, etag=True, public=True)
def openapi_json() -> http.Answer:
    """The OpenAPI 3.1 document, generated from the schemas that check requests."""
    body = openapi.spec_bytes(flask.current_app)
    return http.answer(body, etag=_tag(body))


@blueprint.route("/docs")
@documented(summary="This documentation as a page", answers={200: "text/html"}, public=True)
def page() -> http.Answer:
    """Swagger UI, showing the OpenAPI document of this service."""
    return http.answer(_PAGE, headers=_PAGE_HEADERS, content_type="text/html; charset=utf-8")


def asset(name: str) -> http.Answer:
    """A file that the page loads. Only files on the list exist; it is no part of the API."""
    if name not in _ASSETS:
        raise errors.NotFound("There is no such file.")
    body, tag = _asset(name)
    return http.answer(body, etag=tag, cache=http.AN_HOUR, content_type=_ASSETS[name])


blueprint.add_undocumented("/docs/<name>", asset)


@cache
def _asset(name: str) -> tuple[bytes, str]:
    body = _START if name == "start.js" else files("flask_swagger_ui").joinpath("dist", name).read_bytes()
    return body, _tag(body)


def _tag(body: bytes) -> str:
    return f'"{hashlib.sha256(body).hexdigest()[:32]}"'
