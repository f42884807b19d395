"""A batch of texts is embedded in slices, so that a stop need not wait for all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import Outage
from handlers.index.choice import ModelName
from streams.clock import SystemClock
from streams.delivery.settle import Settler
from streams.runtime import EMBED_AT_ONCE_MAX, Runtime
from streams.settings import Settings


class Lengths:
    """An embedder whose vectors are the lengths of the texts; it calls `seen` after each slice."""

    model = "tests/lengths"
    dimensions = 1

    def __init__(self, seen: Callable[[Sequence[str]], None]) -> None:
        self.seen = seen

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.seen(texts)
        return np.array([[len(text)] for text in texts], dtype=np.float32)


def runtime_with(embedder: Lengths) -> Runtime:
    unused: Any = None
    settler = Settler(unused, unused, SystemClock(), lambda: 0.5)
    made = Runtime(Settings(_env_file=None), SystemClock(), settler)
    made.hold_index(unused, embedder, ModelName("none"))
    return made


async def test_every_text_keeps_its_place() -> None:
    slices: list[int] = []
    texts = ["x" * (number * 7 % 100) for number in range(3 * EMBED_AT_ONCE_MAX + 1)]
    runtime = runtime_with(Lengths(lambda texts: slices.append(len(texts))))
    vectors = await runtime.embed(texts)
    assert vectors[:, 0].tolist() == [len(text) for text in texts]
    assert max(slices) <= EMBED_AT_ONCE_MAX
    runtime.release()


async def test_a_stop_is_noticed_between_two_slices() -> None:
    slices: list[int] = []

    def stop(texts: Sequence[str]) -> None:
        slices.append(len(texts))
        runtime.settler.stopping.set()

    runtime = runtime_with(Lengths(stop))
    with pytest.raises(Outage):
        await runtime.embed(["text"] * 5 * EMBED_AT_ONCE_MAX)
    assert slices == [EMBED_AT_ONCE_MAX]
    runtime.release()
