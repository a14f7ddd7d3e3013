"""Answers that are made while they are sent: of any length, in little memory."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from itertools import chain, islice

import flask

from api import http

# So many bytes go at once, and the reader has to take them in so many seconds.
BLOCK = 1 << 16
PATIENCE = 60


def stream(
    chunks: Iterator[bytes],
    *,
    content_type: str,
    name: str,
    etag: str,
    headers: Iterable[tuple[str, str]] = (),
    close: Callable[[], None],
) -> flask.Response:
    """The answer of chunks, to be kept under a name.

    The first of them is made at once: what fails there can still be told in an answer of its own. `close` is called
    once in the end, however that comes; a reader who takes longer than `PATIENCE` for a block is given up.
    """
    environ = flask.request.environ
    ended = ExitStack()
    ended.callback(close)
    with ended:
        first = list(islice(chunks, 1))
        ended = ended.pop_all()
    if (connection := environ.get("gunicorn.socket")) is not None:
        # The server sets its own again before it reads the next request.
        connection.settimeout(PATIENCE)
    response = flask.Response(_blocks(chain(first, chunks), ended), content_type=content_type)
    # A generator that nobody ever began does not come to its end.
    response.call_on_close(ended.close)
    cache = http.PRIVATE if "HTTP_AUTHORIZATION" in environ else http.PUBLIC
    kept = ("Content-Disposition", f'attachment; filename="{name}"')
    response.headers.extend([kept, ("ETag", etag), ("Cache-Control", cache), ("Vary", "Authorization"), *headers])
    return response


def _blocks(chunks: Iterable[bytes], ended: ExitStack) -> Iterator[bytes]:
    with ended:
        for chunk in chunks:
            for start in range(0, len(chunk), BLOCK):
                yield chunk[start : start + BLOCK]
