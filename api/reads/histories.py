"""Histories: each version of a claim beside the entry that made it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from api.reads import cursors
from api.reads.lists import Page, rendered
from api.storage import log
from api.storage.log import Connection


def page(db: Connection, number: int, asked: Mapping[str, Any], at: int | None) -> bytes:
    """The entries of a claim, by its number, in order, each with the claim as it stood after it."""
    after = cursors.decode(asked.get("cursor"), "h", int)
    rows = log.history_page(db, number, after[0] if after else -1, asked["limit"] + 1, at)
    shown = rows[: asked["limit"]]
    following = cursors.encode("h", shown[-1][0]) if len(rows) > len(shown) else None
    return rendered(Page([_item(*row) for row in shown], following))


def _item(index: int, recorded_at: str, kind: str, actor: str, document: bytes) -> bytes:
    entry = orjson.dumps({"index": index, "at": recorded_at, "kind": kind, "actor": actor})
    return entry[:-1] + b',"claim":' + document + b"}"
