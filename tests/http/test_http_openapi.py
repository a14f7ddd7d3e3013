"""The OpenAPI document: made from the schemas, true about errors; and the page that shows it."""

from __future__ import annotations

import json
import re
from typing import Any

import flask
import pytest
from flask.testing import FlaskClient

from api import create_app, errors, http, openapi, openapi_errors
from api.openapi import Blueprint, documented
from api.problems import PROBLEMS
from api.settings import Settings
from tests.http.conftest import DOCUMENT, TOY_BODY, TOY_QUERY, ToyBody, new_token

games = Blueprint("games", __name__, url_prefix="/v1/games", description="Games.")


@games.route("/<slug:game>")
@documented(
    summary="A game", answers={200: ToyBody}, query=TOY_QUERY, problems=[errors.CursorRewound], etag=True
)
def get_game(game: str) -> http.Answer:
    """One game,
    as it stands."""
    return http.answer(DOCUMENT, etag='"1"')


@games.route("", methods=["POST"])
@documented(
    summary="Record a game",
    answers={201: ToyBody},
    body=TOY_BODY,
    problems=[errors.DuplicateClaim, errors.IdTaken],
    scope="claims",
    headers=["Location"],
    example={"name": "chess"},
)
def post_game() -> http.Answer:
    """Records it."""
    return http.answer(b"{}", status=201)


@games.route("/<slug:game>", methods=["PATCH"])
@documented(
    summary="Change",
    answers={200: ToyBody},
    body=TOY_BODY,
    patch=True,
    scope="edit",
    etag=True,
    if_match=True,
)
def patch_game(game: str) -> http.Answer:
    """Changes it."""
    return http.answer(b"{}")


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The document of an application that has games."""
    path = tmp_path_factory.mktemp("openapi") / "o.db"
    app = create_app(Settings.from_environ({"DATABASE_URL": f"sqlite:///{path}"}))
    app.extensions["flask-smorest"]["apis"][""]["ext_obj"].register_blueprint(games)
    found: dict[str, Any] = json.loads(openapi.spec_bytes(app))
    return found


def statuses(operation: dict[str, Any]) -> set[str]:
    """The statuses of an operation's answers."""
    return set(operation["responses"])


def types(spec: dict[str, Any], operation: dict[str, Any], status: str) -> set[str]:
    """The last parts of the problem types that an operation answers with a status."""
    name = operation["responses"][status]["$ref"].rpartition("/")[2]
    content = spec["components"]["responses"][name]["content"]
    assert list(content) == ["application/problem+json"]
    reference, narrowed = content["application/problem+json"]["schema"]["allOf"]
    assert reference == {"$ref": "#/components/schemas/ProblemDocument"}
    assert narrowed["properties"]["status"] == {"const": int(status)}
    return {urn.rpartition(":")[2] for urn in narrowed["properties"]["type"]["enum"]}


def test_a_read_documents_what_it_takes_and_answers(spec: dict[str, Any]) -> None:
    """Parameters come from the query schema; a 304 and the usual problems follow from what the route said."""
    operation = spec["paths"]["/v1/games/{game}"]["get"]
    assert spec["openapi"] == "3.1.0"
    assert (operation["summary"], operation["description"]) == ("A game", "One game, as it stands.")
    named = {parameter["name"]: parameter for parameter in operation["parameters"] if "name" in parameter}
    assert set(named) == {"limit", "q"} and named["limit"]["schema"]["default"] == 50
    assert {"$ref": "#/components/parameters/If-None-Match"} in operation["parameters"]
    assert statuses(operation) == {"200", "304", "401", "404", "410", "412", "422", "429", "500", "503"}
    assert types(spec, operation, "410") == {"cursor-rewound"}
    assert types(spec, operation, "412") == {"consistency-unmet"}
    assert {"$ref": "#/components/parameters/Consistency-Token"} in operation["parameters"]
    assert operation["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith(
        "/Toy" + "Body"
    )
    assert operation["security"] == [{}, {"token": []}]
    path = spec["paths"]["/v1/games/{game}"]["parameters"][0]
    assert (path["name"], path["schema"]) == ("game", {"type": "string", "pattern": "^[a-z0-9-]{1,64}$"})


def test_a_write_documents_its_scope_and_its_problems(spec: dict[str, Any]) -> None:
    """A POST has its scope, its Idempotency-Key and the types of every refusal, grouped by status."""
    operation = spec["paths"]["/v1/games"]["post"]
    assert operation["security"] == [{"token": ["claims"]}]
    assert types(spec, operation, "409") == {"duplicate-claim", "id-taken"}
    assert types(spec, operation, "422") == {"invalid-request", "idempotency-mismatch"}
    assert statuses(operation) == {
        "201",
        "400",
        "401",
        "403",
        "409",
        "412",
        "413",
        "415",
        "422",
        "429",
        "500",
        "503",
    }
    assert set(operation["responses"]["201"]["headers"]) == {"X-Request-Id", "Location", "Consistency-Token"}
    content = operation["requestBody"]["content"]
    assert list(content) == ["application/json"] and content["application/json"]["example"] == {
        "name": "chess"
    }


