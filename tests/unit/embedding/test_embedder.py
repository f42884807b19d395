"""The embedder over a small engine of our own: order, length, bounds and refusals."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import Permanent
from handlers.embedding.fast import BATCH_TOKENS_MAX, TEXT_CHARS_MAX, FastEmbedder
from handlers.embedding.port import Embedder


class LengthEngine:
    """Gives each text a vector that tells how long it is, and keeps what it was asked."""

    embedding_size = 2

    def __init__(self) -> None:
        self.asked: list[list[str]] = []

    def embed(self, documents: list[str], batch_size: int = 256) -> Iterable[NDArray[Any]]:
        assert batch_size == len(documents)
        self.asked.append(documents)
        return (np.array([3.0 * (1 + len(text)), 4.0]) for text in documents)


class BrokenEngine(LengthEngine):
    def embed(self, documents: list[str], batch_size: int = 256) -> Iterable[NDArray[Any]]:
        return (np.array([np.nan, 1.0]) for _ in documents)


class ShortEngine(LengthEngine):
    def embed(self, documents: list[str], batch_size: int = 256) -> Iterable[NDArray[Any]]:
        return (np.array([1.0, 1.0]) for _ in documents[1:])


def test_rows_come_in_the_order_of_the_texts_and_at_length_one() -> None:
    embedder: Embedder = FastEmbedder(LengthEngine(), "small")
    sizes = [7, 900, 0, 31, 900, 2]
    found = embedder.embed(["x" * size for size in sizes])
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(found[:, 0] / found[:, 1] * 4 / 3 - 1, sizes, atol=0.2)


def test_no_texts_give_no_rows_and_do_not_ask_the_model() -> None:
    engine = LengthEngine()
    assert FastEmbedder(engine, "small").embed([]).shape == (0, 2)
    assert engine.asked == []


def test_a_very_long_text_is_cut() -> None:
    engine = LengthEngine()
    FastEmbedder(engine, "small").embed(["y" * 10_000_000])
    assert len(engine.asked[0][0]) == TEXT_CHARS_MAX


def test_many_texts_are_asked_in_bounded_batches() -> None:
    engine = LengthEngine()
    FastEmbedder(engine, "small", tokens_max=256).embed(["z" * 2_000] * 100)
    assert max(len(batch) for batch in engine.asked) == BATCH_TOKENS_MAX // 256
    assert sum(len(batch) for batch in engine.asked) == 100


@pytest.mark.parametrize("engine", [BrokenEngine(), ShortEngine()])
def test_vectors_that_are_none_are_refused(engine: LengthEngine) -> None:
    with pytest.raises(Permanent, match="small gave vectors"):
        FastEmbedder(engine, "small").embed(["a", "b"])
