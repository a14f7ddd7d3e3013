"""Whether the process lives, and whether it can serve: for supervisors and load balancers."""

from __future__ import annotations

from api import errors, http
from api.openapi import Blueprint, documented

blueprint = Blueprint("health", __name__, description="Whether the service is there.")

_OK = b'{"status":"ok"}'
_PROBLEMS = [errors.Busy, errors.StorageDamaged, errors.StorageUnavailable]
_STATUS = {
    "type": "object",
    "properties": {"status": {"const": "ok"}},
    "required": ["status"],
    "additionalProperties": False,
}


@blueprint.route("/livez")
@documented(summary="Is the process alive?", answers={200: _STATUS}, public=True)
def livez() -> http.Answer:
    """The process answers; nothing else is looked at, since a restart would not mend it."""
    return http.answer(_OK, cache=http.NO_STORE)


@blueprint.route("/readyz")
@documented(summary="Can it serve requests?", answers={200: _STATUS}, problems=_PROBLEMS, public=True)
def readyz() -> http.Answer:
    """The database opens and has the schema that this version needs; otherwise 503, and `onrecord migrate`
    may be due."""
    house = http.house()
    if house.stopping():
        raise errors.Busy("The process is stopping.", headers={"Retry-After": "5"})
    if not house.database.is_current():
        raise errors.Busy(
            "The database is not at this version's schema: run onrecord migrate.",
            headers={"Retry-After": "5"},
        )
    house.database.reader().execute("SELECT size FROM head", {}).fetchone()
    return http.answer(_OK, cache=http.NO_STORE)
