"""The model in the fused operators of onnxruntime, with pooling inside the graph.

Pooling is inside because fastembed's runs in numpy over a float64 copy of every token's vector; here it is one small
multiplication, and a text gives one vector. Each multiplication by weights goes through a `Multiply`, so the same
skeleton serves float32 and int8.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto

from handlers.embedding.graph import Graph
from handlers.embedding.minilm import HEADS, INNER, LAYERS, NORM_EPSILON, Floats, Weights

INPUTS = ("input_ids", "attention_mask")
OUTPUT = "sentence_embedding"
Channels: TypeAlias = NDArray[np.intp]


@dataclass(frozen=True)
class Site:
    """One multiplication by weights: where it is, and which channels of the step's input it reads (None: all)."""

    layer: int
    step: str
    group: str = "all"
    channels: Channels | None = None

    @property
    def name(self) -> str:
        """Unique in the graph."""
        return f"{self.layer}.{self.step}.{self.group}"

    @property
    def source(self) -> str:
        """Names the tensor that this multiplication reads from; the groups of a step read from the same one."""
        return f"{self.layer}.{self.step}"


class Multiply(Protocol):
    """Adds `tensor` times `weight` to the graph and returns the product's name."""

    def __call__(self, graph: Graph, site: Site, tensor: str, weight: Floats) -> str:
        """The weight is inputs by outputs."""


# How the inner channels of a layer's feed-forward step are shared out: each group with its own way to multiply.
Groups: TypeAlias = Callable[[int], Sequence[tuple[str, Channels, Multiply]]]


def multiply_float(graph: Graph, site: Site, tensor: str, weight: Floats) -> str:
    """The exact product in float32."""
    return graph.add("MatMul", tensor, graph.constant(f"{site.name}.weight", weight))


def one_group(_layer: int) -> Sequence[tuple[str, Channels, Multiply]]:
    """All inner channels together, in float32."""
    return [("all", np.arange(INNER), multiply_float)]


def fused_model(weights: Weights, multiply: Multiply = multiply_float, groups: Groups = one_group) -> onnx.ModelProto:
    """Token ids in, one vector of 384 per text out: the sum over its tokens, only the direction counts."""
    graph = Graph()
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    hidden = _embed(graph, weights)
    for layer in range(LAYERS):
        hidden = _attention(graph, weights, layer, hidden, mask, multiply)
        hidden = _feed_forward(graph, weights, layer, hidden, groups(layer))
    _pool(graph, hidden)
    return graph.model(INPUTS, [OUTPUT])


def _embed(graph: Graph, weights: Weights) -> str:
    """Sentences have one segment only, so its vector is added to every place beforehand."""
    places = weights.embedding("position") + weights.embedding("token_type")[0]
    scale, shift = weights.norm("embeddings")
    tables = graph.constant("words", weights.embedding("word")), graph.constant("places", places)
    norm = graph.constant("embeddings.scale", scale), graph.constant("embeddings.shift", shift)
    ids = graph.add("Cast", "input_ids", to=TensorProto.INT32)
    return graph.contrib("EmbedLayerNormalization", ids, "", *tables, "", *norm, spare_outputs=1, epsilon=NORM_EPSILON)


def _attention(graph: Graph, weights: Weights, layer: int, hidden: str, mask: str, multiply: Multiply) -> str:
    weight, bias = weights.query_key_value(layer)
    parts = graph.split(multiply(graph, Site(layer, "qkv"), hidden, weight), 3)
    bias_name = graph.constant(f"{layer}.qkv.bias", bias)
    mixed = graph.contrib("MultiHeadAttention", *parts, bias_name, mask, num_heads=HEADS)
    prefix = f"encoder.layer.{layer}.attention.output"
    weight, bias = weights.dense(f"{prefix}.dense")
    return _add_and_norm(graph, weights, prefix, multiply(graph, Site(layer, "out"), mixed, weight), hidden, bias)


def _feed_forward(
    graph: Graph, weights: Weights, layer: int, hidden: str, groups: Sequence[tuple[str, Channels, Multiply]]
) -> str:
    """Each group widens, bends and narrows its own channels; the sum over the groups is the whole step."""
    prefix = f"encoder.layer.{layer}"
    widen, widen_bias = weights.dense(f"{prefix}.intermediate.dense")
    narrow, narrow_bias = weights.dense(f"{prefix}.output.dense")
    products: list[str] = []
    for name, channels, multiply in groups:
        inner = multiply(graph, Site(layer, "widen", name), hidden, widen[:, channels])
        bent = graph.contrib("FastGelu", inner, graph.constant(f"{layer}.widen.{name}.bias", widen_bias[channels]))
        products.append(multiply(graph, Site(layer, "narrow", name, channels), bent, narrow[channels]))
    summed = products[0] if len(products) == 1 else graph.add("Sum", *products)
    return _add_and_norm(graph, weights, f"{prefix}.output", summed, hidden, narrow_bias)


def _add_and_norm(graph: Graph, weights: Weights, prefix: str, product: str, hidden: str, bias: Floats) -> str:
    scale, shift = weights.norm(prefix)
    names = graph.constant(f"{prefix}.scale", scale), graph.constant(f"{prefix}.shift", shift)
    bias_name = graph.constant(f"{prefix}.bias", bias)
    return graph.contrib("SkipLayerNormalization", product, hidden, *names, bias_name, epsilon=NORM_EPSILON)


def _pool(graph: Graph, hidden: str) -> None:
    """The sum of a text's token vectors; fastembed brings it to length one, so dividing by the count is not needed."""
    axis = graph.constant("axis", [1])
    kept = graph.add("Unsqueeze", graph.add("Cast", "attention_mask", to=TensorProto.FLOAT), axis)
    graph.add("Squeeze", graph.add("MatMul", kept, hidden), axis, output=OUTPUT)
