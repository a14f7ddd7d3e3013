"""ClaimReview: verdicts in the words of schema.org, rendered from the documents of claims and parties.

What each property is made of, and why, says docs/claimreview.md. A review has a rating only while it stands: what is
superseded or retracted, or is about a claim that was withdrawn or erased, has none, and says so in `correction`.
https://schema.org/ClaimReview, https://developers.google.com/search/docs/appearance/structured-data/factcheck
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from api.domain.erasure import TEXT as ERASED
from api.interop.claim_nodes import Document, claim_node, party_node, present, source_node
from api.interop.iso_dates import certain, uncertain

CONTEXT = "https://schema.org"
MEDIA_TYPE = "application/ld+json"

# The scale: five is true, one is false. What is unproven, or has a label that no mapping knows, has no place on it.
BEST, WORST = 5, 1
VALUES = {"true": 5, "mostly_true": 4, "mixed": 3, "mostly_false": 2, "false": 1}
# What a rating is called where its reviewer gave it no label.
LABELS = {
    "true": "True",
    "mostly_true": "Mostly true",
    "mixed": "Mixed",
    "mostly_false": "Mostly false",
    "false": "False",
    "unproven": "Unproven",
}
UNRATED = "Not rated"


@dataclass(frozen=True)
class Ruling:
    """A verdict, the claim that it is on, and the claim with the words that were judged, which may be earlier ones."""

    claim: Document
    verdict: Document
    judged: Document

    @property
    def gone(self) -> Document | None:
        """The claim, or its earlier version, whose words are not to be shown: withdrawn, or erased."""
        return next((one for one in (self.claim, self.judged) if not _has_words(one)), None)

    @property
    def status(self) -> str | None:
        """What has become of a review that does not stand; None for one that does."""
        if self.verdict["status"] != "standing":
            return str(self.verdict["status"]).title()
        if self.gone is None:
            return None
        return "Withdrawn" if self.gone["withdrawn"] else "Erased"

    @property
    def ended(self) -> str | None:
        """When the review ceased to stand; None for one that does."""
        ends = [_ended(self.claim, self.verdict), _why_gone(self.gone)["at"] if self.gone else None]
        return min((end for end in ends if end), default=None)


@dataclass(frozen=True)
class Renderer:
    """Renders reviews. `base` is where the record is reached; `party` gives a party's document by its id, `claim` a
    claim's by its id as it stood at a size of the log; both None where there is none."""

    base: str
    party: Callable[[str], Document | None]
    claim: Callable[[str, int], Document | None]

    def graph(self, claim: Document) -> Document:
        """Every reviewer's latest review of a claim, in the order in which they were published."""
        latest = {verdict["reviewer"]: verdict for verdict in claim["verdicts"]}
        shown = [verdict for verdict in claim["verdicts"] if latest[verdict["reviewer"]] is verdict]
        return {"@context": CONTEXT, "@graph": [self._review(self._ruling(claim, verdict)) for verdict in shown]}

    def document(self, claim: Document, verdict_id: str) -> Document:
        """One review by itself."""
        return {"@context": CONTEXT, **self._review(self._ruling(claim, _verdict(claim, verdict_id)))}

    def item(self, claim: Document, verdict_id: str) -> Document:
        """One review as the item of a DataFeed, with `dateDeleted` where it no longer stands."""
        ruling = self._ruling(claim, _verdict(claim, verdict_id))
        return present(
            {
                "@type": "DataFeedItem",
                "dateCreated": ruling.verdict["recorded_at"],
                "dateDeleted": ruling.ended,
                "item": self._review(ruling),
            }
        )

    def _review(self, ruling: Ruling) -> Document:
        verdict, judged, shown = ruling.verdict, ruling.judged, ruling.gone is None
        stands = ruling.status is None
        address = self._verdict_url(verdict)
        return present(
            {
                "@type": "ClaimReview",
                "@id": address,
                "url": verdict["url"] or address,
                "name": verdict["title"] if shown else None,
                "claimReviewed": judged["text"] if shown else None,
                "author": party_node(self.base, verdict["reviewer"], self.party),
                "creditText": verdict["author"],
                "datePublished": certain(verdict["reviewed_on"]),
                "temporal": uncertain(verdict["reviewed_on"]),
                "sdDatePublished": verdict["recorded_at"][:10],
                "inLanguage": verdict["language"],
                "creativeWorkStatus": ruling.status,
                "reviewRating": _rating(verdict) if stands else None,
                "itemReviewed": claim_node(self.base, judged, self.party, words=shown),
                "citation": [source_node(source) for source in verdict["evidence"]] if stands else None,
                "correction": [*self._why_not(ruling), *self._before(ruling)],
            }
        )

    def _ruling(self, claim: Document, verdict: Document) -> Ruling:
        # A rating does not belong under words that its reviewer never saw.
        judged = self.claim(claim["id"], verdict["claim_revision"] + 1) if verdict["stale"] else None
        return Ruling(claim, verdict, judged or claim)

    def _why_not(self, ruling: Ruling) -> list[Document]:
        """Why the review no longer stands, or not for the words that the claim has now."""
        claim, verdict, claim_url = ruling.claim, ruling.verdict, self._claim_url(ruling.claim)
        found = []
        if ruling.gone:
            why, what = _why_gone(ruling.gone), "claim was withdrawn" if claim["withdrawn"] else "words were erased"
            found.append(_comment(_with_reason(f"The {what} from the record", why["reason"]), why["at"], claim_url))
        elif ruling.judged is not claim:
            text = "The words of the claim were corrected after this review, which judges the earlier ones."
            found.append(_comment(text, None, claim_url))
        if (retraction := verdict["retraction"]) is not None:
            text = _with_reason("The reviewer retracted this review", retraction["reason"])
            found.append(_comment(text, retraction["at"], self._verdict_url(verdict)))
        elif verdict["superseded_by"]:
            later = _verdict(claim, verdict["superseded_by"])
            text = "The reviewer replaced this review by a later one."
            found.append(_comment(text, later["recorded_at"], self._verdict_url(later)))
        return found

    def _before(self, ruling: Ruling) -> list[Document]:
        """What the same reviewer ruled before, newest first."""
        verdicts, reviewer = ruling.claim["verdicts"], ruling.verdict["reviewer"]
        earlier = [one for one in verdicts[: verdicts.index(ruling.verdict)] if one["reviewer"] == reviewer]
        return [self._earlier(ruling.claim, one) for one in reversed(earlier)]

    def _earlier(self, claim: Document, verdict: Document) -> Document:
        text = f"An earlier review by the same reviewer, “{_label(verdict)}”, was"
        if (retraction := verdict["retraction"]) is not None:
            text = _with_reason(f"{text} retracted", retraction["reason"])
        else:
            text = f"{text} replaced."
        return _comment(text, _ended(claim, verdict), self._verdict_url(verdict))

    def _verdict_url(self, verdict: Document) -> str:
        return f"{self.base}/v1/verdicts/{verdict['id']}"

    def _claim_url(self, claim: Document) -> str:
        return f"{self.base}/v1/claims/{claim['id']}"


