"""What the rest of the program may ask of an embedding model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Vectors: TypeAlias = NDArray[np.float32]


class Embedder(Protocol):
    """Turns texts into vectors. Blocking and safe to call from several threads; callers use an executor."""

    @property
    def model(self) -> str:
        """Model and variant, for example `sentence-transformers/all-MiniLM-L6-v2#int8.v1`.

        It belongs in the payload of every point: vectors under two names are not to be compared.
        """

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length one per text, in the order of the texts: float32, shape (len(texts), dimensions).

        A text is cut to a bounded number of characters, and the model reads a bounded number of tokens of it.
        Any string is fine, the empty one and one with lone surrogates too. No texts give an array without rows.
        """
