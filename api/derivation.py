"""What follows from an entry: documents, rows of lists and timelines, the feed. The write path and a rebuild
both come through here.

`derive` is given each entry once, in order, right after it is in the log, and brings every derived table up to it.
"""

from __future__ import annotations

from collections.abc import Iterable

from api import documents, drafts
from api.domain import claims, contradictions, names, parties, questions, reviewed, verdicts
from api.domain.claims import Claim
from api.domain.contradictions import pair_of
from api.domain.entries import ERASURE, Entry
from api.domain.parties import Party, above, members
from api.domain.record import Body, Record, Stamp
from api.domain.verdicts import Verdict, claim_of
from api.drafts import Draft
from api.history import History
from api.projection import RECORDED, Placement, Whose, own, placement, statements_of, whose, words_of
from api.storage import lists, log, pairs, review_pages, search, statements
from schemas.dates import UNDATED, Bounds

# Facets, and the days that their rows have.
Dated = tuple[frozenset[str], Bounds]
NOWHERE: Dated = (frozenset(), UNDATED)


def derive(history: History, entry: Entry, drafted: Draft | None = None) -> None:
    """Bring the derived tables up to an entry that was just appended (or is being replayed).

    `drafted` is what was worked out beforehand of a claim that the entry records. An erasure makes a new version of
    its subject, so that whoever has the old one learns of it; that the older versions are made anew as well is the
    business of `api.erasing`.
    """
    if drafted is not None:
        _drafted(history, entry, drafted)
    else:
        _DERIVERS[entry.subject.split("/")[0]](history, entry)


def _party(history: History, entry: Entry) -> None:
    party_id = entry.subject.removeprefix("party/")
    before = history.party(party_id)
    after = parties.evolve(before, entry)
    moved = before is not None and (before.name != after.name or before.parent != after.parent)
    affected = list(history.claims_of(party_id)) if moved else []
    # Each claim under the party is placed twice, as it was and as it is now; the party's old state is needed
    # for the first.
    placed = [_place(claim, history) for claim in affected]
    left = [party.id for party in above(before, history)] if before else []
    history.remember(entry.subject, after)
    _listed(history, entry, "parties", documents.party(after), new=before is None)
    _replace_names(history, history.number_for(entry.subject, entry.index), before, after)
    for claim, was in zip(affected, placed, strict=True):
        _replace(history, claim, was, _place(claim, history), entry.index)
    # Those above it before, too: whoever follows them has to hear that it left.
    concerned = {party_id, *left, *(party.id for party in above(after, history))}
    _tell(history, entry, [f"party={party}" for party in concerned])


def _question(history: History, entry: Entry) -> None:
    question_id = entry.subject.removeprefix("question/")
    before = history.question(question_id)
    after = questions.evolve(before, entry)
    history.remember(entry.subject, after)
    _listed(history, entry, "questions", documents.question(after), new=before is None)
    _tell(history, entry, [f"question={question_id}"])


def _claim(history: History, entry: Entry) -> None:
    claim_id = claim_of(entry) if entry.subject.startswith("verdict/") else entry.subject.removeprefix("claim/")
    subject = f"claim/{claim_id}"
    before = history.claim(claim_id)
    after = claims.evolve(before, entry)
    was = _place(before, history) if before else None
    now = _place(after, history)
    history.remember(subject, after)
    number = history.number_for(subject, entry.index)
    log.add_history(history.db, number, entry.index)
    log.add_document(history.db, number, entry.index, documents.claim(after), documents.excerpt(after))
    _verdicts(history, after, entry)
    _replace(history, after, was, now, entry.index)
    # Whoever follows a party or question that the claim leaves has to hear of that, too.
    belongs = {facet for placed in (was, now) if placed for facet in placed.facets if facet.startswith("party=")}
    stances = [stance for state in (before, after) if state for stance in state.body.get("stances", [])]
    facets = belongs | {f"question={stance['question']}" for stance in stances}
    if entry.subject.startswith("verdict/"):
        facets.add(f"reviewer={verdicts.find(after, entry.subject.removeprefix('verdict/')).reviewer}")
    if entry.kind == "claim.matched":
        facets |= _matched(history, entry, entry.payload["claim"])
    _tell(history, entry, facets, claim_id, before.status if before else None, after.status)


