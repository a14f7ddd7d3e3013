"""Every failure is a problem document of one shape."""

from __future__ import annotations

import inspect
import sqlite3
from pathlib import Path

import flask
import pytest
from flask.testing import FlaskClient

from api import create_app, errors, problems
from api.errors import FieldError
from api.settings import Settings
from tests.http.conftest import MakeApp

REFUSALS = [
    kind
    for _, kind in inspect.getmembers(errors, inspect.isclass)
    if issubclass(kind, errors.Refusal) and kind is not errors.Refusal
]

# The slugs and statuses that clients were promised; a change here is a change of the API.
PROMISED = {
    "malformed-json": 400,
    "invalid-request": 422,
    "unauthenticated": 401,
    "forbidden": 403,
    "read-only-mirror": 403,
    "not-found": 404,
    "method-not-allowed": 405,
    "duplicate-claim": 409,
    "id-taken": 409,
    "claim-withdrawn": 409,
    "claim-changed": 409,
    "verdict-standing": 409,
    "already-retracted": 409,
    "too-many-webhooks": 409,
    "cursor-rewound": 410,
    "revision-mismatch": 412,
    "consistency-unmet": 412,
    "body-too-large": 413,
    "uri-too-long": 414,
    "unsupported-media-type": 415,
    "idempotency-mismatch": 422,
    "revision-required": 428,
    "rate-limited": 429,
    "internal": 500,
    "storage-damaged": 500,
    "unimplemented": 501,
    "ledger-rewound": 503,
    "busy": 503,
    "storage-unavailable": 503,
}


def test_the_table_has_every_promised_problem() -> None:
    """Slugs and statuses are what the documentation promises, and no slug stands for two things."""
    table = list(problems.PROBLEMS.values())
    assert {problem.slug: problem.status for problem in table} == PROMISED
    assert len({problem.slug for problem in table}) == len(table)
    assert len({problem.title for problem in table}) == len(table)


@pytest.mark.parametrize("kind", REFUSALS, ids=lambda kind: kind.__name__)
def test_every_refusal_has_a_status(make_app: MakeApp, kind: type[errors.Refusal]) -> None:
    """Whatever the domain refuses is answered in the one shape, with its members and headers."""
    app = make_app()

    @app.get("/v1/refuse")
    def refuse() -> flask.Response:
        raise kind(
            "Because.",
            errors=[FieldError("/a", "is bad", "bad")],
            members={"existing": "/v1/x", "status": 1},
            headers={"X-More": "1"},
        )

    answer = app.test_client().get("/v1/refuse", headers={"X-Request-Id": "r-1"})
    problem = problems.PROBLEMS[kind]
    assert answer.status_code == problem.status
    assert answer.content_type == "application/problem+json"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-More"] == "1"
    assert answer.json == {
        "type": f"urn:onrecord:problem:{problem.slug}",
        "title": problem.title,
        "status": problem.status,
        "detail": "Because.",
        "instance": "/v1/refuse",
        "request_id": "r-1",
        "errors": [{"pointer": "/a", "detail": "is bad", "code": "bad"}],
        "existing": "/v1/x",
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "slug"),
    [
        ("GET", "/nothing", 404, "not-found"),
        ("GET", "/v1/toys/", 404, "not-found"),
        ("GET", "//v1/toys", 404, "not-found"),
        ("GET", "/v1/toys/none", 404, "not-found"),
        ("DELETE", "/v1/toys", 405, "method-not-allowed"),
        ("BREW", "/v1/toys", 405, "method-not-allowed"),
        ("OPTIONS", "/nowhere", 404, "not-found"),
        ("GET", "/docs/passwd", 404, "not-found"),
        ("GET", "/docs/..%2f__init__.py", 404, "not-found"),
    ],
)
def test_what_the_framework_refuses_is_a_problem_too(
    client: FlaskClient, method: str, path: str, status: int, slug: str
) -> None:
    """Unknown paths and methods have the same shape as everything else."""
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert answer.json is not None
    assert answer.json["type"] == f"urn:onrecord:problem:{slug}"
    assert answer.json["request_id"] == answer.headers["X-Request-Id"]


def test_405_names_the_methods_that_are_taken(client: FlaskClient) -> None:
    """The Allow header is there, as HTTP demands."""
    allow = client.delete("/v1/toys").headers["Allow"]
    assert {method.strip() for method in allow.split(",")} == {"GET", "HEAD", "OPTIONS", "POST"}


def test_head_of_a_problem_has_no_body(client: FlaskClient) -> None:
    """HEAD has the status of GET and no bytes."""
    answer = client.head("/v1/toys/none")
    assert (answer.status_code, answer.data) == (404, b"")


def test_the_unforeseen_is_not_told(client: FlaskClient) -> None:
    """A bug is answered by 500 without a word of its insides."""
    answer = client.get("/v1/toys/broken")
    assert answer.status_code == 500
    assert answer.json is not None and answer.json["type"] == "urn:onrecord:problem:internal"
    assert b"secret detail" not in answer.data and b"ZeroDivision" not in answer.data


def test_a_traceback_goes_to_the_log_with_the_request_id(
    app: flask.Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    """One JSON line has the traceback and the request id, and nothing of the query."""
    app.test_client().get("/v1/toys/broken?q=private", headers={"X-Request-Id": "r-3"})
    lines = [flask.json.loads(line) for line in capsys.readouterr().err.splitlines()]
    failed = next(line for line in lines if line["event"] == "failed")
    assert failed["request_id"] == "r-3"
    assert "ZeroDivisionError" in failed["exception"]
    assert "private" not in str(lines)


def test_a_busy_database_is_503(make_app: MakeApp, tmp_path: Path) -> None:
    """A lock that another process holds is no bug: the client is told to come back."""
    app = make_app()
    path = tmp_path / "busy.db"
    with sqlite3.connect(path) as holder:
        holder.execute("CREATE TABLE t (x)")

    @app.get("/v1/locked")
    def locked() -> flask.Response:
        other = sqlite3.connect(path, timeout=0)
        try:
            other.execute("BEGIN IMMEDIATE")
        finally:
            other.close()
        return flask.Response()

    holder.execute("BEGIN IMMEDIATE")
    answer = app.test_client().get("/v1/locked")
    holder.rollback()
    holder.close()
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "1")
    assert answer.json is not None and answer.json["type"] == "urn:onrecord:problem:busy"


def test_a_missing_database_is_503(tmp_path: Path) -> None:
    """A service that was started before `onrecord migrate` says that it is not ready, and where nothing is
    said about paths."""
    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{tmp_path}/none.db"}))
    answer = app.test_client().get("/readyz")
    assert answer.status_code == 503
    assert str(tmp_path).encode() not in answer.data
    assert not (tmp_path / "none.db").exists()


def test_a_status_outside_the_table_says_so_by_itself(make_app: MakeApp) -> None:
    """A status without a type of its own is about:blank, as RFC 9457 has it."""
    app = make_app()
    app.add_url_rule("/teapot", "teapot", lambda: flask.abort(418))
    answer = app.test_client().get("/teapot")
    assert answer.status_code == 418
    assert answer.json is not None
    assert (answer.json["type"], answer.json["status"]) == ("about:blank", 418)


def test_a_lone_surrogate_does_not_break_the_report() -> None:
    """Text that cannot be written as UTF-8 is written with a question mark instead."""
    assert problems.encode({"detail": "a\ud800b"}) == b'{"detail":"a?b"}'
