"""Every review of the record as a DataFeed of schema.org (https://schema.org/DataFeed), page by page or all at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from api.interop.claimreview import CONTEXT, Renderer
from api.interop.provenance import Provenance
from api.reads import cursors
from api.reads.lookups import Documents
from api.storage import published
from api.storage.log import Connection
from api.storage.published import Published

# Of the cursor of this list.
KIND = "r"


def page(db: Connection, asked: Mapping[str, Any], at: int | None, whose: Provenance) -> tuple[bytes, str | None]:
    """A page of the feed, one item for each verdict in the order of publication, and the cursor of the next one."""
    after = cursors.decode(asked.get("cursor"), KIND, int)
    rows = published.documents(db, published.VERDICTS, after[0] if after else 0, asked["limit"] + 1, at)
    shown = rows[: asked["limit"]]
    following = cursors.encode(KIND, shown[-1].no) if len(rows) > len(shown) else None
    return opening(whose) + b",".join(items(Documents(db, at), shown, whose.base)) + CLOSING, following


def items(known: Documents, verdicts: Iterable[Published], base: str) -> list[bytes]:
    """The items of verdicts. `known` has the documents of the moment that these are of."""
    renderer = Renderer(base, known.party, known.claim)
    return [_item(renderer, known, orjson.loads(verdict.body)) for verdict in verdicts if verdict.body]


def opening(whose: Provenance) -> bytes:
    """A feed up to its items."""
    about: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "DataFeed",
        "@id": f"{whose.base}/v1/claimreview",
        "url": f"{whose.base}/v1/claimreview",
        "name": f"Reviews on the record of {whose.origin}",
        "creditText": whose.credit,
    }
    # `license` takes a URL, and the notice a sentence.
    about |= {"license": whose.license} if whose.license else {"copyrightNotice": whose.terms}
    return orjson.dumps(about)[:-1] + b',"dataFeedElement":['


CLOSING = b"]}"


def _item(renderer: Renderer, known: Documents, verdict: dict[str, Any]) -> bytes:
    claim = known.claim(verdict["claim"])
    if claim is None:
        raise LookupError(f"verdict {verdict['id']} is on a claim that is not there: run 'onrecord rebuild'")
    return orjson.dumps(renderer.item(claim, verdict["id"]))
