"""Writing pages: every review on a page is a verdict in the log, and nothing else is kept.

A page that is created publishes its reviews, each on the claim that it says, which is recorded where it is not on
record. An update puts a new verdict in place of each that changed, and retracts those that are gone; a deletion
retracts all. Everything happens in one turn, or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from api.domain import reviewed, verdicts
from api.domain.claims import Claim
from api.domain.verdicts import Verdict
from api.errors import Forbidden, IdTaken, InvalidRequest, RevisionMismatch
from api.interop import reviews, whose
from api.interop.factchecktools import pages
from api.interop.factchecktools.answers import Record, filled, textual_rating
from api.interop.factchecktools.pages import FORMAT, Page
from api.interop.reviews import Prepared, Review
from api.interop.whose import Importer, Named
from api.ledger import Decision, Turn
from api.storage import review_pages
from api.storage.keys import Token
from schemas.vocabulary import MAX_MARKUPS

PERSON = "person"
IDENTITY = ("name", "versionId")


def prepare(page: Page) -> list[Prepared]:
    """Work out before the turn what each review of a page is. Raises InvalidRequest for an address off the page."""
    return [reviews.prepare(_review(one, i)) for i, one in enumerate(_parts(page))]


def create(turn: Turn, token: Token, page: Page, prepared: Sequence[Prepared]) -> str:
    """Publish a page. Out: its id. Raises IdTaken where it is there, and what publishing a review raises."""
    page_id = _id(turn, token, page, prepared)
    if review_pages.verdicts(turn.db, page_id, 1):
        existing = f"/v1alpha1/pages/{page_id}"
        detail = f"The page is on record as pages/{page_id}: update it instead."
        raise IdTaken(detail, members={"existing": existing})
    _publish(turn, token, list(enumerate(prepared)))
    return page_id


def update(turn: Turn, token: Token, page_id: str, page: Page, prepared: Sequence[Prepared]) -> None:
    """Make a page what it is to be. Raises NotFound, Forbidden, RevisionMismatch for a version that is no longer the
    current one, InvalidRequest for another address, and what publishing a review raises."""
    current = pages.page_of(turn.db, page_id)
    if current is None:
        raise pages.missing(page_id)
    before = _standing(turn, token, page_id)
    if not page_id.startswith(f"{reviewed.address(page['pageUrl'])}-"):
        detail = f"The page is at {current['pageUrl']}: to move it, delete it and create another."
        raise InvalidRequest.of("/pageUrl", detail, "immutable")
    if _id(turn, token, page, prepared) != page_id:
        detail = "The page is another reviewer's: leave the name as it is."
        raise InvalidRequest.of("/claimReviewAuthor/name", detail, "immutable")
    if (page.get("versionId") or current["versionId"]) != current["versionId"]:
        detail = f"Version {page['versionId']} is not the current one, {current['versionId']}: get the page again."
        raise RevisionMismatch(detail)
    record = Record(turn.db, None, "")
    wanted = [canonical(one) for one in _parts(page)]
    # A review that is sent as it stands is left alone, whoever published it in whatever way.
    kept: dict[bytes, Verdict] = {}
    for number, verdict in before.items():
        content = canonical(pages.part(record, number))
        if content in wanted:
            kept.setdefault(content, verdict)
    changed = [(i, one) for i, one in enumerate(prepared) if wanted[i] not in kept]
    claims = {verdict.claim for verdict in kept.values()}
    _publish(turn, token, [(i, _with_rating(one, before.values())) for i, one in changed], claims)
    gone = [verdict for verdict in before.values() if verdict not in kept.values()]
    _retract(turn, token, gone, f"It is no longer on the page {current['pageUrl']}.")


def delete(turn: Turn, token: Token, page_id: str) -> None:
    """Retract all that stands on a page. Raises NotFound, Forbidden."""
    before = _standing(turn, token, page_id)
    if not before:
        raise pages.missing(page_id)
    _retract(turn, token, list(before.values()), "The page with it was deleted.")


def canonical(page: Page) -> bytes:
    """A page with one review as the bytes that it is compared by: what is empty is left out, and an address that says
    no more than the page's."""
    [markup] = page["claimReviewMarkups"]
    url = markup.get("url")
    told = markup | {"url": None if url == reviewed.page_url(page["pageUrl"]) else url}
    plain = {name: value for name, value in page.items() if name not in IDENTITY}
    return orjson.dumps(_without_empty(plain | {"claimReviewMarkups": [told]}), option=orjson.OPT_SORT_KEYS)


def _without_empty(value: Any) -> Any:
    if isinstance(value, dict):
        return filled(**{name: _without_empty(inner) for name, inner in value.items()})
    return [_without_empty(inner) for inner in value] if isinstance(value, list) else value


def _parts(page: Page) -> list[Page]:
    """The page once for each of its reviews, with no other on it, and its address without an anchor."""
    shared = {name: value for name, value in page.items() if name not in IDENTITY}
    url = reviewed.page_url(page["pageUrl"])
    return [shared | {"pageUrl": url, "claimReviewMarkups": [markup]} for markup in page["claimReviewMarkups"]]


