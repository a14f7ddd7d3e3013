"""What a text means, as a vector: near to those of texts that mean nearly the same.

* `wordpiece`   a text as the pieces that a model takes; the vocabulary lies beside it
* `model`       a model of ONNX, and how near vectors are
* `lazily`      a model of the settings, loaded when it is first needed; or why there is none
* `embedder`    the one that makes vectors
* `judge`       an operator's own model, which says whether one sentence contradicts another
"""
