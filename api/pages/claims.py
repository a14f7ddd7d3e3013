"""The page of a claim: the words, where they stand, what was ruled on them, what they contradict, and their proof."""

from __future__ import annotations

from typing import Any, NamedTuple

import flask
import orjson
from markupsafe import Markup

from api import http
from api.interop.claimreview import Renderer
from api.pages import differences, serving, timelines, wording
from api.pages.contradictions import pairs
from api.pages.differences import Difference
from api.pages.reader import Document, Reader
from api.pages.serving import Page
from api.pages.timelines import Position
from api.reads import contradictions, happenings, histories
from api.reads.happenings import Happening
from api.reads.lookups import Documents
from api.routes import reading
from api.storage import log
from schemas.pages import PageQuery

QUERY = PageQuery()
CONTRADICTIONS = 6
# The history is told in full up to this many entries.
ENTRIES = 100


class Step(NamedTuple):
    """An entry of a claim's history, in words, with what it changed of the claim."""

    entry: Document
    happened: Happening
    changed: list[Difference]


def add(blueprint: flask.Blueprint) -> None:
    """Add the page's address."""
    blueprint.add_url_rule("/claims/<ulid:claim_id>", "claim", claim)


def claim(claim_id: str) -> http.Answer:
    """What was said, and all that is on record about it."""
    return serving.page(QUERY, lambda reader, asked: _page(reader, claim_id))


def _page(reader: Reader, claim_id: str) -> Page:
    found = reader.document("claim", claim_id)
    wanted = {"claim": claim_id, "limit": CONTRADICTIONS}
    opposed = serving.loaded(contradictions.listing(reader.db, wanted, reader.at))
    reader.know([*found["attribution"].values(), *(verdict["reviewer"] for verdict in found["verdicts"])])
    steps, more = _history(reader, claim_id)
    values = {
        "claim": found,
        "title": _title(reader, found),
        "stances": _stances(reader, found),
        "pairs": pairs(reader, opposed["items"]),
        "more_pairs": opposed["next"] is not None,
        "steps": steps,
        "more_steps": more,
        "reviews": _reviews(reader, found),
        "fixed": f"{reader.base}/claims/{claim_id}?at={found['revision'] + 1}",
    }
    return Page("claim.html", values, json=reader.url(f"/v1/claims/{claim_id}"))


def _title(reader: Reader, found: Document) -> str:
    said = wording.shortened(found["text"], 90)
    quoted = said if found["wording"] == "indirect" or found["erased"] else f"“{said}”"
    return f"{reader.name(found['attribution']['speaker'])}: {quoted}"


def _stances(reader: Reader, found: Document) -> list[tuple[Document, Document, Position]]:
    """Each stance with its question and the position that it takes."""
    questions = reader.documents("question", [stance["question"] for stance in found["stances"]])
    taken = []
    for stance in found["stances"]:
        question = questions[stance["question"]]
        position = next(one for one in timelines.positions(question) if one.id == stance["position"])
        taken.append((stance, question, position))
    return taken


def _reviews(reader: Reader, found: Document) -> Markup | None:
    """The reviews of the claim as ClaimReview, to stand in the page for search engines; None where there are none. In a
    string of JSON, `<` can be written so that no text ends the element or begins another."""
    if not found["verdicts"]:
        return None
    known = Documents(reader.db, reader.at)
    body = orjson.dumps(Renderer(reader.base, known.party, known.claim).graph(found)).decode()
    return Markup(body.replace("<", "\\u003c"))  # noqa: S704 (no < is left)


def _history(reader: Reader, claim_id: str) -> tuple[list[Step], bool]:
    """The entries of a claim, oldest first, and whether there are more."""
    number = reading.exists(reader.db, f"claim/{claim_id}", reader.at)
    told = serving.loaded(histories.page(reader.db, number, {"limit": ENTRIES}, reader.at))
    steps: list[Step] = []
    before: dict[str, Any] | None = None
    for item in told["items"]:
        [(index, line)] = log.changes(reader.db, item["index"], item["index"] + 1, [], 1)
        happened = happenings.happening(reader.db, index, line)
        changed = differences.between(before, item["claim"]) if before else []
        steps.append(Step(item, happened, changed))
        before = item["claim"]
    return steps, told["next"] is not None
