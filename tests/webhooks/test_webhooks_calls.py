"""One call, to receivers who do whatever a receiver can do."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from typing import Any

import pytest
import trustme

from api.interop.webhooks import calls
from api.interop.webhooks.calls import Answer, Line
from tests.webhooks.receivers import (
    HERE,
    LOST,
    OK,
    Behaviour,
    Receiver,
    answering,
    drip,
    flood,
    good,
    hang,
    reset,
    slow,
    status,
    until,
)

BODY = b'{"type":"ping"}'
HEADERS = [("Content-Type", "application/json"), ("webhook-id", "msg_1")]
TLS = ssl.create_default_context()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody is waited for as long as in the world."""
    monkeypatch.setattr(calls, "TOTAL", 0.5)
    monkeypatch.setattr(calls, "REST", 0.1)


def posted(url: str, times: int = 1, networks: Any = HERE, secured: ssl.SSLContext = TLS) -> list[Answer]:
    """What came of so many calls over one line."""

    async def post() -> list[Answer]:
        line = Line(url, networks, secured)
        try:
            return [await line.post(HEADERS, BODY) for _ in range(times)]
        finally:
            line.close()

    return asyncio.run(post())


def test_a_message_arrives() -> None:
    """With its headers and its body, and the name of the host that was meant."""
    with Receiver() as receiver:
        assert posted(f"http://localhost:{receiver.port}/hook?key=1") == [Answer(204, None)]
    [request] = receiver.requests
    assert (request.path, request.body) == ("/hook?key=1", BODY)
    assert request.headers["host"] == f"localhost:{receiver.port}"
    assert request.headers["webhook-id"] == "msg_1"


