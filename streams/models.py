"""Opening an embedding model by the name that settings or a person gave it."""

from __future__ import annotations

import asyncio
from typing import Final, cast, get_args

from contracts.errors import Permanent
from handlers.embedding.build import Variant
from handlers.embedding.fast import EmbeddingOptions, FastEmbedder, open_embedder
from handlers.embedding.minilm import MODEL
from handlers.index.choice import ModelName
from streams.settings import Settings

_VARIANTS: Final = get_args(Variant)


def named_by(settings: Settings) -> ModelName:
    """The model of the settings."""
    return ModelName(settings.embedding_model, settings.embedding_model_path)


async def open_model(settings: Settings, model: ModelName) -> FastEmbedder:
    """Load it in a thread. Raises Permanent for what only the operator can change, Outage."""
    options = embedding_options(settings, model)
    return await asyncio.to_thread(open_embedder, options)


def embedding_options(settings: Settings, model: ModelName) -> EmbeddingOptions:
    """How the model is opened. `#plain`, `#fused` or `#int8` behind the default model's name say how it computes."""
    name, _, variant = model.name.partition("#")
    if variant and (variant not in _VARIANTS or name.lower() != MODEL.lower()):
        raise Permanent(
            f"there is no embedding model {model.name}; behind {MODEL} may stand "
            f"{', '.join('#' + one for one in _VARIANTS)}, behind other names nothing"
        )
    cache = settings.home.expanduser() / "models"
    kind = cast("Variant", variant or EmbeddingOptions.variant)
    return EmbeddingOptions(cache, name, model.folder, settings.embedding_threads, kind)
