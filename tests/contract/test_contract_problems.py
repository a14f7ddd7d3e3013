"""Every failure is one kind of document: `application/problem+json`, with a type, a title, a sentence and the
request's id."""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

import pytest

from tests.contract.conftest import CLAIM, MANDATORY, Api, problem, shaped
from tests.records import ulid


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/v1/claims", "GET, HEAD, OPTIONS, POST"),
        ("PUT", f"/v1/claims/{MANDATORY}", "GET, HEAD, OPTIONS, PATCH"),
        ("DELETE", f"/v1/claims/{MANDATORY}", "GET, HEAD, OPTIONS, PATCH"),
        ("POST", "/v1/changes", "GET, HEAD, OPTIONS"),
        ("GET", f"/v1/claims/{MANDATORY}/withdrawal", "OPTIONS, POST"),
        ("GET", f"/v1/verdicts/{ulid(1)}/retraction", "OPTIONS, POST"),
        ("PATCH", f"/v1/verdicts/{ulid(1)}", "GET, HEAD, OPTIONS"),
        ("PATCH", "/v1/entries/0", "GET, HEAD, OPTIONS"),
        ("TRACE", "/v1/claims", "GET, HEAD, OPTIONS, POST"),
        ("QUERY", "/v1/claims", "GET, HEAD, OPTIONS, POST"),
        ("POST", "/openapi.json", "GET, HEAD, OPTIONS"),
        ("POST", "/docs", "GET, HEAD, OPTIONS"),
        ("DELETE", "/livez", "GET, HEAD, OPTIONS"),
    ],
)
def test_another_method_is_not_allowed(api: Api, method: str, path: str, allowed: str) -> None:
    """405 names in Allow the methods that there are."""
    answer = api.send(method, path)
    problem(answer, "method-not-allowed")
    assert ", ".join(sorted(name.strip() for name in answer.headers["Allow"].split(","))) == allowed


def test_a_problem_says_where_it_happened(api: Api) -> None:
    """`instance` is the path as it stands in a URL, without the query, and the client's request id is kept."""
    answer = api.get("/v1/claims/%E6%9D%B1%20x?secret=1", X_Request_Id="mine-7")
    assert answer.status_code == 422
    members = shaped(answer)
    assert (members["instance"], members["request_id"]) == ("/v1/claims/%E6%9D%B1%20x", "mine-7")


@pytest.mark.parametrize("path", ["/v1/nothing", f"/v1/claims/{ulid(77)}", "/v1/claims?limit=0", "/v1/changes?since=x"])
def test_a_problem_has_no_body_for_head(api: Api, path: str) -> None:
    """HEAD of what fails has the status and headers of GET, and nothing else."""
    got, head = api.get(path), api.send("HEAD", path, scope=None)
    assert (head.status_code, head.data) == (got.status_code, b"")
    assert {**head.headers, "X-Request-Id": ""} == {**got.headers, "X-Request-Id": ""}


@pytest.mark.parametrize("path", ["/v1/claims/nothing", "/v1/claims?limit=0", "/v1/nothing", "/v1/changes?since=x"])
def test_a_browser_can_read_a_problem(api: Api, path: str) -> None:
    """The reasons why a read failed are open to every origin."""
    assert api.get(path).headers["Access-Control-Allow-Origin"] == "*"


def test_a_broken_store_is_internal(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """A table that is gone is 500: the answer says nothing of it, the log everything under the same id."""
    with api.database.turn() as db:
        db.execute("ALTER TABLE documents RENAME TO gone")
    capsys.readouterr()
    for method, path, body in (
        ("GET", f"/v1/claims/{MANDATORY}", None),
        ("GET", "/v1/claims", None),
        ("GET", f"/v1/claims/{MANDATORY}/history", None),
        ("POST", "/v1/claims", CLAIM),
    ):
        answer = api.send(method, path, body)
        members = problem(answer, "internal")
        assert "documents" not in answer.get_data(as_text=True)
        logged = capsys.readouterr().err
        assert members["request_id"] in logged and "documents" in logged
    assert api.size == 8


@pytest.mark.sqlite
def test_a_text_that_is_none_is_damage(api: Api, capsys: pytest.CaptureFixture[str]) -> None:
    """Bytes that are no text, where a text was stored, are damage like a page that cannot be read."""
    with api.database.turn() as db:
        db.execute("UPDATE entries SET actor = CAST(x'ff' AS TEXT) WHERE idx = 3")
    members = problem(api.get("/v1/entries/3"), "storage-damaged")
    assert members["request_id"] in capsys.readouterr().err
    assert api.get("/v1/entries/4").status_code == 200


@pytest.mark.sqlite
def test_a_store_that_is_gone_is_unavailable(api: Api) -> None:
    """Without its file the service is not ready: 503 with Retry-After, no path in the answer, and it lives."""
    path = Path(api.database.path)
    for leftover in path.parent.glob(f"{path.name}*"):
        leftover.rename(leftover.with_name("gone-" + leftover.name))
    answers = []

    def ask() -> None:  # in a thread, whose connection is not open yet
        client = api.app.test_client()
        answers.extend(client.get(url) for url in ("/v1/claims", "/v1/changes", "/readyz"))
        answers.append(client.post("/v1/claims", json=CLAIM, headers=api.tokens["admin"]))
        answers.append(client.get("/livez"))

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    *refused, alive = answers
    for answer, slug in zip(refused, ("storage-unavailable",) * 2 + ("busy", "storage-unavailable"), strict=True):
        problem(answer, slug)
        assert int(answer.headers["Retry-After"]) > 0
        assert str(path) not in answer.get_data(as_text=True)
    assert alive.status_code == 200


@pytest.mark.sqlite
def test_a_held_database_is_busy(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where another program holds the database a write is 503 with Retry-After; reads go on, and so do writes
    afterwards."""
    monkeypatch.setattr("api.storage.sqlite.BUSY_TIMEOUT", 50)
    other = sqlite3.connect(api.database.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = []

    def ask() -> None:
        client = api.app.test_client()
        answers.append(client.post("/v1/claims", json=CLAIM, headers=api.tokens["admin"]))
        answers.append(client.get("/v1/claims"))
        other.execute("ROLLBACK")
        answers.append(client.post("/v1/claims", json=CLAIM, headers=api.tokens["admin"]))
        api.database.close()

    other.close()
    other = sqlite3.connect(api.database.path, isolation_level=None, check_same_thread=False)
    other.execute("BEGIN IMMEDIATE")
    thread = threading.Thread(target=ask)
    thread.start()
    thread.join()
    other.close()
    problem(answers[0], "busy")
    assert answers[0].headers["Retry-After"] == "1"
    assert [answer.status_code for answer in answers[1:]] == [200, 201]
