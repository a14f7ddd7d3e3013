"""The answer to "has this been said, and does it contradict what they said before?": candidates and conflicts as JSON.

Nothing is written, and nothing is confirmed: what is suggested here counts when somebody says so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from api.domain import matching, words
from api.domain.opposition import said
from api.domain.words import Term
from api.embedding.embedder import Embedder
from api.embedding.judge import Judge
from api.errors import NotFound
from api.reads.conflicts import Conflict, Documents, Stance, conflicts, stance
from api.reads.judging import Judging
from api.reads.lists import number
from api.reads.matching import RANKED, Chosen, Deadline, Found, ranked_under
from api.reads.meaning import Meaning
from api.storage import log
from api.storage.log import Connection
from schemas.dates import bounds, day


class Sentence(NamedTuple):
    """What is matched: a text, whose it is, and, of a claim on record, its number and its own stances."""

    text: str
    party: str | None = None
    claim: int | None = None
    stances: Sequence[Mapping[str, str]] = ()


class Work(NamedTuple):
    """What takes part in a request: until when, what compares meanings, and what looks for contradictions."""

    deadline: Deadline
    meaning: Meaning
    judging: Judging

    @classmethod
    def until(cls, deadline: Deadline, embedder: Embedder, judge: Judge) -> Work:
        """The work of a request that has to end then."""
        return cls(deadline, Meaning(embedder, deadline), Judging(judge, deadline))


def match(db: Connection, asked: Mapping[str, Any], work: Work) -> bytes:
    """What matches the text of a request, or each of its texts (see `schemas.matches.MatchSchema`). Raises
    InvalidRequest."""
    for name, kind in (("party", "party"), ("question", "question")):
        if asked.get(name):
            number(db, kind, asked[name], name)
    if "text" in asked:
        return _answer(work, _matched(db, Sentence(asked["text"], asked.get("party")), asked, work))
    sentences = [Sentence(text, asked.get("party")) for text in asked["texts"]]
    found = [b"{" + _matched(db, one, asked, work) + b"}" for one in sentences]
    return _answer(work, b'"results":[' + b",".join(found) + b"]")


def similar(db: Connection, claim_id: str, asked: Mapping[str, Any], work: Work) -> bytes:
    """What matches the text of a claim on record, the claim itself left out; the party is its speaker, or who it is
    spoken for. Raises NotFound."""
    found = log.document(db, f"claim/{claim_id}")
    if found is None:
        raise NotFound.of(f"claim/{claim_id}")
    claim = orjson.loads(found[1])
    attribution = claim["attribution"]
    party = attribution["on_behalf_of"] or attribution["speaker"]
    sentence = Sentence(claim["text"], party, log.number(db, f"claim/{claim_id}"), claim["stances"])
    return _answer(work, _matched(db, sentence, asked, work))


def _answer(work: Work, matched: bytes) -> bytes:
    # What ranked is known once everything is.
    return b'{"engine":' + orjson.dumps(work.judging.beside(work.meaning.engine)) + b"," + matched + b"}"


def _matched(db: Connection, sentence: Sentence, asked: Mapping[str, Any], work: Work) -> bytes:
    chosen = Chosen(db, matching.terms(sentence.text), work.deadline)
    before = day(asked["stated_before"]) if "stated_before" in asked else None
    documents = Documents(db, log.head(db).size)
    facets = [f"question={asked['question']}"] if "question" in asked else []
    best = [one for one in ranked_under(chosen, facets, before, RANKED) if one.no != sentence.claim]
    language = asked.get("language")
    spoken = [one for one in best if language is None or _is_in(documents.of(one.no), language)]
    opposed: list[Conflict] = []
    text = said(sentence.text)
    if sentence.party and text.content:
        taken = _own(sentence, documents)
        if not taken and (seeming := stance(text, best, documents, asked.get("question"))):
            taken = [seeming]
        work.judging.begin(sentence.text)
        about = sentence.party, asked.get("question"), before
        opposed = conflicts(chosen, text, taken, *about, documents, work.judging)
    others = [one for one in opposed if one.found.no != sentence.claim]
    shown = [one for one in others if language is None or _is_in(one.document, language)]
    ranking = work.meaning.ranking(db, sentence.text, spoken, documents)
    limit = asked["limit"]
    candidates = [_scored(db, one, chosen.terms, documents) + b"}" for one in ranking.found[:limit]]
    against = [_opposing(db, one, chosen.terms, documents, work.judging.name) for one in shown[:limit]]
    return (
        b'"candidates":[' + b",".join(candidates) + b'],"conflicts":[' + b",".join(against)
        + b'],"truncated":' + orjson.dumps(chosen.truncated or ranking.truncated or work.judging.truncated)
    )  # fmt: skip


def _own(sentence: Sentence, documents: Documents) -> list[Stance]:
    """The positions that a claim on record takes itself."""
    taken = []
    for one in sentence.stances:
        sides = documents.sides(one["question"])
        if one["position"] in sides:
            taken.append(Stance.among(sides, one["question"], one["position"]))
    return taken


def _is_in(document: Mapping[str, Any], language: str) -> bool:
    """Whether a claim's language is the one asked for, or a variety of it (RFC 4647, basic filtering)."""
    tag = (document.get("language") or "").lower()
    return tag == language.lower() or tag.startswith(f"{language.lower()}-")


