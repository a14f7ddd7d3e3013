"""Every route over HTTP: whole answers where they are short, and the headers that each answer must have."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

import pytest

from tests.contract.conftest import ASSESSMENT, CLAIM, MANDATORY, PARTY, QUESTION, VERDICT, VOLUNTARY, Api
from tests.records import APPEARANCE, DESK

STAMP = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
PUBLIC = "public, max-age=5, stale-while-revalidate=30"
SOURCE = {
    "url": APPEARANCE["url"],
    "title": None,
    "publisher": None,
    "author": None,
    "published_on": None,
    "archived_url": None,
    "quote": None,
}
VOICE = {"role": None, "reported_through": None}


def stamped(document: dict[str, Any]) -> dict[str, Any]:
    """A document without the times that the clock gave it."""
    for name in ("recorded_at", "updated_at"):
        if name in document:
            assert STAMP.fullmatch(document.pop(name))
    return document


def test_a_party_is_recorded_and_read(api: Api) -> None:
    """POST answers with the document, its address and its ETag; GET with the same bytes."""
    made = api.post("/v1/parties", PARTY | {"parent": "dhs"}, "claims")
    assert (made.status_code, made.headers["Location"], made.headers["ETag"]) == (201, "/v1/parties/cbp", '"8"')
    assert made.headers["Cache-Control"] == "private, no-store"
    read = api.get("/v1/parties/cbp")
    assert (read.data, read.headers["ETag"]) == (made.data, '"8"')
    assert read.headers["Cache-Control"] == PUBLIC
    assert stamped(read.json) == {
        "id": "cbp",
        "name": "Customs and Border Protection",
        "kind": "organization",
        "parent": "dhs",
        "description": None,
        "same_as": [],
        "erased": None,
        "revision": 8,
        "recorded_by": DESK,
    }


def test_a_question_is_opened_and_read(api: Api) -> None:
    """A question comes back with every member, those that were left out as null or false."""
    made = api.post("/v1/questions", QUESTION, "claims")
    assert (made.status_code, made.headers["Location"]) == (201, "/v1/questions/costs")
    read = api.get("/v1/questions/costs")
    assert read.data == made.data
    assert stamped(read.json) == {
        "id": "costs",
        "text": "Does it cost anything?",
        "scope": None,
        "positions": [
            {"id": "free", "label": "Free", "meaning": None, "neutral": False},
            {"id": "costly", "label": "Costly", "meaning": None, "neutral": False},
        ],
        "erased": None,
        "revision": 8,
        "recorded_by": DESK,
    }


def test_a_claim_is_recorded_and_read(api: Api) -> None:
    """A claim comes back with every member, and with a ULID that the server chose."""
    made = api.post("/v1/claims", CLAIM, "claims")
    assert made.status_code == 201
    document = made.json
    assert re.fullmatch("[0-7][0-9A-HJKMNP-TV-Z]{25}", document["id"])
    assert made.headers["Location"] == f"/v1/claims/{document['id']}"
    assert (made.headers["ETag"], made.headers["Content-Type"]) == ('"8"', "application/json")
    assert document.pop("matches") == []
    assert api.get(made.headers["Location"]).json == document
    assert stamped(document) == {
        "id": document["id"],
        "text": CLAIM["text"],
        "text_sha256": hashlib.sha256(CLAIM["text"].encode()).hexdigest(),
        "wording": "direct",
        "language": None,
        "attribution": {"speaker": "ice", "on_behalf_of": None, **VOICE},
        "stated_on": "2010-10",
        "disclosed_on": "2010-10",
        "context": None,
        "appearances": [SOURCE],
        "variants": [],
        "stances": [],
        "tags": [],
        "status": "unreviewed",
        "stale": False,
        "verdicts": [],
        "withdrawn": None,
        "erased": None,
        "revision": 8,
        "recorded_by": DESK,
    }


def test_what_is_given_comes_back_as_it_was_given(api: Api) -> None:
    """Every optional field of a claim is kept to the character: no stripping, no normalisation, dates as written."""
    source = APPEARANCE | {
        "title": " Ｆｕｌｌ ",
        "publisher": "P",
        "author": "A",
        "published_on": "2010-09/..",
        "archived_url": "HTTP://archive.example/x",
        "quote": {"exact": "a\r\nb", "prefix": "\u0301", "suffix": "👩‍👩‍👧"},
    }
    given = CLAIM | {
        "id": "01JDF3QZ5W8N6T2K4M7R9V0XAB",
        "text": "  Cafe\u0301 \u2028 \u202e 東京都\t\n",
        "language": "en-US",
        "attribution": {"speaker": "ice", "on_behalf_of": "dhs", "role": "r", "reported_through": "napolitano"},
        "stated_on": "201X",
        "disclosed_on": "2011-04~",
        "context": "<b>&amp;</b>",
        "appearances": [source],
        "variants": [{"text": "v", "url": "https://v.example", "note": "n"}],
        "stances": [{"question": "sc-voluntary", "position": "unclear", "reasoning": "r"}],
        "tags": ["b", "a"],
    }
    made = api.made("/v1/claims", given)
    assert {name: made[name] for name in given} == given


def test_a_verdict_is_published_read_and_counts(api: Api) -> None:
    """A verdict is the token's party's, judges the current words, and gives the claim its status and a new revision."""
    made = api.post(f"/v1/claims/{MANDATORY}/verdicts", VERDICT | {"label": "Never has been?"}, "verdicts")
    verdict = made.json
    assert (made.status_code, made.headers["Location"]) == (201, f"/v1/verdicts/{verdict['id']}")
    assert api.get(made.headers["Location"]).data == made.data
    claim = api.get(f"/v1/claims/{MANDATORY}")
    assert (claim.headers["ETag"], claim.json["status"], claim.json["verdicts"]) == ('"8"', "refuted", [verdict])
    assert api.get(f"/v1/claims/{MANDATORY}/verdicts").json == {"items": [verdict], "next": None}
    assert stamped(verdict) == {
        "id": verdict["id"],
        "claim": MANDATORY,
        "rating": "false",
        "label": "Never has been?",
        "explanation": None,
        "evidence": [SOURCE],
        "url": None,
        "title": None,
        "reviewer": DESK,
        "author": None,
        "reviewed_on": None,
        "language": None,
        "claim_revision": 7,
        "text_sha256": claim.json["text_sha256"],
        "supersedes": None,
        "superseded_by": None,
        "status": "standing",
        "stale": False,
        "retraction": None,
        "erased": None,
        "revision": 8,
    }


def test_a_verdict_is_superseded_and_retracted(api: Api) -> None:
    """A correction names the verdict that it replaces; a retraction says why and when, and the claim loses
    its status."""
    first = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)["id"]
    second = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT | {"rating": "true", "supersedes": first})["id"]
    assert api.get(f"/v1/verdicts/{first}").json["status"] == "superseded"
    assert api.get(f"/v1/verdicts/{first}").json["superseded_by"] == second
    retracted = api.post(f"/v1/verdicts/{second}/retraction", {"reason": "Hasty."}, "verdicts")
    assert (retracted.status_code, retracted.headers["ETag"], "Location" in retracted.headers) == (200, '"10"', False)
    document = retracted.json
    assert (document["status"], document["retraction"]["reason"]) == ("retracted", "Hasty.")
    assert document["retraction"].keys() == {"reason", "at"}
    assert api.get(f"/v1/claims/{MANDATORY}").json["status"] == "unreviewed"


def test_a_claim_is_corrected(api: Api) -> None:
    """A merge patch changes only what it names; verdicts on other words are stale, and count."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)
    before = api.get(f"/v1/claims/{MANDATORY}").json
    patch = {"text": "It never has been voluntary.", "language": None, "reason": "The transcript."}
    answer = api.patch(f"/v1/claims/{MANDATORY}", patch, "edit", If_Match='"8"')
    assert (answer.status_code, answer.headers["ETag"]) == (200, '"9"')
    after = answer.json
    assert (after["text"], after["language"], after["stale"], after["status"]) == (patch["text"], None, True, "refuted")
    assert [verdict["stale"] for verdict in after["verdicts"]] == [True]
    touched = {"text", "text_sha256", "language", "stale", "verdicts", "revision", "updated_at"}
    assert {name for name in before if before[name] != after[name]} == touched
    assert api.get(f"/v1/claims/{MANDATORY}").data == answer.data


