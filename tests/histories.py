"""Random histories: everything that can happen to a record, refused attempts in between, from a seed.

Each step is decided twice, on the store and on a record in memory; both must come to the same event or refusal.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from api import erasing
from api.domain import claims, contradictions, erasure, parties, questions, verdicts
from api.domain.entries import Event
from api.domain.record import Body, Record
from api.errors import Refusal
from api.ledger import Source
from api.storage.sqlite import Database
from schemas.vocabulary import ASSESSMENT_REASONS, ASSESSMENTS, RATINGS, RELATIONS
from tests.memory import Memory
from tests.records import OPERATOR, fixed_source, write_many

ORGANIZATIONS = [f"org-{i}" for i in range(7)]
PERSONS = [f"person-{i}" for i in range(3)]
REVIEWERS = ["org-0", "org-1", "person-0"]
QUESTIONS = ["qa", "qb", "qc"]
POSITIONS = ["no", "yes", "maybe", "unclear"]
TAGS = ["letter", "memo", "internal"]
PUBLISHERS = ["The Daily Sun", "THE DAILY SUN", "Straße", "STRASSE"]
VOCABULARY = [
    "it",
    "is",
    "voluntary",
    "Voluntary",
    "opt-out",
    "covid-19",
    "東京都",
    "café",
    "naïve",
    '"quoted"',
    "<b>",
    "never",
]
NAMES = ["Homeland", "Security", "Voluntary Agency", "Bureau 東京", "Office"]
DATES = [
    None,
    None,
    "2010",
    "2010-09",
    "2010-09-07",
    "2010-09-07",
    "2010-09-08",
    "2010-10",
    "2011-04-22",
    "2009/2011",
    "2010-09/..",
    "../2010-10-02",
    "../..",
    "201X",
    "2010-09-07~",
    "2010-23",
]

Decision = Callable[[Record], Event]
# What happens, and how often.
STEPS = {
    "party": 5,
    "amend_party": 6,
    "question": 2,
    "amend_question": 4,
    "claim": 40,
    "amend_claim": 12,
    "withdraw": 3,
    "verdict": 14,
    "retract": 4,
    "assess": 10,
    "match": 6,
}


class Chronicle:
    """A random history: all that was tried in `decisions`, the record with n entries in `snapshots[n]`.

    `erasing` is how many of a hundred steps erase something. Then the snapshots are of what is left, and `decisions`
    has the others.
    """

    def __init__(self, seed: int, erasing: int = 0) -> None:
        self.chance = random.Random(seed)
        self.erasing = erasing
        self.erased = 0
        self.memory = Memory()
        self.snapshots = [self.memory.snapshot()]
        self.decisions: list[tuple[Decision, str]] = []
        self.refused = 0

    def write(self, database: Database, steps: int, each: Callable[[], None] = lambda: None) -> None:
        """Write so many steps to a database, each in its own turn; `each` is called after every entry."""
        source = fixed_source()
        for i in range(steps):
            if i >= 12 and self.erasing and self.chance.randrange(100) < self.erasing:
                if self._erase(database, source):
                    each()
                continue
            decision, actor = self._first(i) if i < 12 else self._next()
            if self._step(database, decision, actor, source):
                each()

    def _step(self, database: Database, decision: Decision, actor: str, source: Source) -> bool:
        self.decisions.append((decision, actor))
        try:
            expected: Event | Refusal = decision(self.memory)
        except Refusal as refusal:
            expected = refusal
        [outcome] = write_many(database, [(decision, actor)], source)
        if isinstance(outcome, Refusal) or isinstance(expected, Refusal):
            assert (type(outcome), str(outcome)) == (type(expected), str(expected))
            self.refused += 1
            return False
        assert (outcome.kind, outcome.subject, outcome.payload) == (expected.kind, expected.subject, expected.payload)
        self.memory.fold(outcome)
        self.snapshots.append(self.memory.snapshot())
        return True

    def _erase(self, database: Database, source: Source) -> bool:
        subject = self.chance.choice(list(self.memory.numbers))
        about = self.memory.about(subject)
        chosen = [self.chance.choice(about).index] if self.chance.random() < 0.4 else []
        try:
            expected: Event | Refusal = erasure.erase(subject, about, "By order.", chosen)
        except Refusal as refusal:
            expected = refusal
        try:
            entry = erasing.erase(database, subject, "By order.", "org-0", chosen, source=source)
        except Refusal as refusal:
            assert (type(refusal), str(refusal)) == (type(expected), str(expected))
            self.refused += 1
            return False
        assert isinstance(expected, Event)
        assert (entry.kind, entry.subject, entry.payload) == (expected.kind, expected.subject, expected.payload)
        self.snapshots = self.memory.without(entry)
        self.memory = self.snapshots[-1].snapshot()
        self.erased += 1
        return True

    def _first(self, i: int) -> tuple[Decision, str]:
        """Something to begin with: organizations, persons and questions."""
        if i < 9:
            above = self._known(self.memory.parties) if i % 3 else None
            return self._party([*ORGANIZATIONS[:6], *PERSONS][i], {"parent": above} if above else {})
        return self._question(QUESTIONS[i - 9])

    def _next(self) -> tuple[Decision, str]:
        [step] = self.chance.choices(list(STEPS), list(STEPS.values()))
        if not self.memory.claims:
            step = "claim"
        made: tuple[Decision, str] = getattr(self, f"_{step}")()
        return made

    # --- the steps ---------------------------------------------------------------------------------

    def _party(self, party_id: str | None = None, fields: Body | None = None) -> tuple[Decision, str]:
        party_id = party_id or self.chance.choice(ORGANIZATIONS + PERSONS)
        kind = "person" if party_id in PERSONS else "organization"
        body = {"id": party_id, "kind": kind, **self._party_fields()}
        if fields is not None:
            body = {name: value for name, value in body.items() if name != "parent"} | fields
        return lambda known: parties.record(body, known), OPERATOR

    def _party_fields(self) -> Body:
        return self._some(
            {
                "name": " ".join(self.chance.choices(NAMES, k=2)),
                "parent": self._known(self.memory.parties) if self.chance.random() < 0.9 else "nobody",
                "description": self._words(),
                "same_as": ["https://www.wikidata.org/wiki/Q11231"],
            },
            always=("name",),
        )

    def _amend_party(self) -> tuple[Decision, str]:
        party_id = self.chance.choice(list(self.memory.parties))
        body = self.memory.parties[party_id].body
        after = {"id": party_id, "kind": body["kind"], **self._party_fields()}
        if self.chance.random() < 0.4:
            after["name"] = body["name"]
        return lambda known: parties.amend(known.party(party_id), after, "It moved.", known), OPERATOR  # type: ignore[arg-type]

    def _question(self, question_id: str | None = None) -> tuple[Decision, str]:
        body = {
            "id": question_id or self.chance.choice(QUESTIONS),
            "text": self._words(),
            "positions": self._positions(2),
        }
        return lambda known: questions.record(body, known), OPERATOR

    def _positions(self, least: int) -> list[Body]:
        ids = POSITIONS[: self.chance.randint(max(least, 2), 4)]
        self.chance.shuffle(ids)
        opposing = self.chance.sample(ids, k=self.chance.randint(2, len(ids)))
        return [{"id": name, "label": name.title(), "neutral": name not in opposing} for name in ids]

    def _amend_question(self) -> tuple[Decision, str]:
        question_id = self.chance.choice(list(self.memory.questions))
        before = self.memory.questions[question_id].body
        positions = self._positions(len(before["positions"]) - (self.chance.random() < 0.2))
        after = {**before, "positions": positions, "text": self._words()}
        return lambda known: questions.amend(known.question(question_id), after, "Clearer."), OPERATOR  # type: ignore[arg-type]

    def _claim(self) -> tuple[Decision, str]:
        claim_id = self._id()
        body = {"text": self._words(), **self._claim_fields()}
        if self.chance.random() < 0.5:
            body["id"] = claim_id
        return lambda known: claims.record(body, claim_id, known), OPERATOR

    def _claim_fields(self) -> Body:
        chance = self.chance
        attribution = self._some(
            {
                "speaker": chance.choice(ORGANIZATIONS + PERSONS),
                "on_behalf_of": chance.choice(ORGANIZATIONS),
                "role": "spokesman",
                "reported_through": chance.choice(ORGANIZATIONS),
            },
            always=("speaker",),
        )
        stances = [
            {"question": question, "position": chance.choice(POSITIONS[:2] * 3 + POSITIONS)}
            | self._some({"reasoning": self._words()})
            for question in chance.sample(QUESTIONS, k=chance.choice([0, 1, 1, 1, 2, 3]))
        ]
        return self._some(
            {
                "wording": chance.choice(["direct", "document", "indirect"]),
                "attribution": attribution,
                "appearances": [self._appearance() for _ in range(chance.randint(1, 3))],
                "language": "en",
                "stated_on": chance.choice(DATES),
                "disclosed_on": chance.choice(DATES) if chance.random() < 0.4 else None,
                "context": self._words(),
                "variants": [{"text": self._words()} | self._some({"url": "https://a.example/", "note": "Typo."})],
                "stances": stances,
                "tags": chance.sample(TAGS, k=chance.randint(1, 3)),
            },
            always=("wording", "attribution", "appearances", "stances", "stated_on"),
        )

    def _appearance(self) -> Body:
        return self._some(
            {
                "url": "https://news.example/1",
                "title": self._words(),
                "publisher": self.chance.choice(PUBLISHERS),
                "author": "A. Writer",
                "published_on": "2010-09",
                "archived_url": "https://archive.example/1",
                "quote": {"exact": self._words()},
            },
            always=("url",),
        )

    def _amend_claim(self) -> tuple[Decision, str]:
        claim_id = self._known(self.memory.claims)
        before = self.memory.claims[claim_id].body
        fields = {"text": self._words(), **self._claim_fields()}
        chosen = self.chance.sample(
            ["text", "stated_on", "stances", "tags", "attribution", "disclosed_on", "context"], k=2
        )
        changes = {name: fields.get(name) for name in chosen}
        after = {name: value for name, value in (before | changes).items() if value is not None}
        return lambda known: claims.amend(known.claim(claim_id), after, "Corrected.", known), OPERATOR  # type: ignore[arg-type]

    def _withdraw(self) -> tuple[Decision, str]:
        claim_id = self._known(self.memory.claims)
        return lambda known: claims.withdraw(known.claim(claim_id), "A forgery."), "org-0"  # type: ignore[arg-type]

    def _verdict(self) -> tuple[Decision, str]:
        claim_id, verdict_id = self._known(self.memory.claims), self._id()
        claim = self.memory.claims[claim_id]
        reviewer = self.chance.choice(REVIEWERS)
        own = [verdict for verdict in claim.standing if verdict.reviewer == reviewer or self.chance.random() < 0.1]
        body = self._some(
            {
                "rating": self.chance.choice(RATINGS),
                "evidence": [self._appearance()],
                "label": "Pants on Fire",
                "explanation": self._words(),
                "url": "https://desk.example/1",
                "title": self._words(),
                "author": "A. Checker",
                "reviewed_on": "2011",
                "language": "en",
            },
            always=("rating", "evidence"),
        )
        if own and self.chance.random() < 0.9:
            body["supersedes"] = own[0].id
        if self.chance.random() < 0.2:
            body["claim_revision"] = self.chance.choice([claim.text_revision, claim.stamp.revision, 0, 10_000])

        def decision(known: Record) -> Event:
            state = known.claim(claim_id)
            assert state
            claims.refuse_withdrawn(state)
            return verdicts.publish(state, body, verdict_id, reviewer, known)

        return decision, reviewer

    def _retract(self) -> tuple[Decision, str]:
        known_verdicts = {verdict.id: verdict for claim in self.memory.claims.values() for verdict in claim.verdicts}
        if not known_verdicts:
            return self._claim()
        verdict_id = self._known(known_verdicts)
        reviewer = known_verdicts[verdict_id].reviewer if self.chance.random() < 0.8 else "org-0"

        def decision(known: Record) -> Event:
            claim = known.claim_of_verdict(verdict_id)
            assert claim
            return verdicts.retract(claim, verdict_id, "It was wrong.", reviewer)

        return decision, reviewer

    def _match(self) -> tuple[Decision, str]:
        one, other = self._known(self.memory.claims), self._known(self.memory.claims)
        relation, reviewer = self.chance.choice(RELATIONS), self.chance.choice(REVIEWERS)
        return lambda known: claims.match(known.claim(one), known.claim(other), relation), reviewer  # type: ignore[arg-type]

    def _assess(self) -> tuple[Decision, str]:
        reviewer = self.chance.choice(REVIEWERS)
        pair = [self._known(self.memory.claims), self._known(self.memory.claims)]
        if pair[0] == pair[1]:
            return self._claim()
        opposed = [
            (one.id, other.id)
            for one in self.memory.claims.values()
            for other in self.memory.claims.values()
            if contradictions.opposition(one, other, self.memory)
        ]
        if opposed and self.chance.random() < 0.8:
            pair = list(self.chance.choice(opposed))
        body = self._some(
            {
                "claims": pair,
                "assessment": self.chance.choice(ASSESSMENTS),
                "question": self.chance.choice(QUESTIONS) if self.chance.random() < 0.3 else None,
                "reason": self.chance.choice(ASSESSMENT_REASONS),
                "explanation": self._words(),
                "evidence": [self._appearance()],
            },
            always=("claims", "assessment"),
        )
        return lambda known: contradictions.assess(body, reviewer, known), reviewer

    # --- chance ------------------------------------------------------------------------------------

    def _some(self, fields: Body, always: tuple[str, ...] = ()) -> Body:
        """Some of the fields, those in `always` always; what is None is left out."""
        return {
            name: value
            for name, value in fields.items()
            if value is not None and (name in always or self.chance.random() < 0.4)
        }

    def _words(self) -> str:
        return " ".join(self.chance.choices(VOCABULARY, k=self.chance.randint(1, 5)))

    def _id(self) -> str:
        # Not in the order of time: nothing may depend on ids being so.
        return "01" + "".join(self.chance.choices("0123456789ABCDEFGHJKMNPQRSTVWXYZ", k=24))

    def _known(self, states: dict[str, Any]) -> str:
        return self.chance.choice(list(states)) if states else "nobody"
