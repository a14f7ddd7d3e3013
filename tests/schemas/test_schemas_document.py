"""What the schemas say in an OpenAPI 3.1 document."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import marshmallow
import pytest
from apispec import APISpec
from apispec.ext.marshmallow import MarshmallowPlugin
from jsonschema_rs import Draft202012Validator

from schemas import base, claims, contradictions, parties, questions, verdicts

MODULES = (
    "parties",
    "questions",
    "claims",
    "verdicts",
    "contradictions",
    "timelines",
    "changes",
    "entries",
    "problems",
)


def classes(kind: type) -> list[type[marshmallow.Schema]]:
    """Every schema of a kind in the modules of resources."""
    found = {
        value
        for module in MODULES
        for value in vars(importlib.import_module(f"schemas.{module}")).values()
        if inspect.isclass(value)
        and issubclass(value, kind)
        and value.__module__ not in ("schemas.base", "marshmallow.schema")
    }
    return sorted(found, key=lambda schema: schema.__name__)


@pytest.fixture(scope="module")
def components() -> dict[str, Any]:
    """The component schemas of a document that has them all."""
    plugin = MarshmallowPlugin()
    spec = APISpec("onrecord", "1", "3.1.0", plugins=[plugin])
    for schema in classes(marshmallow.Schema):
        if not issubclass(schema, base.Query):
            plugin.converter.resolve_nested_schema(schema)
    made: dict[str, Any] = spec.to_dict()["components"]["schemas"]
    return made


def test_nothing_else_is_allowed_anywhere(components: dict[str, Any]) -> None:
    """Every object is closed, and every member but a reference says what it is."""
    assert len(components) > 40
    for name, schema in components.items():
        assert schema["additionalProperties"] is False, name
        for member, keywords in schema["properties"].items():
            assert keywords.get("description"), f"{name}.{member} has no description"


def test_every_member_of_an_answer_is_there(components: dict[str, Any]) -> None:
    """Documents list all their members as required, but for those that are there sometimes."""
    sometimes = {
        "ChangeDocument": {"entry"},
        "ClaimDocument": {"relations"},
        "ClaimFound": {"relations", "snippet"},
        "ClaimRecorded": {"relations"},
        "MatchesDocument": {"candidates", "conflicts", "truncated", "results"},
        "ClaimsPage": {"truncated"},
        "VerdictDocument": {"mapping", "imported_by"},
        "ProblemDocument": {"instance", "request_id", "errors", "existing", "current", "head"},
    }
    for document in classes(base.Document):
        schema = components[document.__name__]
        expected = set(schema["properties"]) - sometimes.get(document.__name__, set())
        assert set(schema["required"]) == expected, document.__name__


def test_null_is_a_type(components: dict[str, Any]) -> None:
    """OpenAPI 3.1 has no `nullable`: null is one of the types, one of the words, one of the schemas."""
    claim = components["ClaimDocument"]["properties"]
    assert claim["language"]["type"] == ["string", "null"]
    assert claim["text"]["type"] == "string"
    assert claim["withdrawn"]["anyOf"] == [
        {"$ref": "#/components/schemas/WithdrawalDocument"},
        {"type": "null"},
    ]
    assert None in components["StatusChange"]["properties"]["from"]["enum"]
    assert None not in components["StatusChange"]["properties"]["to"]["enum"]
    assert components["Claim"]["properties"]["tags"]["type"] == ["array", "null"]
    assert components["ClaimPatch"]["properties"]["wording"]["enum"][-1] is None
    assert components["Assessment"]["properties"]["reason"]["enum"][-1] is None
    assert None not in components["Claim"]["properties"]["wording"]["enum"]


@pytest.mark.parametrize(
    ("patch", "without"), [("PartyPatch", {"id", "kind"}), ("QuestionPatch", {"id"}), ("ClaimPatch", {"id"})]
)
def test_a_patch_needs_only_a_reason(components: dict[str, Any], patch: str, without: set[str]) -> None:
    """A patch has the members of the request, all optional and nullable, and `reason`."""
    request = components[patch.removesuffix("Patch")]["properties"]
    assert components[patch]["required"] == ["reason"]
    assert set(components[patch]["properties"]) == (set(request) - without) | {"reason"}


EXAMPLES = [
    ("Party", parties.EXAMPLE),
    ("Question", questions.EXAMPLE),
    ("Claim", claims.EXAMPLE),
    ("Verdict", verdicts.EXAMPLE),
    ("Assessment", contradictions.EXAMPLE),
]


@pytest.mark.parametrize(("name", "body"), EXAMPLES)
def test_the_examples_are_as_documented(components: dict[str, Any], name: str, body: dict[str, Any]) -> None:
    """What the document says and what is taken are the same, for the examples at least."""
    validator = Draft202012Validator(
        {"$ref": f"#/components/schemas/{name}", "components": {"schemas": components}}
    )
    assert validator.is_valid(body)
    assert not validator.is_valid({**body, "colour": "red"})


def test_each_example_of_a_member_is_valid(components: dict[str, Any]) -> None:
    """An example that its own schema refuses would teach the wrong thing."""
    for name, schema in components.items():
        for member, keywords in schema["properties"].items():
            root = {**keywords, "components": {"schemas": components}}
            for shown in keywords.get("examples", ()):
                assert Draft202012Validator(root).is_valid(shown), f"{name}.{member}: {shown}"