def test_parties_and_questions_are_amended(api: Api) -> None:
    """A patch of a party or a question is answered by the new version."""
    party = api.patch("/v1/parties/ice", {"parent": None, "reason": "It moved."}, "edit", If_Match='"3"')
    assert (party.status_code, party.headers["ETag"], party.json["parent"]) == (200, '"8"', None)
    patch = {"scope": "Fingerprints.", "reason": "It was missing."}
    question = api.patch("/v1/questions/sc-voluntary", patch, "edit", If_Match='"5"')
    assert (question.status_code, question.headers["ETag"], question.json["scope"]) == (200, '"9"', "Fingerprints.")
    timeline = api.get("/v1/questions/sc-voluntary/timeline?party=dhs").json
    assert [statement["claim"] for statement in timeline["statements"]] == [MANDATORY]


def test_a_claim_is_withdrawn(api: Api) -> None:
    """A withdrawn claim stays readable with the reason, and leaves timelines and contradictions."""
    answer = api.post(f"/v1/claims/{VOLUNTARY}/withdrawal", {"reason": "Forged."}, "edit", If_Match='"6"')
    assert (answer.status_code, answer.headers["ETag"], answer.json["status"]) == (200, '"8"', "withdrawn")
    withdrawn = answer.json["withdrawn"]
    assert (withdrawn["reason"], withdrawn["by"], bool(STAMP.fullmatch(withdrawn["at"]))) == ("Forged.", DESK, True)
    assert api.get(f"/v1/claims/{VOLUNTARY}").data == answer.data
    assert api.get("/v1/contradictions").json == {"items": [], "next": None}


