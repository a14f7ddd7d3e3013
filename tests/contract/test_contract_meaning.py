"""Matching by meaning: what it ranks, what is kept for it and what goes, and what it says when something is missing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import pytest

from api import erasing
from api.domain.matching import terms
from api.embedding.embedder import Embedder, digest, words
from api.reads import meaning
from api.reads.conflicts import Documents
from api.reads.matching import Chosen, Deadline, ranked
from api.storage import log, vectors
from api.storage.postings import Within
from api.storage.vectors import Vector
from tests.contract.conftest import CLAIM, MANDATORY, VOLUNTARY, Api
from tests.contract.servers import serving

MATCH = "/v1/claims/match"
MODEL = "all-MiniLM-L6-v2-onnx-int8"
BOATS, CHOICE = "Two counties participate in a boat race.", "The counties may pick whether they join."


class Counted:
    """An embedder that remembers what it was asked for."""

    def __init__(self, embedder: Embedder) -> None:
        self.embedder, self.read = embedder, list[str]()

    def __getattr__(self, name: str) -> Any:
        return getattr(self.embedder, name)

    def vector(self, text: str) -> bytes | None:
        self.read.append(text)
        return self.embedder.vector(text)


@pytest.fixture
def counted(api: Api, embedder: Embedder) -> Counted:
    """The application with the model; `read` has what it was asked for."""
    made = Counted(embedder)
    api.app.extensions["onrecord"].embedder = made
    return made


def said(api: Api, text: str, **more: Any) -> str:
    return str(api.made("/v1/claims", CLAIM | {"text": text} | more)["id"])


def match(api: Api, text: str, **asked: Any) -> dict[str, Any]:
    answer = api.post(MATCH, {"text": text, **asked}, None)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def stored(api: Api, claim: str) -> Vector | None:
    db = api.database.reader()
    no = log.number(db, f"claim/{claim}")
    assert no is not None
    return vectors.of(db, MODEL, [no]).get(no)


def test_what_means_the_same_comes_first(api: Api, counted: Counted) -> None:
    """The scores are of both parts, and `engine` names the model."""
    choice, boats = said(api, CHOICE), said(api, BOATS)
    text = "Counties can choose to participate or not."
    api.app.extensions["onrecord"].embedder = Embedder("off")
    plain = match(api, text)
    assert [item["claim"]["id"] for item in plain["candidates"]] == [boats, choice]
    assert plain["engine"] == {"name": "bm25", "nli": None, "model": None, "note": None}
    api.app.extensions["onrecord"].embedder = counted
    found = match(api, text)
    assert found["engine"] == {"name": "bm25+cosine", "nli": None, "model": MODEL, "note": None}
    assert [item["claim"]["id"] for item in found["candidates"]] == [choice, boats]
    best = max(item["bm25"] for item in found["candidates"])
    for item in found["candidates"]:
        assert item["score"] == pytest.approx(0.7 * item["cosine"] + 0.3 * item["bm25"] / best, abs=2e-4)
    assert match(api, text, limit=1)["candidates"] == found["candidates"][:1]


def test_a_recorded_claim_has_its_vector(api: Api, counted: Counted) -> None:
    """Made once, when it is written: a match reads only its own text, and a retry makes no other."""
    headers = {"Idempotency_Key": "k"}
    made = api.post("/v1/claims", CLAIM | {"text": CHOICE}, **headers).json["id"]
    assert api.post("/v1/claims", CLAIM | {"text": CHOICE}, **headers).json["id"] == made
    kept = stored(api, made)
    assert kept is not None
    assert kept.words == digest(words(api.get(f"/v1/claims/{made}").json))
    counted.read.clear()
    assert match(api, "counties pick")["candidates"][0]["cosine"] > 0.3
    assert counted.read == ["counties pick"]


def test_links_mean_nothing(api: Api, counted: Counted) -> None:
    """The model is not shown them."""
    found = match(api, "A locality may opt out. https://t.co/x1y2")
    assert found["candidates"][0]["cosine"] == match(api, "A locality may opt out.")["candidates"][0]["cosine"]
    assert counted.read[0] == "A locality may opt out."


def test_what_was_refused_leaves_no_vector(api: Api, counted: Counted) -> None:
    """A duplicate writes nothing."""
    said(api, CHOICE)
    rows = vectors.count(api.database.reader(), MODEL)
    assert api.post("/v1/claims", CLAIM | {"text": CHOICE}).status_code == 409
    assert vectors.count(api.database.reader(), MODEL) == rows == 1


def test_changed_words_have_another_vector(api: Api, counted: Counted) -> None:
    """An old one is never used, whoever changed the words."""
    claim = said(api, CHOICE)
    before = stored(api, claim)
    api.patch(f"/v1/claims/{claim}", {"text": BOATS, "reason": "Misheard."}, If_Match="*")
    after = stored(api, claim)
    assert before and after
    assert before.vector != after.vector
    # As if the words had been changed where no model was.
    with api.database.turn() as db:
        vectors.put(db, [before])
    counted.read.clear()
    [item] = match(api, BOATS)["candidates"]
    assert item["cosine"] > 0.9
    assert len(counted.read) == 2


def test_vectors_go_with_the_words(api: Api, counted: Counted) -> None:
    """Of a claim that is withdrawn, or erased."""
    withdrawn, erased, kept = said(api, CHOICE), said(api, BOATS), said(api, "Counties grow corn.")
    api.post(f"/v1/claims/{withdrawn}/withdrawal", {"reason": "A forgery."}, If_Match="*")
    erasing.erase(api.database, f"claim/{erased}", "A court said so.", "example-desk")
    assert [stored(api, claim) is None for claim in (withdrawn, erased, kept)] == [True, True, False]
    assert vectors.count(api.database.reader(), MODEL) == 1
    scores = {item["claim"]["id"]: item["cosine"] for item in match(api, "counties")["candidates"]}
    assert scores[withdrawn] is None
    assert scores[kept] is not None


def test_a_few_that_are_missing_are_made(api: Api, counted: Counted) -> None:
    """They are used, and not kept: a match writes nothing."""
    [item] = match(api, "A locality may opt out.")["candidates"]
    assert (item["claim"]["id"], item["cosine"] > 0.9) == (VOLUNTARY, True)
    assert len(counted.read) == 2
    assert stored(api, VOLUNTARY) is None


def test_many_that_are_missing(api: Api, counted: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words alone rank, and the answer says what to do; of several texts, that some were ranked so."""
    monkeypatch.setattr(meaning, "MADE_AT_MOST", 0)
    found = match(api, "A locality may opt out.")
    assert found["engine"] == {"name": "bm25", "nli": None, "model": None, "note": meaning.TOO_MANY}
    assert found["candidates"][0]["cosine"] is None
    said(api, BOATS)
    both = api.post(MATCH, {"texts": [BOATS, "A locality may opt out."]}, None).json
    note = f"Of some texts: {meaning.TOO_MANY}"
    assert both["engine"] == {"name": "bm25+cosine", "nli": None, "model": MODEL, "note": note}
    assert [result["candidates"][0]["cosine"] is None for result in both["results"]] == [False, True]


