"""Has this been said, and does it contradict what they said before?"""

from __future__ import annotations

from typing import Any

import pytest

from api.context import House
from tests.contract.conftest import CLAIM, MANDATORY, VOLUNTARY, Api, problem
from tests.records import load_fixtures, ulid

MATCH = "/v1/claims/match"


def match(api: Api, text: str, **asked: Any) -> dict[str, Any]:
    answer = api.post(MATCH, {"text": text} | asked, None)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def ids(items: list[dict[str, Any]]) -> list[str]:
    return [item["claim"]["id"] for item in items]


def test_a_sentence_finds_the_claims_that_say_the_same(api: Api) -> None:
    """Whatever the forms of its words, its links and tags: with score, parts, marked words, status and verdicts."""
    api.made(f"/v1/claims/{VOLUNTARY}/verdicts", {"rating": "false", "evidence": CLAIM["appearances"]})
    found = match(api, "#Localities may be opting out, they say https://t.co/x 🎉")
    assert found["engine"] == {"name": "bm25", "nli": None, "model": None, "note": None}
    [candidate] = found["candidates"]
    assert candidate["claim"] == api.get(f"/v1/claims/{VOLUNTARY}").json
    assert candidate["claim"]["status"] == "refuted"
    assert len(candidate["claim"]["verdicts"]) == 1
    assert 0 < candidate["score"] <= 1
    assert candidate["bm25"] > 0
    assert candidate["cosine"] is None
    assert candidate["snippet"] == "A <mark>locality</mark> may <mark>opt</mark> out."
    assert candidate["repeated"] is None
    assert (found["conflicts"], found["truncated"]) == ([], False)


def test_what_the_party_said_against_it(api: Api) -> None:
    """By the positions of a question, and by opposite words; for nobody without a party, and of no other party."""
    text = "A locality may opt out: it always was voluntary."
    [conflict] = match(api, text, party="dhs")["conflicts"]
    assert conflict["claim"]["id"] == MANDATORY
    reason = conflict["reasons"][0]
    assert (reason["kind"], reason["question"], reason["position"]) == ("position", "sc-voluntary", "voluntary")
    assert match(api, text)["conflicts"] == []
    assert match(api, text, party="napolitano")["conflicts"] == []


def test_filters(api: Api) -> None:
    """Only claims on the question, in the language, and certainly stated before the day."""
    asked = "A locality never was voluntary, may opt out."
    assert sorted(ids(match(api, asked)["candidates"])) == [VOLUNTARY, MANDATORY]
    assert sorted(ids(match(api, asked, question="sc-voluntary")["candidates"])) == [VOLUNTARY, MANDATORY]
    assert ids(match(api, asked, language="EN")["candidates"]) == [MANDATORY]
    assert ids(match(api, asked, language="fr")["candidates"]) == []
    assert ids(match(api, asked, stated_before="2011-04-22")["candidates"]) == [VOLUNTARY]
    assert ids(match(api, asked, limit=1)["candidates"]) == ids(match(api, asked)["candidates"])[:1]


def test_several_texts_at_once(api: Api) -> None:
    """Each is answered as by itself, in their order."""
    texts = ["A locality may opt out.", "It never was voluntary.", "😀"]
    answer = api.post(MATCH, {"texts": texts, "party": "dhs"}, None).json
    assert answer.keys() == {"engine", "results"}
    alone = [match(api, text, party="dhs") for text in texts]
    assert [{"engine": answer["engine"], **result} for result in answer["results"]] == alone
    assert answer["results"][2] == {"candidates": [], "conflicts": [], "truncated": False}


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/text"),
        ({"text": "a", "texts": ["b"]}, "/text"),
        ({"text": ""}, "/text"),
        ({"text": " \n"}, "/text"),
        ({"text": "x" * 10_001}, "/text"),
        ({"text": 7}, "/text"),
        ({"texts": ["a"] * 101}, "/texts"),
        ({"texts": ["a", ""]}, "/texts/1"),
        ({"text": "a", "party": "nobody"}, "/party"),
        ({"text": "a", "question": "nothing"}, "/question"),
        ({"text": "a", "language": "english language"}, "/language"),
        ({"text": "a", "stated_before": "2011"}, "/stated_before"),
        ({"text": "a", "limit": 0}, "/limit"),
        ({"text": "a", "limit": 101}, "/limit"),
        ({"text": "a", "speaker": "dhs"}, "/speaker"),
    ],
)
def test_bad_input_is_refused_by_name(api: Api, body: dict[str, Any], pointer: str) -> None:
    """What cannot be matched is named, and what would do instead."""
    problem(api.post(MATCH, body, None), "invalid-request", pointer)


