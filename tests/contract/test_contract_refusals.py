"""What the record refuses over HTTP, each with its type, its place and its remedy, and nothing written."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.conftest import (
    ASSESSMENT,
    CLAIM,
    MANDATORY,
    OTHER,
    PARTY,
    QUESTION,
    VERDICT,
    VOLUNTARY,
    Api,
    problem,
)
from tests.records import DESK, ulid

VERDICTS = f"/v1/claims/{MANDATORY}/verdicts"

# A body that refers to what is not on record: the path, the body, where it is wrong, the code, a word of the remedy.
REFERENCES: list[tuple[str, dict[str, Any], str, str, str]] = [
    ("/v1/parties", PARTY | {"parent": "nobody"}, "/parent", "unknown-party", "record the parent first"),
    ("/v1/parties", PARTY | {"parent": "napolitano"}, "/parent", "not-organization", "organization"),
    (
        "/v1/claims",
        CLAIM | {"attribution": {"speaker": "nobody"}},
        "/attribution/speaker",
        "unknown-party",
        "POST /v1/parties",
    ),
    (
        "/v1/claims",
        CLAIM | {"stances": [{"question": "sc-voluntary", "position": "maybe"}]},
        "/stances/0/position",
        "unknown-position",
        "voluntary, mandatory, unclear",
    ),
    (
        "/v1/claims",
        CLAIM | {"stances": [{"question": "nothing", "position": "x"}]},
        "/stances/0/question",
        "unknown-question",
        "POST /v1/questions",
    ),
    (
        "/v1/claims",
        CLAIM | {"stances": [{"question": "sc-voluntary", "position": "voluntary"}] * 2},
        "/stances/1/question",
        "duplicate",
        "once",
    ),
    ("/v1/claims", CLAIM | {"tags": ["a", "b", "a"]}, "/tags/2", "duplicate", "once"),
    ("/v1/questions", QUESTION | {"positions": [QUESTION["positions"][0]] * 2}, "/positions/1/id", "duplicate", "once"),
    (
        "/v1/questions",
        QUESTION | {"positions": [QUESTION["positions"][0], {"id": "n", "label": "N", "neutral": True}]},
        "/positions",
        "neutral",
        "neutral",
    ),
    (VERDICTS, VERDICT | {"claim_revision": 8}, "/claim_revision", "unknown-revision", "current one is 7"),
    (VERDICTS, VERDICT | {"claim_revision": 2**53 - 1}, "/claim_revision", "unknown-revision", "current one is 7"),
    (VERDICTS, VERDICT | {"supersedes": ulid(99)}, "/supersedes", "unknown-verdict", "one of its own"),
    ("/v1/contradictions", ASSESSMENT | {"claims": [MANDATORY, ulid(99)]}, "/claims/1", "unknown-claim", "recorded"),
    ("/v1/contradictions", ASSESSMENT | {"claims": [ulid(99), MANDATORY]}, "/claims/0", "unknown-claim", "recorded"),
    ("/v1/contradictions", ASSESSMENT | {"claims": [MANDATORY, MANDATORY]}, "/claims/1", "duplicate", "two claims"),
    ("/v1/contradictions", ASSESSMENT | {"question": "nothing"}, "/question", "not-opposing", "leave it out"),
]


@pytest.mark.parametrize(("path", "body", "pointer", "code", "remedy"), REFERENCES)
def test_a_reference_to_nothing_is_refused(
    api: Api, path: str, body: dict[str, Any], pointer: str, code: str, remedy: str
) -> None:
    """Who and what is named must be on record; the answer says where it is not, and what to do first."""
    members = problem(api.post(path, body), "invalid-request", pointer)
    assert members["errors"][0]["code"] == code
    assert remedy in members["errors"][0]["detail"]
    assert api.size == 8


def test_all_references_of_a_claim_are_checked_at_once(api: Api) -> None:
    """Each party and stance that is not on record is named in one answer."""
    body = CLAIM | {
        "attribution": {"speaker": "a", "on_behalf_of": "b", "reported_through": "c"},
        "stances": [{"question": "q", "position": "p"}, {"question": "sc-voluntary", "position": "p"}],
    }
    pointers = ["/attribution/speaker", "/attribution/on_behalf_of", "/attribution/reported_through"]
    problem(api.post("/v1/claims", body), "invalid-request", *pointers, "/stances/0/question", "/stances/1/position")


@pytest.mark.parametrize(
    ("path", "body", "existing"),
    [
        ("/v1/parties", PARTY | {"id": "dhs"}, "/v1/parties/dhs"),
        ("/v1/questions", QUESTION | {"id": "sc-voluntary"}, "/v1/questions/sc-voluntary"),
        ("/v1/claims", CLAIM | {"id": MANDATORY}, f"/v1/claims/{MANDATORY}"),
    ],
)
def test_an_id_is_given_once(api: Api, path: str, body: dict[str, Any], existing: str) -> None:
    """A taken id is 409 with the address of what has it; it is not overwritten."""
    before = api.get(existing).data
    assert problem(api.post(path, body), "id-taken", "/id")["existing"] == existing
    assert (api.size, api.get(existing).data) == (8, before)


def test_the_id_of_a_verdict_is_given_once(api: Api) -> None:
    """Also on another claim, and by another reviewer."""
    api.made(VERDICTS, VERDICT | {"id": ulid(50)})
    for path in (VERDICTS, f"/v1/claims/{VOLUNTARY}/verdicts"):
        refused = problem(api.post(path, VERDICT | {"id": ulid(50)}, "other verdicts"), "id-taken", "/id")
        assert refused["existing"] == f"/v1/verdicts/{ulid(50)}"
    assert api.size == 9


@pytest.mark.parametrize(
    "text",
    [
        "No agency has to take part.",
        "no AGENCY has  to take part",
        "“No agency has to take part.”",
        " No agency\nhas to take part. ",
        "Ｎｏ agency has to take part.",
    ],
)
def test_the_same_words_are_recorded_once(api: Api, text: str) -> None:
    """The same speaker, date and words (but for case, spacing and quotation marks) are 409 with the claim's address."""
    first = api.made("/v1/claims", CLAIM)["id"]
    refused = problem(api.post("/v1/claims", CLAIM | {"text": text}), "duplicate-claim")
    assert refused["existing"] == f"/v1/claims/{first}"
    assert api.size == 9


