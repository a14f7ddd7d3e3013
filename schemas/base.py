"""The schemas that all others derive from, and the messages that they refuse with.

Marshmallow's own loading costs several times what a commit costs: most of it goes into a closure and an
error store for each field, whether it was sent or not, and into setting nested keys by a dotted path.
`Schema` keeps marshmallow's declarations (so apispec can document them) and replaces its loop by one that
visits only what was sent.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Self

import marshmallow
from marshmallow import ValidationError, missing

Reader = Callable[[Any], Any]

NOT_BLANK = r"\S"  # the pattern of a text in a request


class Message(str):
    """A sentence for people that carries its stable `code` for programs."""

    code: str

    def __new__(cls, text: str, code: str) -> Self:
        self = super().__new__(cls, text)
        self.code = code
        return self


def refuse(detail: str, code: str, *path: str | int) -> ValidationError:
    """The error to raise for a value; `path` leads from that value to the part at fault."""
    messages: Any = [Message(detail, code)]
    for step in reversed(path):
        messages = {step: messages}
    return ValidationError(messages)


def shown(value: object, length: int = 60) -> str:
    """A value as an error shows it: short, and in ASCII, so that it can stand anywhere."""
    text = value if isinstance(value, str) else repr(value)
    return ascii(text if len(text) <= length else text[:length] + "...")


class Schema(marshmallow.Schema):
    """A strict request: unknown fields refused, null as good as left out, nothing coerced, nothing added.

    `load()` returns a plain dict without the fields that were null, left out, or an empty optional list. It
    raises `ValidationError` with every fault at once (see `schemas.problems.field_errors`). The arguments
    `partial` and `unknown` of marshmallow do not loosen it. Make an instance once and keep it: that costs
    far more than a load.
    """

    what = "field"

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._plan: dict[str, tuple[str, Reader]] = {}
        self._required: list[tuple[str, str]] = []
        self._defaults: list[tuple[str, Any]] = []
        for attribute, field in self.load_fields.items():
            name, key = field.data_key or attribute, field.attribute or field.data_key or attribute
            self._plan[name] = (key, getattr(field, "read", field.deserialize))
            if field.required:
                self._required.append((name, key))
            if field.load_default is not missing:
                self._defaults.append((key, field.load_default))
        self._cross_checked = type(self).cross_check is not Schema.cross_check

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        """An optional field of a request takes null, and the document says so."""
        if not field_obj.required:
            field_obj.allow_none = True
            words = field_obj.metadata.get("enum", (None,))
            if None not in words:  # in JSON Schema, null must be among the words as well as among the types
                field_obj.metadata = {**field_obj.metadata, "enum": [*words, None]}

    def cross_check(self, values: dict[str, Any]) -> None:
        """Rules between fields, once each is sound; may add to `values`. Raises ValidationError."""

    def read(self, data: Any) -> dict[str, Any]:
        """What `load` does, for one object. Raises ValidationError."""
        if type(data) is not dict:
            raise refuse(f"This is {kind_of(data)}: send a JSON object.", "type")
        plan = self._plan
        values: dict[str, Any] = {}
        errors: dict[str, Any] = {}
        for name, value in data.items():
            step = plan.get(name)
            if step is None:
                errors[name] = [self._unknown(name)]
            elif value is not None:
                try:
                    got = step[1](value)
                except ValidationError as error:
                    errors[name] = error.messages
                else:
                    if got is not missing:
                        values[step[0]] = got
        for name, key in self._required:
            if key not in values and name not in errors:
                errors[name] = [Message(f"Give {name!r}: it is required.", "required")]
        if errors:
            raise ValidationError(errors)
        for key, default in self._defaults:
            if key not in values:
                values[key] = default
        if self._cross_checked:
            self.cross_check(values)
        return values

    def check_names(self, patch: dict[str, Any]) -> None:
        """Refuses a merge patch that takes away what no field is called: merging would not notice. What else is
        wrong with it shows when the result is loaded. Raises ValidationError."""
        errors = self._unknown_names(patch)
        if errors:
            raise ValidationError(errors)

    def _unknown_names(self, patch: dict[str, Any]) -> dict[str, Any]:
        errors: dict[str, Any] = {}
        for name, value in patch.items():
            inner = getattr(self.load_fields.get(name), "schema", None)
            if value is None and name not in self._plan:
                errors[name] = [self._unknown(name)]
            elif isinstance(value, dict) and isinstance(inner, Schema) and (found := inner._unknown_names(value)):
                errors[name] = found
        return errors

    def _unknown(self, name: str) -> Message:
        known = ", ".join(self._plan)
        return Message(
            f"There is no {self.what} {shown(name)} here: known are {known}.", f"unknown-{self.what}"
        )

    def _do_load(self, data: Any, *, many: bool | None = None, **_: Any) -> Any:
        try:
            if not (self.many if many is None else many):
                return self.read(data)
            return [self.read(item) for item in data]
        except ValidationError as error:
            raise ValidationError(error.normalized_messages(), data=data) from None  # type: ignore[no-untyped-call]


class Query(Schema):
    """The parameters of a query string: every value is a text, unknown and repeated ones are refused."""

    what = "parameter"

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        """A parameter has no null."""

    def load_pairs(self, pairs: Iterable[tuple[str, str]]) -> dict[str, Any]:
        """Loads the parameters as they were sent, in pairs of name and value. Raises ValidationError."""
        data: dict[str, str] = {}
        for name, value in pairs:
            if name in data and name in self._plan:
                raise refuse(f"The parameter {shown(name)} is there twice: give it once.", "repeated", name)
            data[name] = value
        return self.read(data)

    def _do_load(self, data: Any, *, many: bool | None = None, **_: Any) -> Any:
        if isinstance(data, Mapping) and type(data) is not dict:
            data = {name: data[name] for name in data}  # webargs hands over a proxy of werkzeug's MultiDict
        return super()._do_load(data, many=many)


class Patch(Schema):
    """Describes a JSON merge patch (RFC 7396): any field may be left out, and null removes an optional one.

    Only for the OpenAPI document: a patch is merged into what is on record, and the result is loaded as a
    request.
    """


class Document(marshmallow.Schema):
    """Describes an answer: every field is there, null or [] where nothing is known, and no other field.

    A field declared with `sometimes=True` is the exception: it may be missing.
    """

    def on_bind_field(self, field_name: str, field_obj: Any) -> None:
        """Every field is required, but for those that are there sometimes."""
        field_obj.required = not getattr(field_obj, "sometimes", False)
        if field_obj.metadata.get("pattern") == NOT_BLANK:  # "white space" differs between regex engines
            field_obj.metadata = {key: word for key, word in field_obj.metadata.items() if key != "pattern"}


def patch_of(name: str, schema: type[Schema], without: Iterable[str] = (), **others: Any) -> type[Patch]:
    """The patch schema `name` of a request schema: its fields but for those in `without`, plus `others`."""
    fields: dict[str, Any] = {}
    for key, field in schema._declared_fields.items():
        if key not in without and key not in others:
            fields[key] = copy.copy(field)
            fields[key].required = False
            fields[key].load_default = missing
    return type(name, (Patch,), {**fields, **others, "__doc__": f"A JSON merge patch of {schema.__name__}."})


def kind_of(value: object) -> str:
    """What a value is, in JSON's words: "a text", "a list", ..."""
    kinds = {str: "a text", bool: "true or false", int: "a number", list: "a list", dict: "an object"}
    return "null" if value is None else kinds.get(type(value), f"of the type {type(value).__name__}")
