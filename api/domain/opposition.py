"""Whether two sentences may say opposite things, told by their words alone: a word that one of them negates, words that
are opposites of each other, other numbers or other dates for the same thing. Pure functions.

It is a suggestion with its reason, not a ruling: the same words can mean another thing. English.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import NamedTuple

from api.domain.stems import stems
from api.domain.stop_words import STOP_WORDS
from api.domain.words import plain

# Of the words that say what a sentence is about, what part two sentences share at least, of the longer one.
SHARED = 0.5
# Of sentences that differ in a number or a date: what part.
SAME_THING = 0.75
# A negation reaches to the end of its clause, and over no more words than these.
REACH = 8
# How far one position is ahead of the others where a sentence seems to take it.
CLEARLY = 2

# Each line has words of which those on the left say the opposite of those on the right. docs/matching.md has them, too.
ANTONYMS = """
voluntary optional elective | mandatory compulsory obligatory required require requires must forced
can may able allowed allows permitted | cannot unable forbidden forbids prohibited barred
always | never
all every everyone | none nobody
rise rises rose increase increased increases grow grew grown | fall falls fell decrease decreased decreases drop dropped
up higher | down lower
true accurate correct | false untrue inaccurate incorrect wrong
legal lawful | illegal unlawful
safe | unsafe dangerous
support supports supported | oppose opposes opposed
approve approved approves | reject rejected rejects
accept accepted accepts | refuse refused refuses
include includes included | exclude excludes excluded
start starts started begin began begun | stop stops stopped end ends ended
open opens opened | close closes closed
win wins won | lose loses lost
more | less fewer
before | after
guilty | innocent
possible | impossible
succeed succeeds succeeded success | fail fails failed failure
join joins joined | leave leaves left
"""

_NEGATING = """
not no never none nobody nothing neither nor cannot without nowhere deny denies denied
"""
NEGATIONS = frozenset(_NEGATING.split())
_MONTHS = """
january february march april june july august september october november december
"""
MONTHS = frozenset(_MONTHS.split())

_CONTRACTED = re.compile(r"n['’]t\b")
_PARTS = re.compile(r"[$€£]?\d+(?:[.,]\d+)*%?|[^\W\d_]+|[.,;:!?()\n]")
_CLAUSE_ENDS = frozenset((*".,;:!?()\n", "but", "although", "while", "whereas"))
_YEAR = re.compile(r"(1[89]|20)\d\d")


class Reason(NamedTuple):
    """Why a sentence may contradict another: `kind` is "negation", "antonym", "number" or "date", and the words are
    those of the one and of the other that oppose."""

    kind: str
    ours: str
    theirs: str


class Said(NamedTuple):
    """What is compared of a sentence.

    `content` has the stems of what it is about and the word that each stands for, `words` those of all, in the order of
    the sentence, and `negated` the stems that an odd number of negations reach.
    """

    content: dict[str, str]
    words: dict[str, str]
    negated: frozenset[str]
    numbers: frozenset[str]
    dates: frozenset[str]


def said(text: str) -> Said:
    """What is compared of a sentence."""
    parts = _PARTS.findall(_CONTRACTED.sub(" not", plain(text)))
    words = [part for part in parts if part[0].isalpha() and part not in NEGATIONS]
    stemmed = dict(zip(words, stems(words), strict=True))
    found = {stemmed[word]: word for word in words}
    figures = [part for part in parts if part[-1].isdigit() or part[-1] == "%"]
    numbers = frozenset(figure.strip("$€£%").replace(",", "") for figure in figures)
    dates = frozenset(number for number in numbers if _YEAR.fullmatch(number)) | MONTHS.intersection(words)
    content = {stem: word for stem, word in found.items() if word not in STOP_WORDS and word not in MONTHS}
    return Said(content, found, _negated(parts, stemmed), numbers - dates, dates)


def opposed(one: Said, other: Said) -> Reason | None:
    """Why one sentence may contradict the other; None where nothing of it can be seen, or where they have too little in
    common to be about the same thing."""
    share = _shared(one, other)
    if share < SHARED:
        return None
    opposites = list(_opposites(one, other))
    for ours, theirs in opposites:
        if (ours in one.negated) == (theirs in other.negated):
            return Reason("antonym", one.words[ours], other.words[theirs])
    if opposites:
        return None  # "not voluntary" and "mandatory": each says what the other says
    return _by_negation(one, other) or (_by_figures(one, other) if share >= SAME_THING else None)


def leaning(sentence: Said, positions: Mapping[str, str]) -> str | None:
    """The position that a sentence seems to take, of those that a question's positions are said to mean.

    In: the label and the meaning of each position that is not neutral, by its id. Out: the one whose words the sentence
    has, or words on the same side of an opposite, negated as they are there; None where no position is clearly ahead.
    """
    scores = {position: _agreement(sentence, said(meaning)) for position, meaning in positions.items()}
    first, *others = sorted(scores.values(), reverse=True) or [0]
    if first <= 0 or (others and first - others[0] < CLEARLY):
        return None
    return max(scores, key=lambda position: scores[position])


def _agreement(one: Said, other: Said) -> int:
    """How many words of a sentence stand in another with the same sense, less those with the opposite one. Words that
    have opposites are compared by their side, and count twice."""
    total = 0
    for stem in one.content.keys() & other.content.keys() - SIDES.keys():
        total += 1 if (stem in one.negated) == (stem in other.negated) else -1
    ours, theirs = _sides(one), _sides(other)
    for line in ours.keys() & theirs.keys():
        total += 2 if ours[line] == theirs[line] else -2
    return total


def _sides(sentence: Said) -> dict[int, bool]:
    """On which side of which opposites a sentence stands, negations reckoned in; those aside on which it has both."""
    found: dict[int, set[bool]] = {}
    for stem in sentence.words.keys() & SIDES.keys():
        for line, left in SIDES[stem]:
            found.setdefault(line, set()).add(left != (stem in sentence.negated))
    return {line: sides.pop() for line, sides in found.items() if len(sides) == 1}


def _shared(one: Said, other: Said) -> float:
    """How much of the longer sentence's content is in the other one's, words that have opposites left aside."""
    ours, theirs = one.content.keys() - SIDES.keys(), other.content.keys() - SIDES.keys()
    # Where either is about nothing else, the opposites decide.
    return len(ours & theirs) / max(len(ours), len(theirs)) if ours or theirs else 1.0


def _opposites(one: Said, other: Said) -> Iterator[tuple[str, str]]:
    """The stems of words that are opposites, of which each sentence has one and not the other."""
    ours = [stem for stem in one.words if stem in SIDES and stem not in other.words]
    theirs = [stem for stem in other.words if stem in SIDES and stem not in one.words]
    for stem, opposite in product(ours, theirs):
        if any((line, not left) in SIDES[opposite] for line, left in SIDES[stem]):
            yield stem, opposite


def _by_negation(one: Said, other: Said) -> Reason | None:
    """The first word of both that one of them negates, where the other negates nothing that the first does not."""
    common = [stem for stem in one.content if stem in other.content]
    differing = [stem for stem in common if (stem in one.negated) != (stem in other.negated)]
    negating = {stem in one.negated for stem in differing}
    if len(negating) != 1:
        return None
    ours, theirs = one.content[differing[0]], other.content[differing[0]]
    return Reason("negation", f"not {ours}", theirs) if negating.pop() else Reason("negation", ours, f"not {theirs}")


def _by_figures(one: Said, other: Said) -> Reason | None:
    """Other numbers, or other dates, in sentences that say the same otherwise. With both it may be what has become of
    the same thing since."""
    figures = ("number", one.numbers, other.numbers), ("date", one.dates, other.dates)
    differing = [figure for figure in figures if figure[1] - figure[2] and figure[2] - figure[1]]
    if len(differing) != 1:
        return None
    kind, ours, theirs = differing[0]
    return Reason(kind, ", ".join(sorted(ours - theirs)), ", ".join(sorted(theirs - ours)))


def _negated(parts: list[str], stemmed: dict[str, str]) -> frozenset[str]:
    """The stems of the words that an odd number of negations reach."""
    found: set[str] = set()
    reach: list[int] = []
    for part in parts:
        if part in _CLAUSE_ENDS:
            reach = []
        elif part in NEGATIONS:
            reach.append(REACH)
        elif part in stemmed:
            if len(reach) % 2:
                found.add(stemmed[part])
            reach = [left - 1 for left in reach if left > 1]
    return frozenset(found)


def _of_antonyms(lines: Iterable[str]) -> dict[str, frozenset[tuple[int, bool]]]:
    found: dict[str, set[tuple[int, bool]]] = {}
    for number, line in enumerate(lines):
        left, _, right = line.partition("|")
        for side, words in ((True, left), (False, right)):
            for stem in stems(words.split()):
                found.setdefault(stem, set()).add((number, side))
    return {stem: frozenset(sides) for stem, sides in found.items()}


# The stem of each word that has opposites: in which lines, and whether on the left of them.
SIDES = _of_antonyms(ANTONYMS.strip().splitlines())