@pytest.mark.parametrize(
    "other",
    [{"text": "No agencies have to take part."}, {"attribution": {"speaker": "dhs"}}, {"stated_on": "2010-11"}],
)
def test_other_words_speakers_and_dates_are_other_claims(api: Api, other: dict[str, Any]) -> None:
    """What was said twice, or by two, is two claims."""
    api.made("/v1/claims", CLAIM)
    assert api.post("/v1/claims", CLAIM | other).status_code == 201


def test_a_patch_cannot_make_a_duplicate(api: Api) -> None:
    """A correction that leads to the words of another claim is 409 with that claim's address."""
    first = api.made("/v1/claims", CLAIM)["id"]
    second = api.made("/v1/claims", CLAIM | {"text": "Other words."})["id"]
    patch = {"text": CLAIM["text"], "reason": "x"}
    refused = problem(api.patch(f"/v1/claims/{second}", patch, If_Match="*"), "duplicate-claim")
    assert refused["existing"] == f"/v1/claims/{first}"


def test_words_that_were_withdrawn_can_be_recorded_anew(api: Api) -> None:
    """A withdrawn claim is no standing one."""
    first = api.made("/v1/claims", CLAIM)["id"]
    api.made(f"/v1/claims/{first}/withdrawal", {"reason": "Wrong date."}, If_Match="*")
    assert api.post("/v1/claims", CLAIM).status_code == 201


def test_a_withdrawn_claim_takes_nothing_more(api: Api) -> None:
    """No verdict and no assessment: each is 409, and says that the claim was withdrawn."""
    api.made(f"/v1/claims/{MANDATORY}/withdrawal", {"reason": "Forged."}, If_Match="*")
    for path, body in ((VERDICTS, VERDICT), ("/v1/contradictions", ASSESSMENT)):
        assert "withdrawn" in problem(api.post(path, body), "claim-withdrawn")["detail"]
    assert api.size == 9