def test_when_the_time_runs_out(api: Api, counted: Counted) -> None:
    """Words alone rank, the answer is truncated, and the model is not asked."""
    text = "A locality may opt out."
    with api.database.snapshot() as db:
        found = ranked(Chosen(db, terms(text), Deadline(5)), Within(), False, 10)
        late = meaning.Meaning(cast(Embedder, counted), Deadline(-1))
        assert late.ranking(db, text, found, Documents(db, log.head(db).size)) == (found, True)
    assert late.engine == {"name": "bm25", "model": None, "note": meaning.TOO_LATE}
    assert (len(found), counted.read) == (1, [])


def test_another_models_vectors_are_not_used(api: Api, counted: Counted) -> None:
    """Whatever its vectors look like; nor those of the same name that have another size."""
    claim = said(api, CHOICE)
    kept = stored(api, claim)
    assert kept is not None
    for strange in (kept._replace(model="another"), kept._replace(vector=bytes(10))):
        with api.database.turn() as db:
            vectors.put(db, [strange])
        counted.read.clear()
        assert match(api, CHOICE)["candidates"][0]["cosine"] > 0.8
        assert len(counted.read) == 2


def test_without_a_model(api: Api, tmp_path: Path) -> None:
    """Nothing else changes: claims are recorded, and the answer says why no meaning is compared."""
    api.app.extensions["onrecord"].embedder = Embedder(str(tmp_path / "nowhere.onnx"))
    claim = said(api, CHOICE)
    found = match(api, CHOICE)
    assert found["candidates"][0]["claim"]["id"] == claim
    assert (found["engine"]["name"], found["engine"]["model"]) == ("bm25", None)
    assert found["engine"]["note"] == "Only words are compared, not meaning: nowhere.onnx cannot be read."


def test_nothing_to_compare(api: Api, counted: Counted) -> None:
    """A text without words has no candidates, and the engine is there all the same."""
    found = match(api, "😀")
    assert (found["candidates"], found["engine"]["name"]) == ([], "bm25+cosine")


def test_similar_claims(api: Api, counted: Counted) -> None:
    """What is similar to a claim is ranked in the same way."""
    choice, boats = said(api, CHOICE), said(api, BOATS)
    found = api.get(f"/v1/claims/{choice}/similar").json
    assert found["engine"]["name"] == "bm25+cosine"
    assert [(item["claim"]["id"], item["cosine"] is None) for item in found["candidates"]] == [(boats, False)]
    assert MANDATORY not in (choice, boats)


def test_the_workers_of_a_server_have_it(tmp_path: Path, embedder: Embedder) -> None:
    """Each loads it when it is first asked, after it was forked, and its threads share it."""
    with serving(tmp_path, ONRECORD_MODEL="") as server:
        server.post("/v1/parties", {"id": "ice", "name": "ICE", "kind": "organization"})
        made = server.post("/v1/claims", CLAIM | {"text": CHOICE})
        assert made.status == 201
        with ThreadPoolExecutor(8) as pool:
            found = list(pool.map(lambda _: server.post(MATCH, {"text": CHOICE}).json, range(16)))
    assert {one["engine"]["model"] for one in found} == {MODEL}
    assert {one["candidates"][0]["claim"]["id"] for one in found} == {made.json["id"]}
    assert len({one["candidates"][0]["cosine"] for one in found}) == 1