def excerpt(claim: str, text: str, speaker: str, day: str) -> dict[str, Any]:
    """What timelines and contradictions show of a claim."""
    return {
        "claim": claim,
        "url": f"/v1/claims/{claim}",
        "text": text,
        "wording": "direct",
        "attribution": {"speaker": speaker, "on_behalf_of": None, **VOICE},
        "stated_on": day,
        "disclosed_on": day,
        "erased": None,
        "status": "unreviewed",
    }


EARLIER = excerpt(VOLUNTARY, "A locality may opt out.", "ice", "2010-09-07")
LATER = excerpt(MANDATORY, "It never was voluntary.", "dhs", "2011-04-22")


def test_a_timeline_names_the_reversal(api: Api) -> None:
    """The timeline of DHS has ICE's words and its own, and says which reverses which and after how many days."""
    assert api.get("/v1/questions/sc-voluntary/timeline?party=dhs").json == {
        "question": "sc-voluntary",
        "party": "dhs",
        "clock": "stated",
        "statements": [
            EARLIER | {"position": "voluntary", "reversal": None},
            LATER
            | {
                "position": "mandatory",
                "reversal": {"from": VOLUNTARY, "position": "voluntary", "days": 227, "certain": True},
            },
        ],
        "reversals": 1,
        "next": None,
    }


def test_a_contradiction_is_listed_assessed_and_read(api: Api) -> None:
    """The pair is there before anybody looked; an assessment confirms it, and it can be read whichever claim
    is named first."""
    pair = {
        "id": f"{VOLUNTARY}~{MANDATORY}",
        "question": "sc-voluntary",
        "party": "dhs",
        "claims": [EARLIER, LATER],
        "positions": ["voluntary", "mandatory"],
        "days": 227,
        "status": "suggested",
        "assessments": [],
    }
    assert api.get("/v1/contradictions?party=dhs").json == {"items": [pair], "next": None}
    assert api.get(f"/v1/claims/{MANDATORY}/contradictions").json == {"items": [pair], "next": None}
    made = api.post("/v1/contradictions", ASSESSMENT | {"claims": [MANDATORY, VOLUNTARY]}, "verdicts")
    assert (made.status_code, made.headers["Location"]) == (201, f"/v1/contradictions/{VOLUNTARY}~{MANDATORY}")
    (view,) = made.json["assessments"]
    assert stamped(dict(view)) == {
        "reviewer": DESK,
        "assessment": "reversal",
        "reason": "denial",
        "explanation": None,
        "evidence": [],
        "erased": None,
    }
    assert made.json == pair | {"status": "confirmed", "assessments": [view]}
    for ids in (f"{VOLUNTARY}~{MANDATORY}", f"{MANDATORY}~{VOLUNTARY}"):
        assert api.get(f"/v1/contradictions/{ids}").data == made.data
    assert api.get("/v1/contradictions?status=confirmed").json["items"] == [made.json]
    assert api.get("/v1/contradictions?status=suggested").json["items"] == []


