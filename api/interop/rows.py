"""Documents -> rows, for formats that are tables: the SQLite file and the CSV."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import orjson

from api.interop.claim_nodes import Document

Rows = dict[str, list[Document]]

# The columns of the CSV, one row for each verdict, and one for each claim that has none.
COLUMNS = (
    *("claim", "text", "wording", "language", "speaker", "speaker_name", "on_behalf_of", "on_behalf_of_name", "role"),
    *("stated_on", "disclosed_on", "context", "appearance_url", "appearance_publisher", "positions", "tags"),
    *("claim_status", "withdrawal_reason", "claim_recorded_at"),
    *("verdict", "rating", "mapping", "label", "explanation", "verdict_url", "verdict_title"),
    *(
        "reviewer",
        "reviewer_name",
        "reviewed_on",
        "verdict_status",
        "stale",
        "retraction_reason",
        "verdict_recorded_at",
    ),
    *("license", "attribution"),
)

# What a spreadsheet takes for a formula by its first character, in either width; a tab or a line break before it is
# dropped by some. After any apostrophes, so that taking one away gives the text back.
_FORMULA = re.compile(r"'*[=+\-@＝＋－＠\t\r\n]")

_SOURCE = ("url", "title", "publisher", "author", "published_on", "archived_url")


def party_rows(party: Document) -> Rows:
    """A party, for its table."""
    return {"parties": [party | {"same_as": _json(party["same_as"])}]}


def question_rows(question: Document) -> Rows:
    """A question, and its positions."""
    positions = [position | {"question": question["id"]} for position in question["positions"]]
    return {"questions": [question], "positions": positions}


def claim_rows(claim: Document) -> Rows:
    """A claim, where it was found, the positions that it takes, and the verdicts on it with their evidence."""
    withdrawn, gone = claim["withdrawn"] or {}, claim["erased"] or {}
    row = claim | claim["attribution"] | {"tags": _json(claim["tags"]), "erased_at": gone.get("at")}
    row |= {"withdrawn_at": withdrawn.get("at"), "withdrawal_reason": withdrawn.get("reason")}
    return {
        "claims": [row],
        "appearances": list(_sources(claim["appearances"], {"claim": claim["id"]})),
        "stances": [stance | {"claim": claim["id"]} for stance in claim["stances"]],
        "verdicts": [_verdict(verdict) for verdict in claim["verdicts"]],
        "evidence": [row for one in claim["verdicts"] for row in _sources(one["evidence"], {"verdict": one["id"]})],
    }


def assessment_rows(pair: tuple[str, str], assessments: list[Document]) -> Rows:
    """What reviewers made of two claims."""
    return {"assessments": [one | {"claim": pair[0], "other": pair[1]} for one in assessments]}


def csv_rows(claim: Document, party: Callable[[str], Document | None], terms: Document) -> Iterator[list[str]]:
    """The rows of the CSV for a claim: one for each verdict, or one without. `terms` are the licence and the
    attribution, which stand in each row."""
    attribution = claim["attribution"]
    first = claim["appearances"][0] if claim["appearances"] else {}
    row: dict[str, Any] = claim | attribution | terms
    row |= {"claim": claim["id"], "claim_status": claim["status"], "claim_recorded_at": claim["recorded_at"]}
    row |= {"appearance_url": first.get("url"), "appearance_publisher": first.get("publisher"), "stale": None}
    row |= {f"{role}_name": _name(attribution[role], party) for role in ("speaker", "on_behalf_of")}
    row["withdrawal_reason"] = (claim["withdrawn"] or {}).get("reason")
    row["positions"] = " ".join(f"{stance['question']}:{stance['position']}" for stance in claim["stances"])
    row["tags"] = " ".join(claim["tags"])
    for verdict in claim["verdicts"] or [{}]:
        whole = row | _ruling(verdict, party)
        yield [cell(whole.get(name)) for name in COLUMNS]


def cell(value: Any) -> str:
    """A value as a cell: nothing for None, and an apostrophe before what a spreadsheet would take for a formula."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return f"'{text}" if _FORMULA.match(text) else text


def _verdict(verdict: Document) -> Document:
    retraction, gone = verdict["retraction"] or {}, verdict["erased"] or {}
    more = {"retracted_at": retraction.get("at"), "retraction_reason": retraction.get("reason")}
    return verdict | more | {"erased_at": gone.get("at")}


def _ruling(verdict: Document, party: Callable[[str], Document | None]) -> Document:
    """The columns of a verdict; none without one."""
    if not verdict:
        return {}
    own = ("rating", "label", "explanation", "reviewer", "reviewed_on", "stale")
    renamed = ("id", "url", "title", "status", "recorded_at")
    row = {name: verdict[name] for name in own} | {f"verdict_{name}": verdict[name] for name in renamed}
    reason = (verdict["retraction"] or {}).get("reason")
    return row | {
        "verdict": verdict["id"],
        # Only a verdict that came from elsewhere has one: what made a rating of its label.
        "mapping": verdict.get("mapping"),
        "reviewer_name": _name(verdict["reviewer"], party),
        "retraction_reason": reason,
    }


def _sources(sources: list[Document], of: Document) -> Iterator[Document]:
    for place, source in enumerate(sources):
        quote = (source["quote"] or {}).get("exact")
        yield {name: source[name] for name in _SOURCE} | of | {"place": place, "quote": quote}


def _name(party_id: str | None, party: Callable[[str], Document | None]) -> str | None:
    found = party(party_id) if party_id else None
    return found["name"] if found else None


def _json(values: list[str]) -> str:
    return orjson.dumps(values).decode()
