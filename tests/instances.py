"""An instance of the service that listens in this process, over any database and with any key: an honest one, or one
whose operator rewrote the database and knows every secret."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from werkzeug.serving import WSGIRequestHandler, make_server

from api import create_app
from api.settings import Settings
from api.storage.sqlite import Database
from tests.signing import Signer

ORIGIN = "record.example/log"
SIGNER = Signer(ORIGIN)


class Instance:
    """Serves a database while the context lasts. What was signed before is known to it only if it was signed with the
    same file of heads."""

    def __init__(self, database: Database, signer: Signer = SIGNER, origin: str = ORIGIN, heads: str = "") -> None:
        settings = {
            "DATABASE_URL": f"sqlite:///{database.path}",
            "ONRECORD_SIGNING_KEY": signer.private,
            "ONRECORD_KEY_NAME": signer.name,
            "ONRECORD_ORIGIN": origin,
            # What it says would go where the test's commands write.
            "ONRECORD_LOG_LEVEL": "error",
            "ONRECORD_HEADS": heads or f"{database.path}.heads-{signer.name.replace('/', '-')}",
        }
        self.app = create_app(Settings.from_environ(settings))
        self._server = make_server("127.0.0.1", 0, self.app, threaded=True, request_handler=_Silent)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Silent(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None:
        """The test's output is not the place."""
