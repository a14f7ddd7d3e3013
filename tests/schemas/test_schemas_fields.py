"""The strict fields: the value that goes in beside what comes out, or the code of the refusal."""

from __future__ import annotations

from typing import Any

import pytest
from marshmallow import ValidationError
from marshmallow import fields as stock

from schemas import fields
from schemas.vocabulary import MAX_INTEGER

TAKEN: list[tuple[Any, list[Any]]] = [
    (fields.Text(max=5), ["a", " a ", "é", "abcde", "\u200ba", "\x1fa"]),
    (fields.Text(max=5, blank=True), ["", "  "]),
    (fields.Slug(), ["dhs", "-", "2011", "a" * 64]),
    (fields.Ulid(), ["01JDF3QZ5W8N6T2K4M7R9V0XAB", "7ZZZZZZZZZZZZZZZZZZZZZZZZZ"]),
    (
        fields.Url(),
        [
            "https://a.b",
            "http://localhost:8000/x?y#z",
            "HTTPS://EX.org",
            "https://例え.jp/パス?q=ü",
            "https://[::1]:80/",
            "https://a.b./",
            'https://x/|{}"<>@:',
        ],
    ),
    (
        fields.Language(),
        ["en", "es-MX", "zh-Hant-TW-x-a", "x-klingon", "sl-rozaj-biske", "de-1996", "en-a-bbb-x-a"],
    ),
    (fields.EdtfDate(), ["2011", "2009/..", "2011-04~", "XXXX"]),
    (fields.Day(), ["2011-02-03"]),
    (fields.StrictInteger(), [0, MAX_INTEGER]),
    (fields.StrictBoolean(), [True, False]),
    (fields.Choice(("a", "b")), ["a"]),
    (fields.Items(fields.Slug(), most=2, unique=True), [["a", "b"]]),
]


@pytest.mark.parametrize(("field", "value"), [(f, value) for f, taken in TAKEN for value in taken])
def test_what_is_taken_is_kept(field: stock.Field[Any], value: Any) -> None:
    """Nothing is stripped, folded or coerced; marshmallow's own protocol does the same as `read`."""
    assert field.read(value) == value  # type: ignore[attr-defined]
    assert field.deserialize(value) == value


def codes(messages: Any) -> Any:
    """Messages with the codes in their place."""
    if isinstance(messages, dict):
        return {key: codes(inner) for key, inner in messages.items()}
    assert len(messages) == 1
    assert messages[0].endswith(".")
    return messages[0].code


