"""What the tests of faults ask of a server, and what it must answer."""

from __future__ import annotations

from typing import Any

from tests.contract.servers import Got
from tests.faults.running import Running
from tests.records import APPEARANCE

CLAIM: dict[str, Any] = {"wording": "direct", "appearances": [APPEARANCE]}
READ = ("/v1/claims?q=voluntary", "/v1/changes", "/v1/parties/agency", "/v1/entries/2", "/readyz")


def claim(server: Running, token: str, words: str, speaker: str = "agency") -> Got:
    """Records a claim under a key that follows from its words."""
    body = CLAIM | {"text": words, "attribution": {"speaker": speaker}}
    return server.send("POST", "/v1/claims", body, token, Idempotency_Key=words.replace(" ", "-"))


def refused(answer: Got) -> None:
    """The answer to a write that the storage does not take: what to do, when to come back, and no path."""
    assert (answer.status, answer.headers["content-type"]) == (503, "application/problem+json"), answer.body
    assert answer.json["type"] == "urn:onrecord:problem:storage-unavailable"
    assert "operator" in answer.json["detail"] and "Idempotency-Key" in answer.json["detail"]
    assert int(answer.headers["retry-after"]) > 0
    assert b".db" not in answer.body


def still_read(server: Running, size: int) -> None:
    """What was on record is answered as before, and there are so many entries."""
    assert all(server.answers(path) for path in READ)
    assert server.get("/v1/changes").json["head"]["size"] == size
