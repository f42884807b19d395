"""Texts embedded per second: the plain export as fastembed runs it by itself, and the program's embedder.

Each round measures every contender once, in turn and in alternating order, so that whatever else the machine does
falls on all of them. The figure of a contender is the median over the rounds, and the ratio the median of the ratios
within a round.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from contracts.errors import Permanent
from handlers.embedding.build import built_model
from handlers.embedding.engine import open_folder
from handlers.embedding.fast import EmbeddingOptions, open_embedder
from handlers.embedding.minilm import MODEL
from handlers.embedding.weights import installed_source

SYLLABLES = ("ka", "to", "mi", "ra", "shi", "no", "ha", "ru", "yo", "en")
WORDS = (
    *("a", "boy", "girl", "pirate", "school", "robot", "war", "city", "ghost", "friend", "secret", "magic", "sword"),
    *("music", "summer", "night", "island", "captain", "teacher", "and", "the", "of", "who", "finds"),
    *(
        "loses",
        "fights",
        "saves",
        "remembers",
        "under",
        "beyond",
        "against",
        "with",
        "after",
        "before",
        "his",
        "her",
        "their",
        "first",
    ),
)
# Short rounds and many of them: the load of a machine changes within seconds.
ROUNDS = 7
Contender = Callable[[Sequence[str]], object]


def texts(count: int, words: int, seed: int) -> list[str]:
    """Sentences of everyday words with a made-up name in each; the number of words varies by a fifth."""
    chance = random.Random(seed)
    found: list[str] = []
    for _ in range(count):
        size = chance.randint(round(words * 0.8), round(words * 1.2))
        name = "".join(chance.choice(SYLLABLES) for _ in range(3))
        found.append(" ".join([name, *(chance.choice(WORDS) for _ in range(size - 1))]))
    return found


def run(cache: Path | None = None, rounds: int = ROUNDS, threads: int | None = None) -> dict[str, Any]:
    """Texts per second and ratios for about 100 and about 20 tokens, and the time to build and load the model.

    `cache` keeps the built graphs; without it they are built in a folder of their own and removed.
    """
    if cache is None:
        with tempfile.TemporaryDirectory() as folder:
            return run(Path(folder), rounds, threads)
    started = time.perf_counter()
    int8 = open_embedder(EmbeddingOptions(cache=cache, threads=threads))
    opened_s = time.perf_counter() - started
    contenders: dict[str, Contender] = {"plain": _plain(cache, threads)}
    contenders["fused"] = open_embedder(EmbeddingOptions(cache=cache, threads=threads, variant="fused")).embed
    contenders["fast"] = int8.embed
    return {
        "model": int8.model,
        "first_open_s": round(opened_s, 2),
        "tokens_100": _race(contenders, texts(48, 96, 1), rounds),
        "tokens_20": _race(contenders, texts(144, 17, 2), rounds),
        "one_query_ms": _latency(contenders, texts(5, 12, 3), rounds),
    }


def _plain(cache: Path, threads: int | None) -> Contender:
    """The plain graph with fastembed's own batching and pooling."""
    source = installed_source()
    if source is None:
        raise Permanent("The comparison needs the weights from the package registry: install the extra `embedded`.")
    engine = open_folder(MODEL, built_model(source, cache, "plain"), threads)
    return lambda batch: list(engine.embed(list(batch)))


def _times(contenders: dict[str, Contender], batch: Sequence[str], rounds: int) -> dict[str, list[float]]:
    for embed in contenders.values():
        embed(batch[: max(1, len(batch) // 8)])
    seconds: dict[str, list[float]] = {name: [] for name in contenders}
    for number in range(rounds):
        for name in list(contenders)[:: 1 if number % 2 == 0 else -1]:
            started = time.perf_counter()
            contenders[name](batch)
            seconds[name].append(time.perf_counter() - started)
    return seconds


def _race(contenders: dict[str, Contender], batch: Sequence[str], rounds: int) -> dict[str, Any]:
    seconds = _times(contenders, batch, rounds)
    rates = {name: round(len(batch) / statistics.median(taken), 1) for name, taken in seconds.items()}
    ratios = [plain / fast for plain, fast in zip(seconds["plain"], seconds["fast"], strict=True)]
    return {"texts": len(batch), "texts_per_s": rates, "ratio": round(statistics.median(ratios), 2)}


def _latency(contenders: dict[str, Contender], queries: Sequence[str], rounds: int) -> dict[str, float]:
    """The median time of one short query on its own, in milliseconds."""
    found = [_times(contenders, [query], rounds) for query in queries]
    return {
        name: round(1000 * statistics.median(second for query in found for second in query[name]), 2)
        for name in contenders
    }


if __name__ == "__main__":
    print(json.dumps(run(Path(sys.argv[1]) if len(sys.argv) > 1 else None), indent=2))
