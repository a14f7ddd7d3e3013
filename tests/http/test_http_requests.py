"""What comes in: bodies, queries, preconditions; and what goes out: caching, conditions, headers."""

from __future__ import annotations

import io
import json
import re

import flask
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse, run_wsgi_app

from api import http
from tests.http.conftest import DOCUMENT, MakeApp, new_token

LIMIT = 2048


@pytest.fixture
def writer(make_app: MakeApp) -> FlaskClient:
    """A client with every scope, of an application that takes bodies of 2,048 bytes."""
    app = make_app(ONRECORD_MAX_BODY=str(LIMIT))
    client = app.test_client()
    client.environ_base["HTTP_AUTHORIZATION"] = new_token(app, "admin")[1]["Authorization"]
    return client


def padded(size: int) -> bytes:
    """A good body of exactly so many bytes."""
    body = b'{"name":"x"}'
    return body + b" " * (size - len(body))


# --- bodies


def test_a_good_body_arrives(writer: FlaskClient) -> None:
    """The body reaches the route as the schema loaded it."""
    answer = writer.post("/v1/toys", json={"name": "Ü"})
    assert answer.status_code == 201
    assert answer.json is not None and answer.json["name"] == "Ü"
    assert answer.headers["Location"] == "/v1/toys/x"
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/json; charset=latin-1"},
        {"Content-Type": "application/merge-patch+json"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_other_media_types_are_refused(writer: FlaskClient, headers: dict[str, str]) -> None:
    """A body that is not plainly JSON is answered by 415, which says what is taken."""
    answer = writer.post("/v1/toys", data=b'{"name":"x"}', headers=headers)
    assert answer.status_code == 415
    assert answer.json is not None and answer.json["type"].endswith(":unsupported-media-type")
    assert (
        answer.headers.get("Accept-Post") == "application/json"
        or answer.headers["Accept-Encoding"] == "identity"
    )


def test_the_limit_is_exact(writer: FlaskClient) -> None:
    """A body of exactly the limit is taken; one byte more is 413, with and without a Content-Length."""

    def send(size: int, *, chunked: bool) -> int:
        body = padded(size)
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"} if chunked else {}
        return writer.post(
            "/v1/toys",
            input_stream=io.BytesIO(body),
            content_type="application/json",
            content_length=None if chunked else len(body),
            environ_overrides=environ,
        ).status_code

    assert [send(LIMIT, chunked=c) for c in (False, True)] == [201, 201]
    assert [send(LIMIT + 1, chunked=c) for c in (False, True)] == [413, 413]


def test_an_endless_body_is_not_read(writer: FlaskClient) -> None:
    """Of a body without an end no more than the limit is read."""

    class Endless(io.RawIOBase):
        given = 0

        def read(self, size: int = -1) -> bytes:
            self.given += size
            return b" " * size

    stream = Endless()
    answer = writer.post(
        "/v1/toys",
        content_type="application/json",
        environ_overrides={
            "wsgi.input": stream,
            "wsgi.input_terminated": True,
            "HTTP_TRANSFER_ENCODING": "chunked",
        },
    )
    assert answer.status_code == 413
    assert stream.given == LIMIT + 1


def test_a_broken_transfer_is_malformed(writer: FlaskClient) -> None:
    """A body that ends early, or whose chunks are broken, is the client's fault: 400, never 500."""

    class Broken(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise OSError("connection reset")

    def send(stream: io.IOBase) -> TestResponse:
        overrides = {"wsgi.input": stream, "CONTENT_LENGTH": "10"}
        return writer.post("/v1/toys", content_type="application/json", environ_overrides=overrides)

    short, broken = send(io.BytesIO(b"{")), send(Broken())
    assert [short.status_code, broken.status_code] == [400, 400]
    assert short.json is not None and "9 bytes before" in short.json["detail"]


@pytest.mark.parametrize(
    ("body", "status", "pointer"),
    [
        (b"", 400, ""),
        (b"{", 400, ""),
        (b'{"name":"a","name":"b"}', 400, "/name"),
        (b'{"name":NaN}', 400, "/name"),
        (b"[]", 422, ""),
        (b"{}", 422, "/name"),
        (b'{"name":"a","colour":1}', 422, "/colour"),
    ],
)
def test_a_bad_body_is_refused_where_it_is_bad(
    writer: FlaskClient, body: bytes, status: int, pointer: str
) -> None:
    """What is not JSON is 400, what does not fit the schema 422, and each error points to its place."""
    answer = writer.post("/v1/toys", data=body, content_type="application/json")
    assert answer.status_code == status
    assert answer.json is not None
    assert [error["pointer"] for error in answer.json["errors"]] == [pointer]


def test_a_request_is_the_same_only_with_method_path_and_body(writer: FlaskClient) -> None:
    """The digest for an Idempotency-Key tells bodies apart."""

    def digest(name: str) -> str:
        answer = writer.post("/v1/toys", json={"name": name}, headers={"Idempotency-Key": '"k-1"'})
        assert answer.json is not None and answer.json["key"] == '"k-1"'
        return str(answer.json["digest"])

    assert digest("a") == digest("a") != digest("b")


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "ü"])
def test_an_unusable_idempotency_key_is_refused(writer: FlaskClient, key: str) -> None:
    """A key is 1 to 255 printable characters."""
    answer = writer.post("/v1/toys", json={"name": "x"}, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert answer.json is not None and answer.json["errors"][0]["pointer"] == "/Idempotency-Key"


# --- changes


@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json; charset=UTF-8"])
def test_a_patch_is_taken_apart(writer: FlaskClient, media_type: str) -> None:
    """A merge patch gives its fields and its reason; null stays, since it takes a field away."""
    answer = writer.patch(
        "/v1/toys/x",
        data=b'{"name":null,"reason":"typo"}',
        content_type=media_type,
        headers={"If-Match": '"17"'},
    )
    assert answer.json == {"revision": 17, "patch": {"name": None}, "reason": "typo"}


@pytest.mark.parametrize(
    ("patch", "pointer"),
    [
        ([], ""),
        ({"name": "x"}, "/reason"),
        ({"name": "x", "reason": 1}, "/reason"),
        ({"name": "x", "reason": " "}, "/reason"),
        ({"name": "x", "reason": "r" * 10001}, "/reason"),
        ({"reason": "r"}, ""),
    ],
)
def test_a_patch_needs_fields_and_a_reason(app: flask.Flask, patch: object, pointer: str) -> None:
    """A change of nothing, or without a word why, is refused."""
    headers = new_token(app, "edit")[1] | {"If-Match": "*"}
    answer = app.test_client().patch("/v1/toys/x", json=patch, headers=headers)
    assert answer.status_code == 422
    assert answer.json is not None and answer.json["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(("header", "revision"), [('"17"', 17), ('W/"17"', 17), (' "0" ', 0), ("*", None)])
def test_if_match_names_a_revision(writer: FlaskClient, header: str, revision: int | None) -> None:
    """If-Match is the ETag of the document; a proxy's W/ is tolerated, and * fits any revision."""
    answer = writer.patch("/v1/toys/x", json={"name": "n", "reason": "r"}, headers={"If-Match": header})
    assert answer.json is not None and answer.json["revision"] == revision


@pytest.mark.parametrize("header", ["17", '"017"', '"17", "18"', '"x"', "", '"99999999999999999"'])
def test_a_malformed_if_match_is_refused(writer: FlaskClient, header: str) -> None:
    """Anything but one revision is an error, never ignored."""
    answer = writer.patch("/v1/toys/x", json={"name": "n", "reason": "r"}, headers={"If-Match": header})
    assert answer.status_code == 422
    assert answer.json is not None and answer.json["errors"][0]["pointer"] == "/If-Match"


def test_a_change_needs_if_match(writer: FlaskClient) -> None:
    """Nobody overwrites what they have not seen."""
    answer = writer.patch("/v1/toys/x", json={"name": "n", "reason": "r"})
    assert answer.status_code == 428
    assert answer.json is not None and answer.json["type"] == "urn:onrecord:problem:revision-required"


# --- queries


@pytest.mark.parametrize(
    ("query", "loaded"),
    [
        ("", {"limit": 50}),
        ("?limit=3", {"limit": 3}),
        ("?&limit=3&", {"limit": 3}),
        ("?q=a%20b+c%26", {"limit": 50, "q": "a b c&"}),
        ("?q=%E6%9D%B1%E4%BA%AC", {"limit": 50, "q": "東京"}),
        ("?q=", {"limit": 50, "q": ""}),
        ("?q", {"limit": 50, "q": ""}),
    ],
)
def test_a_query_is_loaded(client: FlaskClient, query: str, loaded: dict[str, object]) -> None:
    """Parameters arrive through the schema, and without any its defaults do."""
    assert client.get(f"/v1/toys{query}").json == loaded


@pytest.mark.parametrize(
    ("query", "pointer", "code"),
    [
        ("?limit=1&limit=2", "/limit", "repeated"),
        ("?q=%FF", "/q", "encoding"),
        ("?q=%00", "/q", "nul"),
        ("?%FF=1", "", "encoding"),
        ("?a~b/c=1&a~b/c=2", "/a~0b~1c", "repeated"),
    ],
)
def test_a_bad_query_is_refused_by_name(client: FlaskClient, query: str, pointer: str, code: str) -> None:
    """What is repeated or no text is named."""
    answer = client.get(f"/v1/toys{query}")
    assert answer.status_code == 422
    assert answer.json is not None
    assert (answer.json["errors"][0]["pointer"], answer.json["errors"][0]["code"]) == (pointer, code)


def test_an_unknown_parameter_is_refused_by_name(client: FlaskClient) -> None:
    """A misspelt filter would silently answer another question."""
    answer = client.get("/v1/toys?lmit=3")
    assert answer.status_code == 422
    assert answer.json is not None and answer.json["errors"][0]["pointer"] == "/lmit"


def test_the_defaults_cannot_be_spoilt(app: flask.Flask) -> None:
    """What one request is given for an empty query is shared, so it is read only."""
    from tests.http.conftest import TOY_QUERY

    with app.test_request_context("/v1/toys"):
        with pytest.raises(TypeError):
            http.query(TOY_QUERY)["limit"] = 1  # type: ignore[index]
        assert http.query(TOY_QUERY) is http.query(TOY_QUERY)


@pytest.mark.parametrize(
    ("asked", "following"),
    [
        ("", "cursor=c~1"),
        ("q=ab&limit=2", "q=ab&limit=2&cursor=c~1"),
        ("limit=2&cursor=old&q=ab", "limit=2&q=ab&cursor=c~1"),
        ("q=a%26b&limit=2", "q=a%26b&limit=2&cursor=c~1"),
        ("q=a%26b&%63ursor=old", "q=a%26b&cursor=c~1"),
        ("q=a+b&&limit=2&", "q=a+b&limit=2&cursor=c~1"),
        ("q=%22%3E%0D%0A", "q=%22%3E%0D%0A&cursor=c~1"),
        ('q="><x', "q=%22%3E%3Cx&cursor=c~1"),
    ],
)
def test_the_next_page_keeps_the_filters(app: flask.Flask, asked: str, following: str) -> None:
    """The URL of the next page has the same filters and another cursor, and nothing that could end a header."""
    with app.test_request_context("/v1/toys", environ_overrides={"QUERY_STRING": asked}):
        assert http.next_url("c~1") == f"/v1/toys?{following}"


def test_a_list_links_to_its_next_page(client: FlaskClient) -> None:
    """The Link of a list has that URL."""
    link = client.get("/v1/toys?q=a%26b&limit=2").headers["Link"]
    assert link == '</v1/toys?q=a%26b&limit=2&cursor=c~1>; rel="next"'


# --- answers


def test_a_document_is_answered(client: FlaskClient) -> None:
    """A document comes byte for byte, with its ETag, and for a short while from a cache."""
    answer = client.get("/v1/toys/x")
    assert (answer.status_code, answer.data) == (200, DOCUMENT)
    headers = dict(answer.headers)
    assert re.fullmatch("[0-9a-f]{16}", headers.pop("X-Request-Id"))
    assert headers == {
        "Content-Type": "application/json",
        "Content-Length": str(len(DOCUMENT)),
        "ETag": '"17"',
        "Cache-Control": "public, max-age=5, stale-while-revalidate=30",
        "Vary": "Authorization, Consistency-Token",
        "X-Content-Type-Options": "nosniff",
        "Access-Control-Allow-Origin": "*",
        "Access-Control-Expose-Headers": "Consistency-Token, ETag, Link, Location, Retry-After, X-Request-Id",
    }


@pytest.mark.parametrize("given", ['"17"', 'W/"17"', "*", '"16", "17"', ' "1,7" ,W/"17"', '"17","18"'])
def test_an_unchanged_document_is_not_sent_again(client: FlaskClient, given: str) -> None:
    """If-None-Match is compared weakly; a 304 repeats ETag and Cache-Control and has no body."""
    answer = client.get("/v1/toys/x", headers={"If-None-Match": given})
    assert (answer.status_code, answer.data) == (304, b"")
    assert answer.headers["ETag"] == '"17"'
    assert answer.headers["Cache-Control"].startswith("public, max-age=5")
    assert "Content-Type" not in answer.headers
    assert answer.headers["X-Request-Id"]


@pytest.mark.parametrize("given", ['"18"', '"1", "7"', "17", "", '"17 "', "garbage", '""'])
def test_a_changed_document_is_sent(client: FlaskClient, given: str) -> None:
    """An ETag that is not the document's, or is none, gets the document."""
    assert client.get("/v1/toys/x", headers={"If-None-Match": given}).data == DOCUMENT


def test_a_304_can_be_decided_before_anything_is_read(app: flask.Flask) -> None:
    """not_modified answers, or says that there is something to read; a POST has no 304."""
    with app.test_request_context("/v1/toys/x", headers={"If-None-Match": '"5"'}):
        unchanged = http.not_modified('"5"')
        assert unchanged is not None and unchanged.status_code == 304
        assert http.not_modified('"6"') is None
    with app.test_request_context("/v1/toys/x", method="POST", headers={"If-None-Match": '"5"'}):
        assert http.not_modified('"5"') is None


def test_with_a_token_nothing_is_kept_by_caches(app: flask.Flask) -> None:
    """What is read with a token is private, also when it is unchanged."""
    headers = new_token(app, "claims")[1]
    answer = app.test_client().get("/v1/toys/x", headers=headers)
    again = app.test_client().get("/v1/toys/x", headers=headers | {"If-None-Match": '"17"'})
    assert (answer.status_code, again.status_code) == (200, 304)
    assert answer.headers["Cache-Control"] == again.headers["Cache-Control"] == "private, no-store"


def test_head_has_the_headers_of_get_and_no_body(client: FlaskClient) -> None:
    """HEAD is GET without the bytes."""
    got, head = client.get("/v1/toys/x"), client.head("/v1/toys/x")
    assert head.data == b""
    assert {**head.headers, "X-Request-Id": ""} == {**got.headers, "X-Request-Id": ""}


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_an_answer_is_on_the_wire_what_an_ordinary_response_is(app: flask.Flask, method: str) -> None:
    """Answer leaves out werkzeug's work, so it is held against it: same status, headers and bytes."""
    with app.test_request_context("/v1/toys/x", method=method):
        lean = http.answer(DOCUMENT, etag='"17"', headers=[("Link", '</a>; rel="next"')])
        plain = flask.Response(lean.get_data(), lean.status, list(lean.headers))
        environ = flask.request.environ
        sent = [run_wsgi_app(response, environ, buffered=True) for response in (lean, plain)]
    (lean_body, lean_status, lean_headers), (body, status, headers) = sent
    assert (b"".join(lean_body), lean_status) == (b"".join(body), status)
    assert sorted(lean_headers) == sorted(headers)
    assert (lean.status_code, lean.content_type, lean.content_length) == (
        200,
        "application/json",
        len(DOCUMENT),
    )


@pytest.mark.parametrize(
    ("given", "kept"), [("abc-1.2_Z", True), ("a" * 64, True), ("a" * 65, False), ("a b", False), ("", False)]
)
def test_a_sane_request_id_is_kept(client: FlaskClient, given: str, kept: bool) -> None:
    """A client's or proxy's request id goes through when it is short and plain; otherwise it is replaced."""
    answer = client.get("/v1/toys/x", headers={"X-Request-Id": given})
    assert (answer.headers["X-Request-Id"] == given) is kept
    assert answer.headers["X-Request-Id"]


def test_browsers_may_read_and_only_read(client: FlaskClient) -> None:
    """CORS is open for reading: a preflight allows GET with conditions and a token, and nothing that
    writes."""
    preflight = client.options(
        "/v1/toys", headers={"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == "*"
    assert preflight.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"
    allowed = set(preflight.headers["Access-Control-Allow-Headers"].split(", "))
    assert {"If-None-Match", "Consistency-Token"} <= allowed
    assert {"GET", "POST"} <= {method.strip() for method in preflight.headers["Allow"].split(",")}
    assert "Access-Control-Allow-Origin" in client.get("/openapi.json").headers
    assert "Access-Control-Allow-Origin" in client.get("/v1/toys/none").headers
    assert "Access-Control-Allow-Origin" not in client.post("/v1/toys").headers
    assert "Access-Control-Allow-Origin" not in client.get("/livez").headers


def test_health(make_app: MakeApp, tmp_path: object) -> None:
    """/livez asks nothing of the database, /readyz everything; a stopping process is not ready."""
    app = make_app()
    client = app.test_client()
    assert (client.get("/livez").data, client.get("/readyz").data) == (b'{"status":"ok"}', b'{"status":"ok"}')
    app.extensions["onrecord"].stopping = lambda: True
    stopping = client.get("/readyz")
    assert (client.get("/livez").status_code, stopping.status_code) == (200, 503)
    assert stopping.headers["Retry-After"] == "5"
    assert json.loads(stopping.data)["type"] == "urn:onrecord:problem:busy"
