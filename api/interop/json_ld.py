"""JSON-LD as it is really written: one value or a list of it, a text in place of an object, types by several names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
from marshmallow import ValidationError

from api.interop.plain_text import plain
from schemas.fields import Url
from schemas.strict_json import Number
from schemas.vocabulary import MAX_NAME

Node = dict[str, Any]

_URL = Url()


def types(node: Any) -> set[str]:
    """The types of a node, without the vocabulary that they are from: "schema:ClaimReview" is ClaimReview."""
    if not isinstance(node, dict):
        return set()
    return {name.rpartition("/")[2].rpartition(":")[2] for name in many(node.get("@type")) if isinstance(name, str)}


def many(value: Any) -> list[Any]:
    """A value as a list: of none, of one, or of several."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def texts(value: Any) -> Iterator[str]:
    """The texts and numbers in a value; of an object, its `@value`."""
    for one in many(value):
        if isinstance(one, dict):
            one = one.get("@value")
        if isinstance(one, str):
            yield one


def words(value: Any, most: int = MAX_NAME) -> str | None:
    """The first text in a value that is not empty, as plain text; None without one."""
    return next(filter(None, (plain(text, most) for text in texts(value))), None)


def addresses(value: Any) -> list[str]:
    """The web addresses in a value, each once: texts, and the `url` or `@id` of objects. What is none is left out."""
    found: list[str] = []
    for one in many(value):
        if isinstance(one, dict):
            found += addresses(one.get("url")) or addresses(one.get("@id"))
        elif isinstance(one, list):
            found += addresses(one)
        elif isinstance(one, str) and (url := address(one)):
            found.append(url)
    return list(dict.fromkeys(found))


def address(text: str) -> str | None:
    """A web address that can be kept; None for what is none, such as one without its host."""
    try:
        return _URL.read(text.strip())
    except ValidationError:
        return None


def dumped(node: Node) -> bytes:
    """A node as JSON text, its numbers as they were written."""
    return orjson.dumps(node, default=_number, option=orjson.OPT_PASSTHROUGH_SUBCLASS)


def _number(value: Any) -> orjson.Fragment:
    if isinstance(value, Number):
        return orjson.Fragment(str(value))
    raise TypeError(f"{type(value).__name__} is nothing that JSON is read as")
