"""One request to a receiver, who may be slow, broken or hostile. Whatever it does, a call ends in time, reads little,
and goes nowhere but to an address that was judged (`addresses`).

No redirect is followed and no proxy of the environment is asked. The connection is kept for the next message; all that
is wanted of an answer is its status.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
from collections.abc import Sequence
from typing import Any, NamedTuple

import h11

from api.interop.webhooks import addresses
from api.interop.webhooks.addresses import Network, Target

# Seconds that a call may take, from looking the name up to the status; that connecting to one of several addresses may;
# and that the rest of an answer is waited for once its status is known.
TOTAL, CONNECT, REST = 15.0, 5.0, 0.5
# How much is read of an answer before its status is known, and of what follows it, in bytes.
MOST_HEAD, MOST_BODY = 32_768, 16_384
# How many of a name's addresses are tried.
ADDRESSES = 4


Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Answer(NamedTuple):
    """What came of a call: the status that was answered, if any; the word for why it failed, None if it did not
    (`schemas.webhooks.ERRORS`); and the seconds that the receiver asks to be left alone for, if it does."""

    status: int | None
    error: str | None
    retry_after: int | None = None


class Failed(Exception):
    """No status was answered; the message is the word for why."""


class Line:
    """A connection to one receiver, opened when it is needed and kept while it works."""

    def __init__(self, url: str, networks: Sequence[Network], secured: ssl.SSLContext) -> None:
        """`networks` are those in which receivers may be that are not public, `secured` is how TLS is spoken."""
        self._target = addresses.target(url)
        self._networks, self._secured = networks, secured
        self._streams: Streams | None = None
        self._http = h11.Connection(h11.CLIENT)

    @property
    def is_open(self) -> bool:
        """Whether a connection is kept."""
        return self._streams is not None

    def close(self) -> None:
        """Give the connection up, at once: a receiver that does not say goodbye is not waited for."""
        if self._streams is not None:
            self._streams[1].transport.abort()
            self._streams = None

    async def post(self, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        """Send a message. Whatever goes wrong is an answer, too."""
        try:
            async with asyncio.timeout(TOTAL):
                return await self._post(headers, body)
        except TimeoutError:
            return self._failed("timeout")
        except Failed as failed:
            return self._failed(str(failed))
        except ssl.SSLError:
            return self._failed("tls")
        except (OSError, EOFError):
            return self._failed("connection")
        except h11.ProtocolError:
            return self._failed("response")
        except BaseException:
            self.close()
            raise

    def _failed(self, error: str) -> Answer:
        self.close()
        return Answer(None, error)

    async def _post(self, headers: Sequence[tuple[str, str]], body: bytes) -> Answer:
        if self._streams is not None:
            try:
                return await self._exchange(self._streams, headers, body)
            except (OSError, EOFError):
                # It was closed while nothing was said, which is the receiver's right: once more, over a new one.
                self.close()
        self._streams = await self._open()
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MOST_HEAD)
        return await self._exchange(self._streams, headers, body)

    async def _exchange(
        self,
        streams: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> Answer:
        reader, writer = streams
        sent = [("Host", self._target.authority), *headers, ("Content-Length", str(len(body)))]
        request = h11.Request(method="POST", target=self._target.path, headers=sent)
        writer.write(
            (self._http.send(request) or b"")
            + (self._http.send(h11.Data(data=body)) or b"")
            + (self._http.send(h11.EndOfMessage()) or b"")
        )
        await writer.drain()
        response = await self._response(reader)
        if not await self._rest(reader):
            self.close()
        return _judged(response)

    async def _response(self, reader: asyncio.StreamReader) -> h11.Response:
        left = MOST_HEAD
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Response):
                return event
            if event is h11.NEED_DATA:
                got = await self._receive(reader) if left > 0 else 0
                if not got:
                    raise EOFError if left > 0 else Failed("response")
                left -= got

    async def _rest(self, reader: asyncio.StreamReader) -> bool:
        """Read what follows the status, as far as that is little and comes soon. Out: whether the connection can be
        used again."""
        left = MOST_BODY
        try:
            async with asyncio.timeout(REST):
                while left > 0:
                    event = self._http.next_event()
                    if event is h11.NEED_DATA:
                        left -= await self._receive(reader)
                    elif isinstance(event, h11.EndOfMessage):
                        if self._http.their_state is not h11.DONE or self._http.our_state is not h11.DONE:
                            return False
                        self._http.start_next_cycle()
                        return True
                    elif event is h11.PAUSED or isinstance(event, h11.ConnectionClosed):
                        return False
        except (TimeoutError, OSError, h11.ProtocolError):
            # The status is known, and so is what to make of it.
            return False
        return False

    async def _receive(self, reader: asyncio.StreamReader) -> int:
        data = await reader.read(MOST_BODY)
        self._http.receive_data(data)
        return len(data)

    async def _open(self) -> Streams:
        """A connection to the first of the name's addresses that answers. Raises Failed, OSError."""
        found = await _looked_up(self._target.host, self._target.port)
        # One that may not be called is nothing that a receiver has beside others by mistake.
        if not found or not all(addresses.may_call(self._target.scheme, one, self._networks) for one in found):
            raise Failed("address")
        failure: OSError = ConnectionError("no address")
        for address in found[:ADDRESSES]:
            try:
                async with asyncio.timeout(CONNECT if len(found) > 1 else None):
                    return await self._connect(address)
            except ssl.SSLError:
                raise
            except OSError as error:  # TimeoutError is one
                failure = error
        raise failure

    async def _connect(self, address: str) -> Streams:
        # To the very address that was judged; the name is only for the certificate.
        target = self._target
        secured: dict[str, Any] = {}
        if target.scheme == "https":
            secured = {"ssl": self._secured, "server_hostname": _bare(target)}
        return await asyncio.open_connection(address, target.port, limit=MOST_HEAD, **secured)


def _bare(target: Target) -> str:
    return target.host.rstrip(".")


def _judged(response: h11.Response) -> Answer:
    status = response.status_code
    if 200 <= status < 300:
        return Answer(status, None)
    error = "gone" if status == 410 else "redirect" if 300 <= status < 400 else "status"
    asked = dict(response.headers).get(b"retry-after", b"")
    return Answer(status, error, int(asked) if asked.isdigit() and len(asked) < 9 else None)


async def _looked_up(host: str, port: int) -> list[str]:
    """The addresses of a name, or of an address however it is written. Raises Failed.

    In a thread of its own, since looking up cannot be given up: in a pool, names whose servers do not answer would hold
    up all others.
    """
    loop = asyncio.get_running_loop()
    found: asyncio.Future[list[str]] = loop.create_future()

    def settle(result: list[str] | None) -> None:
        if not found.done():
            if result is None:
                found.set_exception(Failed("dns"))
            else:
                found.set_result(result)

    def look_up() -> None:
        try:
            entries = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            result = list(dict.fromkeys(str(entry[4][0]) for entry in entries))
        except (OSError, UnicodeError):
            result = None
        with contextlib.suppress(RuntimeError):  # the loop has ended meanwhile, and nobody waits any more
            loop.call_soon_threadsafe(settle, result)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return await found