def test_a_body_that_is_too_large_is_refused(api: Api) -> None:
    """A megabyte of text is nobody's sentence."""
    problem(api.post(MATCH, {"text": "a " * 600_000}, None), "body-too-large")


OPERATORS = ['"', "NEAR(a b)", "a AND OR NOT", "text:x*", "-", "'; DROP TABLE", "^x", "%", "\ue000"]


@pytest.mark.parametrize("text", OPERATORS)
def test_operators_are_text(api: Api, text: str) -> None:
    """Nothing in a sentence is an operator of any engine."""
    assert match(api, text)["truncated"] is False


def test_a_match_writes_nothing(api: Api) -> None:
    """Neither does it need a token; one that is wrong is refused."""
    size = api.size
    match(api, "A locality may opt out.", party="dhs")
    assert api.size == size
    problem(api.post(MATCH, {"text": "a"}, None, Authorization="Bearer onr_no"), "unauthenticated")


def test_the_best_so_far_when_time_runs_out(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer then says so."""
    monkeypatch.setattr("api.reads.matching.Deadline.passed", property(lambda self: True))
    assert match(api, "A locality may opt out.")["truncated"] is True


def test_what_is_similar_to_a_claim(api: Api) -> None:
    """The claim itself is left out; its own positions say what contradicts it, of whoever it speaks for."""
    other = api.made("/v1/claims", CLAIM | {"text": "A locality may not opt out.", "attribution": {"speaker": "dhs"}})
    found = api.get(f"/v1/claims/{VOLUNTARY}/similar").json
    assert ids(found["candidates"]) == [other["id"]]
    found = api.get(f"/v1/claims/{other['id']}/similar").json
    assert ids(found["candidates"]) == [VOLUNTARY]
    [conflict] = found["conflicts"]
    assert (conflict["claim"]["id"], conflict["reasons"][0]["kind"]) == (VOLUNTARY, "negation")
    problem(api.get(f"/v1/claims/{ulid(99)}/similar"), "not-found")
    problem(api.get(f"/v1/claims/{VOLUNTARY}/similar?limit=101"), "invalid-request", "/limit")


def test_likely_duplicates_are_named_when_a_claim_is_recorded(api: Api) -> None:
    """They do not stand in the way, and a retry gets the same answer."""
    body = CLAIM | {"text": "Any locality may opt out!"}
    made = api.post("/v1/claims", body, "claims", Idempotency_Key="k")
    assert made.status_code == 201
    [likely] = made.json["matches"]
    assert (likely["claim"], likely["url"]) == (VOLUNTARY, f"/v1/claims/{VOLUNTARY}")
    assert 0.7 <= likely["score"] <= 1
    assert api.post("/v1/claims", body, "claims", Idempotency_Key="k").data == made.data
    assert api.made("/v1/claims", CLAIM | {"text": "Something else entirely."})["matches"] == []


@pytest.mark.parametrize(
    ("text", "alike"),
    [
        ("The Secretary said: counties can decline participation in the information programme!", True),
        ("In the information program, counties can decline participation, said the secretary.", True),
        ("The Secretary said counties can refuse participation in the information programme.", True),
        ("The Secretary said counties must accept cooperation in the information programme.", False),
        ("Counties decline.", False),
        ("东京都的县可以拒绝参加。", True),
        ("东京都的县。", False),
    ],
)
def test_what_makes_a_likely_duplicate(api: Api, text: str, alike: bool) -> None:
    """Most of the words, in whatever order and form, of the text or of a variant; and more than some of them."""
    said = "The secretary said counties can decline participation in the information programme."
    variant = {"text": "东京都的县可以拒绝参加", "url": "https://example.org/zh", "note": "In Chinese."}
    first = api.made("/v1/claims", CLAIM | {"text": said, "variants": [variant]})
    found = api.made("/v1/claims", CLAIM | {"text": text})["matches"]
    assert [one["claim"] for one in found] == [first["id"]] * alike


# --- what somebody says of two claims --------------------------------------------------------------


def test_accepted_repetitions_count(api: Api) -> None:
    """A person says that two claims are the same: both show it, and the times, dates and places are counted."""
    again = api.made("/v1/claims", CLAIM | {"text": "Localities may opt out.", "stated_on": "2010-11"})
    path = f"/v1/claims/{VOLUNTARY}/matches"
    made = api.post(path, {"claim": again["id"], "relation": "same"}, "verdicts")
    assert made.status_code == 201
    assert made.headers["Location"] == f"/v1/claims/{VOLUNTARY}"
    assert made.json == api.get(f"/v1/claims/{VOLUNTARY}").json
    [relation] = made.json["relations"]
    assert (relation["claim"], relation["relation"], relation["by"]) == (again["id"], "same", "example-desk")
    [mirrored] = api.get(f"/v1/claims/{again['id']}").json["relations"]
    assert mirrored == relation | {"claim": VOLUNTARY}
    counted = {item["claim"]["id"]: item["repeated"] for item in match(api, "A locality may opt out.")["candidates"]}
    repeated = {"times": 2, "first": "2010-09-07", "last": "2010-11", "appearances": 2}
    assert counted == {VOLUNTARY: repeated, again["id"]: repeated}
    last = api.get("/v1/changes?limit=200").json["changes"][-1]
    assert (last["kind"], last["subject"]) == ("claim.matched", f"claim/{VOLUNTARY}")


def test_whoever_disagrees_stops_the_count(api: Api) -> None:
    """Each party has one say on two claims, its last one."""
    again = api.made("/v1/claims", CLAIM | {"text": "Localities may opt out."})["id"]
    path = f"/v1/claims/{VOLUNTARY}/matches"
    for scope, relation in (("verdicts", "same"), ("other verdicts", "different")):
        assert api.post(path, {"claim": again, "relation": relation}, scope).status_code == 201
    assert all(item["repeated"] is None for item in match(api, "A locality may opt out.")["candidates"])
    assert api.post(f"/v1/claims/{again}/matches", {"claim": VOLUNTARY, "relation": "same"}, "other verdicts")
    assert [one["relation"] for one in api.get(f"/v1/claims/{again}").json["relations"]] == ["same", "same"]
    assert all(item["repeated"]["times"] == 2 for item in match(api, "A locality may opt out.")["candidates"])


def test_the_same_words_of_another_speaker_are_no_repetition(api: Api) -> None:
    """They stay another claim, however the same they are."""
    api.post(f"/v1/claims/{VOLUNTARY}/matches", {"claim": MANDATORY, "relation": "same"})
    assert match(api, "A locality may opt out.")["candidates"][0]["repeated"] is None


def test_bad_relations(api: Api) -> None:
    """A claim and itself, one that is not there, one that was withdrawn, a word that is none, and no scope."""
    path = f"/v1/claims/{VOLUNTARY}/matches"
    size = api.size
    problem(api.post(path, {"claim": VOLUNTARY, "relation": "same"}), "invalid-request", "/claim")
    problem(api.post(path, {"claim": ulid(99), "relation": "same"}), "invalid-request", "/claim")
    problem(api.post(path, {"claim": MANDATORY, "relation": "equal"}), "invalid-request", "/relation")
    problem(api.post(path, {"claim": MANDATORY}), "invalid-request", "/relation")
    problem(api.post(f"/v1/claims/{ulid(99)}/matches", {"claim": MANDATORY, "relation": "same"}), "not-found")
    problem(api.post(path, {"claim": MANDATORY, "relation": "same"}, "claims"), "forbidden")
    assert api.size == size
    api.post(f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "A forgery."}, If_Match="*")
    problem(api.post(path, {"claim": MANDATORY, "relation": "same"}), "claim-withdrawn")


# --- the record of DHS -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "opposing"),
    [
        ("Participation in Secure Communities is optional for counties.", "mandatory"),
        ("No jurisdiction can opt out.", "voluntary"),
    ],
)
def test_the_record_of_dhs(api: Api, tmp_path: Any, text: str, opposing: str) -> None:
    """The statements of the other position come first among the conflicts, each with its reason."""
    from api.storage.sqlite import Database

    database = Database(tmp_path / "dhs.db")
    database.migrate()
    load_fixtures(database)
    house: House = api.app.extensions["onrecord"]
    asked = Api(api.app, database, api.tokens)
    try:
        conflicts = match(asked, text, party="dhs")["conflicts"]
    finally:
        database.close()
        api.app.extensions["onrecord"] = house
    positions = [{s["question"]: s["position"] for s in one["claim"]["stances"]} for one in conflicts]
    assert len(positions) >= 5
    assert [taken.get("q-voluntary") for taken in positions[:5]] == [opposing] * 5
    assert all(one["reasons"] for one in conflicts)
