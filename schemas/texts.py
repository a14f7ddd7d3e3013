"""The strict fields for texts: each keeps exactly what was given, or says what would do instead."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import marshmallow.fields as stock

from schemas import dates
from schemas import vocabulary as words
from schemas.base import NOT_BLANK, kind_of, refuse, shown


class Strict:
    """What all fields share: a description and an example for the document, and `read`.

    `sometimes` marks a member of an answer that may be missing; `extra` are further keywords of JSON Schema.
    """

    def __init__(
        self,
        description: str = "",
        *args: Any,
        example: Any = None,
        sometimes: bool = False,
        extra: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> None:
        metadata = {**self.keywords(), **(extra or {})}
        if description:
            metadata["description"] = description
        if example is not None:
            metadata["examples"] = [example]
        if kwargs.get("allow_none") and "enum" in metadata:
            metadata["enum"] = [*metadata["enum"], None]
        self.sometimes = sometimes
        super().__init__(*args, metadata=metadata, **kwargs)  # type: ignore[call-arg]

    def keywords(self) -> dict[str, Any]:
        """The keywords of JSON Schema that say what `read` takes."""
        return {}

    def read(self, value: Any) -> Any:
        """The value, if it can be taken. Raises ValidationError."""
        raise NotImplementedError

    def _deserialize(self, value: Any, attr: Any, data: Any, **kwargs: Any) -> Any:
        return self.read(value)


class Text(Strict, stock.String):
    """Text of 1 to `max` characters, not only white space; `blank=True` takes the empty and blank too."""

    def __init__(
        self, description: str = "", max: int = words.MAX_TEXT, blank: bool = False, **kwargs: Any
    ) -> None:
        self.max = max
        self.blank = blank
        super().__init__(description, **kwargs)

    def keywords(self) -> dict[str, Any]:
        """The limits of the length."""
        return (
            {"maxLength": self.max}
            if self.blank
            else {"minLength": 1, "maxLength": self.max, "pattern": NOT_BLANK}
        )

    def read(self, value: Any) -> str:
        """The text exactly as it was given. Raises ValidationError."""
        if (
            type(value) is str
            and 0 < len(value) <= self.max
            and "\0" not in value
            and (value.isascii() or _encodes(value))
            and not value.isspace()
        ):
            return value
        return self._second_look(value)

    def _second_look(self, value: Any) -> str:
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send a text.", "type")
        if len(value) > self.max:
            raise refuse(
                f"The text has {len(value):,} characters: at most {self.max:,} are taken.", "too-long"
            )
        if "\0" in value or not _encodes(value):
            raise refuse("The text holds U+0000 or half of a surrogate pair: leave it out.", "character")
        if self.blank:
            return value
        if not value:
            raise refuse(
                "The text is empty: give at least one character, or leave the field out.", "too-short"
            )
        raise refuse("The text is only white space: give words, or leave the field out.", "blank")


class Name(Text):
    """Text of up to 500 characters: a name, title, label, role, publisher or author."""

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        super().__init__(description, max=words.MAX_NAME, **kwargs)


class Shaped(Strict, stock.String):
    """Text of a fixed shape: `pattern` in full, `remedy` says it in words."""

    pattern = re.compile(r".+")
    remedy = ""
    code = "pattern"

    def __init__(self, description: str = "", **kwargs: Any) -> None:
        self.matches = self.pattern.fullmatch
        super().__init__(description, **kwargs)

    def keywords(self) -> dict[str, Any]:
        """The pattern."""
        return {"pattern": f"^({self.pattern.pattern})$"}

    def read(self, value: Any) -> str:
        """The text exactly as it was given. Raises ValidationError."""
        if type(value) is str and self.matches(value):
            return value
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send a text.", "type")
        raise refuse(f"{shown(value)} {self.remedy}", self.code)


class Slug(Shaped):
    """The id of a party, question or position, or a tag."""

    pattern = words.SLUG
    remedy = "is not an id: write 1 to 64 of a-z, 0-9 and '-'."


class Ulid(Shaped):
    """The id of a claim or verdict."""

    pattern = words.ULID
    remedy = (
        "is not a ULID: write 26 characters of 0-9 and A-Z without I, L, O and U, the first of them 0 to 7."
    )


class Sha256(Shaped):
    """A SHA-256 in hexadecimal."""

    pattern = words.SHA256
    remedy = "is not a SHA-256: write 64 of 0-9 and a-f."


class Cursor(Shaped):
    """The `next` of an earlier page."""

    pattern = re.compile(r"[!-~]{1,512}")
    remedy = "is not a cursor: pass the `next` of an earlier page unchanged."


class Choice(Strict, stock.String):
    """One of a few words."""

    def __init__(self, choices: tuple[str, ...], description: str = "", **kwargs: Any) -> None:
        self.choices = choices
        super().__init__(description, **kwargs)

    def keywords(self) -> dict[str, Any]:
        """The words."""
        return {"enum": list(self.choices)}

    def read(self, value: Any) -> str:
        """The word. Raises ValidationError."""
        if type(value) is str and value in self.choices:
            return value
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send a text.", "type")
        raise refuse(f"{shown(value)} is not known here: use one of {', '.join(self.choices)}.", "choice")


# What neither a host nor a path may hold: white space, control characters, halves of surrogate pairs, and
# the characters that turn the direction of what follows, since they make an address look like another one.
_NOT = r"\s\x00-\x20\x7f-\xa0\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff"
_LABEL = rf"(?:[0-9A-Za-z_-]|[^\x00-\x7f{_NOT}])+"
_URL = re.compile(
    rf"[hH][tT][tT][pP][sS]?://(?:(?!-){_LABEL}(?:\.{_LABEL})*\.?|\[[0-9A-Fa-f:.]+\])(?::([0-9]{{1,5}}))?(?:[/?#][^{_NOT}]*)?"
)


class Url(Strict, stock.String):
    """An http or https address with a host, kept as it was given. Hosts and paths beyond ASCII are taken."""

    def keywords(self) -> dict[str, Any]:
        """A pattern that is a little wider than what `read` takes, which cannot be said in JSON Schema."""
        return {"maxLength": words.MAX_URL, "pattern": r"^[hH][tT][tT][pP][sS]?://[^\s/?#@]+([/?#]\S*)?$"}

    def read(self, value: Any) -> str:
        """The address. Raises ValidationError."""
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send a text.", "type")
        if len(value) > words.MAX_URL:
            raise refuse(
                f"The address has {len(value):,} characters: at most {words.MAX_URL:,} are taken.", "too-long"
            )
        match = _URL.fullmatch(value)
        if match is None or (match[1] and int(match[1]) > 65535) or not (value.isascii() or _splits(value)):
            remedy = "write http:// or https://, a host, and no user name, white space or control characters"
            raise refuse(f"{shown(value)} is not a web address: {remedy}.", "url")
        return value


class EdtfDate(Strict, stock.String):
    """A day, month, year, interval or other EDTF date of level 0 or 1, kept as it was given."""

    def keywords(self) -> dict[str, Any]:
        """The length."""
        return {"minLength": 1, "maxLength": words.MAX_DATE}

    def read(self, value: Any) -> str:
        """The date as a text. Raises ValidationError."""
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send the date as a text, such as 2011-04-22.", "type")
        try:
            dates.bounds(value)
        except ValueError as error:
            raise refuse(str(error), "date") from None
        return value


class Day(Strict, stock.String):
    """A day, YYYY-MM-DD, kept as it was given: `schemas.dates.day` makes it an ordinal."""

    def keywords(self) -> dict[str, Any]:
        """The format of a full-date."""
        return {"format": "date", "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}

    def read(self, value: Any) -> str:
        """The day as a text. Raises ValidationError."""
        if type(value) is not str:
            raise refuse(f"This is {kind_of(value)}: send the day as a text, such as 2011-04-22.", "type")
        try:
            dates.day(value)
        except ValueError as error:
            raise refuse(str(error), "date") from None
        return value


_LANGUAGE = (  # RFC 5646, section 2.1; without the irregular tags of old, but for what also is regular
    r"(?:[A-Za-z]{2,3}(?:-[A-Za-z]{3}){0,3}|[A-Za-z]{4,8})(?:-[A-Za-z]{4})?(?:-(?:[A-Za-z]{2}|[0-9]{3}))?"
    r"(?:-(?:[0-9A-Za-z]{5,8}|[0-9][0-9A-Za-z]{3}))*(?:-[0-9A-WY-Za-wy-z](?:-[0-9A-Za-z]{2,8})+)*"
    r"(?:-[xX](?:-[0-9A-Za-z]{1,8})+)?|[xX](?:-[0-9A-Za-z]{1,8})+"
)


class Language(Shaped):
    """A well-formed BCP 47 language tag."""

    pattern = re.compile(_LANGUAGE)
    remedy = "is not a language tag (BCP 47): write it as en, es-MX or zh-Hant."
    code = "language"

    def keywords(self) -> dict[str, Any]:
        """The pattern and the length."""
        return {**super().keywords(), "maxLength": words.MAX_LANGUAGE}

    def read(self, value: Any) -> str:
        """The tag as it was given. Raises ValidationError."""
        if type(value) is str and len(value) > words.MAX_LANGUAGE:
            raise refuse(f"The language tag is longer than {words.MAX_LANGUAGE} characters.", "too-long")
        return super().read(value)


def _encodes(text: str) -> bool:
    """Whether a text can be written in UTF-8: half of a surrogate pair cannot."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _splits(url: str) -> bool:
    """Whether a host beyond ASCII stays one host when it is normalised: "example.com\uff0fevil" does not."""
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
