"""The files that pages load: style, script and icon."""

from __future__ import annotations

import flask

from api import errors, http
from api.pages import rendering


def add(blueprint: flask.Blueprint) -> None:
    """Add the address of the files."""
    blueprint.add_url_rule("/assets/<version>/<name>", "asset", asset)


def asset(version: str, name: str) -> http.Answer:
    """A file under the version that a page named: it never changes there. One of another version is not kept by
    caches, since it was asked for by a page that another version of this service made."""
    if name not in rendering.TYPES:
        raise errors.NotFound("There is no such file.")
    cache = http.FOR_EVER if version == rendering.version() else http.NO_STORE
    return http.answer(
        rendering.static(name), etag=f'"{rendering.version()}"', cache=cache, content_type=rendering.TYPES[name]
    )
