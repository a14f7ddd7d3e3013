"""Cursors: a list goes on with its own, refuses any other, and whatever is sent it never breaks."""

from __future__ import annotations

import json
from base64 import urlsafe_b64encode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from marshmallow import ValidationError

from api.errors import InvalidRequest
from api.reads import cursors
from api.storage.sqlite import Database
from tests.reads import asking

# Each list, with a page of one so that there is a next one.
LISTS: dict[str, tuple[str, dict[str, str]]] = {
    "recorded": ("claims", {"sort": "recorded"}),
    "-recorded": ("claims", {"sort": "-recorded"}),
    "stated": ("claims", {"sort": "stated"}),
    "-stated": ("claims", {"sort": "-stated"}),
    "search": ("claims", {"q": "voluntary"}),
    "timeline": ("timeline/q-voluntary", {"party": "dhs"}),
    "contradictions": ("contradictions", {"party": "dhs"}),
    "assessed": ("contradictions", {"status": "confirmed"}),
}


def following(database: Database, name: str, asked: dict[str, str]) -> str:
    found: str = json.loads(asking.page(database, name, asked | {"limit": "1"}))["next"]
    return found


@pytest.mark.parametrize("given_by", LISTS)
@pytest.mark.parametrize("sent_to", LISTS)
def test_cursors_belong_to_their_list(dhs: Database, given_by: str, sent_to: str) -> None:
    """A list takes the cursor that it gave, and refuses that of a list in another order, by name."""
    cursor = following(dhs, *LISTS[given_by])
    name, asked = LISTS[sent_to]
    refused = asking.refusal(dhs, name, asked | {"cursor": cursor})
    # All contradictions are followed by those made by hand, so the list takes both kinds of cursor.
    if given_by == sent_to or (given_by, sent_to) == ("assessed", "contradictions"):
        assert refused is None
    else:
        assert isinstance(refused, InvalidRequest)
        assert [(error.pointer, error.code) for error in refused.errors] == [("/cursor", "cursor")]


keys = st.integers(-3, 2**63) | st.text(max_size=5) | st.none() | st.booleans() | st.lists(st.integers(), max_size=2)
forged = st.builds(
    lambda kind, rest: urlsafe_b64encode(json.dumps([kind, *rest]).encode()).rstrip(b"=").decode(),
    st.sampled_from(["n", "-n", "d", "-d", "q", "t", "o", "a", "h", "x", ""]),
    st.lists(st.integers(-3, 50), min_size=1, max_size=3) | st.lists(keys, max_size=10),
)
walks = st.builds(
    lambda question, sides, rest: cursors.encode("o", question, *sides, *rest),
    st.integers(0, 100),
    st.lists(st.sampled_from(["mandatory", "voluntary", "unclear", "", "z"]), min_size=2, max_size=2),
    st.lists(st.integers(-1, 10) | st.integers(733_000, 735_000), min_size=7, max_size=7),
)
encoded = st.binary(max_size=20).map(lambda raw: urlsafe_b64encode(raw).decode())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    cursor=forged
    | walks
    | st.text(max_size=30)
    | st.binary(max_size=20).map(lambda raw: urlsafe_b64encode(raw).decode())
)
@example(cursor="")
@example(cursor="====")
@example(cursor="\ud800")
@example(cursor="W10")
def test_forged_cursors(dhs: Database, cursor: str) -> None:
    """Anything that is sent as a cursor is answered with a page or refused."""
    for name, asked in LISTS.values():
        try:
            page = asking.page(dhs, name, asked | {"cursor": cursor, "limit": "2"})
        except (InvalidRequest, ValidationError):
            continue
        assert len(json.loads(page).get("items", [])) <= 2


def test_a_cursor_is_safe_in_an_address(dhs: Database) -> None:
    """Cursors have only letters, digits, - and _, and say nothing that a reader may not see."""
    for name, asked in LISTS.values():
        cursor = following(dhs, name, asked)
        assert cursor.replace("-", "").replace("_", "").isalnum()
        assert len(cursor) <= 512
