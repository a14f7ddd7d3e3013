"""Logs: one JSON line an event, on stderr. No token, no payload and no query ever goes in; the request id
ties a line to an answer."""

from __future__ import annotations

import json
import logging
import sys
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TextIO, cast

import orjson
import structlog

if TYPE_CHECKING:
    from api.context import Request

_READS = ("GET", "HEAD", "OPTIONS")

log = structlog.get_logger()
_level = logging.INFO


def configure(level: str) -> None:
    """Sends the process's own log to stderr from `level` (debug, info, warning, error) upwards."""
    global _level
    _level = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(serializer=_dumps),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(_level),
        logger_factory=lambda *_: structlog.WriteLogger(_LINES),
        cache_logger_on_first_use=False,
    )


def wanted(method: str, status: int) -> bool:
    """Whether a finished request makes a line: reads do so only at debug, unless they failed."""
    if method in _READS and status < 400:
        return _level <= logging.DEBUG
    return _level <= logging.INFO or (status >= 500 and _level <= logging.ERROR)


def no_meaning(reason: str, detail: str) -> None:
    """Writes the line that says why meanings are not compared."""
    log.warning("no meaning", reason=reason, detail=detail)


def no_judge(reason: str, detail: str) -> None:
    """Writes the line that says why no model looks for contradictions."""
    log.warning("no contradictions", reason=reason, detail=detail)


def request_done(request: Request, status: int, milliseconds: float) -> None:
    """Writes the line of a finished request: who asked (the token's id, never the token), for what, with what
    outcome."""
    write = log.error if status >= 500 else log.debug if request.method in _READS and status < 400 else log.info
    who = {"token": request.token.id, "actor": request.token.party} if request.token else {}
    write(
        "request",
        request_id=request.id,
        method=request.method,
        path=request.path,
        status=status,
        ms=round(milliseconds, 2),
        **who,
    )


class _Lines:
    """Standard error, looked up for each line, so that whoever redirects it later gets the lines. One that cannot be
    written is lost: on a full disk a request must not fail for the line that tells of it."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


# The one that there is: the logger keeps a lock for each file that it was ever given.
_LINES = cast(TextIO, _Lines())


class JSONFormatter(logging.Formatter):
    """Lines of the standard library's loggers (the server's own) in the same shape."""

    def format(self, record: logging.LogRecord) -> str:
        """One record as one line of JSON."""
        line: dict[str, Any] = {
            "event": record.getMessage(),
            "logger": record.name,
            "level": record.levelname.lower(),
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z"),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _dumps(line)


def _dumps(line: Any, **_: Any) -> str:
    try:
        return orjson.dumps(line, default=str).decode()
    except TypeError:  # a lone surrogate in a path: orjson will not write it, the standard library escapes it
        return json.dumps(line, default=str)
