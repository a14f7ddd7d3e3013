"""The routes: one module a resource, each with its `blueprint`. A route parses, calls, answers."""

from __future__ import annotations

from api.openapi import Blueprint


def blueprints() -> list[Blueprint]:
    """The blueprints of every resource, in the order in which the documentation shows them."""
    from api.routes import changes, claims, contradictions, docs, health, log, matches, parties, questions, verdicts

    modules = (claims, matches, verdicts, contradictions, questions, parties, changes, log, health, docs)
    return [module.blueprint for module in modules]