REFUSED: list[tuple[Any, Any, Any]] = [
    (fields.Text(), "", "too-short"),
    (fields.Text(), " \n\u3000", "blank"),
    (fields.Text(max=5), "abcdef", "too-long"),
    (fields.Text(), "a\0", "character"),
    (fields.Text(), "a\ud800", "character"),
    (fields.Text(blank=True), "\0", "character"),
    *((fields.Text(), value, "type") for value in (1, True, None, ["a"], {"a": 1}, b"a")),
    *((fields.Slug(), value, "pattern") for value in ("", "DHS", "a b", "a" * 65, "é", "a\n", "a_b")),
    (fields.Slug(), 1, "type"),
    *(
        (fields.Ulid(), value, "pattern")
        for value in (
            "01jdf3qz5w8n6t2k4m7r9v0xab",
            "8" + "Z" * 25,
            "01JDF3QZ5W8N6T2K4M7R9V0XAI",
            "0" * 25,
            "0" * 27,
        )
    ),
    *(
        (fields.Url(), value, "url")
        for value in (
            "",
            "a.b",
            "//a.b",
            "ftp://a.b",
            "javascript:alert(1)",
            "https://",
            "https:///x",
            "https://user@a.b",
            "https://u:p@a.b/",
            "https://a b",
            "https://a.b/c d",
            "https://a.b/\n",
            " https://a.b",
            "https://a.b/\x7f",
            "https://a.b/\x00",
            "https://a.b/\ud800",
            "https://a.b:99999",
            "https://a..b",
            "https://-a.b",
            "https://a.b\\c",
            "https://a.b\uff0fevil/",
            "https://a\u202eb/",
        )
    ),
    (fields.Url(), "https://a.b/" + "x" * 2000, "too-long"),
    *(
        (fields.Language(), value, "language")
        for value in ("", "e", "en_US", "en-", "123", "en-a", "en-abcdefghi")
    ),
    (fields.Language(), "en-" + "abcde-" * 20 + "abcde", "too-long"),
    (fields.EdtfDate(), "2011-02-30", "date"),
    (fields.EdtfDate(), 2011, "type"),
    (fields.Day(), "2011-02", "date"),
    *((fields.StrictInteger(), value, "type") for value in (True, 1.0, "1", None)),
    *((fields.StrictInteger(), value, "range") for value in (-1, MAX_INTEGER + 1)),
    *(
        (fields.QueryInteger(), value, "integer")
        for value in ("5.0", "", " 5", "+5", "1e2", "-1", "٥", "9" * 5000, 5)
    ),
    (fields.QueryInteger(maximum=9), "10", "range"),
    *((fields.StrictBoolean(), value, "type") for value in (0, 1, "true", None)),
    (fields.Choice(("a", "b")), "c", "choice"),
    (fields.Choice(("a", "b")), ["a"], "type"),
    (fields.Items(fields.Slug(), least=1), [], "too-few"),
    (fields.Items(fields.Slug(), most=1), ["a", "b"], "too-many"),
    (fields.Items(fields.Slug(), unique=True), ["a", "b", "a"], {2: "duplicate"}),
    (fields.Items(fields.Slug()), ["a", "B", None], {1: "pattern", 2: "type"}),
    (fields.Items(fields.Slug()), "abc", "type"),
    (fields.Items(fields.Slug()), {"0": "a"}, "type"),
]


@pytest.mark.parametrize(("field", "value", "code"), REFUSED, ids=lambda value: ascii(value)[:30])
def test_what_is_refused(field: Any, value: Any, code: Any) -> None:
    """Each refusal is one sentence with a stable code, at the place of the fault."""
    with pytest.raises(ValidationError) as caught:
        field.read(value)
    assert codes(caught.value.messages) == code


INSTANTS = [
    ("0", 0),
    ("120", 120),
    ("2026-11-24T10:00:00Z", "2026-11-24T10:00:00.000Z"),
    ("2026-11-24t10:00:00.1z", "2026-11-24T10:00:00.100Z"),
    ("2026-11-24T10:00:00.123999999Z", "2026-11-24T10:00:00.123Z"),
    ("2026-11-24T10:00:00+02:00", "2026-11-24T08:00:00.000Z"),
    ("2026-11-24T23:30:00.5-01:00", "2026-11-25T00:30:00.500Z"),
    ("0999-01-01T00:00:00Z", "0999-01-01T00:00:00.000Z"),
]


@pytest.mark.parametrize(("text", "value"), INSTANTS)
def test_at(text: str, value: int | str) -> None:
    """A size is an int; an instant comes out in UTC with three decimals, cut and not rounded."""
    assert fields.At().read(text) == value


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2026-11-24T10:00:00 02:00", "%2B"),
        ("2026-11-24T10:00:00", "offset"),
        ("2026-11-24", "offset"),
        ("2026-02-30T10:00:00Z", "no such instant"),
        ("2026-11-24T10:00:60Z", "no such instant"),
        ("2026-11-24T10:00:00+24:00", "no such instant"),
        ("0001-01-01T00:00:00+01:00", "no such instant"),
        ("-1", "size"),
        ("01", "size"),
        ("1.0", "size"),
        ("", "size"),
        ("9" * 5000, "size"),
    ],
)
def test_at_refused(text: str, word: str) -> None:
    """The sentence names the remedy; a + that became a blank is recognised."""
    with pytest.raises(ValidationError, match=word) as caught:
        fields.At().read(text)
    assert codes(caught.value.messages) == "instant"
