"""The real model, built once per session from the weights in the package registry."""

from __future__ import annotations

from pathlib import Path

import pytest

from handlers.embedding.build import Variant
from handlers.embedding.fast import EmbeddingOptions, FastEmbedder, open_embedder
from handlers.embedding.weights import PACKAGE, installed_source


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if installed_source() is None:
        pytest.skip(f"the package {PACKAGE} is not installed: it comes with the extra `embedded`")
    return tmp_path_factory.mktemp("models")


def opened(cache: Path, variant: Variant) -> FastEmbedder:
    return open_embedder(EmbeddingOptions(cache=cache, variant=variant))


@pytest.fixture(scope="session")
def fast(model_cache: Path) -> FastEmbedder:
    return opened(model_cache, "int8")


@pytest.fixture(scope="session")
def fused(model_cache: Path) -> FastEmbedder:
    return opened(model_cache, "fused")


@pytest.fixture(scope="session")
def plain(model_cache: Path) -> FastEmbedder:
    return opened(model_cache, "plain")
