"""An operator's own model looks for conflicts as well."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from api.context import House
from api.embedding.judge import Judge
from api.reads import judging
from tests.contract.conftest import CLAIM, Api
from tests.embedding import nli

TEXT = "The county shares fingerprints with the agency."
AGAINST = "The county hardly shares fingerprints with the agency."


@pytest.fixture
def house(api: Api, tmp_path: Path) -> House:
    """The application, with the model and a statement that no rule finds to contradict the text."""
    found: House = api.app.extensions["onrecord"]
    found.judge = Judge(str(nli.make(tmp_path / "tiny-nli")))
    api.made("/v1/claims", CLAIM | {"text": AGAINST})
    api.made("/v1/claims", CLAIM | {"text": "Fingerprints of the county are shared with the agency."})
    return found


def match(api: Api, text: str = TEXT, **asked: Any) -> dict[str, Any]:
    answer = api.post("/v1/claims/match", {"text": text, "party": "ice"} | asked, None)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    found: dict[str, Any] = answer.json
    return found


def test_what_the_model_takes_for_a_contradiction_is_a_conflict(api: Api, house: House) -> None:
    """With the model's name and how sure it is; of what agrees it says nothing, and without it nothing is found."""
    found = match(api)
    assert found["engine"] == {"name": "bm25", "model": None, "nli": "tiny-nli", "note": None}
    [conflict] = found["conflicts"]
    assert conflict["claim"]["text"] == AGAINST
    [reason] = conflict["reasons"]
    assert (reason["kind"], reason["question"], reason["position"]) == ("model", None, None)
    assert reason["detail"] == "The model 'tiny-nli' takes it for a contradiction of the text (0.99)."
    house.judge = Judge("")
    assert match(api)["conflicts"] == []


def test_it_takes_nothing_away_from_the_rules(api: Api, house: House) -> None:
    """What opposite words or positions find is found with it as well, in the same order."""
    text = "A locality may opt out: it always was voluntary."
    found = match(api, text, party="dhs")["conflicts"]
    house.judge = Judge("")
    assert [(one["claim"]["id"], one["reasons"]) for one in found] == [
        (one["claim"]["id"], one["reasons"]) for one in match(api, text, party="dhs")["conflicts"]
    ]
    assert found


def test_it_is_asked_as_long_as_there_is_time(
    api: Api, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never about more statements than a few, and when the time is over the answer is what there is."""
    monkeypatch.setattr(judging, "ASKED", 0)
    assert match(api)["conflicts"] == []
    monkeypatch.undo()
    late = judging.Judging(house.judge, type("Passed", (), {"passed": True})())  # type: ignore[arg-type]
    late.begin(TEXT)
    assert late.likely(AGAINST) is None and late.truncated
    assert late.beside({"name": "bm25", "model": None, "note": "So."})["note"] == f"So. {judging.TOO_LATE}"


def test_a_model_that_cannot_be_loaded_stops_nothing(api: Api, house: House, tmp_path: Path) -> None:
    """The answer is the one of the rules, and says why."""
    house.judge = Judge(str(tmp_path / "no" / "model.onnx"))
    found = match(api)
    assert (found["conflicts"], found["engine"]["nli"]) == ([], None)
    assert found["engine"]["note"].startswith("No model looks for contradictions: config.json beside the model")