def test_a_history_has_each_version(api: Api) -> None:
    """Each entry that changed a claim comes with the claim as it stood after it."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)
    history = api.get(f"/v1/claims/{MANDATORY}/history").json
    first, second = history["items"]
    assert (first["index"], first["kind"], first["actor"]) == (7, "claim.recorded", "operator")
    assert (second["index"], second["kind"], second["actor"]) == (8, "verdict.published", DESK)
    assert first.keys() == {"index", "at", "kind", "actor", "claim"}
    assert [item["claim"]["status"] for item in history["items"]] == ["unreviewed", "refuted"]
    assert second["claim"] == api.get(f"/v1/claims/{MANDATORY}").json


def test_an_entry_is_read(api: Api) -> None:
    """An entry has the exact payload, its salt and its hashes."""
    entry = api.get("/v1/entries/2")
    assert entry.headers["ETag"] == '"2"'
    members = entry.json
    assert json.loads(members["payload"]) == {"id": "dhs", "kind": "organization", "name": "Homeland Security"}
    assert (
        hashlib.sha256(bytes.fromhex(members["salt"]) + members["payload"].encode()).hexdigest()
        == members["payload_hash"]
    )


def test_what_stood_can_be_read(api: Api) -> None:
    """`at` gives each document, list and timeline as it stood, by size and by instant."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)
    then = api.get(f"/v1/claims/{MANDATORY}?at=8")
    assert (then.json["status"], then.headers["ETag"]) == ("unreviewed", '"7"')
    assert api.get(f"/v1/claims/{MANDATORY}?at=2026-11-24T11:00:07%2B01:00").json["status"] == "unreviewed"
    assert api.get("/v1/claims?status=refuted&at=8").json["items"] == []
    assert len(api.get("/v1/claims?status=refuted").json["items"]) == 1
    assert api.get("/v1/claims?at=0").json == {"items": [], "next": None}
    assert len(api.get("/v1/questions/sc-voluntary/timeline?party=dhs&at=7").json["statements"]) == 1
    assert api.get("/v1/contradictions?at=7").json["items"] == []


def test_a_search_marks_what_it_found(api: Api) -> None:
    """Found claims carry a snippet, and the page says whether everything was ranked."""
    found = api.get("/v1/claims?q=never").json
    assert found.keys() == {"items", "next", "truncated"}
    assert [item["snippet"] for item in found["items"]] == ["It <mark>never</mark> was voluntary."]
    assert found["truncated"] is False


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", [MANDATORY, VOLUNTARY]),
        ("party=ice", [VOLUNTARY]),
        ("party=dhs", [MANDATORY, VOLUNTARY]),
        ("party=napolitano", []),
        ("question=sc-voluntary&position=mandatory", [MANDATORY]),
        ("tag=letter", [VOLUNTARY]),
        ("status=withdrawn", []),
        ("stated_from=2011-01-01", [MANDATORY]),
        ("stated_to=2010-12-31", [VOLUNTARY]),
        ("stated_from=2010-01-01&stated_to=2012-01-01&sort=-stated", [MANDATORY, VOLUNTARY]),
        ("sort=recorded", [VOLUNTARY, MANDATORY]),
        ("sort=stated", [VOLUNTARY, MANDATORY]),
        ("q=voluntary", [MANDATORY]),
        ("q=locality&tag=letter", [VOLUNTARY]),
        ("q=opt&stated_from=2011-01-01", []),
        ("q=opt&stated_from=2010-01-01&stated_to=2010-12-31", [VOLUNTARY]),
        ("publisher=nobody", []),
        ("reviewer=other-desk", []),
        ("rating=false", []),
    ],
)
def test_filters_choose(api: Api, query: str, found: list[str]) -> None:
    """Each filter of claims lets through what it says, alone and with others."""
    assert [item["id"] for item in api.get(f"/v1/claims?{query}").json["items"]] == found


# Each list, with as many items as it has in the record of these tests.
LISTS = [
    ("/v1/parties", 5),
    ("/v1/questions", 1),
    ("/v1/claims", 2),
    ("/v1/claims?party=dhs&sort=stated", 2),
    ("/v1/claims?q=a*", 1),
    (f"/v1/claims/{MANDATORY}/history", 2),
    (f"/v1/claims/{MANDATORY}/verdicts", 1),
    (f"/v1/claims/{MANDATORY}/contradictions", 1),
    ("/v1/contradictions", 1),
    ("/v1/questions/sc-voluntary/timeline?party=dhs", 2),
]


