"""The Consistency-Token: who wrote gets answers that know of it, from this log and no other."""

from __future__ import annotations

import pytest

from api.reads import consistency, cursors
from api.storage import log
from tests.contract.conftest import CLAIM, MANDATORY, PARTY, VERDICT, VOLUNTARY, Api, problem

HEADER = "Consistency-Token"
# One of each kind of read.
READS = [
    f"/v1/claims/{MANDATORY}",
    f"/v1/claims/{MANDATORY}?at=8",
    "/v1/claims",
    "/v1/claims?q=voluntary",
    f"/v1/claims/{MANDATORY}/history",
    "/v1/questions/sc-voluntary/timeline?party=dhs",
    f"/v1/contradictions/{VOLUNTARY}~{MANDATORY}",
    "/v1/changes",
    "/v1/changes?since=now",
    "/v1/entries/0",
    "/v1/log/checkpoint",
    "/v1/log/key",
    "/v1/log/proofs/inclusion?index=0&size=8",
    "/v1/log/proofs/consistency?from=1&to=8",
    f"/v1/claims/{MANDATORY}/proof",
]
NO_TOKENS = ["", "1", "1.", "1.x", "2.AAAAAAAAAAA", "AAAAAAAAAAA", "1.AAAAAAAAAAA=", "1.AAAAAAAAAAB", "ü"]


def token(api: Api, size: int, last_leaf: bytes | None = None) -> str:
    """The token of a state of the log, or of one that it never was in."""
    return consistency.token(size, last_leaf or log.leaf_at(api.database.reader(), size - 1) or b"")


def test_every_write_gives_one(api: Api) -> None:
    """A POST, a PATCH and a withdrawal give the token of the log with their entry; each later one is another."""
    given = [
        api.post("/v1/parties", PARTY),
        api.post("/v1/claims", CLAIM),
        api.patch("/v1/parties/cbp", {"name": "CBP", "reason": "Shorter."}, If_Match='"8"'),
        api.post(f"/v1/claims/{MANDATORY}/verdicts", VERDICT),
        api.post(f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "Forged."}, If_Match="*"),
    ]
    assert [answer.headers[HEADER] for answer in given] == [token(api, size) for size in range(9, 14)]


def test_a_retry_gives_the_first_one(api: Api) -> None:
    """The answer to an Idempotency-Key is the first answer, with its token, whatever was written since."""
    first = api.post("/v1/parties", PARTY, Idempotency_Key="k")
    api.made("/v1/claims", CLAIM)
    assert api.post("/v1/parties", PARTY, Idempotency_Key="k").headers[HEADER] == first.headers[HEADER]
    assert first.headers[HEADER] == token(api, 9)


def test_a_page_of_changes_gives_one(api: Api) -> None:
    """Who has seen an entry in the feed can read what it made: the token is of the place that `next` is."""
    page = api.get("/v1/changes?limit=3")
    assert page.headers[HEADER] == token(api, 3) == f"1.{page.json['next']}"
    assert api.get("/v1/changes").headers[HEADER] == token(api, 8)
    assert HEADER not in api.get("/v1/claims").headers


@pytest.mark.parametrize("path", READS)
def test_every_read_takes_one(api: Api, path: str) -> None:
    """What the log has, it answers as without; what it has not, or no longer, is 412 with the head; anything else is
    refused by name."""
    plain = api.get(path)
    for size in (0, 1, 8):
        answer = api.get(path, Consistency_Token=token(api, size))
        assert (answer.status_code, answer.data) == (200, plain.data)
    ahead = problem(api.get(path, Consistency_Token=token(api, 9, b"another leaf")), "consistency-unmet")
    assert ahead["head"]["size"] == 8 and "9 entries" in ahead["detail"]
    for size in (3, 8):
        other = token(api, size, b"another leaf")
        assert "lost" in problem(api.get(path, Consistency_Token=other), "consistency-unmet")["detail"]
    for nonsense in NO_TOKENS:
        members = problem(api.get(path, Consistency_Token=nonsense), "invalid-request", f"/{HEADER}")
        assert members["errors"][0]["code"] == "consistency-token"


def test_a_write_takes_one(api: Api) -> None:
    """Who wrote to a log that has lost it does not go on as if nothing had happened: nothing is written."""
    other = token(api, 8, b"another leaf")
    problem(api.post("/v1/parties", PARTY, Consistency_Token=other), "consistency-unmet")
    patched = api.patch("/v1/parties/ice", {"name": "I", "reason": "R"}, If_Match='"3"', Consistency_Token=other)
    problem(patched, "consistency-unmet")
    problem(api.post("/v1/parties", PARTY, Consistency_Token="x"), "invalid-request", f"/{HEADER}")
    assert api.size == 8
    assert api.post("/v1/parties", PARTY, Consistency_Token=token(api, 8)).status_code == 201


def test_a_search_goes_on_where_it_can(api: Api) -> None:
    """The cursor of a search is of a state of the log: one that the log has not reached is not this list's."""
    for size, status in ((8, 200), (9, 422)):
        assert api.get(f"/v1/claims?q=voluntary&cursor={cursors.encode('q', size, 1)}").status_code == status
