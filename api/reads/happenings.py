"""What happened, in words: an entry of the log as a sentence, and the contradictions that it brought.

All of it is as of the entry's own moment: the names as they were right after it, and what its claim opposed then. So
the same entry is told in the same words at any time; only words that were erased since are gone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import orjson

from api.documents import PATHS
from api.domain import sentences, timelines
from api.domain.contradictions import pair_of
from api.domain.entries import Entry
from api.domain.sentences import Facts, Said
from api.reads.lookups import Documents
from api.reads.opposing import Opposing, Scope, Sides
from api.storage import log, statements
from api.storage.log import Connection
from api.storage.statements import Profile, Window

# How many contradictions of one entry are named, and how many rows are walked over for them: a claim that opposes
# thousands costs no more than another.
MOST, STEPS = 10, 400

# What has a page of its own.
PAGED = ("party", "question", "claim", "contradiction")

SAYING = ("claim.recorded", "claim.amended")


class Opposed(NamedTuple):
    """A standing claim (`other`) of the same party that an entry's claim came to oppose, all by their ids.

    `party` is the narrowest that both belong to. `contradiction` is the id of the pair, the earlier claim first.
    """

    claim: str
    other: str
    party: str
    question: str
    contradiction: str


class Reversal(NamedTuple):
    """That an entry's claim takes another position than the statement before it on a party's timeline, all by their
    ids. `days` is None where a date is open; not `certain` where two dates overlap."""

    party: str
    question: str
    claim: str
    before: str
    positions: tuple[str, str]
    days: int | None
    certain: bool


class Happening(NamedTuple):
    """An entry in words.

    `change` is what `/v1/changes` shows of it (index, at, kind, subject, actor, url, claim, status). `by` is the name
    of its actor, None for the command line; `updated` when its words last changed: at an erasure, if there was one.
    """

    change: dict[str, Any]
    by: str | None
    sentence: str
    details: list[str]
    contradicted: list[Opposed]
    reversal: Reversal | None
    updated: str
    leaf_hash: bytes

    @property
    def page(self) -> str:
        """The path of the page on which one sees what the entry changed: a verdict stands on its claim's. Where there
        is none, that of the entry."""
        kind, _, identifier = self.change["subject"].partition("/")
        if kind == "verdict":
            return f"/claims/{self.change['claim']}#verdicts"
        if kind in PAGED:
            return f"/{PATHS[kind]}/{identifier.replace(':', '~')}"
        return f"/v1/entries/{self.change['index']}"


class Side(NamedTuple):
    """A claim by its id, its number, and what it is compared by."""

    claim: str
    number: int
    profile: Profile


def happening(db: Connection, index: int, line: bytes) -> Happening:
    """The happening of an entry, from its number and its line in the feed of changes (`log.changes`)."""
    change: dict[str, Any] = orjson.loads(b"{" + line + b"}")
    sealed = next(log.sealed_entries(db, index, index + 1))
    entry = log.opened(sealed)
    moment = Moment(db, index + 1)
    opposed, turned = contradicted(db, entry), reversal(db, entry)
    facts = moment.facts(entry, change["claim"], opposed, turned)
    said = sentences.details(facts) + _status(change["status"]) + _opposing(opposed)
    updated = max([entry.recorded_at, *moment.erasures, *([entry.erased.at] if entry.erased else [])])
    return Happening(change, facts.actor, sentences.sentence(facts), said, opposed, turned, updated, sealed.leaf_hash)


def contradicted(db: Connection, entry: Entry) -> list[Opposed]:
    """The standing claims that the claim of an entry came to oppose by it: those of the same party which take an
    opposing position on the same question, and did not oppose it before. At most MOST, by question and then by date.

    Only a claim that is recorded, or amended in its stances or in whose it is, brings any.
    """
    before, own = _sides(db, entry)
    if own is None or (before and before.profile[:2] == own.profile[:2]):
        return []
    at = entry.index + 1
    sides = Sides(db, at)
    walk = Opposing(db, Scope(claim=own.number, at=at), sides)
    found: list[Opposed] = []
    for _, pair in walk.pairs(None):
        if walk.steps > STEPS or len(found) == MOST:
            break
        if pair is None:
            continue
        other = statements.profile(db, pair[1], at)
        # The entry changed nothing but its own claim, so the other one and the question are as they were before it.
        if before is None or sides.opposed(before.profile, other) is None:
            opposed = Side(log.claim_of(log.excerpt(db, pair[1], at)).decode(), pair[1], other)
            found.append(_opposed(own, opposed, pair[2]))
    return found


def reversal(db: Connection, entry: Entry) -> Reversal | None:
    """The reversal that the claim of an entry makes by it on a party's timeline; None where it makes none, or made the
    same before. Of several the one of the narrowest party, on the first question by id."""
    before, own = _sides(db, entry)
    if own is None or before == own:
        return None
    now = _reversal(db, own, entry.index + 1)
    return None if before and _reversal(db, before, entry.index) == now else now


def _sides(db: Connection, entry: Entry) -> tuple[Side | None, Side | None]:
    """An entry's claim before the entry, where it was there, and after it; none where no claim was said or corrected by
    it."""
    number = log.number(db, entry.subject) if entry.kind in SAYING else None
    if number is None:
        return None, None
    claim, at = entry.subject.removeprefix("claim/"), entry.index
    before = None if number == at + 1 else Side(claim, number, statements.profile(db, number, at))
    return before, Side(claim, number, statements.profile(db, number, at + 1))


def _opposed(own: Side, other: Side, question: str) -> Opposed:
    earlier, later = sorted([own, other], key=lambda side: (side.profile.stated, side.number))
    party = next(party for party, _, _ in own.profile.members if other.profile.shares(party))
    return Opposed(own.claim, other.claim, party, question, f"{earlier.claim}~{later.claim}")


def _reversal(db: Connection, side: Side, at: int) -> Reversal | None:
    claim, number, profile = side
    for party, _, _ in profile.members:
        for question, position in sorted(profile.stances.items()):
            neutral = {name for name, (_, neutral) in _positions(db, question, at).items() if neutral}
            if position in neutral:
                continue
            numbers = log.number(db, f"party/{party}") or 0, log.number(db, f"question/{question}") or 0
            place = (*profile.stated, number - 1)
            last = statements.last_before(db, *numbers, Window(at=at), place, neutral)
            turn = timelines.reversal(last[:2], profile.stated) if last and last[3] != position else None
            if last and turn:
                before = log.claim_of(last[4]).decode()
                return Reversal(party, question, claim, before, (last[3], position), *turn)
    return None


def _positions(db: Connection, question: str, at: int) -> dict[str, tuple[str, bool]]:
    """The positions of a question: id -> its label, and whether it is neutral."""
    found = log.document(db, f"question/{question}", at)
    listed = orjson.loads(found[1])["positions"] if found else []
    return {position["id"]: (position["label"], position["neutral"]) for position in listed}


class Moment:
    """The record when the log had `at` entries, by names. `erasures` are when words that were asked for were erased."""

    def __init__(self, db: Connection, at: int) -> None:
        self._db, self._at = db, at
        self._documents = Documents(db, at)
        self.erasures: set[str] = set()

    def facts(self, entry: Entry, claim: str | None, opposed: list[Opposed], turned: Reversal | None) -> Facts:
        """What a sentence about the entry is made of."""
        noun, _, identifier = entry.subject.partition("/")
        payload, own = entry.payload, {}
        if noun == "party":
            own = self._of_party(identifier, entry)
        elif noun == "question":
            own = {"name": self.question(identifier)}
        elif noun == "webhook" and "party" in payload:
            own = {"name": self.party(payload["party"])}
        elif noun == "contradiction":
            own = {"said": tuple(self.said(one) for one in pair_of(*identifier.split(":")))}
        elif entry.kind == "claim.matched" and claim:
            own = {"said": (self.said(claim), self.said(payload["claim"]))}
        elif claim:
            own = {"said": (self.said(claim),)}
        if payload.get("supersedes"):
            own["earlier"] = self._document(f"verdict/{payload['supersedes']}")
        if entry.kind == "contradiction.assessed" and payload.get("question"):
            own["question"] = self.question(payload["question"])
        if turned:
            own["turn"] = self._turn(turned)
        elif opposed:
            own["opposition"] = sentences.Opposition(self.party(opposed[0].party), self.question(opposed[0].question))
        return Facts(entry.kind, noun, payload, self._actor(entry.actor), **own)

    def party(self, party_id: str) -> str:
        """The name of a party; its id where none is recorded."""
        found = self._document(f"party/{party_id}")
        return sentences.clipped(found["name"]) if found else party_id

    def question(self, question_id: str) -> str:
        """The text of a question."""
        found = self._document(f"question/{question_id}")
        return str(found["text"]) if found else question_id

    def said(self, claim_id: str) -> Said:
        """A claim by its speaker's name and its words."""
        found = self._document(f"claim/{claim_id}") or {}
        attribution = found["attribution"]
        speaker, other = self.party(attribution["speaker"]), attribution["on_behalf_of"]
        by = f"{speaker} (for {self.party(other)})" if other and other != attribution["speaker"] else speaker
        # Erased words have no hash.
        return Said(by, found["text"] if found["text_sha256"] else None, found["wording"] == "indirect")

    def _actor(self, actor: str) -> str | None:
        return self.party(actor) if self._document(f"party/{actor}") else None

    def _of_party(self, party_id: str, entry: Entry) -> dict[str, Any]:
        document = self._document(f"party/{party_id}") or {}
        before = log.document(self._db, entry.subject, entry.index) if entry.kind == "party.amended" else None
        parent = document.get("parent")
        return {
            "name": self.party(party_id),
            "renamed": sentences.clipped(orjson.loads(before[1])["name"]) if before else None,
            "parent": self.party(parent) if parent else None,
        }

    def _turn(self, turned: Reversal) -> sentences.Turn:
        labels = _positions(self._db, turned.question, self._at)
        before, after = (labels[position][0] for position in turned.positions)
        party, question = self.party(turned.party), self.question(turned.question)
        return sentences.Turn(party, question, before, after, turned.certain)

    def _document(self, name: str) -> dict[str, Any] | None:
        found = self._documents.named(name)
        if found and found["erased"]:
            self.erasures.add(found["erased"]["at"])
        return found


def _status(change: dict[str, str | None] | None) -> list[str]:
    if not change or change["from"] is None:
        return []
    return [f"The claim's status went from {change['from']} to {change['to']}."]


def _opposing(opposed: list[Opposed]) -> list[str]:
    if not opposed:
        return []
    many = f"at least {MOST} claims" if len(opposed) == MOST else f"{len(opposed)} claim{'s' * (len(opposed) > 1)}"
    return [f"It opposes {many} of the same party on record."]
