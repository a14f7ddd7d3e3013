"""The log: one JSON line an event, with the request id, and without tokens, payloads or queries."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from api import logs
from tests.http.conftest import MakeApp, new_token

Captured = pytest.CaptureFixture[str]


def lines(capsys: Captured) -> list[dict[str, Any]]:
    """What has been written to stderr since the last time."""
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_write_is_a_line_and_a_read_is_none(make_app: MakeApp, capsys: Captured) -> None:
    """At the usual level a write is logged with its actor and the token's id; a read only when it fails."""
    app = make_app()
    token, header = new_token(app, "claims")
    client = app.test_client()
    client.get("/v1/toys/x")
    client.get("/v1/toys/x", headers={"If-None-Match": '"17"'})
    client.post("/v1/toys?", json={"name": "private"}, headers=header | {"X-Request-Id": "w-1"})
    client.get("/v1/toys/none?q=private", headers=header)
    written = capsys.readouterr().err
    wrote, failed = [json.loads(line) for line in written.splitlines()]
    assert wrote.pop("ms") > 0 and wrote.pop("timestamp").endswith("Z")
    assert wrote == {
        "event": "request",
        "level": "info",
        "request_id": "w-1",
        "method": "POST",
        "path": "/v1/toys",
        "status": 201,
        "token": token.id,
        "actor": "desk",
    }
    assert (failed["method"], failed["path"], failed["status"]) == ("GET", "/v1/toys/none", 404)
    assert "private" not in written and header["Authorization"].split("_", 1)[1] not in written


@pytest.mark.parametrize(
    ("level", "events"),
    [
        ("debug", ["request", "request", "failed", "request"]),
        ("info", ["request", "failed", "request"]),
        ("warning", ["failed", "request"]),
        ("error", ["failed", "request"]),
    ],
)
def test_the_level_says_what_is_written(
    make_app: MakeApp, capsys: Captured, level: str, events: list[str]
) -> None:
    """debug has every request, info failed ones and writes, above that only what went wrong here is left."""
    client = make_app(ONRECORD_LOG_LEVEL=level).test_client()
    client.get("/v1/toys/x")
    client.post("/v1/toys")
    client.get("/v1/toys/broken")
    assert [line["event"] for line in lines(capsys)] == events


def test_the_servers_own_lines_have_the_same_shape() -> None:
    """gunicorn logs through the standard library; its lines are JSON too, with the traceback inside."""
    record = logging.LogRecord("gunicorn.error", logging.INFO, __file__, 1, "Listening at: %s", ("x",), None)
    line = json.loads(logs.JSONFormatter().format(record))
    assert (line["event"], line["logger"], line["level"]) == ("Listening at: x", "gunicorn.error", "info")
    assert line["timestamp"].endswith("Z")


def test_a_path_that_is_no_text_can_be_logged(make_app: MakeApp, capsys: Captured) -> None:
    """Bytes that are no UTF-8 in a path neither break the answer nor the line."""
    answer = make_app().test_client().get("/v1/%ff%00%0a", headers={"X-Request-Id": "bytes-1"})
    assert answer.status_code == 404
    assert [line["request_id"] for line in lines(capsys)] == ["bytes-1"]
