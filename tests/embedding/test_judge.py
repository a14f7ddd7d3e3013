"""An operator's own model of inference: what it says, and what is said where it cannot be used."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.embedding.judge import Judge
from tests.embedding import nli

SAID, AGAINST = "Counties share fingerprints.", "Counties hardly share fingerprints."


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return nli.make(tmp_path_factory.mktemp("models") / "tiny-nli")


def test_it_says_how_likely_one_contradicts_the_other(file: Path) -> None:
    """By the label that begins with "contradict", wherever it stands; in any number of threads, loaded once."""
    judge = Judge(str(file))
    pairs = [(SAID, AGAINST), (AGAINST, SAID), (SAID, SAID), (AGAINST, AGAINST), ("", "🎉"), (SAID, AGAINST * 1_000)]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda pair: judge.contradiction(*pair), pairs * 5))[: len(pairs)]
    assert all(one is not None and one > 0.9 for one in found[:2])
    assert all(one is not None and one < 0.1 for one in found[2:5])
    assert found[5] is not None  # a text of any length is read as far as the model reads
    assert (judge.name, judge.reason) == ("tiny-nli", None)
    first = nli.make(file.parent.parent / "other", ("contradiction", "entailment"))
    assert (Judge(str(first)).contradiction(SAID, AGAINST) or 0) > 0.9


def test_without_a_setting_nothing_is_asked() -> None:
    """And nothing is said about it."""
    judge = Judge("", lambda *told: pytest.fail(f"told {told}"))
    assert (judge.name, judge.reason, judge.contradiction(SAID, AGAINST)) == (None, None, None)


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda folder: (folder / "model.onnx").unlink(), "model.onnx cannot be loaded"),
        (lambda folder: (folder / "model.onnx").write_bytes(b"no model"), "model.onnx cannot be loaded"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "tokenizer.json beside model.onnx cannot be"),
        (lambda folder: (folder / "tokenizer.json").write_text("{"), "tokenizer.json beside model.onnx cannot be"),
        (lambda folder: (folder / "config.json").unlink(), "config.json beside the model cannot be read"),
        (lambda folder: (folder / "config.json").write_text("[]"), "config.json beside the model cannot be read"),
        (lambda folder: _labels(folder, {"0": "yes"}), "names no label that begins with 'contradict'"),
        (lambda folder: _labels(folder, {"9": "contradiction"}), "does not take two sentences"),
    ],
)
def test_what_cannot_be_used_is_said_once(tmp_path: Path, damage: object, told: str) -> None:
    """Without the path, which is the operator's: that is in the line for the log."""
    file = nli.make(tmp_path / "broken")
    assert callable(damage)
    damage(file.parent)
    lines: list[tuple[str, str]] = []
    judge = Judge(str(file), lambda *line: lines.append(line))
    assert (judge.contradiction(SAID, AGAINST), judge.name) == (None, None)
    assert judge.reason is not None and judge.reason.startswith("No model looks for contradictions: ")
    assert told in judge.reason and str(tmp_path) not in judge.reason
    assert [reason for reason, _ in lines] == [judge.reason] and str(file) in lines[0][1]


def _labels(folder: Path, labels: dict[str, str]) -> None:
    (folder / "config.json").write_text(json.dumps({"id2label": labels}), encoding="utf-8")
