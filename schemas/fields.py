"""The strict fields: each takes one kind of value, keeps it as it was given, or says what would do instead.

A field has a method `read(value)`, which returns the value or raises ValidationError; marshmallow's own
protocol calls it too. Those for texts are in `schemas.texts`, and can be had from here. The codes of the
messages: required, unknown-field, unknown-parameter, repeated, type, blank, too-short, too-long, character,
pattern, choice, url, date, instant, language, integer, range, too-few, too-many, duplicate.
"""

from __future__ import annotations

import re
from typing import Any

import marshmallow.fields as stock
from marshmallow import ValidationError, missing

from schemas import instants
from schemas import vocabulary as words
from schemas.base import Schema, kind_of, refuse, shown
from schemas.texts import (
    Choice,
    Cursor,
    Day,
    EdtfDate,
    Language,
    Name,
    Sha256,
    Shaped,
    Slug,
    Strict,
    Text,
    Ulid,
    Url,
)

__all__ = [
    "At",
    "Choice",
    "Cursor",
    "Day",
    "EdtfDate",
    "Item",
    "Items",
    "Language",
    "Name",
    "QueryInteger",
    "Sha256",
    "Shaped",
    "Slug",
    "StrictBoolean",
    "StrictInteger",
    "Text",
    "Ulid",
    "Url",
]


class StrictInteger(Strict, stock.Integer):
    """An integer of a body: neither true or false, nor a number with a fraction, nor a text."""

    def __init__(
        self, description: str = "", minimum: int = 0, maximum: int = words.MAX_INTEGER, **kwargs: Any
    ) -> None:
        self.minimum = minimum
        self.maximum = maximum
        super().__init__(description, **kwargs)

    def keywords(self) -> dict[str, Any]:
        """The range."""
        return {"minimum": self.minimum, "maximum": self.maximum}

    def read(self, value: Any) -> int:
        """The integer. Raises ValidationError."""
        if type(value) is not int:
            raise refuse(f"This is {kind_of(value)}: send an integer.", "type")
        if not self.minimum <= value <= self.maximum:
            raise refuse(f"The number is out of range: {self.minimum} to {self.maximum} are taken.", "range")
        return value


class QueryInteger(StrictInteger):
    """An integer of a query string, in decimal digits."""

    def read(self, value: Any) -> int:
        """The integer. Raises ValidationError."""
        if type(value) is not str or re.fullmatch(words.REVISION_PATTERN, value) is None:
            raise refuse(
                f"{shown(value)} is not an integer: write it in digits, such as {self.maximum}.", "integer"
            )
        return super().read(int(value))


class StrictBoolean(Strict, stock.Boolean):
    """true or false, and nothing that looks like it."""

    def read(self, value: Any) -> bool:
        """The value. Raises ValidationError."""
        if type(value) is not bool:
            raise refuse(f"This is {kind_of(value)}: send true or false.", "type")
        return value


class At(Strict, stock.String):
    """The record as it stood: a size of the log (read as an int), or an instant (as a text, in UTC)."""

    def keywords(self) -> dict[str, Any]:
        """Both shapes."""
        return {"pattern": instants.AT_PATTERN, "maxLength": 64}

    def read(self, value: Any) -> int | str:
        """The size as an int, or the instant as YYYY-MM-DDTHH:MM:SS.mmmZ. Raises ValidationError."""
        try:
            return instants.size_or_instant(value)
        except ValueError as error:
            raise refuse(str(error), "instant") from None


class Items(Strict, stock.List[Any]):
    """A list of `least` to `most` items. `unique` refuses equal ones, or equal in the member it names."""

    def __init__(
        self,
        inner: Any,
        description: str = "",
        least: int = 0,
        most: int | None = None,
        unique: bool | str = False,
        **kwargs: Any,
    ) -> None:
        self.least = least
        self.most = most
        self.unique = unique
        super().__init__(description, inner, **kwargs)
        self.read_item = inner.read

    def keywords(self) -> dict[str, Any]:
        """The limits of the number of items."""
        limits = {
            "minItems": self.least or None,
            "maxItems": self.most,
            "uniqueItems": self.unique is True or None,
        }
        return {name: limit for name, limit in limits.items() if limit is not None}

    def read(self, value: Any) -> Any:
        """The list, or `missing` if it is empty and may be. Raises ValidationError."""
        if type(value) is not list:
            raise refuse(f"This is {kind_of(value)}: send a list.", "type")
        count = len(value)
        if count < self.least:
            raise refuse(f"The list has {count} items: give at least {self.least}.", "too-few")
        if not count:
            return missing
        if self.most is not None and count > self.most:
            raise refuse(f"The list has {count} items: at most {self.most} are taken.", "too-many")
        read = self.read_item
        try:
            items = [read(item) for item in value]
        except ValidationError:
            raise self._all_faults(value) from None
        if self.unique and count > 1:
            self._check_unique(items)
        return items

    def _all_faults(self, value: list[Any]) -> ValidationError:
        faults: dict[int, Any] = {}
        for index, item in enumerate(value):
            try:
                self.read_item(item)
            except ValidationError as error:
                faults[index] = error.messages
        return ValidationError(faults)

    def _check_unique(self, items: list[Any]) -> None:
        name = self.unique
        seen = set()
        for index, item in enumerate(items):
            key = item[name] if isinstance(name, str) else item
            if key in seen:
                path = (index, name) if isinstance(name, str) else (index,)
                raise refuse(f"{shown(key)} is in the list already: give it once.", "duplicate", *path)
            seen.add(key)


class Item(Strict, stock.Nested):  # type: ignore[misc]
    """An object within an object."""

    def __init__(self, schema: type[Any], description: str = "", **kwargs: Any) -> None:
        super().__init__(description, schema, **kwargs)
        inner = self.schema
        if isinstance(inner, Schema):  # and not a document, which is never loaded
            self.read = inner.read  # type: ignore[method-assign, assignment]
