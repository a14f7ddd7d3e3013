"""The application under gunicorn: threads in a few processes, problems for what never reaches the
application, a quick and lossless stop.

What gunicorn's gthread worker does on SIGTERM: it stops accepting, lets requests in progress end (for
`graceful_timeout` at most, then they are cut), and meanwhile answers requests on kept-alive connections with
`Connection: close`. So a write is acknowledged or never happened. Polls that are held open would use up the
whole time: `House.stopping` tells them to answer at once, and a stop takes as long as the slowest write, plus
the two seconds that gunicorn lets kept-alive connections linger.
"""

from __future__ import annotations

import gc
import os
import socket
import threading
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.http import errors as wire
from gunicorn.workers.gthread import ThreadWorker

from api import errors, problems
from api.context import House
from api.errors import Refusal
from api.interop.webhooks import running
from api.interop.webhooks.deliverer import Policy
from api.settings import Settings
from api.storage import opening

# A file system in memory where there is one, for the heartbeats of workers: they must not wait for a disk.
MEMORY = "/dev/shm"  # noqa: S108
# Seconds that a worker waits at its end for whoever delivers webhooks in it.
ENDING = 10


class Worker(ThreadWorker):  # type: ignore[misc]
    """gunicorn's thread worker, answering in problems also where a request is too broken to be one. `delivering` is the
    thread that delivers webhooks, where one does."""

    delivering: threading.Thread | None = None

    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answers a request that could not be read or served, and leaves the connection to be closed."""
        members, headers = wire_problem(exc, os.urandom(8).hex())
        if members["status"] >= 500:
            self.log.error("request %s failed outside the application", members["request_id"], exc_info=exc)
        body = problems.encode(members)
        lines = [
            f"HTTP/1.1 {members['status']} {members['title']}",
            f"Content-Type: {problems.MEDIA_TYPE}",
            f"Content-Length: {len(body)}",
            f"X-Request-Id: {members['request_id']}",
            "Cache-Control: no-store",
            "Connection: close",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        try:
            client.sendall("\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + body)
        except OSError:
            self.log.debug("the client was gone before it could be told")


class Server(BaseApplication):  # type: ignore[misc]
    """gunicorn, set up from our settings alone: no configuration file and no GUNICORN_CMD_ARGS is read."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        super().__init__()

    def load_config(self) -> None:
        """Hands our options to gunicorn."""
        for name, value in options(self.settings).items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        """Makes the application, in each worker after the fork: a database connection must not be shared by
        two processes."""
        from api import create_app

        return create_app(self.settings)


def serve(settings: Settings) -> None:
    """Serves until SIGTERM or SIGINT. Does not return: gunicorn ends the process with its exit status.

    Raises Busy while the database is being restored.
    """
    opening.database(settings.database, settings.heads_path).serve()
    if settings.replica:
        # One that can be no URL of a server stops the start here, and not each worker.
        opening.replica(settings.replica)
    Server(settings).run()


def options(settings: Settings) -> dict[str, Any]:
    """gunicorn's settings, as its own names go. Its access log is off: `api.logs` writes what is worth a
    line."""
    return {
        "bind": settings.bind,
        "worker_class": Worker,
        "workers": settings.workers,
        "threads": settings.threads,
        "graceful_timeout": settings.graceful_timeout,
        # Longer than a proxy keeps an idle connection, so that it is the proxy that closes: the other way
        # round it sends a request into a connection that is just being closed, and its client sees a 502.
        "keepalive": 75,
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        # Nobody's X-Forwarded-Proto or SCRIPT_NAME is believed; X-Forwarded-For is judged in `api.limits`.
        "forwarded_allow_ips": "",
        "worker_tmp_dir": MEMORY if os.access(MEMORY, os.W_OK) else None,
        "control_socket_disable": True,
        "accesslog": None,
        "logconfig_dict": _log_config(settings.log_level),
        "post_worker_init": _worker_started,
        "worker_exit": _worker_ending,
    }


def wire_problem(exc: BaseException, request_id: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The problem document, and further headers, for what went wrong before or beyond the application."""
    if isinstance(exc, wire.LimitRequestLine):
        refusal: Refusal = errors.UriTooLong("Send a shorter URL: 8,190 bytes are the limit.")
    elif isinstance(exc, wire.LimitRequestHeaders):
        return _plain(431, "Request Header Fields Too Large", "Send fewer or shorter headers.", request_id), {}
    elif isinstance(exc, wire.ExpectationFailed):
        return _plain(417, "Expectation Failed", "Only Expect: 100-continue is understood.", request_id), {}
    elif isinstance(exc, wire.UnsupportedTransferCoding):
        return _plain(501, "Not Implemented", "Of transfer codings only chunked is understood.", request_id), {}
    elif isinstance(exc, wire.ParseException) and not isinstance(exc, wire.ConfigurationProblem):
        return _plain(400, "Bad Request", "What was sent is not a well-formed HTTP request.", request_id), {}
    else:
        refusal = problems.Internal("The log has the details under this request id.")
    # The path is not known here: nothing that could not be parsed is repeated.
    members = problems.document(refusal, instance="", request_id=request_id)
    return {name: value for name, value in members.items() if name != "instance"}, refusal.headers


def _plain(status: int, title: str, detail: str, request_id: str) -> dict[str, Any]:
    return {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "request_id": request_id,
    }


def _worker_started(worker: Worker) -> None:
    # What the application is made of stays for as long as the process. To look through it for garbage, once in a few
    # thousand requests, took 60 ms, and as often as not a writer had the turn for so much longer.
    gc.collect()
    gc.freeze()
    house: House = worker.wsgi.extensions["onrecord"]
    house.stopping = lambda: not worker.alive
    if house.settings.deliver and not house.settings.mirror_of:
        # Each worker asks for the right to deliver, and one gets it; when that one ends, another does.
        worker.delivering = threading.Thread(target=_deliver, args=(house,), name="webhooks", daemon=True)
        worker.delivering.start()


def _worker_ending(server: object, worker: Worker) -> None:
    # While the interpreter still runs: what became of the last messages has to be written down.
    if worker.delivering is not None:
        worker.alive = False
        worker.delivering.join(ENDING)


def _deliver(house: House) -> None:
    policy = Policy(house.settings.base_url, house.settings.webhook_networks)
    running.run(house.database, policy, lambda: house.stopping())


def _log_config(level: str) -> dict[str, Any]:
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"json": {"()": "api.logs.JSONFormatter"}},
        "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": "ext://sys.stderr", "formatter": "json"}},
        "root": {"level": level.upper(), "handlers": ["stderr"]},
        "loggers": {
            "gunicorn.error": {"level": level.upper(), "handlers": ["stderr"], "propagate": False},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }
