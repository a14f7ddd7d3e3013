"""The schema.org vocabulary, trimmed to what ClaimReview is made of.

    python tests/interop/trim_schemaorg.py FILE... > tests/interop/schemaorg.json

The FILEs are `schemaorg-current-https.jsonld` of a release, from https://github.com/schemaorg/schemaorg (data/releases)
or https://schema.org/version/RELEASE/; a term that one lacks is taken from the next. What is vendored is of release
12.0, and of 28.0 the term `archivedAt`, which is younger. The vocabulary is published under CC BY-SA 3.0, and so is
what is made of it here.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

# The types that are used; what they are derived from is kept as well.
TYPES = (
    *("ClaimReview", "Claim", "CorrectionComment", "Rating", "DataFeed", "DataFeedItem", "Person", "Organization"),
    *("Text", "URL", "Date", "DateTime", "Number"),
)
SCHEMA = "schema:"


def names(node: dict[str, Any], key: str) -> list[str]:
    """The terms that a node names under a key, without their prefix."""
    found = node.get(key, [])
    found = found if isinstance(found, list) else [found]
    return [one["@id"].removeprefix(SCHEMA) for one in found if one["@id"].startswith(SCHEMA)]


def trimmed(graph: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """{"types": {type: its bases}, "properties": {property: {"domain", "range"}}}; superseded ones are left out."""
    types: dict[str, list[str]] = {}
    waiting = list(TYPES)
    while waiting:
        name = waiting.pop()
        types[name] = names(graph[name], "rdfs:subClassOf")
        waiting += [base for base in types[name] if base not in types]
    properties = {}
    for name, node in graph.items():
        domain = names(node, "schema:domainIncludes")
        if not set(domain) & types.keys() or "schema:supersededBy" in node:
            continue
        properties[name] = {"domain": sorted(domain), "range": sorted(names(node, "schema:rangeIncludes"))}
    return {"types": dict(sorted(types.items())), "properties": dict(sorted(properties.items()))}


def main() -> None:
    graph: dict[str, dict[str, Any]] = {}
    for path in reversed(sys.argv[1:]):
        nodes = json.loads(Path(path).read_text(encoding="utf-8"))["@graph"]
        graph |= {node["@id"].removeprefix(SCHEMA): node for node in nodes if node["@id"].startswith(SCHEMA)}
    about = {
        "source": "https://github.com/schemaorg/schemaorg, data/releases/12.0; archivedAt: data/releases/28.0",
        "license": "https://creativecommons.org/licenses/by-sa/3.0/",
        "made_by": "tests/interop/trim_schemaorg.py",
    }
    json.dump(about | trimmed(graph), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
