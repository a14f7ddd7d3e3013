"""Matches: which claims say what a sentence says, and which of a party may contradict it."""

from __future__ import annotations

from typing import Any

import marshmallow.fields as stock

from schemas.base import Document, Query, Schema, refuse
from schemas.claim_documents import ClaimDocument
from schemas.fields import (
    Choice,
    Day,
    EdtfDate,
    Item,
    Items,
    Language,
    QueryInteger,
    Slug,
    StrictBoolean,
    StrictInteger,
    Text,
    Ulid,
)
from schemas.vocabulary import DEFAULT_MATCHES, MAX_MATCHED_TEXTS, MAX_MATCHES, RELATIONS

REASONS = ("position", "antonym", "negation", "number", "date", "model")
_LIMIT = "How many candidates, and how many conflicts, to return at most."


class RelationSchema(Schema):
    """What another claim is to this one, in the name of the token's party."""

    claim = Ulid("The other claim.", required=True, example="01JDF3QZ5W8N6T2K4M7R9V0XAA")
    relation = Choice(
        RELATIONS,
        "`same`: the same statement again, which is a repetition where the speaker is the same; `related`: on the same"
        " matter; `different`: in spite of its words.",
        required=True,
        example="same",
    )


class MatchSchema(Schema):
    """A sentence to match, or up to 100 of them, and whose it is. `limit` is always there when loaded."""

    text = Text("The sentence.", example="Participation in Secure Communities is optional for counties.")
    texts = Items(Text("A sentence."), "Several sentences instead, each matched by itself.", most=MAX_MATCHED_TEXTS)
    party = Slug(
        "Who said it: `conflicts` has what this party, and all under it, said that may contradict it. Without a party"
        " there are no conflicts.",
        example="dhs",
    )
    question = Slug("Only claims that take a position on this question.", example="sc-voluntary")
    language = Language("Only claims in this language: `en` takes `en-GB`, too.", example="en")
    stated_before = Day("Only claims that were certainly stated before this day.", example="2011-04-01")
    limit = StrictInteger(_LIMIT, minimum=1, maximum=MAX_MATCHES, load_default=DEFAULT_MATCHES, example=10)

    def cross_check(self, values: dict[str, Any]) -> None:
        """One sentence, or a list."""
        if ("text" in values) == ("texts" in values):
            raise refuse("Give either `text` or `texts`.", "either", "text")


class SimilarQuery(Query):
    """What is similar to a claim. `limit` is always there when loaded."""

    limit = QueryInteger(_LIMIT, minimum=1, maximum=MAX_MATCHES, load_default=DEFAULT_MATCHES)


class EngineDocument(Document):
    """What ranked the candidates."""

    name = Choice(("bm25", "bm25+cosine"), "By words alone, or by words and meaning.", example="bm25")
    model = Text("The model that compares meanings; null without one.", allow_none=True, example=None)
    nli = Text("The operator's model that looks for contradictions; null without one.", allow_none=True, example=None)
    note = Text("What was left out, where it was to be done, and why.", allow_none=True, example=None)


def _number(description: str, example: float | None, **keywords: Any) -> stock.Float:
    metadata = {"description": description, "example": example, **keywords}
    return stock.Float(allow_none=example is None, metadata=metadata)


class RepeatedDocument(Document):
    """How often a speaker made a statement: this claim, and those that were found to be the same."""

    times = StrictInteger("How many claims.", example=3)
    first = EdtfDate("The earliest date of them; null where none has one.", allow_none=True, example="2010-09-07")
    last = EdtfDate("The latest.", allow_none=True, example="2011-04")
    appearances = StrictInteger("In how many places they were found, all together.", example=5)


class CandidateDocument(Document):
    """A claim that may say the same."""

    claim = Item(ClaimDocument, "As it stands, with its status and verdicts.")
    score = _number("How well it matches.", 0.75, minimum=0, maximum=1)
    bm25 = _number("Okapi BM25 of its words.", 9.31, minimum=0)
    cosine = _number("How near its meaning is; null without a model.", None, minimum=-1, maximum=1)
    snippet = Text(
        "The words around the first match, HTML-escaped, with each match in <mark> tags.",
        blank=True,
        example="<mark>Secure</mark> <mark>Communities</mark> is not voluntary and never has been.",
    )
    repeated = Item(RepeatedDocument, "Null unless it was found to be repeated.", allow_none=True)


class ReasonDocument(Document):
    """Why a statement may contradict the sentence."""

    kind = Choice(REASONS, "Positions oppose, or words do, or the operator's model says so.", example="antonym")
    detail = Text("In a sentence.", example="It says “mandatory”, the text says “optional”.")
    question = Slug("The question on which positions oppose.", allow_none=True, example=None)
    position = Slug("The position on it that the text seems to take.", allow_none=True, example=None)


class ConflictDocument(CandidateDocument):
    """A statement of the party that may contradict the sentence: a suggestion, which nobody has confirmed."""

    reasons = Items(Item(ReasonDocument), "At least one.")


class MatchDocument(Document):
    """What matches a sentence."""

    candidates = Items(Item(CandidateDocument), "Claims that may say the same, best first.")
    conflicts = Items(Item(ConflictDocument), "What the party said that may contradict it, most telling first.")
    truncated = StrictBoolean("True if the time for it ran out: then this is the best so far.", example=False)


class SimilarDocument(MatchDocument):
    """What is similar to a claim."""

    engine = Item(EngineDocument, "What ranked it.")


class MatchesDocument(Document):
    """What matches one sentence; or of several, under `results`, what matches each of them."""

    engine = Item(EngineDocument, "What ranked it.")
    candidates = Items(Item(CandidateDocument), "Claims that may say the same, best first.", sometimes=True)
    conflicts = Items(
        Item(ConflictDocument), "What the party said that may contradict it, most telling first.", sometimes=True
    )
    truncated = StrictBoolean(
        "True if the time for it ran out: then this is the best so far.", sometimes=True, example=False
    )
    results = Items(Item(MatchDocument), "Of several texts: one for each, in their order.", sometimes=True)