def _scored(db: Connection, found: Found, terms: Iterable[Term], documents: Documents) -> bytes:
    """A claim with its scores, as a JSON object that is not closed yet."""
    body = log.document_by_number(db, found.no, documents.at)
    text = documents.of(found.no)["text"]
    cosine = None if found.cosine is None else round(found.cosine, 4)
    scores: dict[str, Any] = {"score": round(found.score, 4), "bm25": round(found.bm25, 4), "cosine": cosine}
    scores["snippet"] = words.snippet(text, matching.standing(text, terms))
    scores["repeated"] = _repeated(db, documents.of(found.no), documents)
    return b'{"claim":' + body + b"," + orjson.dumps(scores)[1:-1]


def _repeated(db: Connection, claim: Mapping[str, Any], documents: Documents) -> Mapping[str, Any] | None:
    """How often a speaker made the statement of a claim, by what others were found to be to it."""
    speaker = claim["attribution"]["speaker"]
    numbers = [log.number(db, f"claim/{claim_id}") for claim_id in matching.repetitions(claim.get("relations", ()))]
    others = [documents.of(no) for no in numbers if no is not None]
    same = [claim, *(one for one in others if one["attribution"]["speaker"] == speaker and one["withdrawn"] is None)]
    if len(same) == 1:
        return None
    dated = sorted((bounds(one["stated_on"]), one["stated_on"]) for one in same if one["stated_on"])
    return {
        "times": len(same),
        "first": dated[0][1] if dated else None,
        "last": dated[-1][1] if dated else None,
        "appearances": sum(len(one["appearances"]) for one in same),
    }


def _opposing(
    db: Connection, conflict: Conflict, terms: Iterable[Term], documents: Documents, model: str | None
) -> bytes:
    scored = _scored(db, conflict.found, terms, documents)
    return scored + b',"reasons":' + orjson.dumps(list(_reasons(conflict, model))) + b"}"


def _reasons(conflict: Conflict, model: str | None) -> Iterable[Mapping[str, Any]]:
    taken, oppose = conflict.stance, conflict.words
    if taken is not None:
        like = f"claim {taken.like}, which matches the text best, takes" if taken.like else "the text seems to take"
        detail = f"It takes the position '{conflict.position}' on '{taken.question}'; {like} '{taken.position}'."
        yield {"kind": "position", "detail": detail, "question": taken.question, "position": taken.position}
    if oppose is not None:
        detail = f"It says “{oppose.theirs}”, the text says “{oppose.ours}”."
        yield {"kind": oppose.kind, "detail": detail, "question": None, "position": None}
    if conflict.judged is not None:
        detail = f"The model '{model}' takes it for a contradiction of the text ({conflict.judged:.2f})."
        yield {"kind": "model", "detail": detail, "question": None, "position": None}
