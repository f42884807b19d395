from __future__ import annotations

from pathlib import Path

import pytest

from contracts.errors import Permanent
from handlers.embedding.minilm import MODEL
from handlers.index.choice import ModelName
from streams.models import embedding_options
from streams.settings import Settings

SETTINGS = Settings(_env_file=None)  # type: ignore[call-arg]


@pytest.mark.parametrize(
    ("name", "model", "variant"),
    [
        (MODEL, MODEL, "int8"),
        (f"{MODEL}#plain", MODEL, "plain"),
        ("BAAI/bge-small-en-v1.5", "BAAI/bge-small-en-v1.5", "int8"),
    ],
)
def test_a_name_says_which_model_and_how_it_computes(name: str, model: str, variant: str) -> None:
    options = embedding_options(SETTINGS, ModelName(name, Path("/here")))
    assert (options.model, options.variant, options.folder) == (model, variant, Path("/here"))


@pytest.mark.parametrize("name", [f"{MODEL}#fast", "BAAI/bge-small-en-v1.5#plain"])
def test_what_cannot_be_computed_so_is_refused(name: str) -> None:
    with pytest.raises(Permanent, match="#plain, #fused, #int8"):
        embedding_options(SETTINGS, ModelName(name))
