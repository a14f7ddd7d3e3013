"""The feed of changes, to the letter: nothing skipped, nothing repeated, and next to nothing done for a poll that
finds nothing."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from base64 import urlsafe_b64decode, urlsafe_b64encode
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from api import create_app, merkle
from api.settings import Settings
from tests.contract.conftest import ASSESSMENT, CLAIM, MANDATORY, PARTY, VERDICT, VOLUNTARY, Api, problem
from tests.records import DESK, Recorder

FEED = "/v1/changes"


def indexes(page: dict[str, Any]) -> list[int]:
    """The numbers of the entries on a page."""
    return [change["index"] for change in page["changes"]]


def followed(api: Api, query: str = "", since: str | None = None) -> list[dict[str, Any]]:
    """Every page that a bot gets until there is no more."""
    pages: list[dict[str, Any]] = []
    while not pages or pages[-1]["has_more"]:
        parameters = f"&since={since}" if since else ""
        pages.append(api.get(f"{FEED}?{query}{parameters}".replace("?&", "?")).json)
        since = pages[-1]["next"]
    return pages


def test_a_change_says_what_happened(api: Api) -> None:
    """A change names the entry, who did it, what it is about, where that stands, and how a claim's status changed."""
    verdict = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)["id"]
    page = api.get(FEED).json
    assert page.keys() == {"changes", "next", "has_more", "head", "poll_after"}
    party, question, claim, ruling = (page["changes"][index] for index in (2, 5, 7, 8))
    assert party == {
        "index": 2,
        "at": "2026-11-24T10:00:02.000Z",
        "kind": "party.recorded",
        "subject": "party/dhs",
        "actor": "operator",
        "url": "/v1/parties/dhs",
        "claim": None,
        "status": None,
    }
    assert (question["subject"], question["url"], question["claim"]) == (
        "question/sc-voluntary",
        "/v1/questions/sc-voluntary",
        None,
    )
    assert (claim["url"], claim["claim"]) == (f"/v1/claims/{MANDATORY}", MANDATORY)
    assert claim["status"] == {"from": None, "to": "unreviewed"}
    del ruling["at"]
    assert ruling == {
        "index": 8,
        "kind": "verdict.published",
        "subject": f"verdict/{verdict}",
        "actor": DESK,
        "url": f"/v1/verdicts/{verdict}",
        "claim": MANDATORY,
        "status": {"from": "unreviewed", "to": "refuted"},
    }


def test_every_url_of_a_change_leads_somewhere(api: Api) -> None:
    """Whatever kind of change it is, its address can be read."""
    verdict = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)["id"]
    api.made("/v1/contradictions", ASSESSMENT | {"claims": [MANDATORY, VOLUNTARY]})
    api.made(f"/v1/verdicts/{verdict}/retraction", {"reason": "x"})
    api.made(f"/v1/claims/{VOLUNTARY}/withdrawal", {"reason": "x"}, If_Match="*")
    for change in api.get(FEED).json["changes"]:
        assert api.get(change["url"]).status_code == 200


def test_since_left_out_is_the_beginning(api: Api) -> None:
    """Without a cursor the feed begins with the first entry, ascending and without holes."""
    page = api.get(FEED).json
    assert indexes(page) == list(range(8))
    assert (page["has_more"], page["head"]["size"]) == (False, 8)


def test_since_now_is_just_a_cursor(api: Api) -> None:
    """`now` gives no change, and a cursor that gives what comes after."""
    now = api.get(f"{FEED}?since=now").json
    assert (now["changes"], now["has_more"], now["poll_after"]) == ([], False, 5)
    assert api.get(f"{FEED}?since={now['next']}").json["changes"] == []
    api.made("/v1/parties", PARTY)
    assert indexes(api.get(f"{FEED}?since={now['next']}").json) == [8]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 200])
