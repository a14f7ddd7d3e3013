"""Renders one document (JSON bytes) from folded state: no clock, no viewer, no links that depend on a host.

A document is rendered once, when an entry changes it, and served as it is; so a read parses and dumps nothing.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import orjson

from api.domain.claims import Claim
from api.domain.contradictions import Assessment
from api.domain.entries import Entry, Erased
from api.domain.parties import Party
from api.domain.questions import Question
from api.domain.record import Body, Stamp
from api.domain.verdicts import Verdict

APPEARANCE = ("url", "title", "publisher", "author", "published_on", "archived_url")
ATTRIBUTION = ("speaker", "on_behalf_of", "role", "reported_through")


def party(state: Party) -> bytes:
    """A party's document."""
    body = state.body
    fields = {name: body.get(name) for name in ("id", "name", "kind", "parent", "description")}
    return orjson.dumps({**fields, "same_as": body.get("same_as", []), **_marks(state.stamp)})


def question(state: Question) -> bytes:
    """A question's document."""
    body = state.body
    positions = [
        {"id": p["id"], "label": p["label"], "meaning": p.get("meaning"), "neutral": p["neutral"]}
        for p in body["positions"]
    ]
    return orjson.dumps(
        {
            "id": body["id"],
            "text": body["text"],
            "scope": body.get("scope"),
            "positions": positions,
            **_marks(state.stamp),
        }
    )


def claim(state: Claim) -> bytes:
    """A claim's document, with its verdicts and status."""
    body = state.body
    document = {
        "id": state.id,
        "text": body["text"],
        "text_sha256": state.text_sha256,
        "wording": body["wording"],
        "language": body.get("language"),
        "attribution": _attribution(body),
        "stated_on": body.get("stated_on"),
        "disclosed_on": disclosed_on(body),
        "context": body.get("context"),
        "appearances": [_appearance(appearance) for appearance in body["appearances"]],
        "variants": [_given(variant, ("text", "url", "note")) for variant in body.get("variants", [])],
        "stances": [_given(stance, ("question", "position", "reasoning")) for stance in body.get("stances", [])],
        "tags": body.get("tags", []),
        "status": state.status,
        "stale": state.stale,
        "verdicts": [_verdict(verdict, state) for verdict in state.verdicts],
        "withdrawn": asdict(state.withdrawn) if state.withdrawn else None,
        **_marks(state.stamp),
    }
    return orjson.dumps(document)


def excerpt(state: Claim) -> bytes:
    """What timelines and contradictions show of a claim: the members of a JSON object, without its braces.

    Without them a list can add its own members (`position`, `reversal`) by joining bytes.
    """
    body = state.body
    members = {
        "claim": state.id,
        "url": state.url,
        "text": body["text"],
        "wording": body["wording"],
        "attribution": _attribution(body),
        "stated_on": body.get("stated_on"),
        "disclosed_on": disclosed_on(body),
        "erased": erased(state.stamp.erased),
        "status": state.status,
    }
    return orjson.dumps(members)[1:-1]


def verdict(state: Verdict, of: Claim) -> bytes:
    """A verdict's document. It is stale where the claim's words are no longer those it judged."""
    return orjson.dumps(_verdict(state, of))


def assessments(states: tuple[Assessment, ...]) -> bytes:
    """The assessments of a contradiction, as a JSON list."""
    return orjson.dumps([_assessment(state) for state in states])


def change(entry: Entry, claim_id: str | None, before: str | None, after: str | None) -> bytes:
    """What the feed of changes shows of an entry: the members of a JSON object, without its braces."""
    kind, identifier = entry.subject.split("/", 1)
    members = {
        "index": entry.index,
        "at": entry.recorded_at,
        "kind": entry.kind,
        "subject": entry.subject,
        "actor": entry.actor,
        "url": f"/v1/{PATHS[kind]}/{identifier.replace(':', '~')}",
        "claim": claim_id,
        "status": {"from": before, "to": after} if before != after else None,
    }
    return orjson.dumps(members)[1:-1]


def disclosed_on(body: Body) -> str | None:
    """When the public could know of a claim: as given, or else when it was stated."""
    given: str | None = body.get("disclosed_on")
    return given or body.get("stated_on")


def erased(by: Erased | None) -> Body | None:
    """What is shown of an erasure beside what it left."""
    return asdict(by) if by else None


PATHS = {
    "party": "parties",
    "question": "questions",
    "claim": "claims",
    "verdict": "verdicts",
    "contradiction": "contradictions",
    "webhook": "webhooks",
}


def _marks(stamp: Stamp) -> Body:
    return {
        "erased": erased(stamp.erased),
        "revision": stamp.revision,
        "recorded_at": stamp.recorded_at,
        "updated_at": stamp.updated_at,
        "recorded_by": stamp.recorded_by,
    }


def _given(values: Body, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: values.get(name) for name in names}


def _attribution(body: Body) -> Body:
    return _given(body["attribution"], ATTRIBUTION)


def _appearance(values: Body) -> Body:
    quote = values.get("quote")
    return {**_given(values, APPEARANCE), "quote": _given(quote, ("exact", "prefix", "suffix")) if quote else None}


def _verdict(state: Verdict, of: Claim) -> Body:
    body = state.body
    return {
        "id": state.id,
        "claim": state.claim,
        **_given(body, ("rating", "label")),
        **_taken_in(body),
        **_given(body, ("explanation",)),
        "evidence": [_appearance(evidence) for evidence in body["evidence"]],
        **_given(body, ("url", "title")),
        "reviewer": state.reviewer,
        **_given(body, ("author", "reviewed_on", "language")),
        "claim_revision": state.claim_revision,
        "text_sha256": state.text_sha256,
        "supersedes": body.get("supersedes"),
        "superseded_by": state.superseded_by,
        "status": state.status,
        "stale": state.judged != of.words,
        "retraction": asdict(state.retraction) if state.retraction else None,
        "erased": erased(state.erased),
        "revision": state.revision,
        "recorded_at": state.recorded_at,
    }


def _taken_in(body: Body) -> Body:
    """What only a verdict has that was taken from a review: which mapping gave the rating, and who took it in, if that
    was not the reviewer."""
    return {name: body[name] for name in ("mapping", "imported_by") if name in body}


def _assessment(state: Assessment) -> Body:
    body = state.body
    return {
        "reviewer": state.reviewer,
        **_given(body, ("assessment", "reason", "explanation")),
        "evidence": [_appearance(evidence) for evidence in body.get("evidence", [])],
        "erased": erased(state.erased),
        "recorded_at": state.recorded_at,
    }
