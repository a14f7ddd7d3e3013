"""Claims: words on record, their corrections, their withdrawal, and the status that verdicts give them."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, replace
from hashlib import sha256

from api.domain.entries import Entry, Event
from api.domain.parties import taken
from api.domain.record import Body, Record, Stamp, changed, changes_between
from api.domain.verdicts import GONE, Verdict, digest, with_verdict_entry
from api.errors import ClaimWithdrawn, DuplicateClaim, FieldError, InvalidRequest
from schemas.vocabulary import RATING_SIDES


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """Why, when and by whom a claim was withdrawn."""

    reason: str
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Relation:
    """What another claim is to this one ("same", "related" or "different"), when that was said and by which party."""

    claim: str
    relation: str
    at: str
    by: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as it stands, with every verdict that it ever had, oldest first.

    `words` is what its words are known as: their SHA-256 in hex, by which a reader can tell what a verdict judged.
    Erased words have no hash, since short ones could be guessed from it; they are known by the number of the entry that
    first had them.
    """

    id: str
    body: Body
    words: str
    text_revision: int
    stamp: Stamp
    verdicts: tuple[Verdict, ...] = ()
    withdrawn: Withdrawal | None = None
    relations: tuple[Relation, ...] = ()

    @property
    def url(self) -> str:
        return f"/v1/claims/{self.id}"

    @property
    def text_sha256(self) -> str | None:
        return digest(self.words)

    @property
    def standing(self) -> list[Verdict]:
        """The verdicts that count: neither superseded nor retracted."""
        return [verdict for verdict in self.verdicts if verdict.status == "standing"]

    @property
    def status(self) -> str:
        """What the reviewers' standing verdicts say together; stale ones still count, withdrawal wins over all."""
        if self.withdrawn:
            return "withdrawn"
        sides = {RATING_SIDES[verdict.rating] for verdict in self.standing if verdict.rating}
        if not sides:
            return "unreviewed"
        return sides.pop() if len(sides) == 1 else "disputed"

    @property
    def stale(self) -> bool:
        """Whether a standing verdict judged words that the claim no longer has."""
        return any(verdict.judged != self.words for verdict in self.standing)

    @property
    def stances(self) -> list[Body]:
        """The positions that the claim takes: none once it is withdrawn."""
        return [] if self.withdrawn else self.body.get("stances", [])


def record(body: Body, claim_id: str, known: Record, printed: bytes | None = None) -> Event:
    """Decide that a claim is recorded under `claim_id`. `printed` is its fingerprint, where that was worked out before.
    Raises InvalidRequest, IdTaken, DuplicateClaim."""
    if known.claim(claim_id):
        raise taken("claim", claim_id, f"/v1/claims/{claim_id}")
    _check_references(body, known)
    _refuse_twin(printed or fingerprint(body), known)
    return Event("claim.recorded", f"claim/{claim_id}", body | {"id": claim_id})


def amend(claim: Claim, after: Body, reason: str, known: Record) -> Event:
    """Decide that a claim's fields become those of `after`. Raises ClaimWithdrawn besides what `record` raises."""
    refuse_withdrawn(claim)
    changes = changes_between(claim.body, after)
    if "id" in changes:
        raise InvalidRequest.of("/id", "The id of a claim cannot be changed: record another claim.", "immutable")
    _check_references(after, known)
    printed = fingerprint(after)
    if printed != fingerprint(claim.body):
        _refuse_twin(printed, known)
    return Event("claim.amended", f"claim/{claim.id}", {"changes": changes, "reason": reason})


def withdraw(claim: Claim, reason: str) -> Event:
    """Decide that a claim is withdrawn: it stays on record, but counts in no timeline and no contradiction."""
    refuse_withdrawn(claim)
    return Event("claim.withdrawn", f"claim/{claim.id}", {"reason": reason})


def match(claim: Claim, other: Claim, relation: str) -> Event:
    """Decide what another claim is to this one: each is the same to the other. What a party said of the two before is
    replaced. Raises ClaimWithdrawn, and InvalidRequest for a claim and itself."""
    if claim.id == other.id:
        raise InvalidRequest.of("/claim", "A claim cannot be matched with itself: name another claim.", "duplicate")
    refuse_withdrawn(claim)
    refuse_withdrawn(other)
    return Event("claim.matched", f"claim/{claim.id}", {"claim": other.id, "relation": relation})


