"""What an import reads: formats, lines, and what is wrong with them."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.cli import files
from api.cli.files import COLUMNS, Counted
from api.importing import Found
from schemas.claims import ClaimSchema

MOST = 1_000


class Dripping(io.BytesIO):
    """A stream that gives so few bytes at a time that every border falls between two reads."""

    def __init__(self, data: bytes, drop: int) -> None:
        super().__init__(data)
        self._drop = drop

    def read(self, size: int | None = -1) -> bytes:
        return super().read(self._drop)


def found(data: bytes, form: str, drop: int = 65_536, most: int = MOST) -> list[Found]:
    return list(files.read(Counted(Dripping(data, drop)), form, most))


def values(data: bytes, form: str, drop: int = 65_536) -> list[object]:
    read = found(data, form, drop)
    assert not [one for one in read if one.fault]
    return [one.value for one in read]


def faults(data: bytes, form: str) -> list[tuple[int, str]]:
    return [(one.line, one.fault.detail) for one in found(data, form) if one.fault]


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=12)
bodies = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(bodies, max_size=5), st.none() | st.integers(0, 3), st.booleans(), st.integers(1, 7))
def test_files_array_is_read_item_by_item(items: list[object], indent: int | None, escaped: bool, drop: int) -> None:
    """Whatever an array holds and however it is laid out, its items are found, one after another."""
    data = json.dumps(items, indent=indent, ensure_ascii=escaped).encode()
    assert values(data, "json", drop) == items


def test_files_array_names_the_line_of_an_item() -> None:
    """An item is named by the line that it begins in, and one that is no JSON stops no other."""
    data = b'[\n {"a": "x, ] }"},\n\n {"b": tru},\n {"c":\n  1}\n]\n'
    read = found(data, "json")
    assert [(one.line, one.value) for one in read] == [(2, {"a": "x, ] }"}), (4, None), (5, {"c": 1})]
    assert read[1].fault and "not JSON" in read[1].fault.detail


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b'{"a":1}', 1, "does not begin with '['"),
        (b"", 1, "does not begin with '['"),
        (b'[{"a":1},\n{"b"', 2, "ends in the middle"),
        (b'[{"a":1}\n', 1, "ends in the middle"),
        (b'[{"a":1},]', 1, "empty"),
        (b'[{"a":1}]\n[2]', 2, "something follows"),
        (b'["abc', 1, "ends in the middle"),
        (b'["abc\\', 1, "ends in the middle"),
    ],
)
def test_files_array_that_is_broken(data: bytes, line: int, words: str) -> None:
    """What is wrong with the array itself is said with its line; the items before it are kept."""
    ((where, detail),) = faults(data, "json")
    assert where == line
    assert words in detail


@pytest.mark.parametrize(("form", "item"), [("ndjson", b'{"a":"%s"}\n'), ("json", b'{"a":"%s"}')])
def test_files_long_bodies_are_refused_unread(form: str, item: bytes) -> None:
    """A body over the limit is refused by its line and not kept; the ones around it are read."""
    data = b"".join([item % b"1", b",\n" if form == "json" else b"", item % (b"x" * 200_000), b"," * (form == "json")])
    data += item % b"3"
    read = found(b"[" + data + b"]" if form == "json" else data, form, drop=4_096)
    assert [(one.line, one.value) for one in read] == [(1, {"a": "1"}), (2, None), (2 + (form == "ndjson"), {"a": "3"})]
    assert read[1].fault and "1,000 bytes" in read[1].fault.detail


def test_files_lines_are_counted_with_the_empty_ones() -> None:
    """Empty lines are skipped and counted; the last line need not end; CRLF is as good as LF."""
    read = found(b'\n{"a":1}\r\n  \n{"b":2}', "ndjson")
    assert [(one.line, one.value) for one in read] == [(2, {"a": 1}), (4, {"b": 2})]


HEADER = ",".join(COLUMNS)


def test_files_csv_fills_a_body() -> None:
    """Every column ends up where the schema has it, and an empty cell is left out."""
    row = (
        '01JDF3QZ5W8N6T2K4M7R9V0XAB,"Said, and ""quoted""\nover two lines",direct,en,agency,desk,chief,,2011-04,,ctx,'
        "https://a.example/,T,P,A,2011,https://b.example/,exact,q-join,free,why,one  two"
    )
    (one,) = found(f"\ufeff{HEADER}\r\n{row}\r\n".encode(), "csv")
    assert one.line == 2
    assert ClaimSchema().load(one.value) == {
        "id": "01JDF3QZ5W8N6T2K4M7R9V0XAB",
        "text": 'Said, and "quoted"\nover two lines',
        "wording": "direct",
        "language": "en",
        "attribution": {"speaker": "agency", "on_behalf_of": "desk", "role": "chief"},
        "stated_on": "2011-04",
        "context": "ctx",
        "appearances": [
            {
                "url": "https://a.example/",
                "title": "T",
                "publisher": "P",
                "author": "A",
                "published_on": "2011",
                "archived_url": "https://b.example/",
                "quote": {"exact": "exact"},
            }
        ],
        "stances": [{"question": "q-join", "position": "free", "reasoning": "why"}],
        "tags": ["one", "two"],
    }


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        ("text,wording,speaker,url,colour\n", 1, "no column 'colour'"),
        ("text,wording,url\n", 1, "'speaker' is missing"),
        ("text,wording,speaker,url,text\n", 1, "'text' is there twice"),
        ("text;wording;speaker;url\n", 1, "separated by ';'"),
        ("", 1, "empty"),
        ("text,wording,speaker,url\na,b\n", 2, "2 cells"),
        ('text,wording,speaker,url\na,b,c,d\n"a\n,b,c,d\n', 3, "The rest was not read"),
        ("text,wording,speaker,url\n\n" + "x" * 2_000, 3, "longer than 1,000 bytes"),
    ],
)
def test_files_csv_that_cannot_be_taken(data: str, line: int, words: str) -> None:
    """What is wrong with a table is said by its line and the name of the column."""
    ((where, detail),) = faults(data.encode(), "csv")
    assert where == line
    assert words in detail


def test_files_csv_that_is_not_utf_8() -> None:
    """A cell in another encoding is refused by its row, and the rows around it are read."""
    read = found("text,wording,speaker,url\nä,d,s,u\n".encode() + b"\xe4,d,s,u\nb,d,s,u\n", "csv")
    assert [one.line for one in read if one.fault] == [3]
    assert [one.value["text"] for one in read if not one.fault] == ["ä", "b"]


@pytest.mark.parametrize(
    ("pointer", "column"),
    [("/attribution/speaker", "speaker"), ("/tags/1", "tags"), ("/appearances/0/url", "url"), ("", "")],
)
def test_files_csv_faults_are_named_by_column(pointer: str, column: str) -> None:
    """Whoever wrote a table knows columns and no pointers."""
    assert files.named(pointer, "csv") == column
    assert files.named(pointer, "json") == pointer
