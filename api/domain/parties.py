"""Parties: the people and organisations that say things, and whose words count as whose."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import NamedTuple

from api.domain.entries import ERASURE, Entry, Event
from api.domain.record import Body, Record, Stamp, changed, changes_between
from api.errors import FieldError, IdTaken, InvalidRequest
from schemas.vocabulary import RESERVED_PARTY_ID, UNKNOWN_PARTY_ID

ORGANIZATION = "organization"

# Narrower than any organisation, however deep in its hierarchy: a person's own words are nobody else's first.
PERSON_DEPTH = 1_000


@dataclass(frozen=True, slots=True)
class Party:
    """A person or organisation as it stands."""

    id: str
    body: Body
    stamp: Stamp

    @property
    def name(self) -> str:
        return str(self.body["name"])

    @property
    def is_organization(self) -> bool:
        return bool(self.body["kind"] == ORGANIZATION)

    @property
    def parent(self) -> str | None:
        return self.body.get("parent")


class Member(NamedTuple):
    """A party that a claim belongs to. The deeper, the narrower; at the top nothing above it has the claim too."""

    party: str
    depth: int
    top: bool


def record(body: Body, known: Record) -> Event:
    """Decide that a party is recorded. Raises IdTaken, or InvalidRequest for a parent that cannot be one."""
    if body["id"] == RESERVED_PARTY_ID:
        raise InvalidRequest.of(
            "/id", f"'{RESERVED_PARTY_ID}' is the command line's own name: choose another id.", "reserved"
        )
    if known.party(body["id"]):
        raise taken("party", body["id"], f"/v1/parties/{body['id']}")
    _check_parent(body["id"], body.get("parent"), known)
    return Event("party.recorded", f"party/{body['id']}", body)


def amend(party: Party, after: Body, reason: str, known: Record) -> Event:
    """Decide that a party's fields become those of `after`. Its id and kind never change."""
    changes = changes_between(party.body, after)
    errors = [
        FieldError(f"/{name}", f"The {name} of a party cannot be changed: record another party.", "immutable")
        for name in ("id", "kind")
        if name in changes
    ]
    if errors:
        raise InvalidRequest(errors[0].detail, errors=errors)
    if changes.get("parent"):
        _check_parent(party.id, changes["parent"], known)
    return Event("party.amended", f"party/{party.id}", {"changes": changes, "reason": reason})


def evolve(party: Party | None, entry: Entry) -> Party:
    """The party after one entry of its history."""
    if party is None:
        return Party(entry.payload["id"], entry.payload, Stamp.first(entry))
    changes = {} if entry.kind == ERASURE else entry.payload["changes"]
    return replace(party, body=changed(party.body, changes), stamp=party.stamp.next(entry))


def above(party: Party, known: Record) -> Iterator[Party]:
    """The organisations above a party, nearest first."""
    while party.parent is not None:
        parent = known.party(party.parent)
        if parent is None:
            return
        yield parent
        party = parent


def members(attribution: Body, known: Record) -> list[Member]:
    """The parties that a claim with this attribution belongs to, narrowest first.

    They are its speaker, the party spoken for, and every organisation above either that is itself an organisation. What
    ICE says counts as DHS's; a dismissed official who speaks for himself does not speak for DHS, so a
    person's own parent does not count.

    Unknown speakers are no party that could contradict itself: nobody knows which of their claims are one mouth's.
    """
    found: dict[str, Member] = {}
    for party_id in (attribution["speaker"], attribution.get("on_behalf_of")):
        party = known.party(party_id) if party_id else None
        if party is None or party.id in found or party.id == UNKNOWN_PARTY_ID:
            continue
        if not party.is_organization:
            found[party.id] = Member(party.id, PERSON_DEPTH, top=True)
            continue
        chain = [party, *above(party, known)]
        for height, member in enumerate(reversed(chain)):
            found.setdefault(member.id, Member(member.id, height, top=height == 0))
    return sorted(found.values(), key=lambda member: (-member.depth, member.party))


def _check_parent(party_id: str, parent_id: str | None, known: Record) -> None:
    if parent_id is None:
        return
    parent = known.party(parent_id)
    if parent is None and parent_id != party_id:
        raise InvalidRequest.of(
            "/parent", f"No party '{parent_id}' is recorded: record the parent first.", "unknown-party"
        )
    if parent_id == party_id or parent is None or party_id in {party.id for party in above(parent, known)}:
        raise InvalidRequest.of(
            "/parent", f"'{parent_id}' is the party itself or under it: a cycle of parents.", "cycle"
        )
    if not parent.is_organization:
        raise InvalidRequest.of(
            "/parent", f"'{parent_id}' is a person: a parent is an organization.", "not-organization"
        )


def taken(noun: str, identifier: str, url: str) -> IdTaken:
    """The refusal of an id that another record has."""
    return IdTaken(
        f"The {noun} id '{identifier}' is taken: choose another, or change the one at {url}.",
        errors=[FieldError("/id", f"Taken by {url}.", "taken")],
        members={"existing": url},
    )
