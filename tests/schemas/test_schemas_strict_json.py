"""The one JSON loader: what it refuses, where it says the fault is, and that it fails in no other way."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from schemas.strict_json import BadJSON, Number, loads
from schemas.vocabulary import MAX_INTEGER

REFUSED = [
    # body, code, pointer
    (b"", "empty", ""),
    (b" \r\n\t", "empty", ""),
    (b"\xff\xfe{\x00}\x00", "encoding", ""),
    (b'{"a":"\xed\xa0\x80"}', "encoding", ""),
    (b"\xef\xbb\xbf{}", "bom", ""),
    (b'{"a":1,}', "syntax", ""),
    (b"[1 2]", "syntax", ""),
    (b"[1]]", "syntax", ""),
    (b"{'a':1}", "syntax", ""),
    (b'{"a":01}', "syntax", ""),
    (b'"a\nb"', "syntax", ""),
    (b'"\x00"', "syntax", ""),
    (b'{"a":1,"a":1}', "duplicate-key", "/a"),
    (b'{"a":{"b/c~":[0,{"x":1,"y":2,"x":3}]}}', "duplicate-key", "/a/b~1c~0/1/x"),
    (b'{"a":1,"\\u0061":2}', "duplicate-key", "/a"),
    (b'{"a":NaN}', "not-a-number", "/a"),
    (b"[0,-Infinity]", "not-a-number", "/1"),
    (b'{"a":[1.0]}', "float", "/a/0"),
    (b"1e2", "float", ""),
    (b'{"a":9007199254740992}', "integer", "/a"),
    (b"-9007199254740992", "integer", ""),
    (b"[" + b"9" * 5000 + b"]", "integer", "/0"),
    (b'{"a":["\\ud800"]}', "surrogate", "/a/0"),
    (b'{"a":"\\udc00\\ud800"}', "surrogate", "/a"),
    (b'{"\\uD800":1}', "surrogate", "/?"),
    (b'{"a":"b\\u0000"}', "nul", "/a"),
    (b'{"\\u0000":1}', "nul", "/\0"),
    (b"[" * 21 + b"]" * 21, "depth", ""),
    (b'{"a":' * 21 + b"1" + b"}" * 21, "depth", ""),
    (b"[" * 1_000_000, "depth", ""),
    (b'{"a":[' * 300_000, "depth", ""),
    (b'"' + b'\\"' * 300_000, "syntax", ""),
]


@pytest.mark.parametrize(("body", "code", "pointer"), REFUSED, ids=lambda value: ascii(value)[:40])
def test_what_is_refused(body: bytes, code: str, pointer: str) -> None:
    """Each fault has its code, the pointer of the first place where it is, and a sentence."""
    with pytest.raises(BadJSON) as caught:
        loads(body)
    assert (caught.value.code, caught.value.pointer) == (code, pointer)
    assert caught.value.detail.endswith(".")
    assert len(caught.value.detail) < 300


TAKEN = [
    (b"[" * 20 + b"]" * 20, None),
    (b'["[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "\\"]}{{{{{"]', ["[" * 30, '"]}{{{{{']),
    (b"[" + b"[]," * 50 + b"[]]", [[]] * 51),
    (b'"\\ud83d\\ude00"', "\U0001f600"),
    (b'"\\\\ud800 \\\\u0000"', "\\ud800 \\u0000"),
    (b'"\\u001f\\u007f"', "\x1f\x7f"),
    (b" {} \n", {}),
    (b"[9007199254740991,-9007199254740991,-0]", [MAX_INTEGER, -MAX_INTEGER, 0]),
    ('{"東京":"都 \ufeff"}'.encode(), {"東京": "都 \ufeff"}),
    (b"null", None),
]


@pytest.mark.parametrize(("body", "value"), TAKEN, ids=lambda value: ascii(value)[:40])
def test_what_is_taken(body: bytes, value: Any) -> None:
    """What only looks like a fault is none: brackets in texts, pairs of surrogates, escaped backslashes."""
    found = loads(body)
    if value is not None:
        assert found == value


@pytest.mark.parametrize(
    ("body", "place"),
    [(b'{\n  "a": 1,\n  b\n}', "line 3, column 3"), ('{"é": x}'.encode(), "line 1, column 7")],
)
def test_a_syntax_error_says_where(body: bytes, place: str) -> None:
    """Line and column are counted in characters, from 1."""
    with pytest.raises(BadJSON, match=place):
        loads(body)


def test_a_duplicate_is_named() -> None:
    """The key that stands twice is in the sentence, cut if somebody made it very long."""
    with pytest.raises(BadJSON, match='"speaker"'):
        loads(b'{"speaker":1,"speaker":2}')
    key = b"k" * 100_000
    with pytest.raises(BadJSON) as caught:
        loads(b'{"%s":1,"%s":2}' % (key, key))
    assert len(caught.value.detail) + len(caught.value.pointer) < 600


def test_the_limit_of_depth_can_be_set() -> None:
    """Lists and objects count alike."""
    assert loads(b'[{"a":[]}]', max_depth=3) == [{"a": []}]
    with pytest.raises(BadJSON, match="more than 2 levels"):
        loads(b'[{"a":[]}]', max_depth=2)


texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX_INTEGER, MAX_INTEGER) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=20,
)


@given(values, st.booleans())
def test_clean_values_come_back(value: Any, ascii_only: bool) -> None:
    """Whatever json.dumps writes of clean data is read as the same value, escaped or not."""
    assert loads(json.dumps(value, ensure_ascii=ascii_only).encode(), max_depth=100) == value


# Bytes that look like JSON find more than bytes at random.
pieces = [
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b'"',
    b'"a"',
    b"\\",
    b"\\ud800",
    b"\\u0000",
    b"1",
    b"-",
    b".5",
    b"e9",
    b"NaN",
]
jsonish = st.lists(st.sampled_from(pieces), max_size=30).map(b"".join)


@given(st.binary(max_size=60) | jsonish)
@example(b'{"a":[NaN')
@example(b"[-")
def test_nothing_but_bad_json_is_raised(body: bytes) -> None:
    """Arbitrary bytes are read or refused; what is read can be written again, with no float in it."""
    try:
        value = loads(body)
    except BadJSON:
        return
    assert loads(json.dumps(value, ensure_ascii=False).encode()) == value


@pytest.mark.parametrize("number", ["1.50", "-0", "1E400", "12345678901234567890", "9" * 5000])
def test_numbers_of_others_stay_as_they_were_written(number: str) -> None:
    """Where asked to, the loader changes no digit of a number; what is no JSON it refuses as ever."""
    value = loads(f'{{"a":[{number}]}}'.encode(), numbers_as_written=True)
    assert value == {"a": [number]}
    assert type(value["a"][0]) is Number


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b'{"a":[1.5,NaN]}', "not-a-number"),
        (b'{"a":1.5,"a":2}', "duplicate-key"),
        (b'[1.5,"\\u0000"]', "nul"),
    ],
)
def test_numbers_of_others_excuse_nothing_else(body: bytes, code: str) -> None:
    """A fraction is no fault then, and the fault behind it is found."""
    with pytest.raises(BadJSON) as caught:
        loads(body, numbers_as_written=True)
    assert caught.value.code == code
