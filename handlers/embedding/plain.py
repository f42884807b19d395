"""The model in standard operators only, as a plain export has it: the measure for the fast graph."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import TensorProto

from handlers.embedding.graph import Graph
from handlers.embedding.minilm import HEAD, HEADS, HIDDEN, LAYERS, NORM_EPSILON, Weights

INPUTS = ("input_ids", "attention_mask", "token_type_ids")
OUTPUT = "last_hidden_state"
# Added to the score of a padding token before softmax, which makes its weight zero.
MASKED = np.float32(-1e9)


def plain_model(weights: Weights) -> onnx.ModelProto:
    """Token ids in, one vector per token out (batch, tokens, 384). Pooling is left to the caller."""
    graph = Graph()
    graph.constant("scale", np.float32(HEAD**-0.5))
    graph.constant("split_heads", [0, 0, HEADS, HEAD])
    graph.constant("merge_heads", [0, 0, HIDDEN])
    mask = _mask(graph)
    hidden = _embed(graph, weights)
    for layer in range(LAYERS):
        prefix = f"encoder.layer.{layer}"
        mixed = _attend(graph, weights, layer, hidden, mask)
        attended = _dense(graph, weights, f"{prefix}.attention.output.dense", mixed)
        hidden = _norm(graph, weights, f"{prefix}.attention.output", graph.add("Add", attended, hidden))
        inner = graph.add("Gelu", _dense(graph, weights, f"{prefix}.intermediate.dense", hidden))
        outer = _dense(graph, weights, f"{prefix}.output.dense", inner)
        hidden = _norm(graph, weights, f"{prefix}.output", graph.add("Add", outer, hidden))
    graph.add("Identity", hidden, output=OUTPUT)
    return graph.model(INPUTS, [OUTPUT])


def _embed(graph: Graph, weights: Weights) -> str:
    """Word, position and segment vectors, summed and normalised."""
    words = graph.add("Gather", graph.constant("words", weights.embedding("word")), "input_ids")
    kinds = graph.add("Gather", graph.constant("kinds", weights.embedding("token_type")), "token_type_ids")
    tokens = graph.add("Shape", "input_ids", start=1, end=2)
    first = graph.constant("first", [0])
    places = graph.add("Slice", graph.constant("places", weights.embedding("position")), first, tokens, first)
    summed = graph.add("Add", graph.add("Add", words, kinds), places)
    return _norm(graph, weights, "embeddings", summed)


def _mask(graph: Graph) -> str:
    """Zero for a token and a very negative number for padding, shaped to be added to the attention scores."""
    axes = graph.constant("heads_and_queries", [1, 2])
    kept = graph.add("Unsqueeze", graph.add("Cast", "attention_mask", to=TensorProto.FLOAT), axes)
    padding = graph.add("Sub", graph.constant("unit", np.float32(1)), kept)
    return graph.add("Mul", padding, graph.constant("masked", MASKED))


def _attend(graph: Graph, weights: Weights, layer: int, hidden: str, mask: str) -> str:
    """Self-attention of one layer, without its output projection."""
    prefix = f"encoder.layer.{layer}.attention.self"

    def heads(name: str, order: list[int]) -> str:
        split = graph.add("Reshape", _dense(graph, weights, f"{prefix}.{name}", hidden), "split_heads")
        return graph.add("Transpose", split, perm=order)

    query, key, value = heads("query", [0, 2, 1, 3]), heads("key", [0, 2, 3, 1]), heads("value", [0, 2, 1, 3])
    scores = graph.add("Add", graph.add("Mul", graph.add("MatMul", query, key), "scale"), mask)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    return graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), "merge_heads")


def _dense(graph: Graph, weights: Weights, prefix: str, tensor: str) -> str:
    weight, bias = weights.dense(prefix)
    product = graph.add("MatMul", tensor, graph.constant(f"{prefix}.weight", weight))
    return graph.add("Add", product, graph.constant(f"{prefix}.bias", bias))


def _norm(graph: Graph, weights: Weights, prefix: str, tensor: str) -> str:
    scale, shift = weights.norm(prefix)
    names = graph.constant(f"{prefix}.norm.scale", scale), graph.constant(f"{prefix}.norm.shift", shift)
    return graph.add("LayerNormalization", tensor, *names, epsilon=NORM_EPSILON)
