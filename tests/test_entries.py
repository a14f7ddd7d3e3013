"""The bytes of entries are those that the format fixes, to the last one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from hashlib import sha256

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from api import ledger, merkle
from api.domain.entries import Entry, canonical, instant, leaf_data, payload_hash

MAX = 2**53 - 1
AWKWARD = '\x00\x01\b\t\n\v\f\r\x1b\x1f "\\/\x7f\x80\u00e9\u2028\u2029\ufeff\ufffe\uffff\U0001f600\U0010ffff'
texts = st.text(st.characters(exclude_categories=["Cs"])) | st.text(st.sampled_from(AWKWARD))
keys = st.text(st.sampled_from('abcdefghijklmnopqrstuvwxyzABCXYZ0123456789_-$ "\\'), max_size=6)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-MAX, MAX) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(keys, values, max_size=6))
def test_payload_bytes_are_canonical(payload: dict[str, object]) -> None:
    """A payload's bytes are what a general implementation of RFC 8785 makes of it."""
    assert canonical(payload) == rfc8785.dumps(payload)


@pytest.mark.parametrize(
    ("payload", "written"),
    [
        ({"b": 1, "a": [], "B": None}, b'{"B":null,"a":[],"b":1}'),
        ({"t": '\x00\x1f\x7f\b\t\n\f\r"\\/'}, b'{"t":"\\u0000\\u001f\x7f\\b\\t\\n\\f\\r\\"\\\\/"}'),
        ({"t": "東京 \u2028 \U0001f600"}, '{"t":"東京 \u2028 \U0001f600"}'.encode()),
        ({"n": [MAX, -MAX, 0, -0]}, b'{"n":[9007199254740991,-9007199254740991,0,0]}'),
    ],
)
def test_canonical_bytes_by_example(payload: dict[str, object], written: bytes) -> None:
    """Keys are sorted, nothing is put between tokens, and only what must be escaped is."""
    assert canonical(payload) == written


def test_leaf_bytes_are_pinned() -> None:
    """The leaf of an entry is seven lines, and its hash the one that anybody can compute by hand."""
    salt = bytes(range(32))
    payload = canonical({"reason": "Forgery", "claim": "01JDF3QZ5W8N6T2K4M7R9V0XAB"})
    hashed = payload_hash(salt, payload)
    assert hashed == sha256(salt + b'{"claim":"01JDF3QZ5W8N6T2K4M7R9V0XAB","reason":"Forgery"}').digest()
    verdict = "verdict/01JDF5B2C3D4E5F6G7H8J9K0MN"
    entry = Entry(17, "2026-11-24T10:00:00.000Z", "verdict.retracted", verdict, "example-desk", {})
    data = leaf_data(17, entry.recorded_at, entry.kind, entry.subject, entry.actor, hashed)
    assert data == (
        b"onrecord/entry/v1\n"
        b"17\n"
        b"2026-11-24T10:00:00.000Z\n"
        b"verdict.retracted\n"
        b"verdict/01JDF5B2C3D4E5F6G7H8J9K0MN\n"
        b"example-desk\n"
        b"HEX\n"
    ).replace(b"HEX", hashed.hex().encode())
    sealed = ledger.seal(entry, salt, payload)
    assert sealed.payload_hash == hashed
    assert sealed.leaf_hash == sha256(b"\x00" + data).digest() == merkle.leaf_hash(data)
    assert (sealed.salt, sealed.payload) == (salt, payload)


@pytest.mark.parametrize(
    ("moment", "written"),
    [
        (datetime(2026, 11, 24, 10, tzinfo=UTC), "2026-11-24T10:00:00.000Z"),
        (datetime(2026, 11, 24, 10, 0, 0, 999, tzinfo=UTC), "2026-11-24T10:00:00.000Z"),
        (datetime(2026, 11, 24, 10, 0, 0, 120_000, tzinfo=UTC), "2026-11-24T10:00:00.120Z"),
        (datetime(2026, 11, 24, 10, 0, 59, 999_999, tzinfo=UTC), "2026-11-24T10:00:59.999Z"),
        (datetime(2026, 11, 24, 1, tzinfo=timezone(timedelta(hours=2))), "2026-11-23T23:00:00.000Z"),
    ],
)
def test_instants_have_three_decimals(moment: datetime, written: str) -> None:
    """An instant is written in UTC with three decimals, cut off and never rounded up."""
    assert instant(moment) == written
