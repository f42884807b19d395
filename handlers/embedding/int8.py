"""Multiplication in int8 that stays close to the exact one.

Plain dynamic int8 loses too much on this model (mean cosine 0.954), for three reasons that are answered one by one:

- AVX2 adds pairs of u8 by s8 products in 16 bits, which overflow at full range: weights use seven bits.
- A few input channels are ten times larger than the rest and take the scale for themselves. Where the input comes
  from a layer normalisation, each channel is centred and its size moved into its weights (as in SmoothQuant, Xiao et
  al. 2023); inside the feed-forward step the largest channels stay in float32 (as in LLM.int8, Dettmers et al. 2022).
- Rounding shifts the mean, and pooling adds the shift of every token up: the mean error over the calibration texts
  is taken off again, which costs nothing because it is a bias.

Input scales are fixed at build time. Dynamic ones would depend on which texts share a batch, and the same text would
then get different vectors.

The layer that suffers most stays in float32 as a whole: the worst cosine over mixed texts, odd ones among them, rises
from 0.991 to 0.995, for a sixth of the gain in speed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from handlers.embedding.fused import Channels, Groups, Multiply, Site, multiply_float, one_group
from handlers.embedding.graph import Graph
from handlers.embedding.minilm import Floats

WEIGHT_MAX = 63
INPUT_STEPS = 255
# Inputs may exceed what calibration saw by a tenth before they are clipped.
RANGE_MARGIN = 1.1
# Feed-forward channels per layer that stay in float32. With only that step in int8, 16 of them raise the worst cosine
# from 0.986 to 0.997, and 128 do not raise it further.
HOT_CHANNELS = 16
# Counted from zero; chosen by leaving each layer in turn in float32 and comparing the vectors.
EXACT_LAYERS = (4,)
# Steps whose input comes straight from a layer normalisation.
SMOOTHED_STEPS = ("qkv", "widen")
TINY = 1e-9


@dataclass(frozen=True)
class Smoothing:
    """What happens to an input before it is rounded: `(input - middle) / factors`, channel by channel."""

    middle: Floats
    factors: Floats


@dataclass(frozen=True)
class Quantised:
    """One weight in int8 with all that its product needs. `correction` is added to the product at the end."""

    weight: NDArray[np.int8]
    weight_scale: Floats
    input_scale: np.float32
    input_zero: np.uint8
    correction: Floats
    smoothing: Smoothing | None


def smoothing_for(weight: Floats, samples: Floats) -> Smoothing:
    """The factor of a channel is the geometric mean of its reach and the inverse reach of its weights, median 1."""
    low, high = samples.min(axis=0), samples.max(axis=0)
    factors = np.sqrt(np.maximum((high - low) / 2, TINY) / np.maximum(np.abs(weight).max(axis=1), TINY))
    return Smoothing(((low + high) / 2).astype(np.float32), (factors / np.median(factors)).astype(np.float32))


def quantise(weight: Floats, samples: Floats, *, smooth: bool) -> Quantised:
    """The weight (inputs by outputs) in seven bits per output channel, fitted to the sample inputs (rows by inputs)."""
    smoothing = smoothing_for(weight, samples) if smooth else None
    scaled, inputs = weight, samples
    if smoothing is not None:
        scaled, inputs = weight * smoothing.factors[:, None], (samples - smoothing.middle) / smoothing.factors
    weight_scale = np.maximum(np.abs(scaled).max(axis=0), TINY).astype(np.float32) / np.float32(WEIGHT_MAX)
    rounded = np.rint(scaled / weight_scale).astype(np.int8)
    low, high = min(0.0, float(inputs.min())) * RANGE_MARGIN, max(TINY, float(inputs.max())) * RANGE_MARGIN
    input_scale = np.float32((high - low) / INPUT_STEPS)
    input_zero = np.uint8(round(-low / float(input_scale)))
    zero = np.float32(input_zero)
    seen = (np.clip(np.rint(inputs / input_scale) + zero, 0, INPUT_STEPS) - zero) * input_scale
    # The mean of the exact product less that of the rounded one: what the middle took away comes back in here too.
    correction = (samples @ weight - seen @ (rounded * weight_scale)).mean(axis=0).astype(np.float32)
    return Quantised(rounded, weight_scale, input_scale, input_zero, correction, smoothing)


def multiply_int8(samples: Mapping[str, Floats]) -> Multiply:
    """A way to multiply in int8, fitted to the sample inputs of each step (by `Site.source`)."""

    def multiply(graph: Graph, site: Site, tensor: str, weight: Floats) -> str:
        if site.layer in EXACT_LAYERS:
            return multiply_float(graph, site, tensor, weight)
        inputs = samples[site.source]
        fitted = quantise(
            weight, inputs if site.channels is None else inputs[:, site.channels], smooth=site.step in SMOOTHED_STEPS
        )
        if fitted.smoothing is not None:
            centred = graph.add("Sub", tensor, graph.constant(f"{site.name}.middle", fitted.smoothing.middle))
            tensor = graph.add("Mul", centred, graph.constant(f"{site.name}.smooth", 1 / fitted.smoothing.factors))
        scale = graph.constant(f"{site.name}.input_scale", fitted.input_scale)
        zero = graph.constant(f"{site.name}.input_zero", fitted.input_zero)
        rounded = graph.add("QuantizeLinear", tensor, scale, zero)
        weight_name = graph.constant(f"{site.name}.weight", fitted.weight)
        weight_scale = graph.constant(f"{site.name}.weight_scale", fitted.weight_scale)
        weight_zero = graph.constant(f"{site.name}.weight_zero", np.zeros(weight.shape[1], np.int8))
        correction = graph.constant(f"{site.name}.correction", fitted.correction)
        return graph.contrib(
            "MatMulIntegerToFloat", rounded, weight_name, scale, weight_scale, zero, weight_zero, correction
        )

    return multiply


def hot_and_cold(samples: Mapping[str, Floats], cold_multiply: Multiply) -> Groups:
    """The inner channels with the largest values in float32, all others by `cold_multiply`; exact layers undivided."""

    def groups(layer: int) -> Sequence[tuple[str, Channels, Multiply]]:
        if layer in EXACT_LAYERS:
            return one_group(layer)
        order = np.argsort(np.abs(samples[f"{layer}.narrow"]).max(axis=0))
        cold, hot = np.sort(order[:-HOT_CHANNELS]), np.sort(order[-HOT_CHANNELS:])
        return [("cold", cold, cold_multiply), ("hot", hot, multiply_float)]

    return groups
