"""Request and query schemas: what may be sent, what comes out, and where each fault is said to be."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from marshmallow import ValidationError

from schemas import claims, contradictions, parties, questions, verdicts
from schemas.changes import ChangesQuery
from schemas.claims import AttributionSchema, ClaimSchema, ClaimsQuery, WithdrawalSchema
from schemas.contradictions import AssessmentSchema, ContradictionsQuery
from schemas.parties import PartySchema
from schemas.problems import field_errors
from schemas.queries import DocumentQuery, ListQuery, NoQuery
from schemas.questions import QuestionSchema
from schemas.timelines import TimelineQuery
from schemas.verdicts import RetractionSchema, VerdictSchema

EXAMPLES: list[tuple[Any, dict[str, Any]]] = [
    (PartySchema(), parties.EXAMPLE),
    (QuestionSchema(), questions.EXAMPLE),
    (ClaimSchema(), claims.EXAMPLE),
    (VerdictSchema(), verdicts.EXAMPLE),
    (AssessmentSchema(), contradictions.EXAMPLE),
    (WithdrawalSchema(), {"reason": "A forgery."}),
    (RetractionSchema(), {"reason": "A forgery."}),
]
SCHEMAS = {type(schema).__name__: schema for schema, _ in EXAMPLES}


def faults(schema: Any, data: Any) -> list[tuple[str, str]]:
    """(pointer, code) of every fault."""
    with pytest.raises(ValidationError) as caught:
        schema.load(data)
    return [(pointer, code) for pointer, _, code in field_errors(caught.value)]


@pytest.mark.parametrize(("schema", "body"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_an_example_is_kept_as_it_is(schema: Any, body: dict[str, Any]) -> None:
    """A sound body comes out equal, and what was sent is not altered."""
    sent = copy.deepcopy(body)
    assert schema.load(sent) == body
    assert sent == body


@pytest.mark.parametrize(("schema", "body"), EXAMPLES, ids=lambda value: type(value).__name__)
def test_null_is_as_good_as_left_out(schema: Any, body: dict[str, Any]) -> None:
    """Null in every optional field that was not given changes nothing; null in a required one is a fault."""
    nulls = {name: None for name in schema.fields if name not in body}
    assert schema.load({**body, **nulls}) == body
    for name, field in schema.fields.items():
        if field.required:
            assert faults(schema, {**body, name: None}) == [(f"/{name}", "required")]
            assert faults(schema, {key: body[key] for key in body if key != name}) == [
                (f"/{name}", "required")
            ]


def test_null_and_empty_lists_are_left_out_at_every_level() -> None:
    """What is hashed does not depend on how a client says "nothing"."""
    body = copy.deepcopy(claims.EXAMPLE)
    body |= {"variants": [], "tags": [], "stances": None, "disclosed_on": None}
    body["attribution"]["reported_through"] = None
    body["appearances"][0]["quote"] = None
    expected = {key: value for key, value in claims.EXAMPLE.items() if key not in ("tags", "stances")}
    assert ClaimSchema().load(body) == expected


def test_a_position_always_says_whether_it_is_neutral() -> None:
    """Left out and null are false."""
    positions = [{"id": "a", "label": "A"}, {"id": "b", "label": "B", "neutral": None, "meaning": None}]
    body = {"id": "q", "text": "Is it?", "positions": positions}
    assert QuestionSchema().load(body)["positions"] == [
        {"id": "a", "label": "A", "neutral": False},
        {"id": "b", "label": "B", "neutral": False},
    ]


def changed(schema: str, path: str, value: Any) -> Any:
    """The example of a schema with one value set (a path such as "appearances/0/url")."""
    body: Any = next(copy.deepcopy(example) for s, example in EXAMPLES if type(s).__name__ == schema)
    steps: list[Any] = [int(step) if step.isdigit() else step for step in path.split("/")]
    place = body
    for step in steps[:-1]:
        place = place[step]
    place[steps[-1]] = value
    return body


SOURCE = {"url": "https://a.b"}
STANCE = {"question": "sc-voluntary", "position": "voluntary"}
POSITION = {"id": "x", "label": "X"}

FAULTS: list[tuple[str, str, Any, str, str]] = [
    # schema, what is set, to what, pointer, code
    ("PartySchema", "id", "operator", "/id", "reserved"),
    ("PartySchema", "id", "ICE", "/id", "pattern"),
    ("PartySchema", "parent", "ice", "/parent", "own-parent"),
    ("PartySchema", "kind", "agency", "/kind", "choice"),
    ("PartySchema", "same_as", ["https://a.b", "https://a.b"], "/same_as/1", "duplicate"),
    ("PartySchema", "same_as", ["ftp://a.b"], "/same_as/0", "url"),
    ("PartySchema", "colour", "red", "/colour", "unknown-field"),
    ("PartySchema", "a~b c", None, "/a~0b c", "unknown-field"),
    ("QuestionSchema", "positions", [POSITION], "/positions", "too-few"),
    ("QuestionSchema", "positions", [POSITION] * 21, "/positions", "too-many"),
    ("QuestionSchema", "positions", [POSITION, POSITION], "/positions/1/id", "duplicate"),
    ("QuestionSchema", "positions/0/neutral", True, "/positions", "neutral"),
    ("QuestionSchema", "positions/0/neutral", "true", "/positions/0/neutral", "type"),
    ("QuestionSchema", "positions/1/colour", 1, "/positions/1/colour", "unknown-field"),
    ("ClaimSchema", "text", "x" * 10_001, "/text", "too-long"),
    ("ClaimSchema", "text", 5, "/text", "type"),
    ("ClaimSchema", "wording", "quote", "/wording", "choice"),
    ("ClaimSchema", "language", "English language", "/language", "language"),
    ("ClaimSchema", "stated_on", "2011-02-30", "/stated_on", "date"),
    ("ClaimSchema", "attribution", {}, "/attribution/speaker", "required"),
    ("ClaimSchema", "attribution", "dhs", "/attribution", "type"),
    ("ClaimSchema", "attribution", [], "/attribution", "type"),
    ("ClaimSchema", "attribution/role", "x" * 501, "/attribution/role", "too-long"),
    ("ClaimSchema", "appearances", [], "/appearances", "too-few"),
    ("ClaimSchema", "appearances", [SOURCE] * 51, "/appearances", "too-many"),
    ("ClaimSchema", "appearances", {"0": SOURCE}, "/appearances", "type"),
    ("ClaimSchema", "appearances/0", None, "/appearances/0", "type"),
    ("ClaimSchema", "appearances/0/url", "not a url", "/appearances/0/url", "url"),
    ("ClaimSchema", "appearances/0/quote", {"prefix": "x"}, "/appearances/0/quote/exact", "required"),
    ("ClaimSchema", "appearances/0/published_on", "2011/2010", "/appearances/0/published_on", "date"),
    ("ClaimSchema", "stances", [STANCE, STANCE], "/stances/1/question", "duplicate"),
    ("ClaimSchema", "tags", ["a", "b", "a"], "/tags/2", "duplicate"),
    ("ClaimSchema", "tags", [f"t{n}" for n in range(31)], "/tags", "too-many"),
    ("ClaimSchema", "id", "01", "/id", "pattern"),
    ("ClaimSchema", "status", "supported", "/status", "unknown-field"),
    ("VerdictSchema", "evidence", [], "/evidence", "too-few"),
    ("VerdictSchema", "rating", "pants-on-fire", "/rating", "choice"),
    ("VerdictSchema", "claim_revision", "17", "/claim_revision", "type"),
    ("VerdictSchema", "claim_revision", True, "/claim_revision", "type"),
    ("AssessmentSchema", "claims", ["0" * 26], "/claims", "too-few"),
    ("AssessmentSchema", "claims", ["0" * 26] * 2, "/claims/1", "duplicate"),
    ("AssessmentSchema", "claims", ["0" * 26] * 3, "/claims", "too-many"),
    ("AssessmentSchema", "reason", "mood", "/reason", "choice"),
]


@pytest.mark.parametrize(("schema", "path", "value", "pointer", "code"), FAULTS)
def test_a_fault_is_said_where_it_is(schema: str, path: str, value: Any, pointer: str, code: str) -> None:
    """One fault gives one error, with its pointer and its code."""
    assert faults(SCHEMAS[schema], changed(schema, path, value)) == [(pointer, code)]


def test_all_faults_at_once() -> None:
    """Nobody has to send a body ten times to learn what is wrong with it."""
    body = {"text": "", "attribution": {"role": 1}, "appearances": [{"url": 1}, {"x": 2}], "tags": ["A"]}
    assert sorted(faults(ClaimSchema(), body)) == [
        ("/appearances/0/url", "type"),
        ("/appearances/1/url", "required"),
        ("/appearances/1/x", "unknown-field"),
        ("/attribution/role", "type"),
        ("/attribution/speaker", "required"),
        ("/tags/0", "pattern"),
        ("/text", "too-short"),
        ("/wording", "required"),
    ]


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_a_body_that_is_no_object(body: Any) -> None:
    """The pointer of the whole body is the empty one."""
    assert faults(ClaimSchema(), body) == [("", "type")]


def test_what_a_client_makes_up_does_not_swell_the_answer() -> None:
    """At most 100 errors, and no pointer or sentence as long as a name that somebody sent."""
    many: dict[str, Any] = {f"x{n}": 1 for n in range(1000)}
    assert len(faults(WithdrawalSchema(), many)) == 100
    with pytest.raises(ValidationError) as caught:
        WithdrawalSchema().load({"reason": "A forgery.", "y" * 100_000 + "\ud800": 1})
    (pointer, detail, _), *others = field_errors(caught.value, prefix="/items")
    assert not others
    assert pointer.startswith("/items/yyy")
    assert len(pointer) + len(detail) < 1000


def test_marshmallow_s_own_switches_do_not_loosen_a_schema() -> None:
    """webargs passes unknown=EXCLUDE for a query string: an unknown parameter is refused all the same."""
    for switches in ({"unknown": "exclude"}, {"partial": True}):
        with pytest.raises(ValidationError):
            AttributionSchema().load({"colour": "red"}, **switches)
    loaded = AttributionSchema(many=True).load([{"speaker": "dhs", "role": None}])
    assert loaded == [{"speaker": "dhs"}]


QUERIES: list[tuple[Any, str, dict[str, Any]]] = [
    (DocumentQuery(), "", {}),
    (DocumentQuery(), "at=12", {"at": 12}),
    (DocumentQuery(), "at=2026-11-24T10:00:00Z", {"at": "2026-11-24T10:00:00.000Z"}),
    (ListQuery(), "", {"limit": 50}),
    (ListQuery(), "limit=200&cursor=abc", {"limit": 200, "cursor": "abc"}),
    (ClaimsQuery(), "", {"limit": 50, "sort": "-recorded"}),
    (ClaimsQuery(), "q=", {"limit": 50, "q": ""}),
    (
        ClaimsQuery(),
        "q=covid-19&stated_to=2011-01-01",
        {"limit": 50, "q": "covid-19", "stated_to": "2011-01-01"},
    ),
    (ClaimsQuery(), "stated_from=2011-01-01", {"limit": 50, "sort": "stated", "stated_from": "2011-01-01"}),
    (
        ClaimsQuery(),
        "sort=-stated&stated_from=2011-01-01",
        {"limit": 50, "sort": "-stated", "stated_from": "2011-01-01"},
    ),
    (
        ClaimsQuery(),
        "question=q&position=p&status=mixed&rating=true",
        {
            "limit": 50,
            "sort": "-recorded",
            "question": "q",
            "position": "p",
            "status": "mixed",
            "rating": "true",
        },
    ),
    (
        TimelineQuery(),
        "party=dhs&from=2010-01-01&to=2010-01-01&clock=disclosed",
        {"limit": 50, "party": "dhs", "from": "2010-01-01", "to": "2010-01-01", "clock": "disclosed"},
    ),
    (TimelineQuery(), "party=dhs", {"limit": 50, "party": "dhs", "clock": "stated"}),
    (ContradictionsQuery(), "status=confirmed", {"limit": 50, "status": "confirmed"}),
    (ChangesQuery(), "", {"limit": 50, "wait": 0}),
    (
        ChangesQuery(),
        "since=now&wait=25&include=entry",
        {"limit": 50, "wait": 25, "since": "now", "include": "entry"},
    ),
]


def pairs(query: str) -> list[tuple[str, str]]:
    """The parameters of a query string, undecoded."""
    return [(name, value) for name, _, value in (part.partition("=") for part in query.split("&") if part)]


@pytest.mark.parametrize(("schema", "query", "loaded"), QUERIES)
def test_a_query_is_read(schema: Any, query: str, loaded: dict[str, Any]) -> None:
    """Integers come out as such, days as they were written, defaults are filled in."""
    assert schema.load_pairs(pairs(query)) == loaded
    assert schema.load(dict(pairs(query))) == loaded


BAD_QUERIES: list[tuple[Any, str, str, str]] = [
    (NoQuery(), "x=1", "/x", "unknown-parameter"),
    (DocumentQuery(), "limit=5", "/limit", "unknown-parameter"),
    (DocumentQuery(), "at=1&at=2", "/at", "repeated"),
    (DocumentQuery(), "at=2026-11-24T10:00:00 02:00", "/at", "instant"),
    (ListQuery(), "limit=5.0", "/limit", "integer"),
    (ListQuery(), "limit=0", "/limit", "range"),
    (ListQuery(), "limit=201", "/limit", "range"),
    (ListQuery(), "limit=", "/limit", "integer"),
    (ListQuery(), "cursor=", "/cursor", "pattern"),
    (ClaimsQuery(), "position=p", "/position", "needs-question"),
    (ClaimsQuery(), "q=x&sort=stated", "/sort", "conflict"),
    (ClaimsQuery(), "stated_to=2011-01-01&sort=-recorded", "/sort", "conflict"),
    (ClaimsQuery(), "stated_from=2011-01-01&sort=recorded", "/sort", "conflict"),
    (ClaimsQuery(), "stated_from=2011-01-02&stated_to=2011-01-01", "/stated_to", "reversed"),
    (ClaimsQuery(), "stated_from=2011", "/stated_from", "date"),
    (ClaimsQuery(), "q=a\0", "/q", "character"),
    (ClaimsQuery(), "party=", "/party", "pattern"),
    (ClaimsQuery(), "stated-from=2011-01-01", "/stated-from", "unknown-parameter"),
    (TimelineQuery(), "", "/party", "required"),
    (TimelineQuery(), "party=dhs&from=2011-01-02&to=2011-01-01", "/to", "reversed"),
    (TimelineQuery(), "party=dhs&from_=2011-01-02", "/from_", "unknown-parameter"),
    (ContradictionsQuery(), "claim=01", "/claim", "pattern"),
    (ChangesQuery(), "wait=26", "/wait", "range"),
    (ChangesQuery(), "kind=claim", "/kind", "choice"),
    (ChangesQuery(), "include=payload", "/include", "choice"),
    (ChangesQuery(), "at=5", "/at", "unknown-parameter"),
]


@pytest.mark.parametrize(("schema", "query", "pointer", "code"), BAD_QUERIES)
def test_a_query_is_refused(schema: Any, query: str, pointer: str, code: str) -> None:
    """The parameter at fault is named by the pointer, and no other."""
    with pytest.raises(ValidationError) as caught:
        schema.load_pairs(pairs(query))
    assert [(where, found) for where, _, found in field_errors(caught.value)] == [(pointer, code)]
