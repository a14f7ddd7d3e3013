"""What a subscription is told of, and how long a receiver that fails is tried."""

from __future__ import annotations

from typing import Any

import pytest

from api.domain import webhooks
from api.domain.webhooks import DELAYS, PATIENCE, Filter
from tests.records import DESK, ulid

RECORDED = {"kind": "claim.recorded", "status": {"from": None, "to": "unreviewed"}}
AMENDED = {"kind": "claim.amended", "status": None}
RULED = {"kind": "verdict.published", "status": {"from": "unreviewed", "to": "refuted"}}
AGAIN = {"kind": "verdict.published", "status": None}


@pytest.mark.parametrize(
    ("body", "passing"),
    [
        ({}, ["recorded", "opposing", "amended", "ruled", "again"]),
        ({"kinds": ["claim.amended", "verdict.published"]}, ["amended", "ruled", "again"]),
        ({"contradiction": True}, ["opposing"]),
        ({"status": True}, ["ruled"]),
        ({"contradiction": True, "status": True}, ["opposing", "ruled"]),
        ({"kinds": ["verdict.published"], "contradiction": True, "status": True}, ["ruled"]),
        ({"contradiction": False, "status": False}, ["recorded", "opposing", "amended", "ruled", "again"]),
    ],
)
def test_a_filter_lets_through_what_it_says(body: dict[str, Any], passing: list[str]) -> None:
    """Kinds, contradictions, changes of a status that was there before; of the last two either is enough."""
    changes = {
        "recorded": (RECORDED, []),
        "opposing": (RECORDED, [ulid(1)]),
        "amended": (AMENDED, []),
        "ruled": (RULED, []),
        "again": (AGAIN, []),
    }
    chosen = Filter.of(body)
    found = [
        name
        for name, (change, opposed) in changes.items()
        if chosen.concerns(change["kind"]) and chosen.admits(change, opposed)
    ]
    assert found == passing


@pytest.mark.parametrize(
    ("body", "facets"),
    [
        ({}, []),
        ({"party": "dhs", "question": "q"}, ["party=dhs", "question=q"]),
        ({"kinds": ["claim.recorded"]}, ["kind=claim.recorded"]),
        ({"kinds": ["claim.recorded", "claim.amended"], "party": "dhs"}, ["party=dhs"]),
    ],
)
def test_a_filter_is_looked_up_where_it_can_be(body: dict[str, Any], facets: list[str]) -> None:
    """What the feed of changes has an index for is not looked through entry by entry."""
    assert Filter.of(body).facets == facets


def test_delays_grow_for_about_54_hours() -> None:
    """Each is longer than the one before, whatever chance makes of them; all together they are 54 hours, give or take
    jitter; after the last there is none."""
    shortest = [webhooks.delay(attempts, 0.0) or 0 for attempts in range(1, len(DELAYS) + 1)]
    longest = [webhooks.delay(attempts, 1.0) or 0 for attempts in range(1, len(DELAYS) + 1)]
    assert all(one < other for one, other in zip(longest, shortest[1:], strict=False))
    assert 48 * 3600 < sum(shortest) < 54 * 3600 < sum(longest) < 60 * 3600
    assert webhooks.delay(len(DELAYS) + 1, 0.5) is None


def test_a_receiver_may_ask_for_more_time() -> None:
    """Retry-After makes a delay longer, never shorter, and for a day at the most."""
    assert webhooks.delay(1, 0.5, 120) == 120
    assert webhooks.delay(3, 0.5, 1) == DELAYS[2]
    assert webhooks.delay(1, 0.5, 10**8) == PATIENCE


def test_the_entry_says_nothing_that_could_be_a_secret() -> None:
    """Whose subscription, why, after how many attempts, and the first entry that it may not have been told of."""
    event = webhooks.disable(ulid(1), DESK, "failing", 10, 17)
    assert (event.kind, event.subject) == ("webhook.disabled", f"webhook/{ulid(1)}")
    assert event.payload == {"id": ulid(1), "party": DESK, "reason": "failing", "attempts": 10, "next": 17}