def test_nobody_speaks_for_another_reviewer(api: Api) -> None:
    """Publishing, superseding and retracting in another's name are 403, also with the scope `admin`."""
    theirs = api.made(VERDICTS, VERDICT, "other verdicts")["id"]
    problem(api.post(VERDICTS, VERDICT | {"reviewer": OTHER}), "forbidden", "/reviewer")
    problem(api.post(VERDICTS, VERDICT | {"supersedes": theirs}), "forbidden", "/reviewer")
    problem(api.post(f"/v1/verdicts/{theirs}/retraction", {"reason": "x"}), "forbidden", "/reviewer")
    assert api.size == 9
    assert api.made(VERDICTS, VERDICT | {"reviewer": DESK})["reviewer"] == DESK


def test_a_reviewer_has_one_standing_verdict(api: Api) -> None:
    """A second one is 409 and names the first, which must be superseded or retracted; after that it goes."""
    first = api.made(VERDICTS, VERDICT)["id"]
    refused = problem(api.post(VERDICTS, VERDICT | {"rating": "true"}), "verdict-standing", "/supersedes")
    assert refused["existing"] == f"/v1/verdicts/{first}"
    assert first in refused["detail"]
    second = api.made(VERDICTS, VERDICT | {"supersedes": first})["id"]
    api.made(f"/v1/verdicts/{second}/retraction", {"reason": "x"})
    assert api.post(VERDICTS, VERDICT).status_code == 201


def test_what_no_longer_stands_is_not_ended_again(api: Api) -> None:
    """A superseded or retracted verdict is neither retracted nor superseded: 409."""
    first = api.made(VERDICTS, VERDICT)["id"]
    second = api.made(VERDICTS, VERDICT | {"supersedes": first})["id"]
    problem(api.post(f"/v1/verdicts/{first}/retraction", {"reason": "x"}), "already-retracted")
    problem(api.post(VERDICTS, VERDICT | {"supersedes": first}), "already-retracted")
    api.made(f"/v1/verdicts/{second}/retraction", {"reason": "x"})
    problem(api.post(f"/v1/verdicts/{second}/retraction", {"reason": "x"}), "already-retracted")
    problem(api.post(VERDICTS, VERDICT | {"supersedes": second}), "already-retracted")
    assert api.size == 11


def test_a_verdict_judges_the_words_as_they_are(api: Api) -> None:
    """A verdict on words that have changed since is 409; on words that have not, whatever else changed, it is taken."""
    api.patch(f"/v1/claims/{MANDATORY}", {"context": "x", "reason": "x"}, If_Match="*")
    api.patch(f"/v1/claims/{MANDATORY}", {"text": "New words.", "reason": "x"}, If_Match="*")
    api.patch(f"/v1/claims/{MANDATORY}", {"context": "y", "reason": "x"}, If_Match="*")
    for judged in (0, 7, 8):
        refused = problem(api.post(VERDICTS, VERDICT | {"claim_revision": judged}), "claim-changed")
        assert f"/v1/claims/{MANDATORY}" in refused["detail"]
    assert api.made(VERDICTS, VERDICT | {"claim_revision": 9})["claim_revision"] == 9


def test_two_parties_do_not_contradict_each_other(api: Api) -> None:
    """Claims without a common party cannot be paired by hand: that is a dispute."""
    claim = api.made("/v1/claims", CLAIM | {"attribution": {"speaker": "napolitano"}})["id"]
    problem(api.post("/v1/contradictions", ASSESSMENT | {"claims": [claim, MANDATORY]}), "invalid-request", "/claims")


def test_a_cycle_of_parents_is_refused(api: Api) -> None:
    """However long the way round, no party is put under itself."""
    for name, parent in (("a", "ice"), ("b", "a"), ("c", "b")):
        api.made("/v1/parties", PARTY | {"id": name, "parent": parent})
    members = problem(
        api.patch("/v1/parties/dhs", {"parent": "c", "reason": "x"}, If_Match="*"), "invalid-request", "/parent"
    )
    assert members["errors"][0]["code"] == "cycle"
    assert api.size == 11
