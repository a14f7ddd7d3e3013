"""Held polls, simultaneous writes and large bodies against the real server: two workers of four threads, two
waiters each."""

from __future__ import annotations

import json
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from tests.contract.conftest import CLAIM, PARTY
from tests.contract.servers import Got, Server, serving
from tests.records import DESK

BODY_LIMIT = 1_048_576
SAID = CLAIM | {"attribution": {"speaker": DESK}}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for the tests that leave it running."""
    with serving(tmp_path_factory.mktemp("waiting"), tokens=2, ONRECORD_THREADS="4") as running:
        yield running


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    """Threads to ask from at once."""
    with ThreadPoolExecutor(40) as made:
        yield made


def now(server: Server) -> str:
    """A cursor at the head."""
    return str(server.get("/v1/changes?since=now").json["next"])


def timed(ask: Callable[[], Got]) -> tuple[Got, float]:
    """An answer, and how many seconds it took."""
    began = time.monotonic()
    return ask(), time.monotonic() - began


def held(server: Server, pool: ThreadPoolExecutor, seconds: int, since: str) -> Future[tuple[Got, float]]:
    """A poll that is held, asked from a thread of its own."""
    return pool.submit(timed, lambda: server.get(f"/v1/changes?wait={seconds}&since={since}"))


def test_a_poll_with_something_to_see_does_not_wait(server: Server) -> None:
    """What is new is answered at once, however long one would wait."""
    answer, seconds = timed(lambda: server.get("/v1/changes?wait=25"))
    assert (answer.status, bool(answer.json["changes"])) == (200, True)
    assert seconds < 5


def test_a_held_poll_is_answered_when_something_comes(server: Server, pool: ThreadPoolExecutor) -> None:
    """A poll at the head is held until a write comes, and then has it."""
    waiting = held(server, pool, 25, now(server))
    time.sleep(0.5)  # nothing can be awaited here: that nothing comes is the behaviour
    assert not waiting.done()
    made = server.post("/v1/parties", PARTY | {"id": "woke"})
    answer, seconds = waiting.result(20)
    assert [change["index"] for change in answer.json["changes"]] == [made.json["revision"]]
    assert 0.4 < seconds < 10


def test_a_held_poll_ends_with_its_time(server: Server) -> None:
    """Where nothing comes the answer is an empty page with a cursor, or 304 for who has the ETag."""
    since = now(server)
    answer, seconds = timed(lambda: server.get(f"/v1/changes?wait=1&since={since}"))
    assert (answer.status, answer.json["changes"], answer.json["next"]) == (200, [], since)
    assert 0.9 < seconds < 6
    tag = answer.headers["etag"]
    again, seconds = timed(lambda: server.get(f"/v1/changes?wait=1&since={since}", If_None_Match=tag))
    assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
    assert 0.9 < seconds < 6


def test_waiters_cannot_starve_other_requests(server: Server, pool: ThreadPoolExecutor) -> None:
    """With many more polls than may be held the rest are answered at once, and a short read is quick all the while."""
    since = now(server)
    polls = [held(server, pool, 6, since) for _ in range(16)]
    slowest = 0.0
    for _ in range(30):
        answer, seconds = timed(lambda: server.get(f"/v1/parties/{DESK}"))
        assert answer.status == 200
        slowest = max(slowest, seconds)
    assert slowest < 2
    took = [poll.result(30)[1] for poll in polls]
    assert 1 <= sum(seconds > 5 for seconds in took) <= 4, "two workers hold two each"
    assert all(poll.result()[0].json["next"] == since for poll in polls)


def test_two_identical_posts_at_once_are_one_entry(server: Server, pool: ThreadPoolExecutor) -> None:
    """Under one key one of them is carried out, and all get the same status, bytes and Location, from whichever
    worker."""
    together = threading.Barrier(8)
    body = SAID | {"text": "Said once, sent eight times."}

    def post() -> Got:
        together.wait(20)
        return server.post("/v1/claims", body, Idempotency_Key="at-once")

    before = server.get("/v1/changes?since=now").json["head"]["size"]
    answers = [future.result(30) for future in [pool.submit(post) for _ in range(8)]]
    assert {(got.status, got.body, got.headers["location"], got.headers["etag"]) for got in answers} == {
        (201, answers[0].body, answers[0].headers["location"], answers[0].headers["etag"])
    }
    assert server.get("/v1/changes?since=now").json["head"]["size"] == before + 1


def test_the_same_claim_at_once_is_one_entry(server: Server, pool: ThreadPoolExecutor) -> None:
    """Without a key one of them is recorded, and the others are told where it is."""
    together = threading.Barrier(6)
    body = SAID | {"text": "Said once, sent by six."}

    def post(number: int) -> Got:
        together.wait(20)
        return server.post("/v1/claims", body, number % 2)

    answers = [future.result(30) for future in [pool.submit(post, number) for number in range(6)]]
    (made,) = [got for got in answers if got.status == 201]
    refused = [got.json for got in answers if got.status == 409]
    assert len(refused) == 5
    assert {problem["existing"] for problem in refused} == {made.headers["location"]}


def test_the_same_change_at_once_happens_once(server: Server, pool: ThreadPoolExecutor) -> None:
    """Of changes that are based on one revision the first is made; the others are told that there is a newer one."""
    made = server.post("/v1/parties", PARTY | {"id": "raced"})
    together = threading.Barrier(6)

    def patch(number: int) -> Got:
        together.wait(20)
        body = {"name": f"Name {number}", "reason": "A race."}
        return server.send("PATCH", "/v1/parties/raced", body, number % 2, If_Match=made.headers["etag"])

    answers = [future.result(30) for future in [pool.submit(patch, number) for number in range(6)]]
    assert sorted(got.status for got in answers) == [200] + [412] * 5
    (won,) = [got for got in answers if got.status == 200]
    assert server.get("/v1/parties/raced").body == won.body


def request(server: Server, *headers: str, body: bytes = b"", path: str = "/v1/claims") -> bytes:
    """A POST with a token, as bytes, after which the server closes."""
    head = [
        f"POST {path} HTTP/1.1",
        "Host: x",
        "Connection: close",
        "Content-Type: application/json",
        f"Authorization: Bearer {server.tokens[1]}",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + body


def chunked(body: bytes, size: int = 65536) -> bytes:
    """A body in chunks."""
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def padded(size: int, text: str) -> bytes:
    """A good claim of exactly so many bytes."""
    return json.dumps(SAID | {"text": text}).encode().ljust(size)


@pytest.mark.parametrize("form", ["length", "chunks"])
@pytest.mark.parametrize(("size", "status"), [(BODY_LIMIT, 201), (BODY_LIMIT + 1, 413), (10_000_000, 413)])
def test_the_body_limit_holds_on_the_wire(server: Server, form: str, size: int, status: int) -> None:
    """A body of exactly the limit is taken, one byte more is 413, with a Content-Length and in chunks; ten
    megabytes, too."""
    body = padded(size, f"Sent with {form} {size}.")
    if form == "length":
        sent = request(server, f"Content-Length: {size}", body=body)
    else:
        sent = request(server, "Transfer-Encoding: chunked", body=chunked(body))
    answer = sent_whole(server, sent)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:500]
    if status == 413:
        assert b"application/problem+json" in answer and b"body-too-large" in answer


def sent_whole(server: Server, sent: bytes) -> bytes:
    """What comes back, also where the server answers before all was sent."""
    with socket.create_connection(("127.0.0.1", server.port), timeout=20) as connection:
        sender = threading.Thread(target=_send, args=(connection, sent))
        sender.start()
        received = b""
        # What was not read can make the system reset the connection; the answer came before.
        with suppress(ConnectionResetError):
            while piece := connection.recv(65536):
                received += piece
        sender.join(20)
    return received


def _send(connection: socket.socket, sent: bytes) -> None:
    with suppress(OSError):
        connection.sendall(sent)


def test_a_length_that_lies_is_refused_before_it_is_read(server: Server) -> None:
    """A Content-Length over the limit is 413 without a byte of the body."""
    answer = server.raw(request(server, f"Content-Length: {2**40}"))
    assert answer.startswith(b"HTTP/1.1 413 ")


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET /v1/claims?q=" + b"x" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"414"),
        (b"GET /v1/claims HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: \xff\xfe\r\n\r\n", b"200"),
        (b"GET /v1/claims?q=\xe6\x9d\xb1 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET /v1/claims/\xff HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"400"),
        (b"GET /v1/claims?q=%FF HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"422"),
        (b"GET http://other.example/v1/claims HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET /v1/claims HTTP/1.1\r\nConnection: close\r\n\r\n", b"200"),
        (b"nonsense\r\n\r\n", b"400"),
    ],
)
def test_odd_bytes_on_the_wire_are_answered(server: Server, sent: bytes, status: bytes) -> None:
    """Whatever the bytes of a request line or a header, the answer is an answer, and a failure is a problem."""
    answer = server.raw(sent)
    assert answer.split(b" ")[1] == status, answer[:300]
    if status >= b"4":
        assert b"application/problem+json" in answer


def test_a_stop_answers_those_who_wait(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    """On SIGTERM held polls are answered at once with an empty page and their cursor, and the process ends well."""
    with serving(tmp_path, ONRECORD_THREADS="4") as server:
        since = now(server)
        polls = [held(server, pool, 25, since) for _ in range(2)]
        time.sleep(0.5)
        assert not any(poll.done() for poll in polls)
        began = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        for poll in polls:
            answer, _ = poll.result(20)
            assert (answer.status, answer.json["changes"], answer.json["next"]) == (200, [], since)
        assert server.process.wait(20) == 0
        assert time.monotonic() - began < 10
