"""What reads must answer, worked out the slow and plain way from a record in memory."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from typing import Any

import orjson

from api import documents
from api.domain import verdicts
from api.domain.claims import Claim
from api.domain.entries import ERASURE, Entry
from api.domain.words import Term, asked, folded
from schemas.dates import OPEN_END, OPEN_START, UNDATED, Bounds, bounds, day
from tests.memory import Memory

Asked = dict[str, Any]


def belongs(memory: Memory, claim: Claim) -> set[str]:
    """The parties that a claim belongs to."""
    found = set()
    for role in ("speaker", "on_behalf_of"):
        name = claim.body["attribution"].get(role)
        if name is None:
            continue
        found.add(name)
        while memory.parties[name].body["kind"] == "organization" and memory.parties[name].body.get("parent"):
            name = memory.parties[name].body["parent"]
            found.add(name)
    return found


def depth(memory: Memory, party: str) -> int:
    """How far down an organization is; a person is below all of them."""
    if memory.parties[party].body["kind"] == "person":
        return 1_000
    parent = memory.parties[party].body.get("parent")
    return 0 if parent is None else 1 + depth(memory, parent)


def place(memory: Memory, claim: Claim, clock: str = "stated") -> tuple[int, int, int]:
    """A claim's key in the order of a clock."""
    return (*dates(claim, clock), memory.numbers[f"claim/{claim.id}"])


def dates(claim: Claim, clock: str = "stated") -> Bounds:
    stated = claim.body.get("stated_on")
    return bounds(stated if clock == "stated" else claim.body.get("disclosed_on") or stated)


# --- claims ----------------------------------------------------------------------------------------


def claims(memory: Memory, asking: Asked) -> list[bytes]:
    """The documents of a list of claims, in its order."""
    found = [claim for claim in memory.claims.values() if _passes(memory, claim, asking)]
    dated = "stated_from" in asking or "stated_to" in asking
    sort = asking.get("sort") or ("stated" if dated else "-recorded")
    if sort.endswith("recorded"):
        found.sort(key=lambda claim: memory.numbers[f"claim/{claim.id}"], reverse=sort.startswith("-"))
    else:
        found.sort(key=lambda claim: place(memory, claim), reverse=sort.startswith("-"))
        found.sort(key=lambda claim: dates(claim) == UNDATED)
    return [documents.claim(claim) for claim in found]


def _passes(memory: Memory, claim: Claim, asking: Asked) -> bool:
    stances = {stance["question"]: stance["position"] for stance in claim.body.get("stances", [])}
    standing = [verdict for verdict in claim.verdicts if not verdict.retraction and not verdict.superseded_by]
    publishers = [shown.get("publisher", "").casefold() for shown in claim.body["appearances"]]
    earliest, latest = dates(claim)
    dated = (earliest, latest) != UNDATED
    tests = {
        "party": lambda value: value in belongs(memory, claim),
        "question": lambda value: value in stances,
        "position": lambda value: stances.get(asking["question"]) == value,
        "status": lambda value: claim.status == value,
        "rating": lambda value: any(verdict.rating == value for verdict in standing),
        "reviewer": lambda value: any(verdict.reviewer == value for verdict in standing),
        "tag": lambda value: value in claim.body.get("tags", []),
        "publisher": lambda value: value.casefold() in publishers,
        "stated_from": lambda value: dated and earliest >= day(value),
        "stated_to": lambda value: dated and latest <= day(value),
        "q": lambda value: _holds(memory, claim, asked(value)),
    }
    return all(tests[name](value) for name, value in asking.items() if name in tests)


def _holds(memory: Memory, claim: Claim, terms: list[Term]) -> bool:
    body, attribution = claim.body, claim.body["attribution"]
    names = [memory.parties[attribution[role]].name for role in ("speaker", "on_behalf_of") if role in attribution]
    columns = [
        folded(body["text"]),
        [word for variant in body.get("variants", []) for word in folded(variant["text"])],
        [word for name in names for word in folded(name)],
        [word for shown in body["appearances"] for word in folded(shown.get("title", ""))],
    ]
    return bool(terms) and all(any(_stands(column, term) for column in columns) for term in terms)


