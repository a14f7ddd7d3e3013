"""The first page: the questions, each with a line of its changes, and what happened last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import flask

from api import http
from api.pages import serving, timelines
from api.pages.reader import Reader
from api.pages.serving import Page
from api.reads import happenings, lists
from api.reads.happenings import Happening
from api.storage import log
from schemas.pages import ListPageQuery

QUERY = ListPageQuery()
QUESTIONS = 20
LATEST = 6


def add(blueprint: flask.Blueprint) -> None:
    """Add the page's address."""
    blueprint.add_url_rule("/", "home", home)


def home() -> http.Answer:
    """The questions of the record."""
    return serving.page(QUERY, _page)


def address(reader: Reader, happened: Happening) -> str:
    """The page on which one sees what an entry changed."""
    path, mark, part = happened.page.partition("#")
    # An entry takes no moment: it is the same at each.
    return path if path.startswith("/v1/") else reader.url(path) + mark + part


def _page(reader: Reader, asked: Mapping[str, Any]) -> Page:
    wanted = {"limit": QUESTIONS, "cursor": asked.get("cursor")}
    listed = serving.loaded(lists.by_number(reader.db, "questions", wanted, reader.at))
    size = reader.head.size if reader.at is None else reader.at
    rows = log.changes(reader.db, max(0, size - LATEST), size, [], LATEST)
    latest = [happenings.happening(reader.db, index, line) for index, line in reversed(rows)]
    values = {
        "questions": [(question, timelines.outline(reader, question)) for question in listed["items"]],
        "latest": [(happened, address(reader, happened)) for happened in latest],
        "size": size,
        "following": reader.url("/", cursor=listed["next"]) if listed["next"] else None,
        "first": not asked.get("cursor"),
    }
    return Page("home.html", values, json=reader.url("/v1/questions"))
