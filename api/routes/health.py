"""Whether the process lives, and whether it can serve: for supervisors and load balancers."""

from __future__ import annotations

from typing import Any

from api import errors, http
from api.nodes import NEWEST
from api.openapi import Blueprint, documented
from api.storage.database import Database

blueprint = Blueprint("health", __name__, description="Whether the service is there.")

_OK, _READ_ONLY = b'{"status":"ok"}', b'{"status":"read-only"}'
_PROBLEMS = [errors.Busy, errors.StorageDamaged, errors.StorageUnavailable]


def _status(*words: str) -> dict[str, Any]:
    properties = {"status": {"enum": list(words)}}
    return {"type": "object", "properties": properties, "required": ["status"], "additionalProperties": False}


@blueprint.route("/livez")
@documented(summary="Is the process alive?", answers={200: _status("ok")}, public=True)
def livez() -> http.Answer:
    """The process answers; nothing else is looked at, since a restart would not mend it."""
    return http.answer(_OK, cache=http.NO_STORE)


@blueprint.route("/readyz")
@documented(
    summary="Can it serve requests?",
    answers={200: _status("ok", "read-only")},
    problems=_PROBLEMS,
    public=True,
)
def readyz() -> http.Answer:
    """The database opens and has the schema that this version needs; otherwise 503, and `onrecord migrate`
    may be due. While only a replica can be reached it is `read-only`: reads are served, and writes answered by 503."""
    house = http.house()
    if house.stopping():
        raise errors.Busy("The process is stopping.", headers={"Retry-After": "5"})
    return http.answer(house.nodes.read(_ready, NEWEST), cache=http.NO_STORE)


def _ready(database: Database) -> bytes:
    if not database.is_current():
        raise errors.Busy(
            "The database is not at this version's schema: run onrecord migrate.",
            headers={"Retry-After": "5"},
        )
    database.reader().execute("SELECT size FROM head", {}).fetchone()
    return _OK if database is http.house().database else _READ_ONLY