def _matched(history: History, entry: Entry, other_id: str) -> set[str]:
    """A new version of the claim that an entry about another one matches with it. Out: who is to be told of that."""
    subject = f"claim/{other_id}"
    before = history.claim(other_id)
    other = claims.evolve(before, entry)
    history.remember(subject, other)
    number = history.number_for(subject, entry.index)
    log.add_history(history.db, number, entry.index)
    log.add_document(history.db, number, entry.index, documents.claim(other), documents.excerpt(other))
    parties = {f"party={member.party}" for member in _place(other, history).members}
    return parties | {f"question={stance['question']}" for stance in other.body.get("stances", [])}


def _drafted(history: History, entry: Entry, drafted: Draft) -> None:
    """What `_claim` does for a claim that is recorded, at a third of the cost: the state of a claim that is new is
    known without folding it, and what it is placed by was worked out beforehand. A test compares every row of the
    two."""
    db, index, its, payload = history.db, entry.index, drafted.own, entry.payload
    by = _whose(history, payload["attribution"])
    history.outdate(entry.subject)
    number = history.number_for(entry.subject, index)
    log.add_history(db, number, index)
    log.add_document(db, number, index, drafts.document(drafted, Stamp.first(entry)), drafted.excerpt)
    lists.open_facets(db, history.terms({*RECORDED, *its.facets, *by.facets}), number, index, its.stated)
    stances = tuple([(stance["question"], stance["position"]) for stance in payload.get("stances", ())])
    if stances:
        key = (*_speakers(payload["attribution"]), stances)
        rows = history.of_parties(key, lambda: _looked_up(history, statements_of(by, stances)))
        statements.open_statements(db, rows, number, index, its.stated, its.disclosed)
    statements.add_profile(db, number, index, by.members, stances, its.stated)
    search.add(db, number, index, words_of(its, by), first=True)
    history.printed(its.fingerprint, number)
    facets = {*by.facets, *[f"question={question}" for question, _ in stances]}
    _tell(history, entry, facets, drafted.id, None, "unreviewed")


def _place(claim: Claim, history: History) -> Placement:
    return placement(claim, own(claim), _whose(history, claim.body["attribution"]))


def _whose(history: History, attribution: Body) -> Whose:
    return history.of_parties(_speakers(attribution), lambda: whose(attribution, history))


def _speakers(attribution: Body) -> tuple[str, str | None]:
    return attribution["speaker"], attribution.get("on_behalf_of")


def _verdicts(history: History, claim: Claim, entry: Entry) -> None:
    """New versions of the verdicts that an entry touched: its own, the one it supersedes, those that it made stale."""
    for verdict in claim.verdicts:
        if verdict.revision != entry.index:
            continue
        subject = f"verdict/{verdict.id}"
        number = history.number_for(subject, entry.index)
        log.add_document(history.db, number, entry.index, documents.verdict(verdict, claim))
        published = number == entry.index + 1
        if published:
            _list(history, f"verdicts={claim.id}", number, entry.index)
        _page(history, verdict, number, published)


def _page(history: History, verdict: Verdict, number: int, published: bool) -> None:
    """The page that a verdict was published on has it for as long as it stands."""
    url = verdict.body.get("url")
    if url is None:
        return
    if verdict.status != "standing":
        review_pages.remove(history.db, reviewed.page(url, verdict.reviewer), number)
    elif published:
        review_pages.add(history.db, reviewed.page(url, verdict.reviewer), number, reviewed.site(url))


def _contradiction(history: History, entry: Entry) -> None:
    one, other = pair_of(*entry.subject.removeprefix("contradiction/").split(":"))
    after = contradictions.evolve(history.pair(one, other), entry)
    history.remember(entry.subject, after)
    number = history.number_for(entry.subject, entry.index)
    log.add_history(history.db, number, entry.index)
    log.add_document(history.db, number, entry.index, documents.assessments(after.assessments))
    pairs.put(history.db, (one, other), number, entry.index, after.status)
    sides = [claim for claim in (history.claim(one), history.claim(other)) if claim]
    facets = {f"party={party}" for party in _shared(sides, history)}
    told = [one["payload"] for one in entry.payload["entries"]] if entry.kind == ERASURE else [entry.payload]
    facets |= {f"question={payload['question']}" for payload in told if "question" in payload}
    facets |= {f"reviewer={payload['reviewer']}" for payload in told}
    _tell(history, entry, facets)


def _webhook(history: History, entry: Entry) -> None:
    """Nothing is on record of a subscription but that it was disabled: there is no document, and its owner hears."""
    number = history.number_for(entry.subject, entry.index)
    log.add_history(history.db, number, entry.index)
    told = [one["payload"] for one in entry.payload["entries"]] if entry.kind == ERASURE else [entry.payload]
    owners = [history.party(payload["party"]) for payload in told]
    concerned = {party.id for owner in owners if owner for party in (owner, *above(owner, history))}
    _tell(history, entry, [f"party={party}" for party in concerned])


