"""What a replica answers while it is held back, and what only the primary does."""

from __future__ import annotations

from api.storage import keys, log
from tests.conftest import NOW
from tests.records import DESK, Recorder
from tests.replicas.conftest import Service, ids, party


def test_who_wrote_sees_it(service: Service) -> None:
    """The replica answers, and may be behind; who sends the token of a write back, or a newer ETag, is not told
    anything older."""
    client = service.client()
    service.hold()
    made = client.post("/v1/parties", json=party("cbp"), headers=service.headers)
    assert made.status_code == 201
    assert ids(client) == [DESK], "the replica answers"
    assert ids(client, Consistency_Token=made.headers["Consistency-Token"]) == [DESK, "cbp"]
    ahead = Recorder(service.database)
    before = client.get(f"/v1/parties/{DESK}")
    ahead.amend_party(DESK, name="The Desk")
    assert client.get(f"/v1/parties/{DESK}").data == before.data
    etag = f'"{log.head(service.database.reader()).size - 1}"'
    assert client.get(f"/v1/parties/{DESK}", headers={"If-None-Match": etag}).status_code == 304
    fresh = client.get(f"/v1/parties/{DESK}", headers={"Consistency-Token": made.headers["Consistency-Token"]})
    assert fresh.json["name"] == "The Desk"
    tag = client.get("/v1/parties", headers={"Consistency-Token": made.headers["Consistency-Token"]}).headers["ETag"]
    assert client.get("/v1/parties", headers={"If-None-Match": tag}).status_code == 304


def test_what_is_not_there_only_the_primary_says(service: Service) -> None:
    """A document, an entry, a filter, a size and an instant that the replica does not know yet are there."""
    client = service.client()
    service.hold()
    made = client.post("/v1/parties", json=party("cbp"), headers=service.headers)
    assert client.get(made.headers["Location"]).data == made.data
    assert client.get("/v1/entries/1").json["subject"] == "party/cbp"
    assert client.get("/v1/claims?party=cbp").json["items"] == []
    assert len(client.get("/v1/parties?at=2").json["items"]) == 2
    assert len(client.get("/v1/parties?at=2999-01-01T00:00:00Z").json["items"]) == 2
    assert client.get("/v1/log/proofs/inclusion?index=1&size=2").status_code == 200
    assert client.get("/v1/parties/nobody").status_code == 404
    assert client.get("/v1/parties?at=3").status_code == 422


def test_a_patch_is_of_what_the_primary_has(service: Service) -> None:
    """Changes are based on, and compared with, the newest revision."""
    client = service.client()
    service.hold()
    etag = client.post("/v1/parties", json=party("cbp"), headers=service.headers).headers["ETag"]
    change = {"name": "Customs", "reason": "Its name."}
    assert client.patch("/v1/parties/cbp", json=change, headers=service.headers | {"If-Match": etag}).status_code == 200
    assert client.patch("/v1/parties/cbp", json=change, headers=service.headers | {"If-Match": etag}).status_code == 412


def test_a_token_counts_at_once(service: Service) -> None:
    """A token that was just made works, and one that was just revoked does not, whatever the replica knows."""
    client = service.client()
    service.hold()
    with service.database.turn() as db:
        _, secret = keys.create_token(db, party=DESK, scopes=("claims",), note=None, now=NOW)
        assert keys.revoke_token(db, service.token.id, NOW)
    assert client.get("/v1/parties", headers={"Authorization": f"Bearer {secret}"}).status_code == 200
    assert client.get("/v1/parties", headers=service.headers).status_code == 401


def test_what_is_signed_is_what_the_primary_has(service: Service) -> None:
    """A replica that is behind what was signed does not look like a ledger that has lost it."""
    client = service.client()
    service.hold()
    service.record.party("cbp")
    for _ in range(2):
        assert client.get("/v1/log/checkpoint").data.splitlines()[1] == b"2"
        assert len(client.get("/v1/parties").json["items"]) == 1
    assert client.get("/v1/log/key").status_code == 200
    assert client.post("/v1/parties", json=party("ice"), headers=service.headers).status_code == 201