def test_a_change_documents_its_precondition(spec: dict[str, Any]) -> None:
    """A PATCH takes a merge patch and needs If-Match."""
    operation = spec["paths"]["/v1/games/{game}"]["patch"]
    assert {"$ref": "#/components/parameters/If-Match"} in operation["parameters"]
    assert {"412", "428"} <= statuses(operation) and "304" not in statuses(operation)
    assert set(operation["requestBody"]["content"]) == {"application/merge-patch+json", "application/json"}


def test_nothing_in_the_document_dangles(spec: dict[str, Any]) -> None:
    """Every reference leads somewhere, no note of ours is left, and operations have names of their own."""
    text = json.dumps(spec)
    assert "x-onrecord" not in text and "DEFAULT_ERROR" not in text
    for reference in re.findall(r'"\$ref": "#/([^"]+)"', text):
        found: Any = spec
        for step in reference.split("/"):
            found = found[step]
    names = [
        operation["operationId"]
        for item in spec["paths"].values()
        for key, operation in item.items()
        if key != "parameters"
    ]
    assert len(names) == len(set(names))


def test_the_documentation_costs_nothing_at_run_time() -> None:
    """The decorator gives back the very function."""

    def view() -> None:
        """A view."""

    assert documented(summary="s", answers={200: "text/plain"})(view) is view


def test_a_real_problem_has_the_members_that_are_documented(
    spec: dict[str, Any], client: FlaskClient
) -> None:
    """What is sent is what the document says, and nothing else."""
    schema = spec["components"]["schemas"]["ProblemDocument"]
    answers = [
        client.get("/v1/toys?limit=x&limt=3"),
        client.get("/v1/toys/%0A/%20"),
        client.get("/v1/toys/broken"),
    ]
    for answer in answers:
        assert answer.json is not None
        assert set(schema["required"]) <= set(answer.json) <= set(schema["properties"])
    assert answers[1].json is not None and answers[1].json["instance"] == "/v1/toys/%0A/%20"


def test_paths_take_only_what_an_id_can_be(app: flask.Flask) -> None:
    """Slugs and ULIDs have converters of their own, so what can be no id is no resource: 404."""
    rules = {
        "slug": ("dhs-1", ["DHS", "a_b", "a" * 65]),
        "ulid": ("01JDF2N3Q4R5S6T7V8W9XAYBZC", ["8" * 26, "01jd"]),
    }
    for name, (_, _) in rules.items():
        app.add_url_rule(f"/{name}/<{name}:id>", name, lambda id: id)
    client = app.test_client()
    for name, (good, bad) in rules.items():
        assert client.get(f"/{name}/{good}").data.decode() == good
        assert [client.get(f"/{name}/{value}").status_code for value in bad] == [404] * len(bad)


def test_the_document_is_served_with_an_etag(client: FlaskClient) -> None:
    """The bytes are made once, and a client that has them gets a 304."""
    first, second = client.get("/openapi.json"), client.get("/openapi.json")
    assert (first.status_code, first.content_type, first.data) == (200, "application/json", second.data)
    assert client.get("/openapi.json", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304


def test_the_page_loads_nothing_from_elsewhere(client: FlaskClient) -> None:
    """Page, script and style come from this service, and the policy forbids anything else."""
    page = client.get("/docs")
    assert page.content_type == "text/html; charset=utf-8"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script-src 'self';" in policy and "http" not in policy
    loaded = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert all(client.get(f"/{name}").status_code == 200 for name in loaded)
    assert not any(name.startswith(("http", "/")) for name in loaded)
    assert "<script>" not in page.text
    assert b"validatorUrl: null" in client.get("/docs/start.js").data


def test_the_page_is_of_a_swagger_ui_that_reads_openapi_3_1(client: FlaskClient) -> None:
    """Swagger UI reads OpenAPI 3.1 from version 5 on."""
    bundle = client.get("/docs/swagger-ui-bundle.js")
    assert bundle.content_type.startswith("text/javascript")
    assert b"SwaggerUIBundle" in bundle.data[:400]
    assert b"OpenAPI31" in bundle.data or b"OAS 3.1" in bundle.data or b"isOAS31" in bundle.data
    tag = bundle.headers["ETag"]
    assert client.get("/docs/swagger-ui-bundle.js", headers={"If-None-Match": tag}).status_code == 304


def test_every_problem_type_can_be_documented() -> None:
    """The document knows the slug of every line of the table."""
    assert set(openapi_errors._BY_SLUG) == {problem.slug for problem in PROBLEMS.values()}


def test_a_token_is_not_looked_at_for_the_documentation(app: flask.Flask) -> None:
    """The documentation is for everybody, whatever they send."""
    assert app.test_client().get("/docs", headers={"Authorization": "Bearer x"}).status_code == 200
    assert app.test_client().get("/docs", headers=new_token(app, "claims")[1]).status_code == 200
