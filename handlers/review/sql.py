"""The named queries of this room."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def query(name: str) -> str:
    """The text of queries/<name>.sql."""
    return (files("handlers.review") / "queries" / f"{name}.sql").read_text(encoding="utf-8")