def evolve(claim: Claim | None, entry: Entry) -> Claim:
    """The claim after one entry of its history: its own entries, those of the verdicts on it, and those of others that
    were matched with it."""
    payload = entry.payload
    if claim is None:
        return Claim(payload["id"], payload, _words(payload["text"], entry), entry.index, Stamp.first(entry))
    stamp = claim.stamp.next(entry)
    if entry.kind == "claim.amended":
        return _amended(replace(claim, body=changed(claim.body, payload["changes"]), stamp=stamp), entry)
    if entry.kind == "claim.withdrawn":
        return replace(claim, withdrawn=Withdrawal(payload["reason"], entry.recorded_at, entry.actor), stamp=stamp)
    if entry.kind == "claim.matched":
        return replace(claim, relations=_related(claim, entry), stamp=stamp)
    if entry.subject.startswith("claim/"):
        # Erased: the documents of its verdicts, which have the hash of its words, are made anew as well.
        return replace(claim, verdicts=_touched(claim, entry), stamp=stamp)
    # What was erased of a verdict is said in the verdict.
    stamp = replace(stamp, erased=claim.stamp.erased)
    return replace(claim, verdicts=with_verdict_entry(claim.verdicts, entry, claim.words), stamp=stamp)


def text_hash(text: str) -> str:
    """SHA-256 of the words as UTF-8, in hex: what a verdict says it judged."""
    return sha256(text.encode()).hexdigest()


def fingerprint(body: Body) -> bytes:
    """What two records of one utterance have in common: its words but for case, spacing and quotation marks,
    speaker, date."""
    # Unit separators, since none of the three parts can hold one: "a" by "bc" is not "ab" by "c".
    parts = (comparable(body["text"]), body["attribution"]["speaker"], body.get("stated_on", ""))
    return sha256("\x1f".join(parts).encode()).digest()[:16]


def comparable(text: str) -> str:
    """Words but for case, spacing, and quotation marks and full stops around them."""
    words = unicodedata.normalize("NFKC", text).casefold()
    return " ".join(words.strip(" \t\r\n\"'“”‘’«»„.").split())


def refuse_withdrawn(claim: Claim) -> None:
    """Raise ClaimWithdrawn where the claim is."""
    if claim.withdrawn:
        raise ClaimWithdrawn(
            f"Claim {claim.id} was withdrawn at {claim.withdrawn.at}: nothing more can be said of it. Record it anew."
        )


def _amended(claim: Claim, entry: Entry) -> Claim:
    if "text" not in entry.payload["changes"]:
        return claim
    # A verdict's document says whether it is stale, so a change of the words is a new version of it too.
    words = _words(claim.body["text"], entry)
    return replace(claim, words=words, text_revision=entry.index, verdicts=_touched(claim, entry))


def _related(claim: Claim, entry: Entry) -> tuple[Relation, ...]:
    named = entry.payload["claim"]
    other = entry.subject.removeprefix("claim/") if named == claim.id else named
    kept = [known for known in claim.relations if (known.claim, known.by) != (other, entry.actor)]
    return (*kept, Relation(other, entry.payload["relation"], entry.recorded_at, entry.actor))


def _touched(claim: Claim, entry: Entry) -> tuple[Verdict, ...]:
    return tuple(replace(verdict, revision=entry.index) for verdict in claim.verdicts)


def _words(text: str, entry: Entry) -> str:
    if entry.erased is None:
        return text_hash(text)
    return f"{GONE}{entry.payload.get('words_of', entry.index)}"


def _check_references(body: Body, known: Record) -> None:
    errors = []
    for role in ("speaker", "on_behalf_of", "reported_through"):
        party_id = body["attribution"].get(role)
        if party_id and not known.party(party_id):
            detail = f"No party '{party_id}' is recorded: record it first with POST /v1/parties."
            errors.append(FieldError(f"/attribution/{role}", detail, "unknown-party"))
    for i, stance in enumerate(body.get("stances", [])):
        question = known.question(stance["question"])
        if question is None:
            detail = f"No question '{stance['question']}' is open: open it first with POST /v1/questions."
            errors.append(FieldError(f"/stances/{i}/question", detail, "unknown-question"))
        elif stance["position"] not in question.positions:
            known_ones = ", ".join(question.positions)
            detail = f"'{stance['position']}' is no position of '{question.id}': choose one of {known_ones}."
            errors.append(FieldError(f"/stances/{i}/position", detail, "unknown-position"))
    if errors:
        raise InvalidRequest("The claim refers to what is not on record.", errors=errors)


def _refuse_twin(printed: bytes, known: Record) -> None:
    twin = known.twin(printed)
    if twin:
        url = f"/v1/claims/{twin}"
        raise DuplicateClaim(
            f"The same words by the same speaker on the same date are on record at {url}: correct that claim instead.",
            members={"existing": url},
        )
