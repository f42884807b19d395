"""Chance that follows from a seed alone: the same parts give the same draw in every process and on every machine."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TypeVar

T = TypeVar("T")
_SPAN = float(2**64)


def number(*parts: object) -> int:
    """A 64-bit number drawn from the parts, independent of process and platform (unlike `hash`)."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big")


@dataclass(frozen=True, slots=True)
class Chance:
    """A named stream of draws. Each draw is addressed by its own parts, so that adding one moves no other."""

    seed: int

    def fraction(self, *parts: object) -> float:
        """A number in [0, 1)."""
        return number(self.seed, *parts) / _SPAN

    def between(self, low: float, high: float, *parts: object) -> float:
        """A number in [low, high)."""
        return low + (high - low) * self.fraction(*parts)

    def bell(self, deviation: float, *parts: object) -> float:
        """A number around 0; the sum of four even draws comes close enough to a normal one, and has bounds."""
        total = sum(self.fraction(*parts, turn) for turn in range(4)) - 2.0
        return total * deviation * math.sqrt(3.0)

    def shuffled(self, items: Sequence[T], *parts: object) -> list[T]:
        """The items in a drawn order; the order of the input does not matter beyond equal draws."""
        return [items[at] for at in sorted(range(len(items)), key=lambda at: number(self.seed, *parts, at))]