def _shared(sides: list[Claim], known: Record) -> set[str]:
    return set.intersection(*({m.party for m in members(claim.body["attribution"], known)} for claim in sides))


def _listed(history: History, entry: Entry, facet: str, body: bytes, new: bool) -> None:
    number = history.number_for(entry.subject, entry.index)
    log.add_history(history.db, number, entry.index)
    log.add_document(history.db, number, entry.index, body)
    if new:
        _list(history, facet, number, entry.index)


def _list(history: History, facet: str, number: int, since: int) -> None:
    lists.open_facets(history.db, [history.term(facet)], number, since, UNDATED)


def _replace(history: History, claim: Claim, was: Placement | None, now: Placement, index: int) -> None:
    """Close the rows of a claim that no longer hold and open those that do now; rows that stay the same are
    left alone."""
    if was == now:
        return
    number = history.number_for(f"claim/{claim.id}", index)
    stated = (was.facets, was.stated) if was else NOWHERE
    _replace_facets(history, number, stated, (now.facets, now.stated), index)
    reviews = (was.reviews, was.newest) if was else NOWHERE
    _replace_facets(history, number, reviews, (now.reviews, now.newest), index)
    _replace_statements(history, number, was, now, index)
    if was is None or (was.members, was.stances, was.stated) != (now.members, now.stances, now.stated):
        statements.add_profile(history.db, number, index, now.members, now.stances, now.stated)
    if was is None or was.words != now.words:
        search.add(history.db, number, index, now.words, first=was is None)
    if was is None or was.fingerprint != now.fingerprint:
        _replace_fingerprint(history, number, was.fingerprint if was else None, now.fingerprint)


def _replace_facets(history: History, number: int, was: Dated, now: Dated, index: int) -> None:
    (before, then), (after, dates) = was, now
    kept = before & after if then == dates else frozenset()
    if before - kept:
        lists.close_facets(history.db, history.terms(before - kept), number, index)
    if after - kept:
        lists.open_facets(history.db, history.terms(after - kept), number, index, dates)


def _replace_statements(history: History, number: int, was: Placement | None, now: Placement, index: int) -> None:
    before, after = was.statements if was else frozenset(), now.statements
    same_dates = was is not None and (was.stated, was.disclosed) == (now.stated, now.disclosed)
    kept = before & after if same_dates else frozenset()
    if was and before - kept:
        statements.close_statements(history.db, _numbered(history, before - kept), number, index, was.stated)
    if after - kept:
        statements.open_statements(
            history.db, _numbered(history, after - kept), number, index, now.stated, now.disclosed
        )


def _replace_fingerprint(history: History, number: int, was: bytes | None, now: bytes | None) -> None:
    if was:
        history.db.execute("DELETE FROM fingerprints WHERE fingerprint = :was AND no = :no", {"was": was, "no": number})
    if now:
        history.printed(now, number)


def _replace_names(history: History, number: int, before: Party | None, after: Party) -> None:
    was, now = (set(map(names.digest, names.keys_of(party))) if party else set() for party in (before, after))
    if was - now:
        lists.drop_names(history.db, was - now, number)
    if now - was:
        lists.add_names(history.db, now - was, number)


def _numbered(history: History, rows: frozenset[tuple[str, str, str]]) -> list[tuple[int, int, str]]:
    return history.of_parties(rows, lambda: _looked_up(history, rows))


def _looked_up(history: History, rows: frozenset[tuple[str, str, str]]) -> list[tuple[int, int, str]]:
    return [
        (
            history.number(f"party/{party}") or statements.EVERYBODY if party else statements.EVERYBODY,
            history.number(f"question/{question}") or 0,
            position,
        )
        for party, question, position in sorted(rows)
    ]


def _tell(
    history: History,
    entry: Entry,
    facets: Iterable[str],
    claim: str | None = None,
    before: str | None = None,
    after: str | None = None,
) -> None:
    log.add_change(
        history.db,
        entry.index,
        documents.change(entry, claim, before, after),
        sorted({f"kind={entry.kind}", *facets}),
    )


_DERIVERS = {
    "party": _party,
    "question": _question,
    "claim": _claim,
    "verdict": _claim,
    "contradiction": _contradiction,
    "webhook": _webhook,
}
