"""The shape of a JSON body: which keys it has, and what kind of value stands under each."""

from __future__ import annotations

import json
import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(os.environ.get("ECHORA_RECORDINGS", Path(__file__).parents[4] / "shared" / "data"))
needs_recordings = pytest.mark.skipif(
    not (ROOT / "jikan").is_dir(),
    reason=f"there are no recorded bodies at {ROOT}; set ECHORA_RECORDINGS to the folder that holds them",
)


def load(path: str) -> Any:
    """A file of the recordings as JSON."""
    return json.loads((ROOT / path).read_text("utf-8"))


def recorded(path: str) -> Any:
    """The body of the first exchange of a file."""
    return load(path)[0]["response"]["body"]


def differences(ours: Any, real: Any, at: str = "$", *, open_maps: Collection[str] = ()) -> Iterator[str]:
    """Where a body of the world is not of the real one's shape.

    Null stands for any kind, an empty list for any list; of a list the first item speaks. Below a path in `open_maps`
    keys are data, not structure.
    """
    if ours is None or real is None:
        return
    if _kind(ours) != _kind(real):
        yield f"{at}: {_kind(ours)} where the real body has {_kind(real)}"
    elif isinstance(ours, dict):
        if at not in open_maps:
            yield from (f"{at}.{key}: missing" for key in sorted(set(real) - set(ours)))
            yield from (f"{at}.{key}: not in the real body" for key in sorted(set(ours) - set(real)))
        for key in set(ours) & set(real):
            yield from differences(ours[key], real[key], f"{at}.{key}", open_maps=open_maps)
    elif isinstance(ours, list) and ours and real:
        yield from differences(ours[0], real[0], f"{at}[]", open_maps=open_maps)


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, (int, float)):
        return "number"
    return type(value).__name__