@pytest.mark.parametrize(
    ("behaves", "answer"),
    [
        (good, Answer(204, None)),
        (status("200 OK"), Answer(200, None)),
        (status("202 Accepted"), Answer(202, None)),
        (answering(b"HTTP/1.0 200 OK\r\n\r\nthanks", False), Answer(200, None)),
        (answering(b"HTTP/1.1 100 Continue\r\n\r\n" + OK), Answer(204, None)),
        (status("301 Moved", "Location: http://169.254.169.254/"), Answer(301, "redirect")),
        (status("307 Moved", "Location: https://elsewhere.example/"), Answer(307, "redirect")),
        (status("400 No"), Answer(400, "status")),
        (status("410 Gone"), Answer(410, "gone")),
        (status("500 Oh"), Answer(500, "status")),
        (status("429 Slow down", "Retry-After: 120"), Answer(429, "status", 120)),
        (status("503 Later", "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT"), Answer(503, "status", None)),
        (slow, Answer(204, None)),
        (flood, Answer(200, None)),
        (answering(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nnot all"), Answer(200, None)),
        (answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnonsense"), Answer(200, None)),
        (hang, Answer(None, "timeout")),
        (drip, Answer(None, "timeout")),
        (reset, Answer(None, "connection")),
        (answering(b"", False), Answer(None, "connection")),
        (answering(b"SSH-2.0-OpenSSH_9.9\r\n"), Answer(None, "timeout")),
        (answering(b"SSH-2.0-OpenSSH_9.9\r\n\r\n"), Answer(None, "response")),
        (answering(b"HTTP/1.1 abc\r\n\r\n"), Answer(None, "response")),
        (answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 100_000), Answer(None, "response")),
        (answering(b"HTTP/1.1 100 Continue\r\n\r\n" * 10_000), Answer(None, "response")),
        (answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n"), Answer(None, "response")),
    ],
)
def test_every_answer_is_made_something_of(behaves: Behaviour, answer: Answer) -> None:
    """A status counts as soon as it is there; no redirect is followed; and what is no answer is told apart."""
    with Receiver(behaves) as receiver:
        assert posted(receiver.url) == [answer]
    assert len(receiver.requests) == 1


def test_a_flood_is_not_read() -> None:
    """Of ten gigabytes no more is taken than the system keeps for a connection that nobody reads."""
    sent = 0

    def count(connection: socket.socket, request: Any) -> bool:
        nonlocal sent
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
        while True:
            sent += connection.send(b"x" * 100_000)

    with Receiver(count) as receiver:
        assert posted(receiver.url) == [Answer(200, None)]
    assert sent < 50_000_000


def test_a_connection_is_kept() -> None:
    """As long as its answers are read to their end."""
    with Receiver() as receiver:
        assert posted(receiver.url, 5) == [Answer(204, None)] * 5
        assert receiver.connections == 1
        receiver.behaves = answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        assert posted(receiver.url, 5) == [Answer(200, None)] * 5
        assert receiver.connections == 2
        receiver.behaves = status("200 OK", "Connection: close")
        assert posted(receiver.url, 3) == [Answer(200, None)] * 3
        assert receiver.connections == 5


def test_a_connection_that_was_closed_meanwhile_is_opened_anew() -> None:
    """A receiver may close a connection between two messages, and the second still arrives."""
    with Receiver(answering(OK, False)) as receiver:
        assert posted(receiver.url, 3) == [Answer(204, None)] * 3
        assert receiver.connections == 3


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "0x7f.1", "127.1"])
def test_this_machine_is_not_called(host: str) -> None:
    """Unless the operator says so: neither by its address, however it is written, nor by a name."""
    with Receiver() as receiver:
        for scheme in ("http", "https"):
            assert posted(f"{scheme}://{host}:{receiver.port}/", networks=()) == [Answer(None, "address")]
    assert receiver.connections == 0


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Has every name resolve to these addresses. Out: the names that were looked up, as they are."""
    asked: list[str] = []

    def look_up(host: str, port: int, *rest: Any, **more: Any) -> Any:
        asked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    return asked


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("1.1.1.1", "127.0.0.1"), ("169.254.169.254", "1.1.1.1"), ()])
def test_a_name_is_judged_by_all_its_addresses(monkeypatch: pytest.MonkeyPatch, addresses: tuple[str, ...]) -> None:
    """One that leads to this machine, too, is not called at all."""
    with Receiver() as receiver:
        resolving(monkeypatch, *addresses)
        assert posted(f"https://sly.example:{receiver.port}/", networks=()) == [Answer(None, "address")]
    assert receiver.connections == 0


def test_a_name_cannot_change_between_check_and_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is looked up once for a connection, and the connection goes to the address that was judged."""
    called: list[str] = []
    with Receiver() as receiver:
        asked = resolving(monkeypatch, "127.0.0.1")
        real = asyncio.open_connection

        async def connect(host: str, port: int, **more: Any) -> Any:
            called.append(host)
            return await real(host, port, **more)

        monkeypatch.setattr(asyncio, "open_connection", connect)
        assert posted(f"http://sly.example:{receiver.port}/", 3) == [Answer(204, None)] * 3
    assert asked == ["sly.example"]
    assert called == ["127.0.0.1"]
    assert receiver.requests[0].headers["host"] == f"sly.example:{receiver.port}"


def test_every_address_is_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the first one refuses, the next one is called."""
    with Receiver() as receiver:
        resolving(monkeypatch, "127.0.0.2", "127.0.0.1")
        assert posted(f"http://many.example:{receiver.port}/") == [Answer(204, None)]


def test_a_name_that_is_none() -> None:
    """Is told apart from a receiver that does not answer."""
    assert posted("https://nothing.invalid/") == [Answer(None, "dns")]


def test_looking_up_takes_no_longer_than_a_call(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name whose servers do not answer is given up in time, though the look-up goes on."""
    free = threading.Event()

    def look_up(*_: Any, **__: Any) -> list[Any]:
        free.wait(LOST)
        return []

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    try:
        assert posted("https://slow.example/") == [Answer(None, "timeout")]
    finally:
        free.set()
    until(lambda: not any(thread.name == "look-up" for thread in threading.enumerate()))


def test_nobody_listens() -> None:
    """A port that nobody listens on."""
    with Receiver() as receiver:
        url = receiver.url
    assert posted(url) == [Answer(None, "connection")]


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A proxy would call for us what we must not call."""
    with Receiver() as receiver, Receiver() as proxy:
        for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{proxy.port}")
        assert posted(receiver.url) == [Answer(204, None)]
    assert proxy.connections == 0


# --- TLS -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    """Somebody who signs certificates."""
    return trustme.CA()


def secured(authority: trustme.CA, name: str) -> ssl.SSLContext:
    """How a receiver of this name speaks TLS."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    return context


def trusting(authority: trustme.CA) -> ssl.SSLContext:
    """How somebody who trusts an authority speaks TLS."""
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_tls_is_spoken_to_the_name(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """The address is called, the name is what the certificate must be for."""
    names: list[str | None] = []
    server = secured(authority, "desk.example")
    server.sni_callback = lambda sock, name, context: names.append(name)
    with Receiver(secured=server) as receiver:
        resolving(monkeypatch, "127.0.0.1")
        url = f"https://desk.example.:{receiver.port}/"
        assert posted(url, 2, secured=trusting(authority)) == [Answer(204, None)] * 2
    assert names == ["desk.example"]


def test_a_certificate_for_another_name_is_refused(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """As is one that nobody trusts, and a receiver that speaks no TLS: nothing is sent."""
    with Receiver(secured=secured(authority, "other.example")) as receiver, Receiver() as plain:
        resolving(monkeypatch, "127.0.0.1")
        url = f"https://desk.example:{receiver.port}/"
        assert posted(url, secured=trusting(authority)) == [Answer(None, "tls")]
        assert posted(f"https://other.example:{receiver.port}/") == [Answer(None, "tls")]
        answer = posted(f"https://desk.example:{plain.port}/", secured=trusting(authority))[0]
        assert answer.status is None and answer.error in ("tls", "timeout", "connection")
    assert receiver.requests == plain.requests == []
