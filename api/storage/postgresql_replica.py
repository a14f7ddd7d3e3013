"""PostgreSQL: a server that follows another one, and is only read."""

from __future__ import annotations

from api.storage.faults import EngineFailure
from api.storage.postgresql import Database
from api.storage.session import REPLICA, Session


class Pinned(Session):
    """A connection that is not replaced when it is cut: behind the same name another server may answer, which is not
    as far as the one that was read before. What was asked is asked elsewhere."""

    def reopen(self) -> None:
        """Fail. Raises EngineFailure."""
        self.close()
        raise EngineFailure("The connection to the replica was cut.", lost=True)


class Replica(Database):
    """A database that is a copy of another one. See `api.storage.database.Replica`."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "", setting=REPLICA)
        self._begun = 0

    def begin_anew(self) -> None:
        """Let every thread open another connection when it reads again."""
        self._begun += 1

    def _session(self, name: str) -> Session:
        session: Session | None = getattr(self._local, name, None)
        if session is None or session.raw.closed or self._local.begun != self._begun:
            if session is not None:
                session.close()
            self._local.begun = self._begun
            session = Pinned(self._connect)
            setattr(self._local, name, session)
        return session
