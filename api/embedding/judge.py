"""An operator's own model of natural-language inference (NLI), which says whether one sentence contradicts another.

It is a file of ONNX with what its makers publish beside it: `tokenizer.json`, and `config.json` with the names of its
labels, one of which begins with "contradict". The only module that touches `tokenizers`, which is there where
`onrecord[nli]` is installed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from api.embedding.lazily import Lazily
from api.embedding.model import Unavailable, session

INSTALL = "pip install 'onrecord[nli]'"
TOKENIZER, CONFIG = "tokenizer.json", "config.json"
# Pieces of both sentences together that are read: what models of this kind are trained for.
MOST_PIECES = 512
_LABEL = "contradict"


class Judge(Lazily["_Model"]):
    """Says how likely one sentence contradicts another, with the model at a path; with none where the path is empty.

    It is called by the name of its folder, since its file is called `model.onnx` as a rule.
    """

    WITHOUT = "No model looks for contradictions"

    def contradiction(self, said: str, text: str) -> float | None:
        """How likely what was said contradicts a text, from 0 to 1; None where there is no model, or where it fails."""
        return self._asked(lambda made: made.contradiction(said, text))

    def _make(self) -> _Model | None:
        if not self._path:
            return None
        path = Path(self._path)
        self._name = path.resolve().parent.name
        return _Model(path)


class _Model:
    def __init__(self, path: Path) -> None:
        """Load it. Raises Unavailable."""
        try:
            from tokenizers import Tokenizer
        except ImportError:
            raise Unavailable(f"tokenizers is not installed: {INSTALL}") from None
        self._label = _label(path.with_name(CONFIG))
        try:
            self._tokenizer = Tokenizer.from_file(str(path.with_name(TOKENIZER)))
        # The library's errors have no kind of their own.
        except Exception as error:
            raise Unavailable(f"{TOKENIZER} beside {path.name} cannot be loaded") from error
        self._session = session(path, INSTALL)
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
