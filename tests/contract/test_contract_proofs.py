"""The signed head, its keys, and proofs: each checked by definitions that know nothing of this code."""

from __future__ import annotations

import dataclasses
from base64 import b64decode
from typing import Any

import pytest

from api import keyring, notes
from api.storage import log
from tests import proving
from tests.contract.conftest import CLAIM, MANDATORY, PUBLIC_KEYS, VERDICT, VOLUNTARY, Api, problem

ORIGIN = "localhost/onrecord"
YEAR = "public, max-age=31536000, immutable"
UNKNOWN = "0" * 26
PROOFS = ("/v1/log/checkpoint", f"/v1/claims/{VOLUNTARY}/proof")


def keys(api: Api) -> list[str]:
    """The verifier keys that are published."""
    return api.get("/v1/log/key").get_data(as_text=True).splitlines()


def leaves(api: Api) -> list[bytes]:
    """The leaf hashes of the log, each computed from what is served of its entry."""
    return [proving.leaf_of(api.get(f"/v1/entries/{i}").json) for i in range(api.size)]


def checkpoint(api: Api) -> proving.Signed:
    """The checkpoint as it is now, its signatures checked."""
    return proving.opened(api.get("/v1/log/checkpoint").get_data(as_text=True), keys(api))


def checked(api: Api, file: dict[str, Any]) -> dict[str, Any]:
    """The entry of a proof file that holds: its leaf leads to a root that was signed."""
    assert file.keys() == {"format", "entry", "proof"} and file["format"] == "onrecord/proof/v1"
    above, _, note = file["proof"].partition("\n\n")
    first, index, *path = above.split("\n")
    assert (first, index) == ("c2sp.org/tlog-proof@v1", f"index {file['entry']['index']}")
    signed = proving.opened(note, keys(api))
    leaf = proving.leaf_of(file["entry"])
    assert leaf.hex() == file["entry"]["leaf_hash"]
    assert proving.included(leaf, file["entry"]["index"], signed.size, [b64decode(node) for node in path], signed.root)
    entry: dict[str, Any] = file["entry"]
    return entry


def test_the_checkpoint_is_the_head_signed(api: Api) -> None:
    """It is text, never from a cache, has the head's ETag, and its signature holds."""
    answer = api.get("/v1/log/checkpoint")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    head = log.head(api.database.reader())
    assert checkpoint(api) == (ORIGIN, 8, head.root, [PUBLIC_KEYS[0].split("+")[1]])
    assert answer.headers["ETag"] == f'"log-8-{head.root[:4].hex()}"' == api.etag("/v1/claims")
    unchanged = api.get("/v1/log/checkpoint", If_None_Match=answer.headers["ETag"])
    assert (unchanged.status_code, unchanged.headers["Cache-Control"]) == (304, "no-store")
    api.made("/v1/claims", CLAIM)
    assert api.get("/v1/log/checkpoint", If_None_Match=answer.headers["ETag"]).status_code == 200


def test_the_checkpoint_is_never_behind_the_changes(api: Api) -> None:
    """Whoever has read a page gets a checkpoint that covers it, with the root that follows from the entries."""
    for i in range(4):
        api.made("/v1/claims", CLAIM | {"text": f"It is number {i}."})
        head = api.get("/v1/changes").json["head"]
        signed = checkpoint(api)
        assert (signed.size, signed.root.hex()) == (head["size"], head["root"])
    assert signed.root == api_root(api)


def api_root(api: Api) -> bytes:
    """The root over the entries as they are served, by the recursive definition."""
    hashes = leaves(api)
    return _tree(hashes)


