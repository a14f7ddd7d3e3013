"""Feeds over HTTP: conditions, caching, filters, and the ways that lead to them."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime
from email.utils import format_datetime

import pytest

from api import create_app
from api.settings import Settings
from tests import atom
from tests.contract.conftest import OTHER, PARTY, VERDICT, VOLUNTARY, Api, problem
from tests.records import DESK

ATOM, JSON = "/feeds/changes.atom", "/feeds/changes.json"
FEEDS = pytest.mark.parametrize("path", [ATOM, JSON])
TYPES = {ATOM: "application/atom+xml; charset=utf-8", JSON: "application/feed+json"}


def indexes(api: Api, query: str = "") -> list[int]:
    """The numbers of the entries in a feed, the newest first."""
    return [item["_onrecord"]["index"] for item in api.get(f"{JSON}?{query}").json["items"]]


@FEEDS
def test_a_feed_is_answered_as_other_reads_are(api: Api, path: str) -> None:
    """With its media type, a strong ETag, the caching of what is public, and its addresses where it was asked for."""
    answer = api.get(path, Host="record.example:8443")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, TYPES[path])
    assert answer.headers["ETag"] == api.etag("/v1/claims")
    assert answer.headers["Cache-Control"] == "public, max-age=5, stale-while-revalidate=30"
    assert "http://record.example:8443/feeds/changes" in answer.get_data(as_text=True)
    if path == ATOM:
        assert atom.faults(answer.data) == []
    private = api.get(path, scope="claims")
    assert private.headers["Cache-Control"] == "private, no-store"


@FEEDS
def test_head_has_the_headers_alone(api: Api, path: str) -> None:
    """HEAD answers as GET would, without the body."""
    got, head = api.get(path), api.send("HEAD", path, scope=None)
    assert (head.status_code, head.data) == (200, b"")
    for name in ("Content-Type", "Content-Length", "ETag", "Cache-Control"):
        assert head.headers[name] == got.headers[name]


@FEEDS
@pytest.mark.parametrize("query", ["", "?kind=verdict.published"])
def test_nothing_new_is_a_304(api: Api, path: str, query: str) -> None:
    """Until the next entry, whatever the filters are."""
    tag = api.etag(path + query)
    for given in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        unchanged = api.get(path + query, If_None_Match=given)
        assert (unchanged.status_code, unchanged.data, unchanged.headers["ETag"]) == (304, b"", tag)
    assert api.send("HEAD", path + query, scope=None, If_None_Match=tag).status_code == 304
    api.made("/v1/parties", PARTY)
    assert api.get(path + query, If_None_Match=tag).status_code == 200


@pytest.mark.sqlite
@FEEDS
def test_a_304_is_decided_from_the_head(api: Api, path: str) -> None:
    """No other row is read for it."""
    tag = api.etag(path)
    statements: list[str] = []
    reader = api.database.reader()
    reader.set_trace_callback(statements.append)
    assert api.get(f"{path}?party=dhs&reviewer={DESK}", If_None_Match=tag).status_code == 304
    reader.set_trace_callback(None)
    assert len(statements) == 1 and " FROM head " in statements[0]


@FEEDS
def test_last_modified(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is the second in which the log last grew. Only where there is no If-None-Match does If-Modified-Since count,
    and what is no date does not."""
    api.made("/v1/parties", PARTY)
    second = int(datetime.fromisoformat(_at(api)).timestamp())
    monkeypatch.setattr(time, "time", lambda: second + 7.0)
    said = format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)
    before, after = (format_datetime(datetime.fromtimestamp(second + days, UTC), usegmt=True) for days in (-1, 1))
    answer = api.get(path)
    assert answer.headers["Last-Modified"] == said
    assert api.get(path, If_Modified_Since=said).status_code == 304
    assert api.get(path, If_Modified_Since=after).status_code == 304
    assert api.get(path, If_Modified_Since=before).status_code == 200
    assert api.get(path, If_Modified_Since="yesterday").status_code == 200
    assert api.get(path, If_None_Match='"another"', If_Modified_Since=said).status_code == 200
    assert api.get(path, If_None_Match=answer.headers["ETag"], If_Modified_Since=before).status_code == 304


