"""The embedder that runs on fastembed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from contracts.errors import Permanent
from handlers.embedding.batching import batches, bounded, tokens_about
from handlers.embedding.build import Variant, built_model, variant_name
from handlers.embedding.engine import Engine, open_folder, open_from_hub, open_pooled, unit_rows
from handlers.embedding.minilm import MODEL, TOKENS_MAX
from handlers.embedding.port import Vectors
from handlers.embedding.weights import Source, installed_source

# About 40 texts of 100 tokens. Of 1,024 to 16,384 tokens this was the fastest, by little and on a busy machine; what
# grows for certain with it is memory.
BATCH_TOKENS_MAX = 4096
# The default model reads 256 tokens, about 1,300 characters of English; models that read more are served too.
TEXT_CHARS_MAX = 16_384
# What fastembed's other models read, unless they say otherwise; it only serves to estimate what a text costs.
OTHER_TOKENS_MAX = 512


@dataclass(frozen=True)
class EmbeddingOptions:
    """What the operator may choose. `folder` is a local model folder; `cache` is where built and fetched ones go.

    `threads` is how many onnxruntime uses for one batch, None for one per core. `variant` says which graph is built
    from the package registry's weights; it has no meaning for other models.
    """

    cache: Path
    model: str = MODEL
    folder: Path | None = None
    threads: int | None = None
    variant: Variant = "int8"


class FastEmbedder:
    """An `Embedder` over an opened engine. Keeps no state between calls, so threads may share it."""

    def __init__(self, engine: Engine, model: str, *, tokens_max: int = OTHER_TOKENS_MAX) -> None:
        self._engine = engine
        self._model = model
        self._dimensions = engine.embedding_size
        self._tokens_max = tokens_max

    @property
    def model(self) -> str:
        """Model and variant."""
        return self._model

    @property
    def dimensions(self) -> int:
        """How many numbers a vector has."""
        return self._dimensions

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row of length one per text, in order. Raises Permanent when the model gives something else."""
        kept = [bounded(text, TEXT_CHARS_MAX) for text in texts]
        vectors = np.zeros((len(kept), self._dimensions), dtype=np.float32)
        lengths = [tokens_about(text, self._tokens_max) for text in kept]
        for group in batches(lengths, BATCH_TOKENS_MAX):
            found = np.stack(list(self._engine.embed([kept[at] for at in group], batch_size=len(group))))
            if found.shape != (len(group), self._dimensions) or not np.isfinite(found).all():
                raise Permanent(
                    f"The embedding model {self._model} gave vectors of shape {found.shape}, or not finite ones."
                )
            vectors[group] = unit_rows(found)
        return vectors


def open_embedder(options: EmbeddingOptions, installed: Source | None = None) -> FastEmbedder:
    """Finds and loads the model; blocks for seconds, at first use longer.

    An explicit folder comes first. Then, for the default model, the weights that the package registry supplied
    (`installed`, looked up when None): asking a hub that cannot be reached takes 39 s. Then the hub.
    Raises Permanent for what only the operator can change, Outage when the hub does not answer.
    """
    if options.folder is not None:
        return FastEmbedder(open_folder(options.model, options.folder, options.threads), options.model)
    source = (installed or installed_source()) if options.model.lower() == MODEL.lower() else None
    if source is None:
        return FastEmbedder(open_from_hub(options.model, options.cache / "hub", options.threads), options.model)
    folder = built_model(source, options.cache, options.variant)
    name = variant_name(MODEL, options.variant)
    if options.variant == "plain":
        return FastEmbedder(open_folder(MODEL, folder, options.threads), name, tokens_max=TOKENS_MAX)
    return FastEmbedder(open_pooled(folder, options.threads), name, tokens_max=TOKENS_MAX)
