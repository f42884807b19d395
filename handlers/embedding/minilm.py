"""The shape of all-MiniLM-L6-v2 and its weights by name.

The figures are those of the model's own `config.json`, `1_Pooling/config.json` and `sentence_bert_config.json`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]

MODEL: Final = "sentence-transformers/all-MiniLM-L6-v2"
LAYERS: Final = 6
HEADS: Final = 12
HIDDEN: Final = 384
HEAD: Final = HIDDEN // HEADS
INNER: Final = 1536
NORM_EPSILON: Final = 1e-12
# The sentence model was trained on 256 word pieces, although the position table has 512 rows.
TOKENS_MAX: Final = 256


@dataclass(frozen=True)
class Weights:
    """The tensors of `model.safetensors` by their names, all float32."""

    tensors: Mapping[str, Floats]

    def embedding(self, table: str) -> Floats:
        """One of the tables `word`, `position` and `token_type`, a row per id."""
        return self.tensors[f"embeddings.{table}_embeddings.weight"]

    def norm(self, prefix: str) -> tuple[Floats, Floats]:
        """Scale and shift of a layer normalisation."""
        return self.tensors[f"{prefix}.LayerNorm.weight"], self.tensors[f"{prefix}.LayerNorm.bias"]

    def dense(self, prefix: str) -> tuple[Floats, Floats]:
        """Weight (inputs by outputs, as MatMul wants it) and bias of a linear step."""
        return np.ascontiguousarray(self.tensors[f"{prefix}.weight"].T), self.tensors[f"{prefix}.bias"]

    def query_key_value(self, layer: int) -> tuple[Floats, Floats]:
        """The three projections of self-attention side by side, so that one multiplication does all of them."""
        parts = [self.dense(f"encoder.layer.{layer}.attention.self.{name}") for name in ("query", "key", "value")]
        return np.concatenate([w for w, _ in parts], axis=1), np.concatenate([b for _, b in parts])
