"""What the OpenAPI document says of errors: the answers that an operation can end in beside its own."""

from __future__ import annotations

from typing import Any

from api import errors
from api.http import JSON
from api.interop.factchecktools import errors as google_errors
from api.problems import MEDIA_TYPE, PROBLEMS, ProblemType
from schemas.fields import Choice, Shaped
from schemas.problems import ProblemDocument

_BY_SLUG: dict[str, ProblemType] = {problem.slug: problem for problem in PROBLEMS.values()}


class Problem(ProblemDocument):
    """A refusal, as `application/problem+json` (RFC 9457)."""

    type: Any = Choice(
        (*(problem.type for problem in PROBLEMS.values()), "about:blank"),
        "What programs compare. Any path can also answer with method-not-allowed or uri-too-long; of about:blank"
        " the status says it all.",
        example=PROBLEMS[errors.InvalidRequest].type,
    )
    instance = Shaped("The path that was asked for.", sometimes=True, example="/v1/claims")
    request_id = Shaped("Names this request in the log; also in X-Request-Id.", example="9f3c51d2a7b84e06")


def responses(made: dict[str, Any], slugs: set[str], *, google: bool) -> dict[str, Any]:
    """Status -> a reference to the answer with this status, to a refusal of one of these types. What is referred to is
    made where it is not there yet; `google`: in the shape of Google's APIs."""
    grouped: dict[int, list[str]] = {}
    for slug in sorted(slugs):
        status = _BY_SLUG[slug].status
        if google:
            status = google_errors.code(slug, status).status
        grouped.setdefault(status, []).append(slug)
    components = made["components"].setdefault("responses", {})
    found = {}
    for status, same in sorted(grouped.items()):
        name = "-".join(["google"] * google + [str(status), *same])
        components.setdefault(name, _google(status, same) if google else _problem(status, same))
        found[str(status)] = {"$ref": f"#/components/responses/{name}"}
    return found


def _problem(status: int, slugs: list[str]) -> dict[str, Any]:
    problem = {
        "allOf": [
            {"$ref": "#/components/schemas/ProblemDocument"},
            {
                "type": "object",
                "properties": {
                    "type": {"enum": [_BY_SLUG[slug].type for slug in slugs]},
                    "status": {"const": status},
                },
            },
        ]
    }
    return _response(status, slugs, MEDIA_TYPE, problem)


def _google(status: int, slugs: list[str]) -> dict[str, Any]:
    return _response(status, slugs, JSON, {"$ref": "#/components/schemas/ErrorDocument"})


def _response(status: int, slugs: list[str], media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    names = ["X-Request-Id"]
    names += ["Retry-After"] if status in (429, 503) else []
    names += ["WWW-Authenticate"] if status == 401 else []
    return {
        "description": "; ".join(_BY_SLUG[slug].title for slug in slugs) + ".",
        "headers": {header: {"$ref": f"#/components/headers/{header}"} for header in names},
        "content": {media_type: {"schema": schema}},
    }
