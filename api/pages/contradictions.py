"""The queue of contradictions, for those who look at them, and each of them side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import flask
from markupsafe import Markup

from api import http
from api.pages import differences, serving, timelines
from api.pages.reader import Document, Reader
from api.pages.serving import Page
from api.pages.timelines import Position
from api.reads import contradictions
from schemas.pages import ContradictionsPageQuery, PageQuery

QUEUE, ONE = ContradictionsPageQuery(), PageQuery()
SHOWN = 20


class Side(NamedTuple):
    """One of the two claims: its excerpt, its words with those marked that the other one does not have, its language,
    and its position on the question, if there is one."""

    claim: Document
    text: Markup
    language: str | None
    position: Position | None


class Pair(NamedTuple):
    """A contradiction as pages show it."""

    document: Document
    question: Document | None
    sides: list[Side]


def add(blueprint: flask.Blueprint) -> None:
    """Add the pages' addresses."""
    blueprint.add_url_rule("/contradictions", "contradictions", queue)
    blueprint.add_url_rule("/contradictions/<ulid:earlier>~<ulid:later>", "contradiction", contradiction)


def queue() -> http.Answer:
    """The contradictions that nobody has looked at yet, or those of another status."""
    return serving.page(QUEUE, _queue)


def contradiction(earlier: str, later: str) -> http.Answer:
    """Two claims side by side, and what reviewers made of them."""
    return serving.page(ONE, lambda reader, asked: _one(reader, earlier, later))


def pairs(reader: Reader, found: list[Document]) -> list[Pair]:
    """Contradictions with what their sides need to be shown."""
    claims = reader.documents("claim", [side["claim"] for one in found for side in one["claims"]])
    questions = reader.documents("question", [one["question"] for one in found if one["question"]])
    reader.know(one["party"] for one in found)
    reader.know(name for one in found for side in one["claims"] for name in side["attribution"].values())
    reader.know(view["reviewer"] for one in found for view in one["assessments"])
    return [_pair(one, questions.get(one["question"]), claims) for one in found]


def _pair(one: Document, question: Document | None, claims: Mapping[str, Document]) -> Pair:
    known = {position.id: position for position in timelines.positions(question)} if question else {}
    texts = differences.marked(*(side["text"] for side in one["claims"]))
    sides = []
    for i, claim in enumerate(one["claims"]):
        language = claims[claim["claim"]]["language"]
        position = known.get(one["positions"][i] or "")
        sides.append(Side(claim, texts[i], language, position))
    return Pair(one, question, sides)


def _queue(reader: Reader, asked: Mapping[str, Any]) -> Page:
    status = asked.get("status") or "suggested"
    wanted = {**asked, "status": status, "limit": min(asked["limit"], SHOWN)}
    listed = serving.loaded(contradictions.listing(reader.db, wanted, reader.at))
    given = {name: asked.get(name) for name in ("party", "question", "claim")} | {"status": status}
    values = {
        "status": status,
        "given": given,
        "pairs": pairs(reader, listed["items"]),
        "following": reader.url("/contradictions", **given, cursor=listed["next"]) if listed["next"] else None,
    }
    return Page("contradictions.html", values, json=reader.url("/v1/contradictions", **given))


def _one(reader: Reader, earlier: str, later: str) -> Page:
    found = serving.loaded(contradictions.one(reader.db, earlier, later, reader.at))
    [pair] = pairs(reader, [found])
    return Page("contradiction.html", {"pair": pair}, json=reader.url(f"/v1/contradictions/{found['id']}"))
