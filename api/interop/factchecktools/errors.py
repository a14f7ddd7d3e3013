"""Google's error body (AIP-193), made from a problem document. Pure functions.

Which code of `google.rpc.Code` a problem has follows from its type, and where the table has none from its status.
https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto says which status each code has.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# What begins with it is answered in this way.
PREFIX = "/v1alpha1/"
DOMAIN = "onrecord"


class Code(NamedTuple):
    """The status of an answer, and its word in `google.rpc.Code`."""

    status: int
    word: str


_BY_TYPE = {
    "invalid-request": Code(400, "INVALID_ARGUMENT"),
    "idempotency-mismatch": Code(400, "INVALID_ARGUMENT"),
    "claim-withdrawn": Code(400, "FAILED_PRECONDITION"),
    "already-retracted": Code(400, "FAILED_PRECONDITION"),
    "claim-changed": Code(409, "ABORTED"),
    # AIP-154: a version that is no longer the current one.
    "revision-mismatch": Code(409, "ABORTED"),
    "storage-damaged": Code(500, "DATA_LOSS"),
}
_BY_STATUS = {
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    409: "ALREADY_EXISTS",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    503: "UNAVAILABLE",
}


def code(slug: str, status: int) -> Code:
    """The code of a problem, by the last part of its type and its status."""
    return _BY_TYPE.get(slug) or Code(status, _BY_STATUS.get(status, "INVALID_ARGUMENT"))


def body(problem: Mapping[str, Any], retry_after: str | None = None) -> dict[str, Any]:
    """The error body of a problem document; `retry_after` is for how many seconds to wait."""
    slug = str(problem["type"]).rpartition(":")[2]
    status, word = code(slug, problem["status"])
    told = {name: str(problem[name]) for name in ("type", "request_id", "existing", "source") if problem.get(name)}
    details: list[dict[str, Any]] = [
        {
            "@type": "type.googleapis.com/google.rpc.ErrorInfo",
            "reason": slug.replace("-", "_").upper(),
            "domain": DOMAIN,
            "metadata": told,
        }
    ]
    if problem.get("errors"):
        violations = [_violation(error) for error in problem["errors"]]
        details.append({"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": violations})
    if retry_after:
        details.append({"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": f"{retry_after}s"})
    return {"error": {"code": status, "message": _message(problem), "status": word, "details": details}}


def _message(problem: Mapping[str, Any]) -> str:
    """The sentence, and with it the first field at fault: many a client shows no more than this."""
    errors = problem.get("errors") or []
    if len(errors) < 2:
        return str(problem["detail"])
    return f"{problem['detail']} First: {_field(errors[0]['pointer'])}: {errors[0]['detail']}"


def _violation(error: Mapping[str, str]) -> dict[str, str]:
    reason = error["code"].replace("-", "_").upper()
    return {"field": _field(error["pointer"]), "description": error["detail"], "reason": reason}


def _field(pointer: str) -> str:
    """A JSON pointer as a path of fields: `/claimReviewMarkups/0/url` -> `claimReviewMarkups[0].url`."""
    path = re.sub(r"/(\d+)(?=/|$)", r"[\1]", pointer)
    return path.lstrip("/").replace("/", ".").replace("~1", "/").replace("~0", "~")