def _tree(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    k = proving.split(len(hashes))
    return proving.both(_tree(hashes[:k]), _tree(hashes[k:]))


def test_the_keys_are_published(api: Api) -> None:
    """One on each line, those that sign first; both while a key is rotated."""
    path = keyring.beside(api.database.beside)
    assert keys(api) == PUBLIC_KEYS
    assert api.get("/v1/log/key").headers["Content-Type"] == "text/plain; charset=utf-8"
    new = notes.new_key(ORIGIN)
    keyring.add(path, new, "now")
    assert keys(api) == [*PUBLIC_KEYS, str(new.verifier)]
    assert checkpoint(api).by == [key.split("+")[1] for key in keys(api)]
    keyring.retire(path, PUBLIC_KEYS[0].split("+")[1], "now")
    assert keys(api) == [str(new.verifier), *PUBLIC_KEYS]
    assert checkpoint(api).by == [new.verifier.id.hex()]


def test_without_a_key(api: Api) -> None:
    """What needs a signature is not there, and the remedy is named; everything else is."""
    keyring.beside(api.database.beside).unlink()
    for path in (*PROOFS, "/v1/log/key"):
        assert "onrecord key add" in problem(api.get(path), "not-found")["detail"]
    assert api.get("/v1/log/proofs/inclusion?index=0&size=8").status_code == 200
    assert api.post("/v1/claims", CLAIM).status_code == 201


def test_a_key_that_others_can_read_signs_nothing(api: Api) -> None:
    """It is answered as trouble of ours, and without the path; everything else goes on."""
    keyring.beside(api.database.beside).chmod(0o644)
    for path in (*PROOFS, "/v1/log/key"):
        assert str(api.database.beside) not in str(problem(api.get(path), "storage-unavailable"))
    assert api.post("/v1/claims", CLAIM).status_code == 201


def test_inclusion_of_every_entry_at_every_size(api: Api) -> None:
    """Each proof leads from the leaf, computed from the entry as it is served, to the root of that size."""
    hashes = leaves(api)
    for size in range(1, 9):
        for index in range(size):
            answer = api.get(f"/v1/log/proofs/inclusion?index={index}&size={size}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, YEAR)
            got = answer.json
            assert (got["index"], got["size"], got["leaf_hash"]) == (index, size, hashes[index].hex())
            root = _tree(hashes[:size])
            assert got["root"] == root.hex()
            assert proving.included(hashes[index], index, size, proving.hexes(got["path"]), root)


def test_consistency_of_every_two_sizes(api: Api) -> None:
    """Each proof leads to both roots, which are those of the entries as they are served."""
    hashes = leaves(api)
    for new in range(1, 9):
        for old in range(1, new + 1):
            answer = api.get(f"/v1/log/proofs/consistency?from={old}&to={new}")
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, YEAR)
            got = answer.json
            roots = _tree(hashes[:old]), _tree(hashes[:new])
            assert (got["from"], got["to"]) == (old, new)
            assert (got["from_root"], got["to_root"]) == (roots[0].hex(), roots[1].hex())
            assert proving.consistent(old, new, *roots, proving.hexes(got["path"]))


def test_a_proof_stays_as_the_log_grows(api: Api) -> None:
    """It may be kept for a year: the bytes are the same when there is more, and private with a token."""
    paths = ("/v1/log/proofs/inclusion?index=6&size=7", "/v1/log/proofs/consistency?from=3&to=7")
    before = [api.get(path).data for path in paths]
    api.made("/v1/claims", CLAIM)
    assert [api.get(path).data for path in paths] == before
    assert api.get(paths[0], "claims").headers["Cache-Control"] == "private, no-store"


WRONG = [
    ("/v1/log/proofs/inclusion?index=0", "/size", "required"),
    ("/v1/log/proofs/inclusion?size=8", "/index", "required"),
    ("/v1/log/proofs/inclusion?index=8&size=8", "/index", "range"),
    ("/v1/log/proofs/inclusion?index=3&size=3", "/index", "range"),
    ("/v1/log/proofs/inclusion?index=0&size=9", "/size", "future"),
    ("/v1/log/proofs/inclusion?index=9&size=9", "/size", "future"),
    ("/v1/log/proofs/inclusion?index=0&size=9007199254740991", "/size", "future"),
    ("/v1/log/proofs/inclusion?index=0&size=99999999999999999999", "/size", "integer"),
    ("/v1/log/proofs/inclusion?index=0&size=0", "/size", "range"),
    ("/v1/log/proofs/inclusion?index=-1&size=8", "/index", "integer"),
    ("/v1/log/proofs/inclusion?index=00&size=8", "/index", "integer"),
    ("/v1/log/proofs/inclusion?index=0&size=8&at=8", "/at", "unknown-parameter"),
    ("/v1/log/proofs/consistency?from=1", "/to", "required"),
    ("/v1/log/proofs/consistency?to=1", "/from", "required"),
    ("/v1/log/proofs/consistency?from=0&to=8", "/from", "range"),
    ("/v1/log/proofs/consistency?from=8&to=7", "/from", "range"),
    ("/v1/log/proofs/consistency?from=1&to=9", "/to", "future"),
    ("/v1/log/proofs/consistency?from=1.0&to=8", "/from", "integer"),
    ("/v1/log/checkpoint?size=3", "/size", "unknown-parameter"),
    ("/v1/log/key?id=1", "/id", "unknown-parameter"),
    (f"/v1/claims/{VOLUNTARY}/proof?at=3", "/at", "unknown-parameter"),
    (f"/v1/claims/{VOLUNTARY}/proof?revision=7", "/revision", "unknown-revision"),
    (f"/v1/claims/{VOLUNTARY}/proof?revision=0", "/revision", "unknown-revision"),
    (f"/v1/claims/{VOLUNTARY}/proof?revision=800", "/revision", "unknown-revision"),
]


@pytest.mark.parametrize(("url", "pointer", "code"), WRONG)
def test_a_wrong_index_or_size_is_refused(api: Api, url: str, pointer: str, code: str) -> None:
    """By name, with the reason, and kept by no cache."""
    assert problem(api.get(url), "invalid-request", pointer)["errors"][0]["code"] == code


def test_nothing_is_proved_of_what_is_not_there(api: Api) -> None:
    """A verdict or claim that is not on record has no proof."""
    for path in (f"/v1/verdicts/{UNKNOWN}/proof", f"/v1/claims/{UNKNOWN}/proof", f"/v1/verdicts/{VOLUNTARY}/proof"):
        problem(api.get(path), "not-found")


def test_a_verdict_has_its_proof_in_one_file(api: Api) -> None:
    """The file has the entry that published it, and holds offline; also when the verdict no longer stands."""
    verdict = api.made(f"/v1/claims/{MANDATORY}/verdicts", VERDICT)
    for _ in range(2):
        answer = api.get(f"/v1/verdicts/{verdict['id']}/proof")
        assert (answer.headers["Content-Type"], answer.headers["ETag"]) == ("application/json", api.etag("/v1/claims"))
        entry = checked(api, answer.json)
        assert (entry["kind"], entry["subject"]) == ("verdict.published", f"verdict/{verdict['id']}")
        assert entry == api.get(f"/v1/entries/{entry['index']}").json
        retraction = {"reason": "It was wrong."}
        api.post(f"/v1/verdicts/{verdict['id']}/retraction", retraction)


def test_each_revision_of_a_claim_has_its_proof(api: Api) -> None:
    """Every entry of its history can be proved; without a revision the newest about the claim itself is, and a verdict
    on it does not stand in the way."""
    path = f"/v1/claims/{VOLUNTARY}"
    recorded = checked(api, api.get(f"{path}/proof").json)
    assert (recorded["kind"], recorded["index"]) == ("claim.recorded", 6)
    api.patch(path, {"context": "Said in Boston.", "reason": "It was left out."}, If_Match='"6"')
    api.made(f"{path}/verdicts", VERDICT)
    newest = checked(api, api.get(f"{path}/proof").json)
    assert newest["kind"] == "claim.amended"
    for item in api.get(f"{path}/history").json["items"]:
        entry = checked(api, api.get(f"{path}/proof?revision={item['index']}").json)
        assert (entry["index"], entry["kind"]) == (item["index"], item["kind"])


def test_reads_go_on_where_the_ledger_was_rewound(api: Api) -> None:
    """A ledger that lost what was signed answers every read and refuses every write and signature with what to do."""
    api.database.heads.write_text(f'{{"size":9,"root":"{"ab" * 32}","signed_at":"then","key_ids":[]}}\n')
    for answer in (api.post("/v1/claims", CLAIM), *(api.get(path) for path in PROOFS)):
        members = problem(answer, "ledger-rewound")
        assert "heads abandon" in members["detail"] and answer.headers["Retry-After"]
        assert (members["signed"], members["size"]) == ({"size": 9, "root": "ab" * 32}, 8)
    for path in ("/v1/claims", "/v1/changes", "/v1/log/key", "/v1/log/proofs/inclusion?index=0&size=8", "/readyz"):
        assert api.get(path).status_code == 200
    api.database.heads.unlink()
    assert api.post("/v1/claims", CLAIM).status_code == 201


@pytest.mark.parametrize("path", [*PROOFS, "/v1/log/key", "/v1/log/proofs/inclusion?index=0&size=8"])
def test_a_closed_instance_proves_nothing_to_strangers(api: Api, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where reading needs a token, so do the log's head, keys and proofs."""
    house = api.app.extensions["onrecord"]
    monkeypatch.setattr(house, "settings", dataclasses.replace(house.settings, read_token_required=True))
    problem(api.get(path), "unauthenticated")
    assert api.get(path, "claims").status_code == 200
