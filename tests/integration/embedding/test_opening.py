"""Which model is opened: folder first, then the package's weights, then the hub."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from contracts.errors import Outage, Permanent
from handlers.embedding import fast as room
from handlers.embedding.build import GRAPH_VERSION
from handlers.embedding.engine import Engine, open_from_hub
from handlers.embedding.fast import EmbeddingOptions, FastEmbedder, open_embedder
from handlers.embedding.minilm import MODEL


class HubAsked(Exception):
    """Tells that the hub would have been asked."""


@pytest.fixture
def no_hub(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(model: str, _cache: Path, _threads: int | None) -> Engine:
        raise HubAsked(model)

    monkeypatch.setattr(room, "open_from_hub", refuse)


@pytest.mark.usefixtures("no_hub")
def test_the_default_model_needs_no_hub_and_names_its_variant(model_cache: Path, fast: FastEmbedder) -> None:
    assert fast.model == f"{MODEL}#int8.v{GRAPH_VERSION}"
    assert open_embedder(EmbeddingOptions(cache=model_cache, threads=1)).dimensions == 384


@pytest.mark.usefixtures("no_hub")
def test_another_model_is_asked_of_the_hub(tmp_path: Path) -> None:
    with pytest.raises(HubAsked, match="bge-small-en"):
        open_embedder(EmbeddingOptions(cache=tmp_path, model="BAAI/bge-small-en-v1.5"))


@pytest.mark.usefixtures("no_hub")
def test_a_folder_comes_first(model_cache: Path, plain: FastEmbedder) -> None:
    (folder,) = model_cache.glob("all-MiniLM-L6-v2.plain.*")
    found = open_embedder(EmbeddingOptions(cache=model_cache / "unused", folder=folder))
    assert found.model == plain.model == MODEL
    assert not (model_cache / "unused").exists()
    assert float(found.embed(["pirates"])[0] @ plain.embed(["pirates"])[0]) == pytest.approx(1)


def test_a_folder_without_a_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match=f"{MODEL} cannot be loaded from {tmp_path}"):
        open_embedder(EmbeddingOptions(cache=tmp_path, folder=tmp_path))


def test_an_unknown_model_is_refused_before_any_download(tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="EMBEDDING_MODEL is nobody/nothing, which fastembed does not know"):
        open_embedder(EmbeddingOptions(cache=tmp_path, model="nobody/nothing"))


def test_a_hub_out_of_reach_is_an_outage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(Outage, match=r"model hub is not available: .*EMBEDDING_MODEL_PATH"):
        open_from_hub("BAAI/bge-small-en-v1.5", tmp_path, None)


def test_importing_the_room_does_not_import_fastembed() -> None:
    code = (
        "import sys, handlers.embedding.fast; sys.exit(bool({'fastembed', 'onnx', 'onnxruntime'} & set(sys.modules)))"
    )
    root = Path(__file__).resolve().parents[3]
    assert subprocess.run([sys.executable, "-c", code], cwd=root, timeout=60, check=False).returncode == 0