def _stands(column: list[str], term: Term) -> bool:
    *first, last = term.words
    for i in range(len(column) - len(term.words) + 1):
        here = column[i : i + len(term.words)]
        if here[:-1] == first and (here[-1] == last or (term.prefix and here[-1].startswith(last))):
            return True
    return False


# --- timelines -------------------------------------------------------------------------------------


def timeline(memory: Memory, question: str, asking: Asked) -> list[Any]:
    """The statements of a timeline, as parsed JSON."""
    clock = asking.get("clock", "stated")
    neutral = [p["id"] for p in memory.questions[question].body["positions"] if p["neutral"]]
    known = [
        claim
        for claim in memory.claims.values()
        if not claim.withdrawn
        and asking["party"] in belongs(memory, claim)
        and any(stance["question"] == question for stance in claim.body.get("stances", []))
        and _certainly(dates(claim, clock), None, asking.get("to"))
        and _certainly(dates(claim, "disclosed"), None, asking.get("known_by"))
        and ("known_by" not in asking or _said_by(dates(claim), asking["known_by"]))
    ]
    known.sort(key=lambda claim: place(memory, claim, clock))
    before: tuple[Claim, str] | None = None
    statements = []
    for claim in known:
        position = next(s["position"] for s in claim.body["stances"] if s["question"] == question)
        turn = None
        if position not in neutral and dates(claim, clock) != UNDATED:
            if before and before[1] != position:
                turn = _reversal(*before, claim, clock)
            before = claim, position
        if _certainly(dates(claim, clock), asking.get("from"), None):
            excerpt = json.loads(b"{" + documents.excerpt(claim) + b"}")
            statements.append(excerpt | {"position": position, "reversal": turn})
    return statements


def _reversal(before: Claim, position: str, claim: Claim, clock: str) -> Asked:
    one, other = dates(before, clock), dates(claim, clock)
    return {
        "from": before.id,
        "position": position,
        "days": _days(one, other),
        "certain": other.earliest > one.latest,
    }


def _days(one: Bounds, other: Bounds) -> int | None:
    ends = (one.earliest, other.earliest)
    if any(end in (OPEN_START, OPEN_END, UNDATED.earliest) for end in ends):
        return None
    return abs(other.earliest - one.earliest)


def _said_by(stated: Bounds, last: str) -> bool:
    """Whether the public could know of it at all: of what was said only later it could not, whatever was disclosed."""
    return stated == UNDATED or stated.earliest <= day(last)


def _certainly(when: Bounds, first: str | None, last: str | None) -> bool:
    if when == UNDATED:
        return first is None and last is None
    return (first is None or when.earliest >= day(first)) and (last is None or when.latest <= day(last))


# --- contradictions --------------------------------------------------------------------------------


def contradictions(memory: Memory, asking: Asked) -> dict[str, Any]:
    """Every contradiction that is asked for, by its id, as parsed JSON: all pairs of claims are looked at."""
    found = {}
    for one, other in combinations(sorted(memory.claims.values(), key=lambda claim: place(memory, claim)), 2):
        pair = contradiction(memory, one, other, asking.get("question"))
        if pair and _wanted(memory, pair, (one, other), asking):
            found[pair["id"]] = pair
    return found


def contradiction(memory: Memory, earlier: Claim, later: Claim, question: str | None = None) -> Asked | None:
    """Two claims, the earlier one first, as a contradiction; None where they are none and nobody paired them."""
    shared = belongs(memory, earlier) & belongs(memory, later)
    opposed = _opposed(memory, earlier, later, question) if shared else None
    pair = memory.pairs.get((min(earlier.id, later.id), max(earlier.id, later.id)))
    if opposed is None and (pair is None or earlier.withdrawn or later.withdrawn):
        return None
    shown = [json.loads(b"{" + documents.excerpt(claim) + b"}") for claim in (earlier, later)]
    return {
        "id": f"{earlier.id}~{later.id}",
        "question": opposed[0] if opposed else None,
        "party": min(shared, key=lambda party: (-depth(memory, party), party), default=None),
        "claims": shown,
        "positions": [opposed[1], opposed[2]] if opposed else [None, None],
        "days": _days(dates(earlier), dates(later)),
        "status": pair.status if pair else "suggested",
        "assessments": orjson.loads(documents.assessments(pair.assessments)) if pair else [],
    }


