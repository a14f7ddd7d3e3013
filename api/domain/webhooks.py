"""Webhooks: what a subscription asks for, how long a receiver that fails is tried, and the entry that says it was given
up. Which subscriptions there are is no part of the log: only that one was disabled is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from api.domain.entries import Event
from api.domain.record import Body

# Seconds to wait after the first, second … failed attempt: 53.6 hours in all. After one more attempt it is given up.
DELAYS = (5, 60, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 79_200)
# The share by which a delay is made shorter or longer, so that those who failed together do not come back together.
JITTER = 0.1
# The longest that a receiver may ask to be left alone for, in seconds (Retry-After).
PATIENCE = 86_400


@dataclass(frozen=True, slots=True)
class Filter:
    """Which entries a subscription is told of: those that pass every part. Of the last two parts one is enough.

    `party` is it and everything under it; `contradiction` a claim that a party contradicted itself by; `status` that
    the status of a claim which was there before changed.
    """

    kinds: tuple[str, ...] = ()
    party: str | None = None
    question: str | None = None
    contradiction: bool = False
    status: bool = False

    @classmethod
    def of(cls, body: Body) -> Filter:
        """The filter that a request's body describes."""
        return cls(**{**body, "kinds": tuple(body.get("kinds", ()))})

    @property
    def facets(self) -> list[str]:
        """The names under which the feed of changes finds what passes; not all that it finds passes."""
        kind = f"kind={self.kinds[0]}" if len(self.kinds) == 1 else None
        named = (self.party and f"party={self.party}", self.question and f"question={self.question}", kind)
        return [name for name in named if name]

    def concerns(self, kind: str) -> bool:
        """Whether any entry of a kind passes."""
        return not self.kinds or kind in self.kinds

    def admits(self, change: Body, opposed: Sequence[Any]) -> bool:
        """Whether a change passes that has the facets and a kind that passes. `opposed` are the claims that it
        contradicts."""
        if not (self.contradiction or self.status):
            return True
        changed = change["status"] is not None and change["status"]["from"] is not None
        return (self.contradiction and bool(opposed)) or (self.status and changed)


def delay(attempts: int, chance: float, asked: int | None = None) -> float | None:
    """Seconds to wait after so many failed attempts, None when it is given up. `chance` is a number from 0 to 1, and
    `asked` the seconds that the receiver asks for (Retry-After)."""
    if attempts > len(DELAYS):
        return None
    planned = DELAYS[attempts - 1] * (1 + JITTER * (2 * chance - 1))
    return max(planned, min(asked or 0, PATIENCE))


def disable(webhook_id: str, owner: str, reason: str, attempts: int, next_index: int) -> Event:
    """Decide that a subscription is disabled. Its address is no business of the log's, and nobody's words are in it.

    `reason` is `failing` (every attempt did) or `gone` (the receiver answered 410); `next_index` is the first entry
    that it may not have been told of.
    """
    payload = {"id": webhook_id, "party": owner, "reason": reason, "attempts": attempts, "next": next_index}
    return Event("webhook.disabled", f"webhook/{webhook_id}", payload)
