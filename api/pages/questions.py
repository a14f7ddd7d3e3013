"""The page of a question: its timeline, drawn and listed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

import flask

from api import http
from api.pages import drawing, embeds, listing, serving, timelines
from api.pages.reader import Reader
from api.pages.serving import Page
from api.pages.timelines import Timeline
from schemas.pages import TimelinePageQuery

QUERY = TimelinePageQuery()
# So many of the parties that speak on a question can be chosen; others by a link from what they said.
MOST_PARTIES = 24
# The changes of answer that are told in full above the list.
MOST_TOLD = 6


def add(blueprint: flask.Blueprint) -> None:
    """Add the page's address."""
    blueprint.add_url_rule("/questions/<slug:question_id>", "question", question)


def question(question_id: str) -> http.Answer:
    """Who said what, and when the answer changed."""
    return serving.page(QUERY, lambda reader, asked: _page(reader, question_id, asked))


def _page(reader: Reader, question_id: str, asked: Mapping[str, Any]) -> Page:
    shown = timelines.timeline(reader, question_id, asked)
    picture = timelines.picture(reader, shown)
    choices = reader.speaking(question_id)[:MOST_PARTIES]
    reader.know(one.party for one in choices)
    path = f"/questions/{question_id}"
    values = {
        "shown": shown,
        "choices": choices,
        "wide": drawing.wide(picture),
        "tall": drawing.tall(picture),
        "definitions": drawing.definitions(),
        "signs": [name for name in drawing.VERDICTS if any(row.statement["status"] == name for row in shown.rows)],
        "words_times": timelines.times,
        "told": shown.turns[:MOST_TOLD],
        "parts": listing.parts(reader, shown, MOST_TOLD),
        "oembed": embeds.address(reader, path, asked),
        "image": reader.base + reader.url(f"{path}.svg", **_given(asked)),
        "card": reader.base + reader.url(f"{path}.png", **_given(asked)),
        "embed": reader.base + reader.url(f"/embed{path}", **_given(asked)),
        "page": reader.base + reader.url(path, **_given(asked)),
        "title": shown.question["text"],
        "summary": timelines.sentence(reader, shown),
        "following": reader.url(path, **{**_given(asked), "cursor": shown.next}) if shown.next else None,
        "unfiltered": reader.url(path, party=asked.get("party")),
        "filtered": any(asked.get(name) for name in ("from", "to", "known_by")),
    }
    return Page("question.html", values, json=_json(reader, shown, asked))


def _given(asked: Mapping[str, Any]) -> dict[str, Any]:
    return {name: asked[name] for name in ("party", "clock", "from", "to", "known_by") if asked.get(name)}


def _json(reader: Reader, shown: Timeline, asked: Mapping[str, Any]) -> str:
    """The address of the same timeline in the API; everybody's statements are a list of claims there."""
    at = {} if reader.asked_at is None else {"at": reader.asked_at}
    if shown.party is None:
        return "/v1/claims?" + urlencode({"question": shown.question["id"], "sort": "stated"} | at)
    given = {**_given(asked), "party": shown.party, "limit": "200"} | at
    return f"/v1/questions/{shown.question['id']}/timeline?{urlencode(given)}"
