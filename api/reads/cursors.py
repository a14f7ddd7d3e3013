"""Cursors of lists: opaque to clients, a place in an order to us. They hold a list's keys and nothing that a
reader may not see."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from typing import Any

import orjson

from api.errors import InvalidRequest


def encode(kind: str, *keys: Any) -> str:
    """A cursor that goes on beyond `keys` in a list of this kind."""
    return urlsafe_b64encode(orjson.dumps([kind, *keys])).rstrip(b"=").decode()


def decode(cursor: str | None, kind: str, *types: type) -> list[Any] | None:
    """The keys of a cursor of this kind, None without a cursor.

    Raises InvalidRequest for anything else: a cursor belongs to the list, with the filters and the order, that gave it.
    """
    if cursor is None:
        return None
    try:
        found = orjson.loads(urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
    except (Error, ValueError):
        found = None
    if not isinstance(found, list) or found[:1] != [kind] or [type(key) for key in found[1:]] != list(types):
        raise unfit()
    # A key is a row's number or day; a larger one would not be refused by the engine but overflow it.
    if any(isinstance(key, int) and not -1 <= key <= 2**62 for key in found):
        raise unfit()
    return found[1:]


def unfit() -> InvalidRequest:
    """The refusal of a cursor that is not one of this list's."""
    return InvalidRequest.of("/cursor", "This cursor is not one that this list gave: start again without it.", "cursor")
