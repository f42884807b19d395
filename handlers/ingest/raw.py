"""What is handed in, before anything is understood of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One JSON value, the `position`th that was handed in, from 1; or, in `problem`, why there is none to read."""

    position: int
    value: Any = None
    problem: str | None = None
    size_bytes: int = 0
