"""Where the reviews of a claim stand, in which languages they are, and how new they are: what reviews are found by.

The words are those of Google's Fact Check Tools API, whose clients ask in this way: a *site* is a host without `www.`,
a *page* all that one reviewer publishes at one address. Pure functions of what is on record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urlsplit

from schemas.dates import OPEN_START, UNDATED, Bounds, bounds, day

if TYPE_CHECKING:
    from api.domain.claims import Claim
    from api.domain.verdicts import Verdict

# The facet of every claim that a standing verdict is on; the others narrow it.
REVIEWED = "reviewed"

# What a host has at most (RFC 1035, 2.3.4); anything longer is nowhere.
MAX_HOST = 253

_SCRIPT = re.compile(r"[a-z]{4}")


def site(url: str | None) -> str | None:
    """The site of an address: its host in lower case, without `www.`. None where there is none."""
    try:
        host = urlsplit(url or "").hostname
    except ValueError:
        return None
    return host.removeprefix("www.") if host and len(host) <= MAX_HOST else None


def page(url: str, reviewer: str) -> str:
    """The id of the page on which a reviewer publishes at an address: anchors lead to parts of one page."""
    return f"{address(url)}-{reviewer}"


def address(url: str) -> str:
    """What the ids of all pages at one address begin with: 32 hexadecimal digits."""
    return sha256(page_url(url).encode()).hexdigest()[:32]


def page_url(url: str) -> str:
    """An address without its anchor."""
    return urldefrag(url).url


def language(tag: str) -> str:
    """A BCP 47 tag as it is compared: language and script in lower case, whatever the region (`en-US` -> `en`)."""
    first, *others = tag.lower().split("-")
    script = next((part for part in others if _SCRIPT.fullmatch(part)), None)
    return f"{first}-{script}" if script else first


def is_in(tag: str | None, wanted: str) -> bool:
    """Whether a review in the language `tag` is one that `wanted` asks for: `sr` asks for `sr-Latn` too, not the other
    way round (RFC 4647, 3.3.1)."""
    return tag is not None and wanted in _languages(tag)


def facets(claim: Claim) -> frozenset[str]:
    """The facets of a claim that its standing verdicts give it; none once it is withdrawn."""
    if claim.withdrawn or not claim.standing:
        return frozenset()
    found = {REVIEWED}
    for verdict in claim.standing:
        if host := site(verdict.body.get("url")):
            found.add(site_facet(host))
        found.update(map(language_facet, _languages(verdict.body.get("language"))))
    return frozenset(found)


def newest(claim: Claim) -> Bounds:
    """The newest day of a claim and its standing verdicts, as far as it is certain: of a month, the first day of it.

    A verdict without a date counts from the day on which it was recorded.
    """
    days = [_earliest(claim.body.get("stated_on")), *map(_reviewed, claim.standing)]
    last = max(days)
    return Bounds(last, last)


def site_facet(host: str) -> str:
    """The facet of claims with a review on a site."""
    return f"review-site={host}"


def language_facet(code: str) -> str:
    """The facet of claims with a review in a language (see `language`)."""
    return f"review-language={code}"


def _languages(tag: str | None) -> Iterable[str]:
    if tag is None:
        return ()
    whole = language(tag)
    return {whole, whole.partition("-")[0]}


def _reviewed(verdict: Verdict) -> int:
    return _earliest(verdict.body.get("reviewed_on")) or day(verdict.recorded_at[:10])


def _earliest(text: str | None) -> int:
    """The first day that a date allows, OPEN_START where it allows any."""
    found = bounds(text)
    return OPEN_START if found == UNDATED else found.earliest
