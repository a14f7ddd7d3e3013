"""A small model of inference, made here and really run: one sentence contradicts another where exactly one of them says
"hardly"."""

from __future__ import annotations

import json
from pathlib import Path

import onnx
from onnx import TensorProto, helper
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors

WORD = "hardly"
_SPECIAL = ["[UNK]", "[CLS]", "[SEP]"]


def make(folder: Path, labels: tuple[str, ...] = ("entailment", "neutral", "CONTRADICTION")) -> Path:
    """Write the model with its tokenizer and labels into a folder. Out: its file."""
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = {piece: number for number, piece in enumerate([*_SPECIAL, WORD])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", pair="[CLS] $A [SEP] $B:1 [SEP]:1", special_tokens=[("[CLS]", 1), ("[SEP]", 2)]
    )
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "config.json").write_text(json.dumps({"id2label": dict(enumerate(labels))}), encoding="utf-8")
    onnx.save(_model(vocabulary[WORD], labels), folder / "model.onnx")
    return folder / "model.onnx"


def _model(word: int, labels: tuple[str, ...]) -> onnx.ModelProto:
    """Counts the word, and gives the label of a contradiction 5 where the number is odd and -5 where it is even."""
    contradicts = [label.lower().startswith("contra") for label in labels]
    constants = [
        helper.make_tensor("word", TensorProto.INT64, [], [word]),
        helper.make_tensor("axes", TensorProto.INT64, [1], [1]),
        helper.make_tensor("two", TensorProto.FLOAT, [], [2.0]),
        helper.make_tensor("odd", TensorProto.FLOAT, [1, len(labels)], [10.0 if one else 0.0 for one in contradicts]),
        helper.make_tensor("even", TensorProto.FLOAT, [len(labels)], [-5.0 if one else 0.0 for one in contradicts]),
    ]
    nodes = [
        helper.make_node("Equal", ["input_ids", "word"], ["is_word"]),
        helper.make_node("Cast", ["is_word"], ["ones"], to=TensorProto.FLOAT),
        helper.make_node("ReduceSum", ["ones", "axes"], ["count"], keepdims=1),
        helper.make_node("Mod", ["count", "two"], ["rest"], fmod=1),
        helper.make_node("MatMul", ["rest", "odd"], ["weighed"]),
        helper.make_node("Add", ["weighed", "even"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "hardly",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, None])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, [1, len(labels)])],
        constants,
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
