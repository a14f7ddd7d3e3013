"""What happened, in a sentence of plain English: names instead of ids, and never words that were erased.

Pure functions of what is known of an entry at its own moment, so the same entry always gives the same sentence. The
words of others stand in quotation marks where they are theirs; an indirect claim is a summary, and stands in none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from api.domain.entries import ERASURE
from api.domain.erasure import TEXT as ERASED
from api.domain.record import Body

# Characters of a text within a sentence, and of one that is given in full beside it.
CLIPPED, IN_FULL = 160, 2_000

# Characters that turn the direction of what follows them: left in, a claim's words could reorder the sentence.
_TURNING = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
# Of scripts that are written from right to left: Hebrew to Arabic Extended, and their presentation forms.
_RIGHT_TO_LEFT = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc\U00010800-\U00010fff\U0001e800-\U0001efff]")
_QUOTED = re.compile('["“]([^"“”]+)["”]')
_INVISIBLE = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029]+")


class Said(NamedTuple):
    """A claim: by whom (a name), its words (None where they were erased), and whether they are only a summary."""

    speaker: str
    text: str | None
    indirect: bool = False


class Turn(NamedTuple):
    """That a party (a name) took another position on a question (its text) than before; by their labels."""

    party: str
    question: str
    before: str
    after: str
    certain: bool


class Opposition(NamedTuple):
    """That a party (a name) contradicts itself on a question (its text)."""

    party: str
    question: str


@dataclass(frozen=True, slots=True)
class Facts:
    """What a sentence is made of: the entry's kind and payload (the skeleton of one that was erased), and the names as
    they were right after it.

    `actor` is who wrote the entry; None for the command line. `noun` is what the entry is about ("claim"), `name` the
    name of that party or the text of that question, `renamed` the name that it had before. `earlier` is the payload of
    the verdict that this one supersedes. `said` are the claims concerned: one, or the two of a contradiction.
    """

    kind: str
    noun: str
    payload: Body
    actor: str | None = None
    name: str = ""
    renamed: str | None = None
    parent: str | None = None
    question: str | None = None
    said: tuple[Said, ...] = ()
    earlier: Body | None = None
    turn: Turn | None = None
    opposition: Opposition | None = None


def sentence(facts: Facts) -> str:
    """The sentence, on one line, without a full stop."""
    return _SENTENCES.get(facts.kind, _other)(facts)


def clipped(text: str, most: int = CLIPPED) -> str:
    """A text on one line, cut at a word where it is longer than `most` characters.

    Where it is written from right to left it is set apart, so that it does not reorder what it stands in (Unicode
    Standard Annex 9, isolates).
    """
    line = _INVISIBLE.sub(" ", _TURNING.sub("", text)).strip()
    if len(line) > most:
        cut = line[: most - 1]
        line = (cut.rpartition(" ")[0] if " " in cut[most // 2 :] else cut).rstrip() + "…"
    return f"\u2068{line}\u2069" if _RIGHT_TO_LEFT.search(line) else line


def quoted(text: str) -> str:
    """A text as others wrote it, in quotation marks; where all of it stands in some already, in none but ours."""
    if text == ERASED:
        return text
    whole = _QUOTED.fullmatch(text.strip())
    return f"“{clipped(whole[1] if whole else text)}”"


# --- parties and questions -------------------------------------------------------------------------


def _party_recorded(facts: Facts) -> str:
    under = f", part of {facts.parent}" if facts.parent else ""
    return f"A party was recorded: {facts.name}{under}"


def _party_amended(facts: Facts) -> str:
    if facts.renamed and facts.renamed != facts.name:
        return f"{facts.renamed} is now called {facts.name}"
    if "parent" in facts.payload["changes"]:
        return f"{facts.name} is now part of {facts.parent}" if facts.parent else f"{facts.name} is now part of nobody"
    return f"{facts.name}: the party was amended ({_fields(facts.payload)})"


def _question_opened(facts: Facts) -> str:
    return f"A question was opened: {quoted(facts.name)}"


def _question_amended(facts: Facts) -> str:
    return f"The question {quoted(facts.name)} was amended ({_fields(facts.payload)})"


# --- claims ----------------------------------------------------------------------------------------


def _claim_recorded(facts: Facts) -> str:
    return _turned(facts, "") or f"{facts.said[0].speaker}: {_noun(facts.said[0])} was logged{_words(facts.said[0])}"


def _claim_amended(facts: Facts) -> str:
    said = facts.said[0]
    found = _turned(facts, "After a correction, ")
    return found or f"{said.speaker}: {_noun(said)} was corrected ({_fields(facts.payload)}){_words(said)}"


def _claim_withdrawn(facts: Facts) -> str:
    said = facts.said[0]
    if facts.actor:
        return f"{facts.actor} withdrew {_noun(said)} by {said.speaker} from the record{_words(said)}"
    return f"{said.speaker}: {_noun(said)} was withdrawn from the record{_words(said)}"


def _claim_matched(facts: Facts) -> str:
    one, other = facts.said
    found = {"same": "says the same as", "related": "is related to", "different": "is different from"}
    by = f"{facts.actor} found that " if facts.actor else ""
    told = f"{by}{_referred(one)} {found[facts.payload['relation']]} {_referred(other)}"
    return told[0].upper() + told[1:]


def _turned(facts: Facts, how: str) -> str | None:
    """That the claim reverses or contradicts what its party said; None where it does neither."""
    said, turn = facts.said[0], facts.turn
    if turn:
        verb = "reversed itself" if turn.certain else "may have reversed itself"
        what = f"{turn.party} {verb} on {quoted(turn.question)}, from {quoted(turn.before)} to {quoted(turn.after)}"
    elif facts.opposition:
        what = f"{facts.opposition.party} contradicts itself on {quoted(facts.opposition.question)}"
    else:
        return None
    party = turn.party if turn else facts.opposition.party if facts.opposition else ""
    by = "" if said.speaker == party else f", in {_noun(said)} by {said.speaker}"
    return f"{how}{what}{by}{_words(said)}"


# --- verdicts, assessments, erasures ---------------------------------------------------------------


def _verdict_published(facts: Facts) -> str:
    payload, rating = facts.payload, _rating(facts.payload)
    label = payload.get("label")
    ends = f": {quoted(label)}" if label and label.casefold() != rating else ""
    if rating is None:
        return f"{facts.actor} reviewed {_referred(facts.said[0])}{ends}"
    before = _rating(facts.earlier) if facts.earlier else None
    if before and before != rating:
        return f"{facts.actor} changed its rating of {_referred(facts.said[0])} from {before} to {rating}{ends}"
    again = "again " if facts.earlier else ""
    return f"{facts.actor} {again}rated {_referred(facts.said[0])} {rating}{ends}"


def _verdict_retracted(facts: Facts) -> str:
    return f"{facts.actor} retracted its verdict on {_referred(facts.said[0])}"


def _contradiction_assessed(facts: Facts) -> str:
    speakers = sorted({said.speaker for said in facts.said})
    on = f" on {quoted(facts.question)}" if facts.question else ""
    ruling = {"reversal": "as a reversal", "shift": "as a shift", "consistent": "as consistent"}
    assessed = ruling[facts.payload["assessment"]]
    return f"{facts.actor} assessed two claims by {' and '.join(speakers)}{on} {assessed}"


def _webhook_disabled(facts: Facts) -> str:
    why = "its receiver is gone" if facts.payload["reason"] == "gone" else "its receiver took no message for two days"
    return f"A webhook of {facts.name} was disabled: {why}"


def _erased(facts: Facts) -> str:
    by = {f" by {said.speaker}" for said in facts.said}
    return f"Words of a {facts.noun}{by.pop() if len(by) == 1 else ''} were erased from the record"


def _other(facts: Facts) -> str:
    noun, _, verb = facts.kind.partition(".")
    return f"{noun.replace('_', ' ').capitalize()} {verb.replace('_', ' ')}"


def _noun(said: Said) -> str:
    return "a reported statement" if said.indirect else "a claim"


def _words(said: Said) -> str:
    if said.text is None:
        return ""
    return f": {clipped(said.text) if said.indirect else quoted(said.text)}"


def _referred(said: Said) -> str:
    if said.text is None or said.indirect:
        return f"{_noun(said)} by {said.speaker}"
    return f"{quoted(said.text)} by {said.speaker}"


def _rating(payload: Body) -> str | None:
    rating: str | None = payload.get("rating")
    return rating.replace("_", " ") if rating else None


def _fields(payload: Body) -> str:
    return ", ".join(sorted(name.replace("_", " ") for name in payload["changes"]))


def details(facts: Facts) -> list[str]:
    """What else there is to say of an entry, each a sentence or a paragraph: its reason, its explanation, the words in
    full where the sentence has not all of them."""
    found, line = [], sentence(facts)
    for said in facts.said:
        shown = clipped(said.text or "", IN_FULL)
        if shown not in line:
            found.append(f"{said.speaker}, as reported: {shown}" if said.indirect else f"{said.speaker}: “{shown}”")
    for name in ("explanation", "reason"):
        given = facts.payload.get(name)
        if given and given not in (ERASED, "none"):
            found.append(f"{name.capitalize()}: {clipped(given.replace('_', ' '), IN_FULL)}")
    return found


_SENTENCES: dict[str, Callable[[Facts], str]] = {
    "party.recorded": _party_recorded,
    "party.amended": _party_amended,
    "question.opened": _question_opened,
    "question.amended": _question_amended,
    "claim.recorded": _claim_recorded,
    "claim.amended": _claim_amended,
    "claim.withdrawn": _claim_withdrawn,
    "claim.matched": _claim_matched,
    "verdict.published": _verdict_published,
    "verdict.retracted": _verdict_retracted,
    "contradiction.assessed": _contradiction_assessed,
    "webhook.disabled": _webhook_disabled,
    ERASURE: _erased,
}