def _opposed(memory: Memory, one: Claim, other: Claim, question: str | None) -> tuple[str, str, str] | None:
    if one.withdrawn or other.withdrawn:
        return None
    ours = {stance["question"]: stance["position"] for stance in one.body.get("stances", [])}
    theirs = {stance["question"]: stance["position"] for stance in other.body.get("stances", [])}
    for asked_for in sorted(ours.keys() & theirs.keys()):
        neutral = {p["id"] for p in memory.questions[asked_for].body["positions"] if p["neutral"]}
        sides = ours[asked_for], theirs[asked_for]
        if question in (None, asked_for) and sides[0] != sides[1] and not neutral & set(sides):
            return asked_for, *sides
    return None


def _wanted(memory: Memory, pair: Asked, claims: tuple[Claim, Claim], asking: Asked) -> bool:
    return (
        asking.get("claim") in (None, claims[0].id, claims[1].id)
        and asking.get("status") in (None, pair["status"])
        and asking.get("question") in (None, pair["question"])
        and ("party" not in asking or all(asking["party"] in belongs(memory, claim) for claim in claims))
    )


# --- the log ---------------------------------------------------------------------------------------


def history(snapshots: list[Memory], claim_id: str) -> list[Any]:
    """Each entry of a claim's history with the claim as it stood after it."""
    items = []
    for entry in snapshots[-1].entries:
        owner = verdicts.claim_of(entry) if entry.subject.startswith("verdict/") else entry.subject[len("claim/") :]
        if entry.subject.startswith(("claim/", "verdict/")) and owner == claim_id:
            after = json.loads(documents.claim(snapshots[entry.index + 1].claims[claim_id]))
            items.append(
                {
                    "index": entry.index,
                    "at": entry.recorded_at,
                    "kind": entry.kind,
                    "actor": entry.actor,
                    "claim": after,
                }
            )
    return items


def changes(snapshots: list[Memory], asking: Asked) -> Iterator[int]:
    """The numbers of the entries that pass the filters of the feed."""
    for entry in snapshots[-1].entries:
        states = snapshots[entry.index], snapshots[entry.index + 1]
        parties, questions = set(), set()
        for memory in states:
            more = _concerned(memory, entry)
            parties |= more[0]
            questions |= more[1]
        if (
            asking.get("kind") in (None, entry.kind)
            and ("party" not in asking or asking["party"] in parties)
            and ("question" not in asking or asking["question"] in questions)
            and ("reviewer" not in asking or asking["reviewer"] in _reviewers(snapshots[-1], entry))
        ):
            yield entry.index


def _reviewers(memory: Memory, entry: Entry) -> set[str]:
    """Whose verdict or assessment an entry concerns."""
    what, identifier = entry.subject.split("/")
    if what == "verdict":
        claim = memory.claim_of_verdict(identifier)
        return {verdict.reviewer for verdict in claim.verdicts if verdict.id == identifier} if claim else set()
    if what != "contradiction":
        return set()
    told = [one["payload"] for one in entry.payload["entries"]] if entry.kind == ERASURE else [entry.payload]
    return {payload["reviewer"] for payload in told}


def _concerned(memory: Memory, entry: Entry) -> tuple[set[str], set[str]]:
    """The parties and questions that an entry concerns, as the record stands."""
    what, identifier = entry.subject.split("/")
    if what == "question":
        return set(), {identifier}
    if what == "party":
        parties, name = {identifier}, identifier
        while name in memory.parties and memory.parties[name].body.get("parent"):
            name = memory.parties[name].body["parent"]
            parties.add(name)
        return parties, set()
    if what == "contradiction":
        one, other = (memory.claims[claim] for claim in identifier.split(":"))
        erased = entry.kind == ERASURE
        payloads = [one["payload"] for one in entry.payload["entries"]] if erased else [entry.payload]
        named = {payload["question"] for payload in payloads if "question" in payload}
        return belongs(memory, one) & belongs(memory, other), named
    claim = memory.claims.get(verdicts.claim_of(entry) if what == "verdict" else identifier)
    if claim is None:
        return set(), set()
    return belongs(memory, claim), {stance["question"] for stance in claim.body.get("stances", [])}
