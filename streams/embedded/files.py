"""Small files of the data folder: written whole or not at all, and readable by their owner only."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

_STATE_BYTES_MAX = 65_536


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Replace `path` by `value` as JSON; a kill in between leaves the old file."""
    fresh = path.with_name(path.name + ".new")
    fresh.touch(mode=0o600)
    fresh.write_text(json.dumps(value, indent=1) + "\n", encoding="utf-8")
    fresh.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """The object in `path`; empty when the file is missing, cut off, too large or no object."""
    try:
        with path.open("rb") as file:
            value = json.loads(file.read(_STATE_BYTES_MAX))
    except (FileNotFoundError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def last_words(path: Path, *, since_byte: int = 0, bytes_max: int = 4_000) -> str:
    """The last line of the log `path` that calls itself fatal, else the last one that says anything.

    Looked for from `since_byte` on, and in the last `bytes_max` bytes only; for error messages.
    """
    try:
        with path.open("rb") as log:
            log.seek(max(since_byte, path.stat().st_size - bytes_max))
            lines = [line.strip() for line in log.read(bytes_max).decode(errors="replace").split("\n")]
    except FileNotFoundError:
        return "it wrote nothing"
    fatal = [line for line in lines if "FATAL:" in line or "[FTL]" in line]
    return next((line for line in reversed([*lines, *fatal]) if line), "it wrote nothing")


def set_aside(log: Path, *, bytes_max: int) -> None:
    """Before a start: a log over `bytes_max` becomes NAME.1, replacing the NAME.1 of before."""
    if log.exists() and log.stat().st_size > bytes_max:
        log.replace(log.with_name(log.name + ".1"))