def test_next_leads_through_all_of_it(api: Api, limit: int) -> None:
    """Page by page each entry comes once, in order; `has_more` is true but for the last page, and `next` is always
    there."""
    pages = followed(api, f"limit={limit}")
    assert [index for page in pages for index in indexes(page)] == list(range(8))
    assert [page["has_more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert [page["poll_after"] for page in pages] == [0] * (len(pages) - 1) + [5]
    assert all(page["next"] for page in pages)
    assert {page["head"]["size"] for page in pages} == {8}
    assert pages[-1]["next"] == api.get(f"{FEED}?since=now").json["next"]


def test_a_cursor_is_a_place_and_not_a_page(api: Api) -> None:
    """The same cursor gives the same entries again, with other limits and filters too."""
    cursor = api.get(f"{FEED}?limit=3").json["next"]
    assert indexes(api.get(f"{FEED}?since={cursor}&limit=2").json) == [3, 4]
    assert indexes(api.get(f"{FEED}?since={cursor}").json) == [3, 4, 5, 6, 7]
    assert indexes(api.get(f"{FEED}?since={cursor}&kind=claim.recorded").json) == [6, 7]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("kind=party.recorded", [0, 1, 2, 3, 4]),
        ("kind=claim.recorded", [6, 7]),
        ("kind=payload.erased", []),
        ("party=dhs", [2, 3, 4, 6, 7]),
        ("party=ice", [3, 6]),
        ("party=napolitano", [4]),
        ("question=sc-voluntary", [5, 6, 7]),
        ("reviewer=example-desk", []),
        ("party=dhs&kind=claim.recorded", [6, 7]),
        ("party=ice&question=sc-voluntary", [6]),
        ("party=ice&question=sc-voluntary&kind=party.recorded", []),
    ],
)
@pytest.mark.parametrize("limit", [1, 2, 50])
def test_a_filter_moves_past_what_it_skips(api: Api, query: str, expected: list[int], limit: int) -> None:
    """A filtered feed gives what it should, and ends at the head also where nothing matches: nothing is looked at
    twice."""
    pages = followed(api, f"{query}&limit={limit}")
    assert [index for page in pages for index in indexes(page)] == expected
    assert len(pages) == max(1, -(-len(expected) // limit))
    assert pages[-1]["next"] == api.get(f"{FEED}?since=now").json["next"]
    again = api.get(f"{FEED}?{query}&since={pages[-1]['next']}").json
    assert (again["changes"], again["has_more"]) == ([], False)


def test_who_follows_a_party_hears_that_something_left_it(api: Api) -> None:
    """A claim that is found to be somebody else's, and an office that is moved, are news for those who followed
    them."""
    cursor = api.get(f"{FEED}?since=now").json["next"]
    patch = {"attribution": {"speaker": "napolitano"}, "stances": None, "reason": "She spoke for herself."}
    api.patch(f"/v1/claims/{MANDATORY}", patch, If_Match="*")
    api.patch("/v1/parties/ice", {"parent": None, "reason": "It moved."}, If_Match="*")
    assert indexes(api.get(f"{FEED}?since={cursor}&party=dhs").json) == [8, 9]
    assert indexes(api.get(f"{FEED}?since={cursor}&party=napolitano").json) == [8]
    assert indexes(api.get(f"{FEED}?since={cursor}&question=sc-voluntary").json) == [8]


# --- cursors that do not fit


@pytest.mark.parametrize(
    "given", ["x", "NOW", "0", "now%20", "%22", "AAAA", "=", "A" * 600, "AAAAAAAAAAA=", "AAAAAAAAAAB", "_" * 22, ""]
)
def test_what_is_no_cursor_is_refused(api: Api, given: str) -> None:
    """Anything but a `next` that the feed could have given is 422, not the beginning and not an empty page."""
    problem(api.get(f"{FEED}?since={given}"), "invalid-request", "/since")


def cursor(size: int, fingerprint: bytes) -> str:
    """A cursor in the feed's own form."""
    return urlsafe_b64encode(size.to_bytes(8) + fingerprint).rstrip(b"=").decode()


@pytest.mark.parametrize(
    "given",
    [
        cursor(0, b"12345678"),
        cursor(3, b"12345678"),
        cursor(8, b""),
        cursor(9, b"12345678"),
        cursor(2**61, b"12345678"),
        cursor(3, b""),
    ],
)
@pytest.mark.parametrize("query", ["", "&limit=1", "&wait=1", "&kind=party.recorded", "&include=entry"])
def test_a_cursor_that_does_not_fit_is_gone(api: Api, given: str, query: str) -> None:
    """A cursor of another log, or one beyond the head, is 410 with the head as it is, never an empty page."""
    refused = problem(api.get(f"{FEED}?since={given}{query}"), "cursor-rewound")
    head = api.get(FEED).json["head"]
    assert refused["head"] == head
    assert "since" in refused["detail"]


def test_the_cursor_of_an_empty_log_fits_every_log(tmp_path: Path) -> None:
    """Who began before the first entry sees it."""
    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{tmp_path}/new.db"}))
    database = app.extensions["onrecord"].database
    database.migrate()
    client = app.test_client()
    empty = client.get(f"{FEED}?since=now").json
    assert empty["head"] == {"size": 0, "root": hashlib.sha256(b"").hexdigest()}
    assert empty == client.get(FEED).json
    Recorder(database).party("dhs")
    assert indexes(client.get(f"{FEED}?since={empty['next']}").json) == [0]
    database.close()


@pytest.mark.sqlite
def test_a_log_that_was_rewound_is_noticed(api: Api, tmp_path: Path) -> None:
    """A copy that went another way refuses the cursors of what it does not have, and takes those of what both have."""
    shared = api.get(f"{FEED}?limit=5").json["next"]
    end = api.get(f"{FEED}?since=now").json["next"]
    with closing(sqlite3.connect(tmp_path / "copy.db")) as copy:
        api.database.reader().backup(copy)
    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{tmp_path}/copy.db"}))
    other = app.test_client()
    for number in range(3):
        api.made("/v1/parties", PARTY | {"id": f"here-{number}"})
    mine = [api.get(f"{FEED}?since={end}&limit={limit}").json["next"] for limit in (1, 2, 3)]
    for rewound in mine:  # beyond the head of the copy
        answer = other.get(f"{FEED}?since={rewound}")
        assert problem(answer, "cursor-rewound")["head"]["size"] == 8
    for number in range(5):
        answer = other.post("/v1/parties", json=PARTY | {"id": f"there-{number}"}, headers=api.tokens["admin"])
        assert answer.status_code == 201
        for rewound in mine:
            problem(other.get(f"{FEED}?since={rewound}"), "cursor-rewound")
    assert indexes(other.get(f"{FEED}?since={shared}").json) == list(range(5, 13))
    assert indexes(other.get(f"{FEED}?since={end}").json) == list(range(8, 13))
    app.extensions["onrecord"].database.close()


# --- what is unchanged


@pytest.mark.sqlite
def test_an_unchanged_head_is_answered_before_a_row_is_read(api: Api) -> None:
    """A poll that ends in 304 reads the head and nothing else, whatever its filters; with a token, the token too."""
    page = api.get(f"{FEED}?since=now")
    tag, cursor_ = page.headers["ETag"], page.json["next"]
    statements: list[str] = []
    reader = api.database.reader()
    for query in (f"since={cursor_}", "since=now", f"since={cursor_}&party=dhs&kind=claim.recorded&include=entry"):
        reader.set_trace_callback(statements.append)
        answer = api.get(f"{FEED}?{query}", If_None_Match=tag)
        reader.set_trace_callback(None)
        assert (answer.status_code, answer.data, answer.headers["ETag"]) == (304, b"", tag)
        assert [" FROM head " in f"{statement} " for statement in statements] == [True]
        statements.clear()
    reader.set_trace_callback(statements.append)
    assert api.get(f"{FEED}?since={cursor_}", "claims", If_None_Match=tag).status_code == 304
    reader.set_trace_callback(None)
    assert sorted(statement.split(" FROM ")[1].split()[0] for statement in statements) == ["head", "tokens"]


def test_the_tag_changes_with_the_log(api: Api) -> None:
    """Any entry ends the 304, also one that the filter skips: its answer moves the cursor on."""
    page = api.get(f"{FEED}?since=now&kind=claim.recorded")
    api.made("/v1/parties", PARTY)
    after = api.get(f"{FEED}?since={page.json['next']}&kind=claim.recorded", If_None_Match=page.headers["ETag"])
    assert (after.status_code, after.json["changes"], after.json["has_more"]) == (200, [], False)
    assert after.json["next"] != page.json["next"]


@pytest.mark.parametrize("limit", [1, 3, 4, 8, 200])
@pytest.mark.parametrize("query", ["", "&kind=party.recorded"])
def test_a_bot_that_catches_up_gets_no_304(api: Api, limit: int, query: str) -> None:
    """Who sends the ETag of each answer with the next cursor still gets every page of a log that stands still, and
    then a 304."""
    seen, since, tag = [], "", '"none"'
    for _ in range(20):
        answer = api.get(f"{FEED}?limit={limit}{query}{since}", If_None_Match=tag)
        if answer.status_code == 304:
            break
        seen += indexes(answer.json)
        since, tag = f"&since={answer.json['next']}", answer.headers["ETag"]
    assert (answer.status_code, seen) == (304, list(range(5 if query else 8)))


def test_a_full_page_has_a_tag_of_its_own(api: Api) -> None:
    """The same page asked for again is unchanged; a page that begins elsewhere is not taken for it."""
    first = api.get(f"{FEED}?limit=3")
    assert api.get(f"{FEED}?limit=3", If_None_Match=first.headers["ETag"]).status_code == 304
    second = api.get(f"{FEED}?limit=3&since={first.json['next']}", If_None_Match=first.headers["ETag"])
    assert indexes(second.json) == [3, 4, 5]


@pytest.mark.parametrize("given", ["*", '"x", W/{}'])
def test_every_form_of_condition_is_understood(api: Api, given: str) -> None:
    """Lists, weak tags and `*` are understood; but no condition hides that a cursor does not fit."""
    tag = api.etag(f"{FEED}?since=now")
    assert api.get(f"{FEED}?since=now", If_None_Match=given.format(tag)).status_code == 304
    problem(api.get(f"{FEED}?since={cursor(9, b'12345678')}", If_None_Match=given.format(tag)), "cursor-rewound")
    problem(api.get(f"{FEED}?since=x", If_None_Match=given.format(tag)), "invalid-request", "/since")


def test_only_full_pages_without_words_are_kept_for_long(api: Api) -> None:
    """A full page never changes, so caches may keep it for an hour; but not with payloads, which can be erased."""
    public, hour = "public, max-age=5, stale-while-revalidate=30", "public, max-age=3600"

    def kept(query: str, scope: str | None = None) -> str:
        return str(api.get(f"{FEED}?{query}", scope).headers["Cache-Control"])

    assert kept("limit=7") == kept("limit=2&party=dhs") == hour
    assert kept("limit=8") == kept("limit=200") == kept("since=now") == public
    assert kept("limit=3&include=entry") == public
    assert kept("limit=3", "claims") == "private, no-store"
    tag = api.etag(f"{FEED}?limit=3&include=entry")
    assert api.get(f"{FEED}?limit=3&include=entry", If_None_Match=tag).headers["Cache-Control"] == public


# --- what can be verified


def test_entries_can_be_verified(api: Api) -> None:
    """From `include=entry` alone each leaf hash and the root can be recomputed."""
    api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT | {"explanation": "東京 \u2028 é"})
    leaves = []
    for page in followed(api, "include=entry&limit=4"):
        for change in page["changes"]:
            entry = change["entry"]
            assert entry == api.get(f"/v1/entries/{change['index']}").json
            payload_hash = hashlib.sha256(bytes.fromhex(entry["salt"]) + entry["payload"].encode()).hexdigest()
            lines = (
                "onrecord/entry/v1",
                entry["index"],
                entry["recorded_at"],
                entry["kind"],
                entry["subject"],
                entry["actor"],
                payload_hash,
            )
            data = "".join(f"{line}\n" for line in lines).encode()
            assert hashlib.sha256(b"\0" + data).hexdigest() == entry["leaf_hash"]
            assert (change["at"], change["kind"]) == (entry["recorded_at"], entry["kind"])
            assert json.loads(entry["payload"])
            leaves.append(hashlib.sha256(b"\0" + data).digest())
        assert tree(leaves).hex() == page["head"]["root"] or page["has_more"]
    assert len(leaves) == 9


def tree(leaves: list[bytes]) -> bytes:
    """The tree hash of RFC 6962, section 2.1, as it stands there."""
    if len(leaves) == 1:
        return leaves[0]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\1" + tree(leaves[:half]) + tree(leaves[half:])).digest()


def test_the_head_of_an_empty_log_is_the_hash_of_nothing() -> None:
    """As RFC 6962 has it."""
    assert hashlib.sha256(b"").digest() == merkle.EMPTY_ROOT


def test_the_fingerprint_is_in_the_cursor(api: Api) -> None:
    """A cursor holds the size and the first bytes of the last leaf's hash, so that it fits one log only."""
    page = api.get(f"{FEED}?limit=3&include=entry").json
    raw = urlsafe_b64decode(page["next"] + "=" * (-len(page["next"]) % 4))
    assert (int.from_bytes(raw[:8]), raw[8:].hex()) == (3, page["changes"][2]["entry"]["leaf_hash"][:16])


def test_a_claim_of_a_person_is_not_the_party_above(api: Api) -> None:
    """A person's own parent does not make the words those of the organisation, in the feed as in lists."""
    made = api.made("/v1/claims", CLAIM | {"attribution": {"speaker": "napolitano"}})
    index = made["revision"]
    assert index not in indexes(api.get(f"{FEED}?party=dhs").json)
    assert index in indexes(api.get(f"{FEED}?party=napolitano").json)
