"""The int8 product: close to the exact one, also with the channels that break a plain one."""

from __future__ import annotations

import numpy as np
import pytest

from handlers.embedding.fused import multiply_float
from handlers.embedding.int8 import EXACT_LAYERS, HOT_CHANNELS, Quantised, hot_and_cold, quantise, smoothing_for
from handlers.embedding.minilm import Floats


def numbers(rows: int, columns: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((rows, columns)).astype(np.float32)


def product(fitted: Quantised, inputs: Floats) -> Floats:
    """What the graph computes, in numpy."""
    seen = inputs
    if fitted.smoothing is not None:
        seen = (inputs - fitted.smoothing.middle) / fitted.smoothing.factors
    zero = np.float32(fitted.input_zero)
    levels = np.clip(np.rint(seen / fitted.input_scale) + zero, 0, 255) - zero
    found = (levels @ fitted.weight.astype(np.float32)) * fitted.input_scale * fitted.weight_scale
    return np.asarray(found + fitted.correction, dtype=np.float32)


def error(fitted: Quantised, inputs: Floats, weight: Floats) -> float:
    exact = inputs @ weight
    return float(np.abs(product(fitted, inputs) - exact).mean() / np.abs(exact).mean())


def test_the_product_is_close() -> None:
    weight, samples = numbers(64, 32, 1), numbers(500, 64, 2)
    assert error(quantise(weight, samples, smooth=False), numbers(100, 64, 3), weight) < 0.03


@pytest.mark.parametrize("offset", [0, 60])
def test_smoothing_saves_the_product_from_a_large_channel(offset: float) -> None:
    weight, samples, inputs = numbers(64, 32, 1), numbers(500, 64, 2), numbers(100, 64, 3)
    samples[:, 5] = samples[:, 5] * 20 + offset
    inputs[:, 5] = offset  # The others must not suffer from the scale that one channel takes.
    weight[5] = 0
    plain = error(quantise(weight, samples, smooth=False), inputs, weight)
    assert error(quantise(weight, samples, smooth=True), inputs, weight) < plain / 2


def test_weights_keep_to_seven_bits_so_that_pairs_cannot_overflow() -> None:
    fitted = quantise(numbers(64, 32, 1) * 1_000, numbers(100, 64, 2), smooth=False)
    assert np.abs(fitted.weight).max() == 63
    assert 2 * 255 * int(np.abs(fitted.weight).max()) <= np.iinfo(np.int16).max


def test_the_mean_error_on_the_samples_is_taken_off() -> None:
    weight, samples = numbers(64, 32, 1), np.abs(numbers(500, 64, 2))
    fitted = quantise(weight, samples, smooth=False)
    assert np.abs((product(fitted, samples) - samples @ weight).mean(axis=0)).max() < 1e-3


def test_dead_channels_do_no_harm() -> None:
    weight, samples = numbers(8, 4, 1), numbers(50, 8, 2)
    weight[:, 0], weight[3], samples[:, 6] = 0, 0, 0
    fitted = quantise(weight, samples, smooth=True)
    assert np.isfinite(product(fitted, samples)).all()
    assert np.isfinite(smoothing_for(weight, samples).factors).all()


@pytest.mark.parametrize("hot", [0, 700, 1535])
def test_the_largest_channels_stay_in_float(hot: int) -> None:
    samples = np.abs(numbers(20, 1536, 1)).clip(0, 5)
    samples[3, hot] = 50
    (_, cold, _), (_, kept, multiply) = hot_and_cold({"2.narrow": samples}, multiply_float)(2)
    assert hot in kept
    assert len(kept) == HOT_CHANNELS
    assert multiply is multiply_float
    assert sorted([*cold, *kept]) == list(range(1536))


def test_the_exact_layers_are_not_divided() -> None:
    ((name, channels, multiply),) = hot_and_cold({}, multiply_float)(EXACT_LAYERS[0])
    assert (name, len(channels), multiply) == ("all", 1536, multiply_float)
