"""The routes: one module a resource, each with its `blueprint`. A route parses, calls, answers."""

from __future__ import annotations

from api.openapi import Blueprint


def blueprints() -> list[Blueprint]:
    """The blueprints of every resource, in the order in which the documentation shows them."""
    from api.routes import (
        bulk,
        changes,
        claimreview,
        claims,
        contradictions,
        docs,
        factchecktools,
        feeds,
        health,
        log,
        parties,
        questions,
        reviews,
        verdicts,
        webhooks,
    )

    record = (claims, verdicts, contradictions, questions, parties, changes)
    formats = (claimreview, reviews, factchecktools, feeds, webhooks, bulk)
    modules = (*record, *formats, log, health, docs)
    return [module.blueprint for module in modules]