@FEEDS
def test_the_second_in_which_the_log_grew_is_not_told(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may grow again within that second: who had been told it would then miss what came."""
    api.made("/v1/parties", PARTY)
    second = int(datetime.fromisoformat(_at(api)).timestamp())
    monkeypatch.setattr(time, "time", lambda: second + 0.9)
    said = format_datetime(datetime.fromtimestamp(second, UTC), usegmt=True)
    answer = api.get(path, If_Modified_Since=said)
    assert answer.status_code == 200 and "Last-Modified" not in answer.headers


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("party=ice", [9, 8, 6, 3]),
        ("question=sc-voluntary", [9, 8, 7, 6, 5]),
        (f"reviewer={DESK}", [8]),
        (f"reviewer={OTHER}&party=dhs", [9]),
        ("kind=verdict.published", [9, 8]),
        (f"kind=party.recorded&reviewer={DESK}", []),
    ],
)
def test_a_feed_is_narrowed(api: Api, query: str, expected: list[int]) -> None:
    """Filters are those of changes, and together they mean *and*."""
    for scope in ("verdicts", "other verdicts"):
        api.made(f"/v1/claims/{VOLUNTARY}/verdicts", VERDICT, scope)
    assert indexes(api, query) == expected


@FEEDS
@pytest.mark.parametrize(
    ("query", "pointer"),
    [
        ("party=nobody", "/party"),
        ("reviewer=nobody", "/reviewer"),
        ("question=nothing", "/question"),
        ("kind=claim", "/kind"),
        ("limit=5", "/limit"),
        ("at=3", "/at"),
        ("party=dhs&party=ice", "/party"),
    ],
)
def test_what_a_feed_does_not_take(api: Api, path: str, query: str, pointer: str) -> None:
    """It is refused by its name, and so is what is not on record: an empty feed would hide a typing error."""
    problem(api.get(f"{path}?{query}"), "invalid-request", pointer)


@pytest.mark.parametrize(
    ("path", "query"),
    [("/v1/changes", ""), ("/v1/parties/dhs", "?party=dhs"), ("/v1/questions/sc-voluntary", "?question=sc-voluntary")],
)
def test_feeds_are_found_from_what_they_are_about(api: Api, path: str, query: str) -> None:
    """The Link header names both feeds, each as an alternate with its media type, and they are there."""
    link = api.get(path).headers["Link"]
    found = re.findall(r'<([^>]+)>; rel="alternate"; type="([^"]+)"', link)
    assert found == [(ATOM + query, "application/atom+xml"), (JSON + query, "application/feed+json")]
    for target, kind in found:
        assert api.get(target).headers["Content-Type"].startswith(kind)


def test_what_happened_is_told(api: Api) -> None:
    """In sentences, with the reversal that the record began with."""
    api.made(f"/v1/claims/{VOLUNTARY}/verdicts", VERDICT | {"label": "Nonsense"})
    ruled, reversed_ = api.get(JSON).json["items"][:2]
    assert ruled["title"] == (
        "Example Desk rated “A locality may opt out.” by Immigration and Customs Enforcement false: “Nonsense”"
    )
    assert ruled["authors"] == [{"name": "Example Desk"}]
    assert reversed_["title"].startswith("Homeland Security reversed itself on “")
    assert reversed_["_onrecord"]["reversal"]["party"] == "dhs"
    assert reversed_["_onrecord"]["contradictions"] == [
        f"{reversed_['_onrecord']['reversal']['before']}~{reversed_['_onrecord']['claim']}"
    ]
    for item in api.get(JSON).json["items"]:
        assert api.get(item["url"].removeprefix("http://localhost")).headers["Content-Type"].startswith("text/html")
        assert api.get(item["_onrecord"]["url"]).headers["Content-Type"] == "application/json"


@pytest.mark.sqlite
def test_addresses_are_those_of_the_setting(api: Api) -> None:
    """Where the public address is set, feeds have it, whatever they are asked under."""
    settings = {"DATABASE_URL": f"sqlite:///{api.database.path}", "ONRECORD_PUBLIC_URL": "https://record.example"}
    app = create_app(Settings.from_environ(settings))
    text = app.test_client().get(ATOM).get_data(as_text=True)
    assert 'href="https://record.example/feeds/changes.atom"' in text and "localhost" not in text
    app.extensions["onrecord"].database.close()


@pytest.mark.sqlite
@FEEDS
def test_a_closed_record_has_no_open_feed(api: Api, path: str) -> None:
    """Where reading needs a token, feeds do."""
    settings = {"DATABASE_URL": f"sqlite:///{api.database.path}", "ONRECORD_READ_TOKEN_REQUIRED": "1"}
    app = create_app(Settings.from_environ(settings))
    problem(app.test_client().get(path), "unauthenticated")
    assert app.test_client().get(path, headers=api.tokens["claims"]).status_code == 200
    app.extensions["onrecord"].database.close()


def _at(api: Api) -> str:
    """When the last entry was recorded."""
    return str(api.get(JSON).json["items"][0]["date_published"])
