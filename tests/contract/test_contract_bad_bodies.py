"""Bodies that cannot be accepted: each is refused where it is wrong, with the remedy, and nothing is written."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest

from tests.contract.conftest import (
    ASSESSMENT,
    CLAIM,
    MANDATORY,
    PARTY,
    QUESTION,
    VERDICT,
    VOLUNTARY,
    Api,
    problem,
)
from tests.records import APPEARANCE

VERDICTS = f"/v1/claims/{MANDATORY}/verdicts"
WITHDRAWAL = f"/v1/claims/{MANDATORY}/withdrawal"
POSTS: dict[str, dict[str, Any]] = {
    "/v1/parties": PARTY,
    "/v1/questions": QUESTION,
    "/v1/claims": CLAIM,
    VERDICTS: VERDICT,
    "/v1/contradictions": ASSESSMENT,
    WITHDRAWAL: {"reason": "Forged."},
}
MISSING = object()


def changed(body: dict[str, Any], pointer: str, value: Any) -> dict[str, Any]:
    """A copy of a body in which the place that a pointer names has another value, or is gone."""
    whole = copy.deepcopy(body)
    *way, last = pointer.split("/")[1:]
    place: Any = whole
    for step in way:
        place = place[int(step) if isinstance(place, list) else step]
    key: Any = int(last) if isinstance(place, list) else last
    if value is MISSING:
        del place[key]
    else:
        place[key] = value
    return whole


RICH = CLAIM | {
    "attribution": {"speaker": "ice", "on_behalf_of": "dhs"},
    "appearances": [APPEARANCE | {"quote": {"exact": "x"}}],
    "variants": [{"text": "v"}],
    "stances": [{"question": "sc-voluntary", "position": "mandatory"}],
}
RULED = VERDICT | {"claim_revision": 7}

# (path, body, what is wrong, the value there, the code). What is wrong is where the error points.
FIELDS: list[tuple[str, dict[str, Any], str, Any, str]] = [
    # missing
    *(("/v1/parties", PARTY, f"/{name}", MISSING, "required") for name in ("id", "name", "kind")),
    *(("/v1/questions", QUESTION, f"/{name}", MISSING, "required") for name in ("id", "text", "positions")),
    *(("/v1/claims", CLAIM, f"/{name}", MISSING, "required") for name in CLAIM if name != "stated_on"),
    *((VERDICTS, VERDICT, f"/{name}", MISSING, "required") for name in ("rating", "evidence")),
    *(("/v1/contradictions", ASSESSMENT, f"/{name}", MISSING, "required") for name in ("claims", "assessment")),
    (WITHDRAWAL, {"reason": "x"}, "/reason", MISSING, "required"),
    ("/v1/claims", RICH, "/attribution/speaker", MISSING, "required"),
    ("/v1/claims", RICH, "/appearances/0/url", MISSING, "required"),
    ("/v1/claims", RICH, "/appearances/0/quote/exact", MISSING, "required"),
    ("/v1/claims", RICH, "/variants/0/text", MISSING, "required"),
    ("/v1/claims", RICH, "/stances/0/position", MISSING, "required"),
    ("/v1/questions", QUESTION, "/positions/1/label", MISSING, "required"),
    (VERDICTS, VERDICT, "/evidence/0/url", MISSING, "required"),
    # null for what is required is the same as missing
    ("/v1/claims", CLAIM, "/text", None, "required"),
    (VERDICTS, VERDICT, "/evidence", None, "required"),
    # unknown, at each level
    *((path, body, "/colour", "red", "unknown-field") for path, body in POSTS.items()),
    ("/v1/claims", RICH, "/attribution/colour", 1, "unknown-field"),
    ("/v1/claims", RICH, "/appearances/0/colour", None, "unknown-field"),
    ("/v1/claims", RICH, "/appearances/0/quote/colour", {}, "unknown-field"),
    ("/v1/claims", RICH, "/variants/0/colour", [], "unknown-field"),
    ("/v1/claims", RICH, "/stances/0/colour", True, "unknown-field"),
    ("/v1/questions", QUESTION, "/positions/0/colour", 0, "unknown-field"),
    (VERDICTS, VERDICT, "/evidence/0/colour", 0, "unknown-field"),
    ("/v1/claims", CLAIM, "/status", "refuted", "unknown-field"),
    ("/v1/claims", CLAIM, "/recorded_at", "2026-11-24T10:00:00.000Z", "unknown-field"),
    ("/v1/claims", CLAIM, "/a~1b~0c", 1, "unknown-field"),
    # wrong types: nothing is coerced
    *(("/v1/claims", CLAIM, "/text", value, "type") for value in (1, True, [], {}, ["x"])),
    *(("/v1/claims", CLAIM, "/attribution", value, "type") for value in ("ice", 1, [], False)),
    *(("/v1/claims", CLAIM, "/appearances", value, "type") for value in ("x", {}, 1, True)),
    *(("/v1/claims", CLAIM, "/appearances/0", value, "type") for value in ("https://x.example", 1, None, [])),
    *(("/v1/claims", RICH, f"/{name}", "x", "type") for name in ("variants", "stances", "tags")),
    *(("/v1/claims", CLAIM | {name: "x"}, f"/{name}", 1, "type") for name in ("language", "stated_on", "context")),
    ("/v1/claims", CLAIM, "/id", 1, "type"),
    ("/v1/claims", RICH, "/appearances/0/quote", "x", "type"),
    ("/v1/questions", QUESTION, "/positions/0/neutral", "yes", "type"),
    ("/v1/questions", QUESTION, "/positions/0/neutral", 0, "type"),
    *((VERDICTS, RULED, "/claim_revision", value, "type") for value in ("7", True, [])),
    ("/v1/parties", PARTY | {"same_as": [1]}, "/same_as/0", 1, "type"),
    ("/v1/contradictions", ASSESSMENT, "/claims", VOLUNTARY, "type"),
    ("/v1/contradictions", ASSESSMENT, "/claims/1", 7, "type"),
    # words
    ("/v1/claims", CLAIM, "/wording", "Direct", "choice"),
    ("/v1/parties", PARTY, "/kind", "org", "choice"),
    (VERDICTS, VERDICT, "/rating", "pants-on-fire", "choice"),
    ("/v1/contradictions", ASSESSMENT, "/assessment", "lie", "choice"),
    ("/v1/contradictions", ASSESSMENT, "/reason", "", "choice"),
    # shapes
    *(("/v1/parties", PARTY, "/id", value, "pattern") for value in ("", "A", "a_b", "x" * 65, "é", "a ", "a/b", "a\n")),
    *(("/v1/claims", CLAIM | {"id": ""}, "/id", value, "pattern") for value in ("x", VOLUNTARY.lower(), "8" * 26)),
    ("/v1/claims", CLAIM | {"tags": ["ok"]}, "/tags/0", "No", "pattern"),
    *(
        ("/v1/claims", RICH, "/appearances/0/url", value, "url")
        for value in (
            "ftp://x.example",
            "javascript:alert(1)",
            "x.example",
            "https://",
            "https://user@x.example",
            "https://x.example/a b",
            "https://x.example:99999",
            "",
        )
    ),
    *(("/v1/claims", CLAIM | {"language": ""}, "/language", value, "language") for value in ("", "e", "en_US", "en-")),
    ("/v1/parties", PARTY, "/id", "operator", "reserved"),
    ("/v1/parties", PARTY | {"parent": "x"}, "/parent", "cbp", "own-parent"),
    # lengths and counts
    *(("/v1/claims", CLAIM, "/text", value, "too-short") for value in ("",)),
    *(("/v1/claims", CLAIM, "/text", value, "blank") for value in (" ", "\n\t", "\u2003")),
    ("/v1/claims", CLAIM, "/text", "x" * 10_001, "too-long"),
    ("/v1/parties", PARTY, "/name", "x" * 501, "too-long"),
    ("/v1/claims", RICH, "/appearances/0/url", "https://x.example/" + "x" * 2000, "too-long"),
    ("/v1/claims", CLAIM, "/appearances", [], "too-few"),
    ("/v1/claims", CLAIM, "/appearances", [APPEARANCE] * 51, "too-many"),
    ("/v1/claims", CLAIM | {"tags": []}, "/tags", [f"t{n}" for n in range(31)], "too-many"),
    (VERDICTS, VERDICT, "/evidence", [], "too-few"),
    ("/v1/questions", QUESTION, "/positions", QUESTION["positions"][:1], "too-few"),
    ("/v1/contradictions", ASSESSMENT, "/claims", [VOLUNTARY], "too-few"),
    ("/v1/contradictions", ASSESSMENT, "/claims", [VOLUNTARY, MANDATORY, VOLUNTARY], "too-many"),
    # numbers
    *((VERDICTS, RULED, "/claim_revision", value, "range") for value in (-1, -(2**53) + 1)),
]


@pytest.mark.parametrize(("path", "body", "pointer", "value", "code"), FIELDS)
def test_a_field_is_refused_where_it_is(
    api: Api, path: str, body: dict[str, Any], pointer: str, value: Any, code: str
) -> None:
    """A field that cannot be accepted is named by pointer and code, and a sentence says what would do."""
    refused = api.post(
        path,
        changed(body, pointer.replace("~1", "/").replace("~0", "~"), value)
        if "~" not in pointer
        else body | {"a/b~c": value},
        If_Match="*",
    )
    members = problem(refused, "invalid-request", pointer)
    assert members["errors"][0]["code"] == code
    assert members["detail"] == members["errors"][0]["detail"]
    assert api.size == 8


# Dates that are none: the value, and a word of the sentence that says why.
DATES = [
    ("2011-02-30", "calendar"),
    ("2011-13", "calendar"),
    ("2011-00-01", "calendar"),
    ("2012/2011", "ends before it begins"),
    ("2011-05/2011-04-30", "ends before it begins"),
    ("2011-04-22T12:00", "time of day"),
    ("2011-04-22 4:00 PM", "time of day"),
    ("04/22/2011", "EDTF"),
    ("22.4.2011", "EDTF"),
    ("April 2011", "EDTF"),
    ("0000", "0001"),
    ("-0044", "0001"),
    ("20111", "0001"),
    ("2011-1", "EDTF"),
    (" 2011", "EDTF"),
    ("2011\n", "EDTF"),
    ("2011/2012/2013", "EDTF"),
    ("", "empty"),
    ("٢٠١١", "EDTF"),
    ("9" * 65, "64"),
]


@pytest.mark.parametrize(("value", "word"), DATES)
@pytest.mark.parametrize("pointer", ["/stated_on", "/disclosed_on", "/appearances/0/published_on"])
def test_a_date_that_is_none_is_refused(api: Api, pointer: str, value: str, word: str) -> None:
    """Impossible days, reversed intervals, times of day and free text are told apart, and the right form is shown."""
    members = problem(api.post("/v1/claims", changed(CLAIM, pointer, value)), "invalid-request", pointer)
    assert members["errors"][0]["code"] == "date"
    assert word in members["detail"]
    assert api.size == 8


@pytest.mark.parametrize(
    "value", ["2011", "2011-04", "2012-02-29", "2009/2011", "2009/..", "../2011", "201X", "2011-21", "2011?", "XXXX"]
)
def test_a_date_that_is_one_is_taken(api: Api, value: str) -> None:
    """Days, months, years, intervals, open ends, decades, seasons and doubts are kept as they were written."""
    assert api.made("/v1/claims", CLAIM | {"stated_on": value})["stated_on"] == value


def test_every_fault_is_named_at_once(api: Api) -> None:
    """Whoever sends three faults hears of three, not of one after another."""
    body = {"text": "", "wording": "said", "attribution": {}, "appearances": [{"url": "x", "title": 1}]}
    refused = problem(
        api.post("/v1/claims", body),
        "invalid-request",
        "/text",
        "/wording",
        "/attribution/speaker",
        "/appearances/0/url",
        "/appearances/0/title",
    )
    assert "5 fields" in refused["detail"]


def test_a_flood_of_faults_is_cut_off(api: Api) -> None:
    """A body with ten thousand faults is answered in a few kilobytes."""
    answer = api.post("/v1/claims", CLAIM | {f"x{n}": n for n in range(10_000)})
    assert len(problem(answer, "invalid-request")["errors"]) == 100
    assert len(answer.data) < 50_000


# Bytes that are not the JSON that is taken: the pointer and the code.
RAW = [
    (b"", "", "empty"),
    (b" \n", "", "empty"),
    (b"{", "", "syntax"),
    (b'{"text": "x"', "", "syntax"),
    (b"{'text': 'x'}", "", "syntax"),
    (b'{"text": "x",}', "", "syntax"),
    (b'{"text": "x"} {}', "", "syntax"),
    (b"text=x", "", "syntax"),
    (b"\xef\xbb\xbf{}", "", "bom"),
    (b'{"text": "\xff"}', "", "encoding"),
    (b'{"text": "\xed\xa0\x80"}', "", "encoding"),
    (json.dumps({"text": "x"}).encode("utf-16"), "", "encoding"),
    (b'{"text": "a", "text": "b"}', "/text", "duplicate-key"),
    (b'{"attribution": {"speaker": "a", "speaker": "a"}}', "/attribution/speaker", "duplicate-key"),
    (b'{"text": NaN}', "/text", "not-a-number"),
    (b'{"text": -Infinity}', "/text", "not-a-number"),
    (b'{"text": 1.0}', "/text", "float"),
    (b'{"text": 1e3}', "/text", "float"),
    (b'{"claim_revision": 9007199254740992}', "/claim_revision", "integer"),
    (b'{"claim_revision": ' + b"9" * 5000 + b"}", "/claim_revision", "integer"),
    (b'{"text": "\\ud800"}', "/text", "surrogate"),
    (b'{"text": "\\udc00\\ud800"}', "/text", "surrogate"),
    (b'{"\\ud800": 1}', "/?", "surrogate"),
    (b'{"text": "a\\u0000b"}', "/text", "nul"),
    (b'{"a\\u0000": 1}', "/a\0", "nul"),
    (b'{"text": "a\x00b"}', "", "syntax"),
    (b'{"text": "a\nb"}', "", "syntax"),
    (b"[" * 21 + b"]" * 21, "", "depth"),
    (b"[" * 100_000, "", "depth"),
    (b'{"a":' * 5_000, "", "depth"),
]


@pytest.mark.parametrize(("body", "pointer", "code"), RAW, ids=lambda value: repr(value)[:30])
@pytest.mark.parametrize("path", ["/v1/claims", VERDICTS, WITHDRAWAL])
def test_what_is_not_strict_json_is_malformed(api: Api, path: str, body: bytes, pointer: str, code: str) -> None:
    """Whatever two programs could read differently is refused before any field is looked at."""
    members = problem(api.post(path, body, If_Match="*"), "malformed-json", pointer)
    assert members["errors"][0]["code"] == code
    assert api.size == 8


@pytest.mark.parametrize("body", [b"[]", b"null", b'"x"', b"1", b"true", b"[{}]"])
@pytest.mark.parametrize("path", POSTS)
def test_a_body_that_is_no_object_is_refused(api: Api, path: str, body: bytes) -> None:
    """The whole body is at fault, so the pointer is empty."""
    problem(api.post(path, body, If_Match="*"), "invalid-request", "")


@pytest.mark.parametrize(
    ("media_type", "encoding"),
    [
        ("text/plain", None),
        ("application/x-www-form-urlencoded", None),
        ("application/json; charset=utf-16", None),
        ("application/json", "gzip"),
        ("", None),
    ],
)
def test_another_media_type_is_refused(api: Api, media_type: str, encoding: str | None) -> None:
    """A body that does not say that it is plain JSON is not looked at."""
    headers = {"Content_Type": media_type} | ({"Content_Encoding": encoding} if encoding else {})
    problem(api.post("/v1/claims", json.dumps(CLAIM).encode(), **headers), "unsupported-media-type")
    assert api.size == 8


def test_the_limit_is_one_mebibyte(api: Api) -> None:
    """A body of exactly the limit is read; ten megabytes of text are refused by their length, and the limit is
    named."""
    body = json.dumps(CLAIM).encode()
    over = problem(api.post("/v1/claims", body.ljust(1_048_577)), "body-too-large")
    assert "1048576" in over["detail"]
    problem(api.post("/v1/claims", json.dumps(CLAIM | {"text": "x" * 10_000_000}).encode()), "body-too-large")
    assert api.size == 8
    assert api.post("/v1/claims", body.ljust(1_048_576)).status_code == 201


# Patches: what is wrong, where, and the code.
PATCHES: list[tuple[str, Any, str, str]] = [
    (f"/v1/claims/{MANDATORY}", {"text": "x"}, "/reason", "required"),
    (f"/v1/claims/{MANDATORY}", {"text": "x", "reason": None}, "/reason", "required"),
    (f"/v1/claims/{MANDATORY}", {"text": "x", "reason": 1}, "/reason", "type"),
    (f"/v1/claims/{MANDATORY}", {"text": "x", "reason": " "}, "/reason", "length"),
    (f"/v1/claims/{MANDATORY}", {"text": "x", "reason": "x" * 10_001}, "/reason", "length"),
    (f"/v1/claims/{MANDATORY}", {"reason": "x"}, "", "empty"),
    (f"/v1/claims/{MANDATORY}", [], "", "type"),
    (f"/v1/claims/{MANDATORY}", {"text": "It never was voluntary.", "reason": "x"}, "", "no-change"),
    (f"/v1/claims/{MANDATORY}", {"text": None, "reason": "x"}, "/text", "required"),
    (f"/v1/claims/{MANDATORY}", {"text": "", "reason": "x"}, "/text", "too-short"),
    (f"/v1/claims/{MANDATORY}", {"colour": 1, "reason": "x"}, "/colour", "unknown-field"),
    (f"/v1/claims/{MANDATORY}", {"colour": None, "reason": "x"}, "/colour", "unknown-field"),
    (f"/v1/claims/{MANDATORY}", {"text": "New.", "contxt": None, "reason": "x"}, "/contxt", "unknown-field"),
    (f"/v1/claims/{MANDATORY}", {"attribution": {"rle": None}, "reason": "x"}, "/attribution/rle", "unknown-field"),
    (f"/v1/claims/{MANDATORY}", {"attribution": {"speaker": None}, "reason": "x"}, "/attribution/speaker", "required"),
    (f"/v1/claims/{MANDATORY}", {"attribution": "ice", "reason": "x"}, "/attribution", "type"),
    (
        f"/v1/claims/{MANDATORY}",
        {"attribution": {"speaker": "nobody"}, "reason": "x"},
        "/attribution/speaker",
        "unknown-party",
    ),
    (f"/v1/claims/{MANDATORY}", {"id": VOLUNTARY, "reason": "x"}, "/id", "immutable"),
    (f"/v1/claims/{MANDATORY}", {"id": None, "reason": "x"}, "/id", "immutable"),
    (f"/v1/claims/{MANDATORY}", {"status": "supported", "reason": "x"}, "/status", "unknown-field"),
    (f"/v1/claims/{MANDATORY}", {"stances": [], "appearances": [], "reason": "x"}, "/appearances", "too-few"),
    ("/v1/parties/dhs", {"kind": "person", "reason": "x"}, "/kind", "immutable"),
    ("/v1/parties/dhs", {"id": "dhs2", "reason": "x"}, "/id", "immutable"),
    ("/v1/parties/dhs", {"id": None, "reason": "x"}, "/id", "required"),
    ("/v1/parties/dhs", {"parent": "ice", "reason": "x"}, "/parent", "cycle"),
    ("/v1/parties/dhs", {"parent": "dhs", "reason": "x"}, "/parent", "own-parent"),
    ("/v1/parties/other-desk", {"parent": "napolitano", "reason": "x"}, "/parent", "not-organization"),
    ("/v1/parties/dhs", {"parent": "nobody", "reason": "x"}, "/parent", "unknown-party"),
    ("/v1/questions/sc-voluntary", {"id": "x", "reason": "x"}, "/id", "immutable"),
    ("/v1/questions/sc-voluntary", {"positions": QUESTION["positions"], "reason": "x"}, "/positions", "dropped"),
    ("/v1/questions/sc-voluntary", {"positions": None, "reason": "x"}, "/positions", "required"),
]


@pytest.mark.parametrize(("path", "patch", "pointer", "code"), PATCHES)
def test_a_patch_is_refused_where_it_is_wrong(api: Api, path: str, patch: Any, pointer: str, code: str) -> None:
    """A patch is checked as the document that it would lead to, and never takes away what must be there."""
    members = problem(api.patch(path, patch, If_Match="*"), "invalid-request", pointer)
    assert members["errors"][0]["code"] == code
    assert api.size == 8


def test_a_patch_that_is_not_strict_json_is_malformed(api: Api) -> None:
    """The same loader reads patches."""
    problem(api.patch("/v1/parties/dhs", b'{"name":"a","name":"b"}', If_Match="*"), "malformed-json", "/name")
