"""Receivers of webhooks: real sockets on 127.0.0.1, good ones and bad ones, and somebody who delivers to them."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_network
from types import TracebackType
from typing import Any, Self

from api.interop.webhooks.couriers import Clock
from api.interop.webhooks.deliverer import Deliverer, Policy
from api.storage.database import Database

HERE = (ip_network("127.0.0.0/8"), ip_network("::1/128"))
BASE = "https://record.example"
# Seconds after which something that should happen is taken to be lost.
LOST = 30

OK = b"HTTP/1.1 204 No Content\r\n\r\n"


@dataclass(frozen=True)
class Request:
    """What a receiver was sent."""

    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def message(self) -> Any:
        """The body, read."""
        return json.loads(self.body)

    @property
    def index(self) -> Any:
        """The number of the entry that it tells of; None for a test message."""
        return self.message["data"].get("index")


# What a receiver does with a connection once it has read a request from it. True: it goes on.
Behaviour = Callable[[socket.socket, Request], bool]


def answering(data: bytes, go_on: bool = True) -> Behaviour:
    """Answers these bytes."""

    def answer(connection: socket.socket, request: Request) -> bool:
        connection.sendall(data)
        return go_on

    return answer


def status(line: str, *headers: str) -> Behaviour:
    """Answers a status, as "503 Busy", without a body."""
    return answering("\r\n".join([f"HTTP/1.1 {line}", "Content-Length: 0", *headers, "", ""]).encode())


good = answering(OK)


@dataclass
class Receiver:
    """A server in threads, from entering to leaving. `behaves` can be changed at any time."""

    behaves: Behaviour = good
    secured: ssl.SSLContext | None = None
    requests: list[Request] = field(default_factory=list)
    connections: int = 0
    _open: set[socket.socket] = field(default_factory=set)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._listen, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # Closing alone would not wake who waits in accept.
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in list(self._open):
            connection.close()

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http{'s' if self.secured else ''}://127.0.0.1:{self.port}/hook"

    @property
    def indexes(self) -> list[int]:
        """The entries that it was told of, in order."""
        return [request.index for request in list(self.requests)]

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        self._open.add(connection)
        try:
            connection.settimeout(LOST)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self.secured:
                connection = self.secured.wrap_socket(connection, server_side=True)
                self._open.add(connection)
            with connection.makefile("rb") as stream:
                while request := _read(stream):
                    self.requests.append(request)
                    if not self.behaves(connection, request):
                        break
        except (OSError, ValueError):
            pass  # whoever called went away, or the test is over
        finally:
            self._open.discard(connection)
            connection.close()


def _read(stream: Any) -> Request | None:
    line = stream.readline().decode()
    if not line:
        return None
    headers = {}
    while name_value := stream.readline().decode().strip():
        name, _, value = name_value.partition(":")
        headers[name.lower()] = value.strip()
    return Request(line.split()[1], headers, stream.read(int(headers["content-length"])))


def hang(connection: socket.socket, request: Request) -> bool:
    """Says nothing, until whoever called has gone."""
    connection.recv(1)
    return False


def slow(connection: socket.socket, request: Request) -> bool:
    """Takes its time, a part of the answer after the other, but not more than it has."""
    for part in (OK[:5], OK[5:-2], OK[-2:]):
        time.sleep(0.05)
        connection.sendall(part)
    return True


def reset(connection: socket.socket, request: Request) -> bool:
    """Ends the connection with an RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    return False


def flood(connection: socket.socket, request: Request) -> bool:
    """Answers 200 and ten gigabytes."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10000000000\r\n\r\n")
    for _ in range(10_000):
        connection.sendall(b"x" * 1_000_000)
    return False


def drip(connection: socket.socket, request: Request) -> bool:
    """Answers a header without end, a byte at a time."""
    connection.sendall(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        connection.sendall(b"x")
        time.sleep(0.02)


@contextmanager
def delivering(database: Database, clock: Clock | None = None, **more: Any) -> Iterator[Deliverer]:
    """Somebody who delivers from a database, in a thread, from entering to leaving."""
    stop = threading.Event()
    made: list[Deliverer] = []
    ready = threading.Event()
    failed: list[BaseException] = []

    async def main() -> None:
        made.append(Deliverer(database, Policy(BASE, HERE), stop.is_set, clock or Clock(), **more))
        ready.set()
        await made[0].run()

    def deliver() -> None:
        try:
            asyncio.run(main())
        except BaseException as error:
            failed.append(error)
            raise

    thread = threading.Thread(target=deliver)
    thread.start()
    assert ready.wait(LOST)
    try:
        yield made[0]
    finally:
        stop.set()
        thread.join(LOST)
        assert not thread.is_alive()
        assert not failed


def until(true: Callable[[], object]) -> None:
    """Return once something is true, which it must be before it is taken to be lost."""
    end = time.monotonic() + LOST
    while not true():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.01)
