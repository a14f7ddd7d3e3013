"""The page of a search: claims by their words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask
from markupsafe import Markup

from api import http
from api.pages import serving
from api.pages.reader import Reader
from api.pages.serving import Page
from api.reads import lists
from schemas.pages import SearchPageQuery

QUERY = SearchPageQuery()
SHOWN = 20


def add(blueprint: flask.Blueprint) -> None:
    """Add the page's address."""
    blueprint.add_url_rule("/search", "search", search)


def search() -> http.Answer:
    """The claims that have the words, best first; without words the newest."""
    return serving.page(QUERY, _page)


def _page(reader: Reader, asked: Mapping[str, Any]) -> Page:
    given = {name: value for name, value in asked.items() if name not in ("at", "limit", "sort", "cursor")}
    sorted_as = {} if "q" in asked else {"sort": asked.get("sort")}
    found = serving.loaded(lists.claims(reader.db, {**asked, "limit": min(asked["limit"], SHOWN)}, reader.at))
    reader.know(name for claim in found["items"] for name in claim["attribution"].values())
    shown = [(claim, Markup(claim["snippet"]) if "snippet" in claim else None) for claim in found["items"]]  # noqa: S704
    values = {
        "asked": asked,
        "given": given,
        "found": shown,
        "truncated": found.get("truncated", False),
        "following": reader.url("/search", **given, **sorted_as, cursor=found["next"]) if found["next"] else None,
    }
    return Page("search.html", values, json=reader.url("/v1/claims", **given, **sorted_as))
