"""The one JSON loader: every body of a request, and every line of an import, goes through `loads`.

Python's own `json` lets through much that must not reach a ledger whose bytes are hashed: the last of two
equal keys wins, NaN is a number, lone surrogates cannot be encoded again, NUL is stored by one database and
refused by the next, integers beyond 2^53 change when another program reads them. All of that is refused
here, with a sentence, a stable code and, where there is one, the JSON pointer.

A good body is parsed once by the C scanner. Only a refused one is parsed again, to find out where the fault
is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NoReturn

from schemas.vocabulary import MAX_DEPTH, MAX_INTEGER


class BadJSON(ValueError):
    """Bytes that are not the strict JSON that is taken here.

    `detail` is a sentence for people, `pointer` an RFC 6901 pointer ("" = the whole body), `code` one of:
    empty, encoding, bom, syntax, depth, duplicate-key, not-a-number, float, integer, surrogate, nul.
    """

    def __init__(self, detail: str, pointer: str = "", code: str = "syntax") -> None:
        super().__init__(detail)
        self.detail = detail
        self.pointer = pointer
        self.code = code


class _Suspect(Exception):
    """Raised by a hook of the first pass: the second pass finds out what and where."""


class Number(str):
    """A number as it was written."""


def loads(data: bytes, max_depth: int = MAX_DEPTH, *, numbers_as_written: bool = False) -> Any:
    """The value that JSON text in UTF-8 stands for: dict, list, str, int, bool or None.

    `max_depth` is how deep lists and objects may nest (at most 100). With `numbers_as_written` every number is a
    Number, whatever its size and with its fraction: for what others wrote and we only read. Raises BadJSON, and
    nothing else.
    """
    max_depth = min(max_depth, 100)  # the second pass recurses
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadJSON(
            f"The body is not UTF-8: byte {error.start} cannot be decoded.", code="encoding"
        ) from None
    if text.startswith("\ufeff"):
        raise BadJSON("The body begins with a byte order mark: send it without one.", code="bom")
    if text.count("[") + text.count("{") > max_depth:  # otherwise it cannot be too deep
        _check_depth(text, max_depth)
    try:
        value = (_decode_as_written if numbers_as_written else _decode)(text)
    except json.JSONDecodeError as error:
        raise _syntax(text, error) from None
    except _Suspect:
        raise _fault(text, numbers_as_written) or BadJSON("The body is not JSON that can be taken.") from None
    if _SUSPECT_ESCAPE.search(text) is not None:
        fault = _fault(text, numbers_as_written)  # None where two halves make a character
        if fault is not None:
            raise fault
    return value


def escaped(token: str) -> str:
    """A key as it stands in an RFC 6901 pointer."""
    return token.replace("~", "~0").replace("/", "~1")


# --- the first pass --------------------------------------------------------------------------------

# Raw control characters are syntax errors, and UTF-8 cannot hold surrogates: both can only come from an
# escape.
_SUSPECT_ESCAPE = re.compile(r"\\u(?:0000|[dD][89a-fA-F])")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Suspect
    return found


def _integer(digits: str) -> int:
    if len(digits) > 17:  # before int(): it raises beyond 4,300 digits, and is slow before that
        raise _Suspect
    number = int(digits)
    if -MAX_INTEGER <= number <= MAX_INTEGER:
        return number
    raise _Suspect


def _suspect(_: str) -> NoReturn:
    raise _Suspect


_decode = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_integer, parse_float=_suspect, parse_constant=_suspect
).decode

_decode_as_written = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=Number, parse_float=Number, parse_constant=_suspect
).decode

# A string is skipped as one piece (possessive, and its closing quote may be missing: so it is linear on any
# input).
_BRACKETS = re.compile(r'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|([\[{])|[\]}]', re.DOTALL)


def _check_depth(text: str, max_depth: int) -> None:
    """Refuses nesting over the limit before the parser sees it, so that no stack can overflow."""
    depth = 0
    for match in _BRACKETS.finditer(text):
        if match[1]:
            depth += 1
            if depth > max_depth:
                raise BadJSON(f"The body is nested more than {max_depth} levels deep.", code="depth")
        elif text[match.start()] != '"':
            depth -= 1


def _syntax(text: str, error: json.JSONDecodeError) -> BadJSON:
    if not text.strip(" \t\r\n"):
        return BadJSON("The body is empty: send a JSON object.", code="empty")
    # The parser's message is "Expecting value", "Extra data", "Invalid control character at", ...
    problem = error.msg.removesuffix(" at").lower()
    return BadJSON(
        f"The body is not JSON: {problem} at line {error.lineno}, column {error.colno}.", code="syntax"
    )


# --- the second pass -------------------------------------------------------------------------------


class _Pairs(list[tuple[str, Any]]):
    """An object that still has its duplicates."""


_decode_raw = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_int=Number, parse_float=Number, parse_constant=Number
).decode


def _fault(text: str, any_number: bool) -> BadJSON | None:
    """The first fault in the order of the text; None if there is none."""
    try:
        value = _decode_raw(text)
    except json.JSONDecodeError as error:
        return _syntax(text, error)
    return next(_faults(value, "", any_number), None)


def _faults(value: Any, pointer: str, any_number: bool) -> Iterator[BadJSON]:
    if isinstance(value, Number):
        fault = _number_fault(value, pointer, any_number)
        if fault is not None:
            yield fault
    elif isinstance(value, str):
        yield from _text_faults(value, pointer, "The text")
    elif isinstance(value, _Pairs):
        seen: set[str] = set()
        for key, member in value:
            where = f"{pointer}/{escaped(key[:200].encode('utf-8', 'replace').decode())}"
            yield from _text_faults(key, where, "The key")
            if key in seen:
                detail = f"The key {json.dumps(key[:100])} stands twice in one object: send it once."
                yield BadJSON(detail, where, "duplicate-key")
            seen.add(key)
            yield from _faults(member, where, any_number)
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from _faults(member, f"{pointer}/{index}", any_number)


def _number_fault(number: Number, pointer: str, any_number: bool) -> BadJSON | None:
    if number.lstrip("-")[0] in "NI":
        return BadJSON(f"{number} is not a JSON number.", pointer, "not-a-number")
    if any_number:
        return None
    if not number.lstrip("-").isdecimal():
        detail = "Numbers are taken without fraction and exponent: send an integer, or the number as a text."
        return BadJSON(detail, pointer, "float")
    if len(number) > 17 or abs(int(number)) > MAX_INTEGER:
        detail = (
            f"The integer is beyond ±{MAX_INTEGER}, which not every program reads exactly: send it as a text."
        )
        return BadJSON(detail, pointer, "integer")
    return None


def _text_faults(text: str, pointer: str, what: str) -> Iterator[BadJSON]:
    if "\0" in text:
        yield BadJSON(
            f"{what} holds the character U+0000, which cannot be stored: leave it out.", pointer, "nul"
        )
    try:
        text.encode("utf-8")
    except UnicodeEncodeError as error:
        escape = f"\\u{ord(text[error.start]):04x}"
        detail = (
            f"{what} holds half of a surrogate pair ({escape}), which is not a character: send both, or none."
        )
        yield BadJSON(detail, pointer, "surrogate")