def _verdict(claim: Document, verdict_id: str) -> Document:
    found: Document = next(verdict for verdict in claim["verdicts"] if verdict["id"] == verdict_id)
    return found


def _has_words(claim: Document) -> bool:
    return claim["withdrawn"] is None and claim["text_sha256"] is not None


def _why_gone(claim: Document) -> Document:
    """The withdrawal or the erasure by which a claim's words are not to be shown."""
    why: Document = claim["withdrawn"] or claim["erased"]
    return why


def _rating(verdict: Document) -> Document:
    value = VALUES.get(verdict["rating"])
    rating: dict[str, Any] = {"@type": "Rating", "alternateName": _label(verdict)}
    if value is not None:
        rating |= {"ratingValue": value, "bestRating": BEST, "worstRating": WORST}
    return present(rating | {"ratingExplanation": verdict["explanation"]})


def _label(verdict: Document) -> str:
    label: str = verdict["label"] or LABELS.get(verdict["rating"], UNRATED)
    return label


def _ended(claim: Document, verdict: Document) -> str | None:
    """When a verdict was retracted or superseded; None where it was neither."""
    if verdict["retraction"] is not None:
        return str(verdict["retraction"]["at"])
    return str(_verdict(claim, verdict["superseded_by"])["recorded_at"]) if verdict["superseded_by"] else None


def _comment(text: str, at: str | None, url: str) -> Document:
    return present({"@type": "CorrectionComment", "text": text, "datePublished": at, "url": url})


def _with_reason(text: str, reason: str) -> str:
    return f"{text}." if reason == ERASED else f"{text}: {reason}"
