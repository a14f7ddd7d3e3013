"""`onrecord embed`: what it makes, that it goes on where it was, and that nothing erased comes back."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from api import erasing, vectorizing
from api.embedding import model
from api.embedding.embedder import Embedder
from api.storage import log, vectors
from tests.cli.conftest import Shell
from tests.embedding import nli
from tests.records import Recorder, ulid

if TYPE_CHECKING:
    from api.storage.postgresql import Database as ServerDatabase

MODEL = "all-MiniLM-L6-v2-onnx-int8"
FIRST, COUNT = 500, 7


@pytest.fixture
def said(shell: Shell) -> Recorder:
    """A record with seven claims."""
    record = Recorder(shell.database)
    for i in range(COUNT):
        record.claim(f"Sentence number {i}.", "agency", id=ulid(FIRST + i))
    return record


def numbers(shell: Shell) -> list[int]:
    """Which of the claims have a vector."""
    db = shell.database.reader()
    known = {log.number(db, f"claim/{ulid(FIRST + i)}"): i for i in range(COUNT)}
    return sorted(known[no] for no in vectors.of(db, MODEL, [no for no in known if no is not None]))


def test_embed(shell: Shell, said: Recorder, embedder: Embedder) -> None:
    """Every claim gets the vector that it would have been recorded with; a second run has nothing to do."""
    done = shell("embed")
    assert (done.status, done.out) == (0, f"Made 7 vectors with {MODEL}; 0 were there.\n")
    db = shell.database.reader()
    no = log.number(db, f"claim/{ulid(FIRST)}") or 0
    assert vectors.of(db, MODEL, [no])[no].vector == embedder.vector("Sentence number 0.")
    assert shell("embed", "--threads", "1").out == f"Made 0 vectors with {MODEL}; 7 were there.\n"


def test_what_changed_is_made_anew(shell: Shell, said: Recorder, embedder: Embedder) -> None:
    """Changed words get a vector of their own; what was withdrawn loses its own, whoever wrote that."""
    shell("embed")
    said.amend_claim(ulid(FIRST), text="Something else.")
    said.withdraw(ulid(FIRST + 1))
    said.verdict(ulid(FIRST + 2))
    done = shell("embed")
    assert (
        done.out == f"Made 1 vectors with {MODEL}; 5 were there.\nLet 1 go, of claims that were withdrawn or erased.\n"
    )
    assert numbers(shell) == [0, 2, 3, 4, 5, 6]
    assert shell("embed").out == f"Made 0 vectors with {MODEL}; 6 were there.\n"


def test_what_was_made_before_an_interruption_stays(
    shell: Shell, said: Recorder, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Run again, it goes on where it was."""
    monkeypatch.setattr(vectorizing, "BATCH", 2)
    write, calls = vectorizing._write, []

    def interrupted(*arguments: object) -> int:
        if len(calls) == 2:
            raise KeyboardInterrupt
        calls.append(arguments)
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(vectorizing, "_write", interrupted)
    assert shell("embed").status == 130
    assert numbers(shell) == [0, 1, 2, 3]
    monkeypatch.setattr(vectorizing, "_write", write)
    assert shell("embed").out == f"Made 3 vectors with {MODEL}; 4 were there.\n"


def test_what_was_erased_meanwhile_leaves_no_vector(
    shell: Shell, said: Recorder, embedder: Embedder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the two fall together: words can be guessed from what they mean."""
    write = vectorizing._write

    def late(*arguments: object) -> int:
        erasing.erase(shell.database, f"claim/{ulid(FIRST)}", "A court said so.", "example-desk")
        said.amend_claim(ulid(FIRST + 1), text="Something else.")
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(vectorizing, "_write", late)
    done = shell("embed")
    assert done.out.endswith("\n2 claims changed meanwhile: run this again for them.\n")
    assert numbers(shell) == [2, 3, 4, 5, 6]


def test_a_rebuild_keeps_them(shell: Shell, said: Recorder, embedder: Embedder) -> None:
    """They are not made of the log alone, and claims keep their numbers."""
    shell("embed")
    assert shell("rebuild").status == 0
    assert shell("embed").out == f"Made 0 vectors with {MODEL}; 7 were there.\n"


def test_without_a_model(shell: Shell, said: Recorder, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line says what is missing, and nothing is written."""
    assert shell("embed", ONRECORD_MODEL="off").err == "Error: ONRECORD_MODEL is off: no model makes vectors.\n"
    monkeypatch.setattr(model, "PACKAGE", "nothing_of_that_name")
    done = shell("embed")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("Error: Only words are compared, not meaning: onrecord[semantic] is not installed")


def test_doctor_counts_them(shell: Shell, said: Recorder, embedder: Embedder) -> None:
    """And says what makes the rest; a model that cannot be used is a problem if it was asked for."""
    subject = "ok       meaning: {} of 7 claims have a vector of all-MiniLM-L6-v2-onnx-int8{}\n"
    assert subject.format(0, " ('onrecord embed' makes the rest)") in shell("doctor").out
    shell("embed")
    assert subject.format(7, "") in shell("doctor").out
    assert "ok       meaning: is not compared" in shell("doctor", ONRECORD_MODEL="off").out
    done = shell("doctor", ONRECORD_MODEL=str(shell.folder / "nowhere.onnx"))
    assert done.status == 1
    assert "PROBLEM  meaning: Only words are compared, not meaning: nowhere.onnx cannot be read." in done.out


def test_doctor_names_the_model_that_looks_for_contradictions(shell: Shell, tmp_path: Path) -> None:
    """None is no problem, and one that cannot be used is."""
    assert "ok       contradictions: no model of yours looks for them" in shell("doctor").out
    file = nli.make(tmp_path / "tiny-nli")
    assert "ok       contradictions: tiny-nli looks for them" in shell("doctor", ONRECORD_NLI_MODEL=str(file)).out
    file.with_name("config.json").unlink()
    done = shell("doctor", ONRECORD_NLI_MODEL=str(file))
    assert done.status == 1
    assert "PROBLEM  contradictions: No model looks for contradictions: config.json beside the model" in done.out


def test_on_a_server(shell: Shell, embedder: Embedder, on_server: ServerDatabase) -> None:
    """PostgreSQL keeps them as well, and a sweep writes their table anew."""
    record = Recorder(on_server)
    record.party("agency")
    record.claim("It is so.", "agency", id=ulid(FIRST))
    assert shell("embed", DATABASE_URL=on_server.url).out == f"Made 1 vectors with {MODEL}; 0 were there.\n"
    assert vectors.count(on_server.reader(), MODEL) == 1
    erasing.erase(on_server, f"claim/{ulid(FIRST)}", "A court said so.", "example-desk")
    assert vectors.count(on_server.reader(), MODEL) == 0
    assert on_server.sweep(5)
