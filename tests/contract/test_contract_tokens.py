"""Tokens over the real routes: who may do what, how often, and from where."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import TestResponse

from api import create_app
from api.settings import Settings
from api.storage import keys
from api.storage.sqlite import Database
from tests.conftest import NOW, SCOPES
from tests.contract.conftest import ASSESSMENT, CLAIM, MANDATORY, PARTY, QUESTION, VERDICT, Api, problem
from tests.records import DESK, Recorder

# Each write, and the scope that it needs.
WRITES: list[tuple[str, str, dict[str, Any], str]] = [
    ("POST", "/v1/parties", PARTY, "claims"),
    ("POST", "/v1/questions", QUESTION, "claims"),
    ("POST", "/v1/claims", CLAIM, "claims"),
    ("POST", f"/v1/claims/{MANDATORY}/verdicts", VERDICT, "verdicts"),
    ("POST", "/v1/verdicts/VERDICT/retraction", {"reason": "x"}, "verdicts"),
    ("POST", "/v1/contradictions", ASSESSMENT, "verdicts"),
    ("PATCH", "/v1/parties/dhs", {"name": "x", "reason": "x"}, "edit"),
    ("PATCH", "/v1/questions/sc-voluntary", {"text": "x", "reason": "x"}, "edit"),
    ("PATCH", f"/v1/claims/{MANDATORY}", {"text": "x", "reason": "x"}, "edit"),
    ("POST", f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "x"}, "edit"),
]
UNKNOWN = "onr_" + "x" * 43


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(("method", "path", "body", "needed"), WRITES)
def test_each_write_has_its_scope(
    api: Api, method: str, path: str, body: dict[str, Any], needed: str, scope: str
) -> None:
    """A token does what its scope says and no more, `admin` everything; what is missing is named."""
    if "VERDICT" in path:
        path = path.replace("VERDICT", api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)["id"])
    size = api.size
    answer = api.send(method, path, body, scope, If_Match="*")
    if scope in (needed, "admin"):
        assert answer.status_code in (200, 201)
        assert api.size == size + 1
        return
    assert repr(needed) in problem(answer, "forbidden")["detail"]
    assert f'error="insufficient_scope", scope="{needed}"' in answer.headers["WWW-Authenticate"]
    assert api.size == size


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {UNKNOWN}",
        f"Bearer {UNKNOWN}x",
        f"Basic {UNKNOWN}",
        UNKNOWN,
        f"Bearer {UNKNOWN} {UNKNOWN}",
        "Bearer onr_\u00fc",
    ],
)
@pytest.mark.parametrize(("method", "path", "body", "needed"), WRITES)
def test_a_write_needs_a_token(
    api: Api, method: str, path: str, body: dict[str, Any], needed: str, header: str | None
) -> None:
    """Without a known token a write is 401 before anything of it is looked at, and the scheme is named."""
    answer = api.send(method, path, body, None, **({} if header is None else {"Authorization": header}))
    assert "Bearer onr_" in problem(answer, "unauthenticated")["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    assert api.size == 8


def test_a_revoked_token_is_as_good_as_none(api: Api) -> None:
    """From the moment that it is revoked a token neither writes nor reads, and the answer is that to an unknown one."""
    assert api.post("/v1/claims", CLAIM, "claims").status_code == 201
    with api.database.turn() as db:
        for token in keys.list_tokens(db):
            keys.revoke_token(db, token.id, NOW)
    refused = problem(api.post("/v1/parties", PARTY, "claims"), "unauthenticated")
    unknown = problem(api.post("/v1/parties", PARTY, None, Authorization=f"Bearer {UNKNOWN}"), "unauthenticated")
    assert refused["detail"] == unknown["detail"]
    problem(api.get("/v1/claims", "claims"), "unauthenticated")
    assert api.get("/v1/claims").status_code == 200


Make = Callable[..., Api]


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """Makes an application with variables of the environment; in it one desk has a token of each scope, and of none."""
    stores = []

    def made(**environ: str) -> Api:
        store = Database(tmp_path / f"{len(stores)}.db")
        stores.append(store)
        store.migrate()
        Recorder(store).party(DESK)
        tokens = {}
        with store.turn() as db:
            for scope in (*SCOPES, ""):
                _, secret = keys.create_token(db, party=DESK, scopes=scope.split(), note=None, now=NOW)
                tokens[scope] = {"Authorization": f"Bearer {secret}"}
        url = {"DATABASE_URL": f"sqlite:///{store.path}"}
        return Api(create_app(Settings.from_environ(url | environ)), store, tokens)

    yield made
    for store in stores:
        store.close()


READS = ("/v1/claims", f"/v1/parties/{DESK}", "/v1/changes", "/v1/entries/0", "/v1/contradictions", "/v1/questions")


@pytest.mark.parametrize("path", READS)
def test_reading_can_be_closed(make: Make, path: str) -> None:
    """With the setting every read needs a token, of any scope or none; what is not the record stays open."""
    api = make(ONRECORD_READ_TOKEN_REQUIRED="true")
    problem(api.get(path), "unauthenticated")
    problem(api.get(path, If_None_Match="*"), "unauthenticated")
    tag = api.get(path, "claims").headers["ETag"]
    problem(api.get(path, If_None_Match=tag), "unauthenticated")
    for scope in (*SCOPES, ""):
        answer = api.get(path, scope)
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "private, no-store")
    for open_path in ("/livez", "/readyz", "/openapi.json", "/docs"):
        assert api.get(open_path).status_code == 200


def limited(answer: TestResponse, window: int) -> None:
    """That an answer is 429 and says when to come back, within the window."""
    members = problem(answer, "rate-limited")
    seconds = int(answer.headers["Retry-After"])
    assert 1 <= seconds <= window
    assert f"{seconds} s" in members["detail"]


def test_writes_are_limited_for_each_token(make: Make) -> None:
    """Beyond the rate a token is told when to come back, and nothing is written; other tokens and reads go on."""
    api = make(ONRECORD_RATE_WRITES="3/minute")
    for number in range(3):
        assert api.post("/v1/parties", PARTY | {"id": f"p{number}"}, "claims").status_code == 201
    size = api.size
    limited(api.post("/v1/parties", PARTY, "claims"), 60)
    limited(api.post("/v1/parties", b"", "claims"), 60)
    assert api.size == size
    assert api.post("/v1/parties", PARTY, "admin").status_code == 201
    for _ in range(5):
        assert api.get("/v1/parties", "claims").status_code == 200


def test_refused_writes_are_counted_too(make: Make) -> None:
    """A client that sends nonsense in a loop is stopped like one that writes too much."""
    api = make(ONRECORD_RATE_WRITES="2/minute")
    for _ in range(2):
        assert api.post("/v1/parties", {}, "claims").status_code == 422
    limited(api.post("/v1/parties", PARTY, "claims"), 60)


def test_reads_and_304s_are_never_counted(make: Make) -> None:
    """A bot may poll as often as it likes, with and without a token."""
    api = make(ONRECORD_RATE_WRITES="1/minute", ONRECORD_RATE_AUTH_FAILURES="1/minute")
    tag = api.get("/v1/changes?since=now").headers["ETag"]
    for scope in (None, "claims"):
        for _ in range(20):
            assert api.get("/v1/changes?since=now", scope, If_None_Match=tag).status_code == 304
            assert api.get("/v1/claims", scope).status_code == 200
    assert api.post("/v1/parties", PARTY, "claims").status_code == 201


def test_guessing_tokens_is_limited_for_each_address(make: Make) -> None:
    """An address that fails too often has to wait, also with a good token; who sends no token is not concerned."""
    api = make(ONRECORD_RATE_AUTH_FAILURES="3/minute")
    for _ in range(3):
        problem(api.get("/v1/claims", Authorization=f"Bearer {UNKNOWN}"), "unauthenticated")
    limited(api.get("/v1/claims", Authorization=f"Bearer {UNKNOWN}"), 60)
    limited(api.get("/v1/claims", "claims"), 60)
    limited(api.post("/v1/parties", PARTY, "claims"), 60)
    assert api.get("/v1/claims").status_code == 200
    other = api.client.get("/v1/claims", headers=api.tokens["claims"], environ_overrides={"REMOTE_ADDR": "192.0.2.9"})
    assert other.status_code == 200


@pytest.mark.parametrize(
    ("proxies", "forwarded", "told_apart"),
    [
        ("", "192.0.2.{}", False),
        ("10.0.0.0/8", "192.0.2.{}", False),
        ("127.0.0.1", "192.0.2.{}", True),
        ("127.0.0.0/8", "203.0.113.7, 192.0.2.{}", True),
        ("127.0.0.1,10.0.0.1", "192.0.2.{}, 10.0.0.1", True),
        ("127.0.0.1", "192.0.2.{}, 203.0.113.7", False),
        ("127.0.0.1", "192.0.2.{}, nonsense", False),
        ("127.0.0.1", "2001:db8::{}", False),
    ],
)
def test_only_our_own_proxies_say_who_asks(make: Make, proxies: str, forwarded: str, told_apart: bool) -> None:
    """X-Forwarded-For counts as far as proxies of the settings wrote it; from anyone else it is only a claim."""
    api = make(ONRECORD_RATE_AUTH_FAILURES="2/minute", ONRECORD_TRUSTED_PROXIES=proxies)
    bad = f"Bearer {UNKNOWN}"
    codes = [
        api.get("/v1/claims", Authorization=bad, X_Forwarded_For=forwarded.format(n)).status_code for n in range(1, 5)
    ]
    assert codes == ([401] * 4 if told_apart else [401, 401, 429, 429])
