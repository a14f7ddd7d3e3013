"""Errors on the wire: messages of validation as pointers, and the problem document (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from marshmallow import ValidationError
from marshmallow.exceptions import SCHEMA

from schemas.base import Document
from schemas.changes import HeadDocument
from schemas.fields import Item, Items, Shaped, StrictInteger, Text
from schemas.strict_json import escaped

MAX_ERRORS = 100


def field_errors(
    error: ValidationError, prefix: str = "", most: int = MAX_ERRORS
) -> list[tuple[str, str, str]]:
    """(pointer, detail, code) for each message of a validation error, at most `most` of them.

    `prefix` is the pointer of what was loaded: "" for a body. A parameter's pointer is "/NAME". Messages
    that carry no code of their own have the code "invalid".
    """
    found: list[tuple[str, str, str]] = []
    for fault in _flat(error.messages, prefix):
        found.append(fault)
        if len(found) == most:
            break
    return found


def _flat(messages: Any, pointer: str) -> Iterator[tuple[str, str, str]]:
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            yield from _flat(inner, pointer if key == SCHEMA else f"{pointer}/{_token(key)}")
    elif isinstance(messages, (list, tuple)):
        for message in messages:
            yield from _flat(message, pointer)
    else:
        yield pointer, str(messages), getattr(messages, "code", "invalid")


def _token(key: object) -> str:
    """A key as it stands in a pointer, cut if it is a very long one that somebody made up."""
    return escaped(str(key)[:200].encode("utf-8", "replace").decode())


class ProblemField(Document):
    """One field at fault."""

    pointer = Text(
        'Where: an RFC 6901 pointer into the body, or "/NAME" of a parameter or header; "" is all of it.',
        blank=True,
        example="/appearances/0/url",
    )
    detail = Text("What is wrong with it, and what to send instead.", example="Give 'url': it is required.")
    code = Shaped("A stable word for programs.", example="required")


class ProblemDocument(Document):
    """A refusal, as `application/problem+json` (RFC 9457)."""

    type = Shaped(
        "Stable; every one has its line in the documentation.", example="urn:onrecord:problem:invalid-request"
    )
    title = Text("The type in words.", example="The request has invalid fields")
    status = StrictInteger("The status of the answer.", minimum=400, maximum=599, example=422)
    detail = Text("What happened here, and the remedy.", example="1 field was refused: see errors.")
    instance = Shaped("The path that was asked for.", sometimes=True, example="/v1/claims")
    request_id = Shaped("Names this request in the log; also in X-Request-Id.", sometimes=True)
    errors = Items(Item(ProblemField), "Each field at fault.", sometimes=True)
    existing = Shaped("Of a conflict: where it is on record.", sometimes=True, example="/v1/parties/ice")
    current = StrictInteger("revision-mismatch: the revision to read and change.", sometimes=True, example=17)
    head = Item(HeadDocument, "cursor-rewound: this log as it stands.", sometimes=True)
