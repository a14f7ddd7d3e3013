"""The page of a party: its record, its reversals first."""

from __future__ import annotations

import flask

from api import http
from api.pages import serving, timelines
from api.pages.contradictions import pairs
from api.pages.reader import Reader
from api.pages.serving import Page
from api.reads import contradictions, lists
from schemas.pages import PageQuery

QUERY = PageQuery()
# The questions that are gone through for what a party said on them.
QUESTIONS = 200
CONTRADICTIONS = 3
CLAIMS = 15


def add(blueprint: flask.Blueprint) -> None:
    """Add the page's address."""
    blueprint.add_url_rule("/parties/<slug:party_id>", "party", party)


def party(party_id: str) -> http.Answer:
    """What a party and all under it said, and where it contradicts itself."""
    return serving.page(QUERY, lambda reader, asked: _page(reader, party_id))


def _page(reader: Reader, party_id: str) -> Page:
    found = reader.document("party", party_id)
    listed = serving.loaded(lists.by_number(reader.db, "questions", {"limit": QUESTIONS}, reader.at))
    outlines = [(question, timelines.of_party(reader, question, party_id)) for question in listed["items"]]
    spoken = [(question, outline) for question, outline in outlines if outline]
    spoken.sort(key=lambda one: (-one[1].reversals, -one[1].statements))
    opposed = {}
    for status in ("confirmed", "suggested"):
        wanted = {"party": party_id, "status": status, "limit": CONTRADICTIONS}
        told = serving.loaded(contradictions.listing(reader.db, wanted, reader.at))
        opposed[status] = pairs(reader, told["items"])
    wanted = {"party": party_id, "sort": "-stated", "limit": CLAIMS}
    claims = serving.loaded(lists.claims(reader.db, wanted, reader.at))
    reader.know(name for claim in claims["items"] for name in claim["attribution"].values())
    values = {
        "party": found,
        "spoken": spoken,
        "opposed": opposed,
        "claims": claims["items"],
        "following": reader.url("/search", party=party_id, sort="-stated", cursor=claims["next"]),
        "more": claims["next"] is not None,
    }
    return Page("party.html", values, json=reader.url(f"/v1/parties/{party_id}"))
