"""The OpenAPI document of the whole service: valid, complete, and true of every route; and the page that shows it."""

from __future__ import annotations

import json
import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import schemathesis

from api.problems import PROBLEMS
from tests.contract.conftest import CLAIM, MANDATORY, Api

METHODS = {"GET", "POST", "PATCH", "PUT", "DELETE"}
# No part of the API: the files that the page of the documentation loads.
UNDOCUMENTED = {"/docs/<name>"}
# Nor are the pages that people look at.
PAGES = "pages."


@pytest.fixture
def document(api: Api) -> dict[str, Any]:
    """The document as it is served."""
    found: dict[str, Any] = api.get("/openapi.json").json
    return found


def operations(document: dict[str, Any]) -> dict[tuple[str, str], dict[str, Any]]:
    """(path, METHOD) -> the operation."""
    return {
        (path, method.upper()): operation
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method.upper() in METHODS
    }


def test_the_document_is_openapi_3_1(document: dict[str, Any]) -> None:
    """It says 3.1, keeps to the specification's own schema, and nothing in it refers to another host."""
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()
    references = re.findall(r'"\$ref": ?"([^"]*)"', json.dumps(document))
    assert references and all(reference.startswith("#/components/") for reference in references)


def test_every_route_is_documented(api: Api, document: dict[str, Any]) -> None:
    """Each rule and method that the application answers is in the document, and the document has no other."""
    routed = set()
    for rule in api.app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?([^<>]+)>", r"{\1}", rule.rule)
        if rule.rule not in UNDOCUMENTED and not rule.endpoint.startswith(PAGES):
            routed |= {(path, method) for method in rule.methods & METHODS}
    assert set(operations(document)) == routed


def test_every_problem_has_its_place(document: dict[str, Any]) -> None:
    """Each type of problem that the service knows is in the document by its whole name."""
    text = json.dumps(document)
    assert [problem.type for problem in PROBLEMS.values() if f'"{problem.type}"' not in text] == []


def test_every_operation_says_what_it_does(document: dict[str, Any]) -> None:
    """Each has a name of its own, a summary, a sentence, and says what each answer means."""
    found = operations(document)
    assert len({operation["operationId"] for operation in found.values()}) == len(found)
    for operation in found.values():
        assert operation["summary"] and operation["description"].endswith(".")
        for status, answer in operation["responses"].items():
            assert re.fullmatch("[2345][0-9][0-9]", status)
            assert answer.get("$ref") or answer["description"]


# What is sent to be read with, since it does not fit into an address.
READS = (("/v1/claims/match", "POST"),)


def test_every_write_needs_a_token_and_every_read_may_have_one(document: dict[str, Any]) -> None:
    """What writes names its scope; what reads the record can be closed; what is a party's own needs any token; what is
    not the record is open."""
    for (path, method), operation in operations(document).items():
        needed = operation.get("security")
        if path.startswith("/v1/webhooks"):
            assert needed == [{"token": []}] and {"401", "429"} <= operation["responses"].keys()
        elif method != "GET" and (path, method) not in READS:
            assert [list(entry) for entry in needed] == [["token"]] and needed[0]["token"]
            assert {"401", "403", "429", "503"} <= operation["responses"].keys()
        elif path.startswith(("/v1/", "/v1alpha1/", "/feeds/")):
            assert {} in needed and {"401", "429"} <= operation["responses"].keys()
        else:
            assert not needed


def test_every_post_takes_a_key(document: dict[str, Any]) -> None:
    """The Idempotency-Key is there exactly where it works, and so is If-Match."""
    for (path, method), operation in operations(document).items():
        named = {parameter.get("$ref", "").rpartition("/")[2] for parameter in operation["parameters"]}
        assert ("Idempotency-Key" in named) == (method == "POST" and (path, method) not in READS)
        changing = method == "PATCH" and not path.startswith("/v1/webhooks")
        assert ("If-Match" in named) == (changing or path.endswith("/withdrawal"))


def test_the_examples_work(api: Api, document: dict[str, Any]) -> None:
    """Whoever sends the example of a body as it stands is understood: it is refused for what is on record at most."""
    for (path, method), operation in operations(document).items():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            if "example" not in content:
                continue
            url = re.sub(r"\{[^}]*\}", MANDATORY, path)
            answer = api.send(method, url, content["example"], Content_Type=media_type, If_Match="*")
            codes = {error["code"] for error in answer.json.get("errors", [])}
            assert answer.status_code in (200, 201, 409) or codes <= {
                "unknown-party",
                "unknown-question",
                "unknown-claim",
                "unknown-position",
            }, (path, answer.json)


def test_the_page_loads_nothing_from_elsewhere(api: Api) -> None:
    """Whatever the page, its style and its scripts' loader name is served here, and the policy forbids the rest."""
    page = api.get("/docs")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    text = page.get_data(as_text=True)
    linked = re.findall(r'(?:src|href)="([^"]*)"', text)
    assert len(linked) >= 4
    for target in linked:
        parts = urlsplit(target)
        assert not parts.scheme and not parts.netloc and not target.startswith("/")
        answer = api.get("/" + target)
        assert answer.status_code == 200
        if target.endswith((".html", "start.js")):
            assert not re.search(r"https?:|//", answer.get_data(as_text=True))
    assert not re.search(r"<script(?![^>]*src)|\son\w+=|style=", text), "nothing is inline, since the policy forbids it"
    policy = dict(part.strip().partition(" ")[::2] for part in page.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    for name in ("script-src", "style-src", "connect-src"):
        assert policy[name] == "'self'"
    assert policy["img-src"] == "'self' data:"
    style = api.get("/docs/swagger-ui.css").get_data(as_text=True)
    loaded = [url for url in re.findall(r"url\(([^)]*)\)", style) if not url.strip("\"'").startswith("data:")]
    assert loaded == [] and "@import" not in style


def test_the_page_finds_the_document_under_a_prefix_too(api: Api) -> None:
    """Every address of the page is relative, so that it works behind a proxy that adds a path."""
    assert 'url: "openapi.json"' in api.get("/docs/start.js").get_data(as_text=True)


@pytest.mark.parametrize(
    "name", ["index.html", "swagger-initializer.js", "..", "start.js.map", "%2e%2e%2fapi%2f__init__.py"]
)
def test_only_listed_files_are_served(api: Api, name: str) -> None:
    """What the page does not load is not there."""
    assert api.get(f"/docs/{name}").status_code == 404


def test_the_document_is_true_of_a_claim(api: Api, document: dict[str, Any]) -> None:
    """The members of a real claim are those that are documented, and all of them are required."""
    made = api.get(f"/v1/claims/{api.made('/v1/claims', CLAIM)['id']}").json
    schema = document["components"]["schemas"]["ClaimDocument"]
    # Only a claim that was compared with another one has relations.
    assert made.keys() == schema["properties"].keys() - {"relations"} == set(schema["required"])
