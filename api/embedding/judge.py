"""An operator's own model of natural-language inference (NLI), which says whether one sentence contradicts another.

It is a file of ONNX with what its makers publish beside it: `tokenizer.json`, and `config.json` with the names of its
labels, one of which begins with "contradict". The second module that touches `onnxruntime`, and the only one that
touches `tokenizers`: both are there where `onrecord[nli]` is installed.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from api.embedding.model import Unavailable

INSTALL = "pip install 'onrecord[nli]'"
TOKENIZER, CONFIG = "tokenizer.json", "config.json"
# Pieces of both sentences together that are read: what models of this kind are trained for.
MOST_PIECES = 512
_LABEL = "contradict"


class Judge:
    """Says how likely one sentence contradicts another, with the model at a path; with none where the path is empty.

    The model is loaded once for a process, by the first who needs it; the others wait for it. `reason` is a sentence
    that says why there is none although one is wanted. It is for everybody to read, so the path and what the engine
    says are in `detail`. `tell` is called with both.
    """

    def __init__(self, path: str, tell: Callable[[str, str], None] = lambda reason, detail: None) -> None:
        self._path, self._tell = path, tell
        self._lock = threading.Lock()
        self._tried = False
        self._model: _Model | None = None
        self.reason: str | None = None
        self.detail = ""

    @property
    def name(self) -> str | None:
        """What the model is called: the name of its folder, since its file is called `model.onnx` as a rule. None where
        there is none."""
        return Path(self._path).resolve().parent.name if self._loaded() else None

    def contradiction(self, said: str, text: str) -> float | None:
        """How likely what was said contradicts a text, from 0 to 1; None where there is no model, or where it fails."""
        found = self._loaded()
        try:
            return found.contradiction(said, text) if found else None
        except Unavailable as failed:
            self._fail(failed)
            return None

    def _loaded(self) -> _Model | None:
        if not self._tried:
            with self._lock:
                if not self._tried:
                    self._load()
                    self._tried = True
        return self._model

    def _load(self) -> None:
        if not self._path:
            return
        try:
            self._model = _Model(Path(self._path))
        except Unavailable as failed:
            self._fail(failed)

    def _fail(self, failed: Unavailable) -> None:
        self.reason = f"No model looks for contradictions: {failed}."
        self.detail = " ".join(f"{self._path} {failed.__cause__ or ''}".split())
        self._tell(self.reason, self.detail)


class _Model:
    def __init__(self, path: Path) -> None:
        """Load it. Raises Unavailable."""
        try:
            import onnxruntime
            from tokenizers import Tokenizer
        except ImportError:
            raise Unavailable(f"onnxruntime or tokenizers is not installed: {INSTALL}") from None
        self._label = _label(path.with_name(CONFIG))
        options = onnxruntime.SessionOptions()
        # As in `api.embedding.model`: a thread pool of its own would be lost in a fork.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        # The errors of both have no kind of their own.
        try:
            self._tokenizer = Tokenizer.from_file(str(path.with_name(TOKENIZER)))
        except Exception as error:
            raise Unavailable(f"{TOKENIZER} beside {path.name} cannot be loaded") from error
        try:
            self._session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:
            raise Unavailable(f"{path.name} cannot be loaded as a model of ONNX") from error
        self._tokenizer.enable_truncation(MOST_PIECES)
        self._tokenizer.no_padding()
        self._inputs = {one.name for one in self._session.get_inputs()}
        self.contradiction("It was said.", "It was not said.")

    def contradiction(self, said: str, text: str) -> float:
        """How likely what was said contradicts a text. Raises Unavailable where the model fails at it."""
        import numpy

        read = self._tokenizer.encode(said, text)
        given = {"input_ids": read.ids, "attention_mask": read.attention_mask, "token_type_ids": read.type_ids}
        try:
            fed = {name: numpy.array([given[name]], dtype=numpy.int64) for name in self._inputs}
            scores: Any = self._session.run(None, fed)[0][0]
            weights = numpy.exp(scores.astype(numpy.float64) - scores.max())
            likely = float(weights[self._label] / weights.sum())
        except Exception as error:
            raise Unavailable("the model fails: it does not take two sentences and give one score a label") from error
        if not 0 <= likely <= 1:
            raise Unavailable("the model gives scores that are no numbers")
        return likely


def _label(config: Path) -> int:
    """The number of the label that stands for a contradiction. Raises Unavailable."""
    try:
        labels = json.loads(config.read_text(encoding="utf-8"))["id2label"]
        return next(int(number) for number, name in labels.items() if name.lower().startswith(_LABEL))
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        raise Unavailable(f"{CONFIG} beside the model cannot be read, or has no id2label") from error
    except StopIteration:
        raise Unavailable(f"{CONFIG} beside the model names no label that begins with {_LABEL!r}") from None
