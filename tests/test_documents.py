"""Documents: every field is there, in the same order, null or empty where nothing was given."""

from __future__ import annotations

import json

import pytest

from api import documents
from api.domain.entries import Entry
from api.storage import log
from tests.memory import Memory
from tests.records import APPEARANCE, DESK, ulid

ATTRIBUTION = {"speaker": "dhs", "on_behalf_of": None, "role": None, "reported_through": None}
SOURCE = {"title": None, "publisher": None, "author": None, "published_on": None, "archived_url": None, "quote": None}
AT = "2026-11-24T10:00:0{}.000Z"


@pytest.fixture
def memory() -> Memory:
    """A record with as little as can be given of each kind."""
    made = Memory()
    made.add_party(DESK)
    made.add_party("dhs")
    made.add_question("q", "no", "yes")
    made.add_claim("It is voluntary.", "dhs", id=ulid(1))
    return made


def stamp(revision: int, first: int | None = None) -> dict[str, object]:
    return {
        "erased": None,
        "revision": revision,
        "recorded_at": AT.format(revision if first is None else first),
        "updated_at": AT.format(revision),
        "recorded_by": "operator",
    }


def test_least_of_a_party_and_a_question(memory: Memory) -> None:
    """What was not given is null, or an empty list."""
    assert json.loads(documents.party(memory.parties["dhs"])) == {
        "id": "dhs",
        "name": "DHS",
        "kind": "organization",
        "parent": None,
        "description": None,
        "same_as": [],
        **stamp(1),
    }
    assert json.loads(documents.question(memory.questions["q"])) == {
        "id": "q",
        "text": "Is it so (q)?",
        "scope": None,
        "positions": [{"id": name, "label": name.title(), "meaning": None, "neutral": False} for name in ("no", "yes")],
        **stamp(2),
    }


def test_least_of_a_claim(memory: Memory) -> None:
    """A claim's document has every field, nested ones too."""
    assert json.loads(documents.claim(memory.claims[ulid(1)])) == {
        "id": ulid(1),
        "text": "It is voluntary.",
        "text_sha256": "b455de74644d468d38bde4995512e6948db4d8041b31f85c8ad536a3c56dd926",
        "wording": "direct",
        "language": None,
        "attribution": ATTRIBUTION,
        "stated_on": None,
        "disclosed_on": None,
        "context": None,
        "appearances": [{"url": APPEARANCE["url"], **SOURCE}],
        "variants": [],
        "stances": [],
        "tags": [],
        "status": "unreviewed",
        "stale": False,
        "verdicts": [],
        "withdrawn": None,
        **stamp(3),
    }


def test_a_judged_and_withdrawn_claim(memory: Memory) -> None:
    """Verdicts stand in the claim's document as they stand by themselves."""
    claim = memory.publish(memory.claims[ulid(1)], "false", id=ulid(2))
    claim = memory.retract(claim, ulid(2))
    claim = memory.withdraw(claim)
    document = json.loads(documents.claim(claim))
    assert document["withdrawn"] == {"reason": "A forgery.", "at": AT.format(6), "by": "operator"}
    assert (document["revision"], document["recorded_at"], document["updated_at"]) == (6, AT.format(3), AT.format(6))
    assert document["verdicts"] == [
        {
            "id": ulid(2),
            "claim": ulid(1),
            "rating": "false",
            "label": None,
            "explanation": None,
            "evidence": [{"url": APPEARANCE["url"], **SOURCE}],
            "url": None,
            "title": None,
            "reviewer": DESK,
            "author": None,
            "reviewed_on": None,
            "language": None,
            "claim_revision": 3,
            "text_sha256": document["text_sha256"],
            "supersedes": None,
            "superseded_by": None,
            "status": "retracted",
            "stale": False,
            "retraction": {"reason": "It was wrong.", "at": AT.format(5)},
            "erased": None,
            "revision": 5,
            "recorded_at": AT.format(4),
        }
    ]
    assert json.loads(documents.verdict(claim.verdicts[0], claim)) == document["verdicts"][0]


def test_disclosed_when_stated_unless_said_otherwise(memory: Memory) -> None:
    """`disclosed_on` is as given, or else `stated_on`, as it was written."""
    both = memory.add_claim("One.", "dhs", stated_on="2010-09~", disclosed_on="2011")
    one = memory.add_claim("Two.", "dhs", stated_on="2010-09~")
    shown = [json.loads(documents.claim(claim)) for claim in (both, one)]
    assert [(d["stated_on"], d["disclosed_on"]) for d in shown] == [("2010-09~", "2011"), ("2010-09~", "2010-09~")]


def test_excerpts_are_members_to_be_joined(memory: Memory) -> None:
    """An excerpt is a JSON object without braces; its claim's id can be read off without parsing."""
    excerpt = documents.excerpt(memory.claims[ulid(1)])
    assert json.loads(b"{" + excerpt + b',"position":"yes"}') == {
        "claim": ulid(1),
        "url": f"/v1/claims/{ulid(1)}",
        "text": "It is voluntary.",
        "wording": "direct",
        "attribution": ATTRIBUTION,
        "stated_on": None,
        "disclosed_on": None,
        "erased": None,
        "status": "unreviewed",
        "position": "yes",
    }
    assert log.claim_of(excerpt) == ulid(1).encode()


@pytest.mark.parametrize(
    ("subject", "url"),
    [
        ("party/dhs", "/v1/parties/dhs"),
        ("question/q", "/v1/questions/q"),
        (f"claim/{ulid(1)}", f"/v1/claims/{ulid(1)}"),
        (f"verdict/{ulid(2)}", f"/v1/verdicts/{ulid(2)}"),
        (f"contradiction/{ulid(1)}:{ulid(2)}", f"/v1/contradictions/{ulid(1)}~{ulid(2)}"),
    ],
)
def test_where_a_change_points(subject: str, url: str) -> None:
    """Each change has the address of what it is about, and a status only where a claim's status changed."""
    entry = Entry(7, AT.format(7), "some.kind", subject, "dhs", {})
    line = json.loads(b"{" + documents.change(entry, None, "mixed", "mixed") + b"}")
    assert (line["url"], line["subject"], line["status"]) == (url, subject, None)
    line = json.loads(b"{" + documents.change(entry, ulid(1), None, "mixed") + b"}")
    assert (line["claim"], line["status"]) == (ulid(1), {"from": None, "to": "mixed"})
