"""Addresses that cannot be answered: each parameter is refused by name, and no path is a failure of ours."""

from __future__ import annotations

from base64 import urlsafe_b64encode

import pytest

from tests.contract.conftest import ASSESSMENT, CLAIM, MANDATORY, PARTY, QUESTION, VERDICT, VOLUNTARY, Api, problem

CLAIM_URL = f"/v1/claims/{VOLUNTARY}"
TIMELINE = "/v1/questions/sc-voluntary/timeline"
LISTS = (
    "/v1/parties",
    "/v1/questions",
    "/v1/claims",
    "/v1/contradictions",
    f"{CLAIM_URL}/history",
    f"{CLAIM_URL}/verdicts",
    f"{CLAIM_URL}/contradictions",
)
DOCUMENTS = ("/v1/parties/dhs", "/v1/questions/sc-voluntary", CLAIM_URL, f"/v1/contradictions/{VOLUNTARY}~{MANDATORY}")


def cursor(text: str) -> str:
    """A cursor that looks like one of ours and holds this text."""
    return urlsafe_b64encode(text.encode()).rstrip(b"=").decode()


# Cursors that no list gave: not base 64, not JSON, of another list, with keys of other types or beyond all bounds.
CURSORS = [
    "x",
    "...",
    "%22",
    "a" * 512,
    cursor("[]"),
    cursor("{}"),
    cursor("null"),
    cursor("[1]"),
    cursor('["n"]'),
    cursor('["zz",1]'),
    cursor('["n","1"]'),
    cursor('["n",true]'),
    cursor('["n",1.5]'),
    cursor('["n",-2]'),
    cursor(f'["n",{2**63}]'),
    cursor(f'["n",{10**30}]'),
    cursor('["-n",[1]]'),
    cursor("[" * 300),
]


@pytest.mark.parametrize("path", [*LISTS, f"{TIMELINE}?party=dhs", "/v1/claims?q=voluntary", "/v1/claims?sort=stated"])
@pytest.mark.parametrize("given", CURSORS)
def test_a_cursor_that_no_list_gave_is_refused(api: Api, path: str, given: str) -> None:
    """Whatever is sent for a cursor, it is refused by name or it is one."""
    refused = api.get(f"{path}{'&' if '?' in path else '?'}cursor={given}")
    problem(refused, "invalid-request", "/cursor")


def test_a_cursor_is_for_the_list_that_gave_it(api: Api) -> None:
    """The cursor of one order does not fit another."""
    given = api.get("/v1/claims?limit=1").json["next"]
    for path in ("/v1/claims?sort=stated", "/v1/claims?sort=recorded", "/v1/claims?q=x", "/v1/parties?limit=1"):
        problem(api.get(f"{path}&cursor={given}".replace("parties&", "parties?")), "invalid-request", "/cursor")


def test_an_assessed_cursor_does_not_fit_the_suggested(api: Api) -> None:
    """A page of pairs that were assessed is never shown as one of pairs that nobody looked at."""
    third = api.made("/v1/claims", CLAIM)["id"]
    api.made("/v1/contradictions", {"claims": [third, VOLUNTARY], "assessment": "shift"})
    api.made("/v1/contradictions", ASSESSMENT)
    page = api.get("/v1/contradictions?status=confirmed&limit=1").json
    assert page["next"]
    problem(api.get(f"/v1/contradictions?status=suggested&cursor={page['next']}"), "invalid-request", "/cursor")


@pytest.mark.parametrize("path", LISTS)
@pytest.mark.parametrize("limit", ["0", "201", "-1", "abc", "", "1.0", "1e2", "+5", "٥", "05", "9" * 5000])
def test_a_limit_is_1_to_200(api: Api, path: str, limit: str) -> None:
    """A limit beyond the bounds is refused, not cut down in silence."""
    assert api.get(f"{path}?limit=1").status_code == api.get(f"{path}?limit=200").status_code == 200
    problem(api.client.get(path, query_string={"limit": limit}), "invalid-request", "/limit")


@pytest.mark.parametrize("path", [*LISTS, *DOCUMENTS, f"{TIMELINE}?party=dhs"])
@pytest.mark.parametrize(
    "at",
    [
        "9",
        "9007199254740992",
        "9" * 400,
        "-1",
        "1.0",
        "",
        "now",
        "2026-11-24",
        "2026-02-30T00:00:00Z",
        "2026-11-24T25:00:00Z",
        "2026-11-24T10:00:00",
        "2026-11-24T10:00:00+01:00",
        "2026-11-24T10:00:00%2B99:00",
        "0000-01-01T00:00:00Z",
        "0001-01-01T00:00:00%2B01:00",
    ],
)
def test_a_moment_that_is_none_is_refused(api: Api, path: str, at: str) -> None:
    """A size that the log has not reached and what is no instant with an offset are refused by name."""
    problem(api.get(f"{path}{'&' if '?' in path else '?'}at={at}"), "invalid-request", "/at")