def _review(page: Page, i: int) -> Review:
    [markup] = page["claimReviewMarkups"]
    url = markup.get("url", page["pageUrl"])
    if reviewed.page_url(url) != page["pageUrl"]:
        detail = f"This is not on the page: leave it out, or write {page['pageUrl']} with an anchor."
        raise InvalidRequest.of(f"/claimReviewMarkups/{i}/url", detail, "off-the-page")
    rating, author = markup["rating"], markup.get("claimAuthor", {})
    publisher = page.get("claimReviewAuthor", {}).get("name")
    found_at = [markup["claimFirstAppearance"]] if "claimFirstAppearance" in markup else []
    found_at += [one for one in markup.get("claimAppearances", ()) if one not in found_at]
    claimant = Named(author.get("name"), PERSON, (author["sameAs"],) if "sameAs" in author else ())
    return Review(
        text=markup["claimReviewed"],
        url=url,
        claimant=claimant,
        role=author.get("jobTitle"),
        claimed_on=_day(markup.get("claimDate")),
        appearances=tuple({"url": one} for one in found_at),
        publisher=Named(publisher) if publisher else None,
        label=rating["textualRating"],
        scale=(_number(rating, "ratingValue"), _number(rating, "worstRating"), _number(rating, "bestRating")),
        explanation=rating.get("ratingExplanation"),
        reviewed_on=_day(page.get("publishDate")),
        original=canonical(page).decode(),
        members={"original_format": FORMAT},
    )


def _day(date: str | None) -> str | None:
    """A date as the record has it: of an instant the day."""
    return date[:10] if date else None


def _number(rating: dict[str, Any], name: str) -> str | None:
    return str(rating[name]) if name in rating else None


def _id(turn: Turn, token: Token, page: Page, prepared: Sequence[Prepared]) -> str:
    """The id of the page on which these reviews would be published. Raises what finding the reviewer raises."""
    publisher = prepared[0].review.publisher
    return reviewed.page(page["pageUrl"], whose.reviewer(turn.history, publisher, page["pageUrl"], _importer(token)).id)


def _importer(token: Token) -> Importer:
    return Importer(token.party, token.allows("admin"))


def _publish(turn: Turn, token: Token, prepared: Sequence[tuple[int, Prepared]], claims: Iterable[str] = ()) -> None:
    """Publish reviews, by their place on the page; `claims` are those that others on it are of."""
    seen = set(claims)
    for i, one in prepared:
        taken = reviews.publish(turn, one, _importer(token), token.allows("claims"))
        if taken.claim in seen:
            detail = "Another review on the page is of the same claim: give one for each."
            raise InvalidRequest.of(f"/claimReviewMarkups/{i}/claimReviewed", detail, "duplicate")
        seen.add(taken.claim)


def _standing(turn: Turn, token: Token, page_id: str) -> dict[int, Verdict]:
    """The verdicts that stand on a page, by their numbers, which must be the token's to change. Raises Forbidden."""
    numbers = review_pages.verdicts(turn.db, page_id, MAX_MARKUPS + 1)
    if len(numbers) > MAX_MARKUPS:
        detail = f"More than {MAX_MARKUPS} verdicts stand on the page: change them one by one, under /v1/verdicts."
        raise InvalidRequest.of("", detail, "too-many")
    record, found = Record(turn.db, None, ""), {}
    for number in numbers:
        verdict_id = record.document(number)["id"]
        claim = turn.history.claim_of_verdict(verdict_id)
        if claim is None:
            raise LookupError(f"verdict {verdict_id} is on no claim that is on record")
        found[number] = verdicts.find(claim, verdict_id)
        _check_own(found[number], token)
    return found


def _check_own(verdict: Verdict, token: Token) -> None:
    # Who may publish in the name of others can also take back what was taken in from them.
    if verdict.reviewer != token.party and not (token.allows("admin") and "imported_by" in verdict.body):
        raise Forbidden(f"The page is of '{verdict.reviewer}': use a token of that reviewer.")


def _retract(turn: Turn, token: Token, gone: Sequence[Verdict], reason: str) -> None:
    for verdict in gone:
        claim = turn.history.claim(verdict.claim)
        # What the new reviews superseded stands no longer.
        if claim and verdicts.find(claim, verdict.id).status == "standing":
            turn.append(_retraction(claim, verdict, reason), token.party)


def _retraction(claim: Claim, verdict: Verdict, reason: str) -> Decision:
    return lambda known: verdicts.retract(claim, verdict.id, reason, verdict.reviewer)


def _with_rating(prepared: Prepared, before: Iterable[Verdict]) -> Prepared:
    """A review whose words have no rating in any table, with the one that the reviewer gave the same words by hand."""
    if prepared.verdict["rating"] is not None:
        return prepared
    label = prepared.verdict.get("label")
    same = next((one for one in before if one.rating and textual_rating(one.body) == label), None)
    if same is None:
        return prepared
    verdict = {name: value for name, value in prepared.verdict.items() if name != "mapping"}
    return prepared._replace(verdict=verdict | {"rating": same.rating})
