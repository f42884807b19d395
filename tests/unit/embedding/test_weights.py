"""Weights are used only when their checksum is the published one."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from contracts.errors import Permanent
from handlers.embedding.build import built_model
from handlers.embedding.weights import Source, installed_source, read_weights, write_tokenizer


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    package = tmp_path / "package"
    package.mkdir()
    save_file({"embeddings.LayerNorm.weight": np.ones(3, np.float32)}, package / "model.safetensors")
    for name in ("tokenizer.json", "special_tokens_map.json", "config.json"):
        (package / name).write_text("{}")
    (package / "tokenizer_config.json").write_text(json.dumps({"model_max_length": 512, "pad_token": "[PAD]"}))
    return package


def test_other_weights_are_refused_by_checksum(folder: Path) -> None:
    with pytest.raises(Permanent, match=r"model\.safetensors has the sha256 [0-9a-f]{64}.*EMBEDDING_MODEL_PATH"):
        read_weights(Source(folder))


def test_refused_weights_leave_no_model_folder(folder: Path, tmp_path: Path) -> None:
    with pytest.raises(Permanent, match="sha256"):
        built_model(Source(folder), tmp_path / "cache", "plain")
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [".lock"]


def test_weights_with_the_right_checksum_are_read(folder: Path) -> None:
    content = (folder / "model.safetensors").read_bytes()
    weights = read_weights(Source(folder, hashlib.sha256(content).hexdigest()))
    assert weights.tensors["embeddings.LayerNorm.weight"].tolist() == [1, 1, 1]


def test_the_tokenizer_is_limited_to_what_the_model_was_trained_with(folder: Path, tmp_path: Path) -> None:
    write_tokenizer(Source(folder), tmp_path)
    assert json.loads((tmp_path / "tokenizer_config.json").read_text()) == {
        "model_max_length": 256,
        "pad_token": "[PAD]",
    }


def test_a_package_that_is_not_installed_gives_no_source() -> None:
    assert installed_source("a-package-that-nobody-installed") is None


def test_a_cache_that_cannot_be_written_says_so(folder: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(Permanent, match="cannot be kept in"):
        built_model(Source(folder), blocked / "cache", "plain")