@pytest.mark.parametrize(
    ("at", "count"),
    [
        ("0", 0),
        ("7", 1),
        ("8", 2),
        ("2026-11-24T09:59:59.999Z", 0),
        ("2026-11-24T10:00:06Z", 1),
        ("2026-11-24T10:00:06.9999999Z", 1),
        ("2026-11-24t10:00:07z", 2),
        ("2026-11-24T05:00:06-05:00", 1),
        ("2026-11-24T15:30:06%2B05:30", 1),
        ("0001-01-01T00:00:00Z", 0),
        ("9999-12-31T23:59:59Z", 2),
    ],
)
def test_a_moment_is_a_size_or_an_instant(api: Api, at: str, count: int) -> None:
    """An instant counts what was recorded up to and including it, in whatever offset it is written."""
    assert len(api.get(f"/v1/claims?at={at}").json["items"]) == count


# A query that cannot be answered, the parameter at fault, and the code.
QUERIES = [
    ("/v1/claims?colour=red", "/colour", "unknown-parameter"),
    ("/v1/claims?Limit=1", "/Limit", "unknown-parameter"),
    ("/v1/claims?party=dhs&party=ice", "/party", "repeated"),
    ("/v1/claims?party=dhs&party=dhs", "/party", "repeated"),
    ("/v1/claims?p%61rty=dhs&party=dhs", "/party", "repeated"),
    ("/v1/claims?%FF=1", "", "encoding"),
    ("/v1/claims?q=%FF", "/q", "encoding"),
    ("/v1/claims?q=%00", "/q", "nul"),
    ("/v1/claims?q=%ED%A0%80", "/q", "encoding"),
    ("/v1/claims?q=" + "x" * 501, "/q", "too-long"),
    ("/v1/claims?party=nobody", "/party", "unknown-party"),
    ("/v1/claims?party=DHS", "/party", "pattern"),
    ("/v1/claims?party=", "/party", "pattern"),
    ("/v1/claims?reviewer=nobody", "/reviewer", "unknown-party"),
    ("/v1/claims?question=nothing", "/question", "unknown-question"),
    ("/v1/claims?position=mandatory", "/position", "needs-question"),
    ("/v1/claims?question=sc-voluntary&position=maybe", "/position", "unknown-position"),
    ("/v1/claims?status=true", "/status", "choice"),
    ("/v1/claims?rating=refuted", "/rating", "choice"),
    ("/v1/claims?sort=text", "/sort", "choice"),
    ("/v1/claims?q=x&sort=stated", "/sort", "conflict"),
    ("/v1/claims?stated_from=2011-01-01&sort=recorded", "/sort", "conflict"),
    ("/v1/claims?stated_from=2011-02-30", "/stated_from", "date"),
    ("/v1/claims?stated_from=2011", "/stated_from", "date"),
    ("/v1/claims?stated_to=2011-1-1", "/stated_to", "date"),
    ("/v1/claims?stated_from=2012-01-01&stated_to=2011-01-01", "/stated_to", "reversed"),
    ("/v1/claims?publisher=", "/publisher", "too-short"),
    ("/v1/claims?tag=A", "/tag", "pattern"),
    ("/v1/claims?wait=1", "/wait", "unknown-parameter"),
    ("/v1/parties?party=dhs", "/party", "unknown-parameter"),
    ("/v1/parties/dhs?limit=1", "/limit", "unknown-parameter"),
    ("/v1/entries/0?at=1", "/at", "unknown-parameter"),
    (TIMELINE, "/party", "required"),
    (f"{TIMELINE}?party=nobody", "/party", "unknown-party"),
    (f"{TIMELINE}?party=dhs&clock=recorded", "/clock", "choice"),
    (f"{TIMELINE}?party=dhs&known_by=2010", "/known_by", "date"),
    (f"{TIMELINE}?party=dhs&from=2012-01-01&to=2011-01-01", "/to", "reversed"),
    (f"{TIMELINE}?party=dhs&from=0000-01-01", "/from", "date"),
    ("/v1/contradictions?claim=x", "/claim", "pattern"),
    (f"/v1/contradictions?claim={'0' * 26}", "/claim", "unknown-claim"),
    ("/v1/contradictions?status=refuted", "/status", "choice"),
    ("/v1/contradictions?party=nobody", "/party", "unknown-party"),
    ("/v1/contradictions?question=nothing", "/question", "unknown-question"),
    ("/v1/changes?kind=claim", "/kind", "choice"),
    ("/v1/changes?reviewer=nobody", "/reviewer", "unknown-party"),
    ("/v1/changes?party=nobody", "/party", "unknown-party"),
    ("/v1/changes?question=nothing", "/question", "unknown-question"),
    ("/v1/changes?wait=26", "/wait", "range"),
    ("/v1/changes?wait=-1", "/wait", "integer"),
    ("/v1/changes?wait=1.5", "/wait", "integer"),
    ("/v1/changes?include=payload", "/include", "choice"),
    ("/v1/changes?limit=0", "/limit", "range"),
    ("/v1/changes?cursor=now", "/cursor", "unknown-parameter"),
    ("/v1/changes?at=3", "/at", "unknown-parameter"),
    ("/v1/changes?since=now&since=now", "/since", "repeated"),
]