@pytest.mark.parametrize(("path", "count"), LISTS)
def test_pages_lead_from_one_to_the_next(api: Api, path: str, count: int) -> None:
    """One by one, a list gives what it gives at once; Link is there exactly when `next` is, and leads to the
    same page."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)
    name = "statements" if "timeline" in path else "items"
    whole = api.get(path).json[name]
    assert len(whole) == count
    found, url = [], f"{path}{'&' if '?' in path else '?'}limit=1"
    while True:
        page = api.get(url)
        found += page.json[name]
        following = page.json["next"]
        assert ("Link" in page.headers) is (following is not None)
        if following is None:
            break
        match = re.fullmatch(r'<(/v1/[^>]*)>; rel="next"', page.headers["Link"])
        assert match
        url = match[1]
        assert f"cursor={following}" in url and "limit=1" in url
    assert found == whole


def test_a_next_link_survives_every_character(api: Api) -> None:
    """The Link of a search keeps its words, whatever they are."""
    for number in range(3):
        api.made("/v1/claims", CLAIM | {"text": f'Ünïc&de + 100% "東京" #{number}'})
    page = api.get("/v1/claims", scope=None)
    page = api.client.get("/v1/claims", query_string={"q": 'Ünïc&de + "東京"', "limit": "1"})
    assert len(page.json["items"]) == 1
    seen = {page.json["items"][0]["id"]}
    while "Link" in page.headers:
        page = api.get(page.headers["Link"][1:].split(">")[0])
        assert page.status_code == 200
        seen |= {item["id"] for item in page.json["items"]}
    assert len(seen) == 3


READS = [
    "/v1/parties",
    "/v1/parties/dhs",
    "/v1/questions",
    "/v1/questions/sc-voluntary",
    "/v1/questions/sc-voluntary/timeline?party=dhs",
    "/v1/claims",
    f"/v1/claims/{VOLUNTARY}",
    f"/v1/claims/{VOLUNTARY}/history",
    f"/v1/claims/{VOLUNTARY}/contradictions",
    f"/v1/claims/{VOLUNTARY}/verdicts",
    "/v1/contradictions",
    f"/v1/contradictions/{VOLUNTARY}~{MANDATORY}",
    "/v1/changes",
    "/v1/entries/0",
    f"/v1/claims/{VOLUNTARY}/proof",
    "/openapi.json",
]


@pytest.mark.parametrize("path", READS)
def test_every_read_has_its_headers(api: Api, path: str) -> None:
    """ETag, caching, Vary, CORS and the request id are on every read, on its 304, and on HEAD, which has no body."""
    got = api.get(path, X_Request_Id="mine-1")
    assert (got.status_code, got.headers["Content-Type"]) == (200, "application/json")
    assert re.fullmatch(r'"[!#-~]+"', got.headers["ETag"])
    assert got.headers["Cache-Control"] == PUBLIC
    assert got.headers["Vary"] == "Authorization, Consistency-Token"
    assert got.headers["X-Request-Id"] == "mine-1"
    assert got.headers["Access-Control-Allow-Origin"] == "*"
    assert {"ETag", "Link", "X-Request-Id"} <= set(got.headers["Access-Control-Expose-Headers"].split(", "))
    head = api.send("HEAD", path, scope=None, X_Request_Id="mine-1")
    assert (head.data, dict(head.headers)) == (b"", dict(got.headers))
    unchanged = api.get(path, If_None_Match=got.headers["ETag"])
    assert (unchanged.status_code, unchanged.data) == (304, b"")
    for name in ("ETag", "Cache-Control", "Vary", "Access-Control-Allow-Origin"):
        assert unchanged.headers[name] == got.headers[name]
    assert "Content-Type" not in unchanged.headers
    private = api.get(path, "claims")
    assert (private.data, private.headers["Cache-Control"]) == (got.data, "private, no-store")


@pytest.mark.parametrize("path", [path.partition("?")[0] for path in READS])
def test_browsers_may_ask_before_they_read(api: Api, path: str) -> None:
    """A preflight of any origin is answered without a token, allows reading with conditions, and nothing
    that writes."""
    asked = {"Origin": "https://news.example", "Access_Control_Request_Method": "GET"}
    preflight = api.send("OPTIONS", path, scope=None, **asked)
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    assert {"Authorization", "If-None-Match"} <= set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"GET", "HEAD", "OPTIONS"} <= {name.strip() for name in preflight.headers["Allow"].split(",")}


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/v1/parties", PARTY),
        ("/v1/questions", QUESTION),
        ("/v1/claims", CLAIM),
        (f"/v1/claims/{MANDATORY}/verdicts", VERDICT),
        ("/v1/contradictions", ASSESSMENT),
    ],
)
def test_every_answer_to_a_write_is_private_and_closed_to_browsers(api: Api, path: str, body: dict[str, Any]) -> None:
    """A write is answered with a private document and its address, and no page of another origin can have made it."""
    made = api.post(path, body)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "private, no-store")
    assert "Access-Control-Allow-Origin" not in made.headers
    assert re.fullmatch("[0-9a-f]{16}", made.headers["X-Request-Id"])
    # A claim's answer also names its likely duplicates.
    assert api.get(made.headers["Location"]).json.items() <= made.json.items()


def test_health_needs_nothing(api: Api) -> None:
    """Supervisors get a short answer without a token, never from a cache."""
    for path in ("/livez", "/readyz"):
        answer = api.get(path)
        assert (answer.status_code, answer.data) == (200, b'{"status":"ok"}')
        assert answer.headers["Cache-Control"] == "no-store"