@pytest.mark.parametrize(("url", "pointer", "code"), QUERIES)
def test_a_parameter_is_refused_by_name(api: Api, url: str, pointer: str, code: str) -> None:
    """A parameter that is unknown, repeated, of the wrong shape or about what is not on record is never ignored."""
    members = problem(api.get(url), "invalid-request", pointer)
    assert members["errors"][0]["code"] == code


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/v1/parties", PARTY),
        ("POST", "/v1/questions", QUESTION),
        ("POST", "/v1/claims", CLAIM),
        ("POST", f"{CLAIM_URL}/verdicts", VERDICT),
        ("POST", f"{CLAIM_URL}/withdrawal", {"reason": "x"}),
        ("POST", "/v1/contradictions", ASSESSMENT),
        ("PATCH", CLAIM_URL, {"text": "x", "reason": "x"}),
    ],
)
def test_a_write_takes_no_parameter(api: Api, method: str, path: str, body: object) -> None:
    """A write with a parameter (a dry run, say) is not carried out as if it were not there."""
    problem(api.send(method, f"{path}?dry_run=true", body, If_Match="*"), "invalid-request", "/dry_run")
    assert api.size == 8


# Paths under which nothing can be, as they go over the wire.
PATHS = [
    "/v1/claims/x",
    f"/v1/claims/{VOLUNTARY.lower()}",
    f"/v1/claims/{VOLUNTARY}%00",
    "/v1/claims/%00",
    "/v1/claims/%FF%FE",
    "/v1/claims/%ED%A0%80",
    "/v1/claims/%F0%9F%98%80%E2%80%AE",
    "/v1/claims/%0d%0aX-Injected:%201",
    "/v1/claims/" + "x" * 4000,
    "/v1/claims/%2e%2e%2fparties",
    "/v1/claims/..%2f",
    "/v1/claims/';DROP%20TABLE%20entries;--",
    f"/v1/claims/{VOLUNTARY}/",
    f"/v1/claims/{VOLUNTARY}/nothing",
    "/v1/claims//history",
    "/v1/claims/x/history",
    "/v1/claims/x/verdicts",
    "/v1/claims/x/contradictions",
    "/v1/parties/DHS",
    "/v1/parties/dhs%20",
    "/v1/parties/party/dhs",
    "/v1/parties/claim%2Fdhs",
    f"/v1/parties/{VOLUNTARY}",
    "/v1/questions/nothing",
    "/v1/questions/nothing/timeline?party=dhs",
    "/v1/verdicts/x",
    f"/v1/verdicts/{VOLUNTARY}",
    f"/v1/contradictions/{VOLUNTARY}",
    f"/v1/contradictions/{VOLUNTARY}~",
    f"/v1/contradictions/~{VOLUNTARY}",
    f"/v1/contradictions/{VOLUNTARY}~{VOLUNTARY}",
    f"/v1/contradictions/{VOLUNTARY}~{MANDATORY}~{MANDATORY}",
    f"/v1/contradictions/{VOLUNTARY}:{MANDATORY}",
    "/v1/entries/8",
    "/v1/entries/-1",
    "/v1/entries/1.0",
    "/v1/entries/x",
    "/v1/entries/%D9%A1",
    "/v1/entries/00",
    "/v1/entries/9223372036854775808",
    "/v1/entries/" + "9" * 5000,
    "/v1/log/nothing",
    "/v1",
    "/v1/",
    "/nothing",
    "//v1/claims",
    "/V1/claims",
    "/v1/claims;x=1",
    "/docs/../openapi.json",
    "/docs/%2e%2e%2fsettings.py",
    "/docs/",
    "/static/x",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path[:60])
def test_a_path_that_leads_nowhere_is_not_found(api: Api, path: str) -> None:
    """Odd, long and hostile paths are 404 like any other, in the one shape, and their length does not come back."""
    answer = api.get(path)
    members = problem(answer, "not-found")
    assert len(members["detail"]) < 300
    assert "X-Injected" not in answer.headers


@pytest.mark.parametrize("path", ["/v1/claims/x", "/v1/parties/nobody", "/v1/questions/nothing"])
def test_what_is_not_there_cannot_be_changed(api: Api, path: str) -> None:
    """A patch of nothing is 404, also with `*`."""
    problem(api.patch(path, {"text": "x", "reason": "x"}, If_Match="*"), "not-found")


def test_what_was_not_there_yet_is_not_found(api: Api) -> None:
    """At a size before its first entry a document does not exist, nor do the lists that hang on it."""
    for path in (
        f"/v1/claims/{MANDATORY}",
        f"/v1/claims/{MANDATORY}/history",
        f"/v1/claims/{MANDATORY}/verdicts",
        f"/v1/claims/{MANDATORY}/contradictions",
        f"/v1/contradictions/{VOLUNTARY}~{MANDATORY}",
    ):
        assert api.get(f"{path}?at=8").status_code == 200
        problem(api.get(f"{path}?at=7"), "not-found")
    problem(api.get(f"{TIMELINE}?party=dhs&at=5"), "not-found")
