"""Spreading by hash: every entity has its own place in the week, and keeps it."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

_BITS: Final = 53  # As many as a float holds exactly.


def share(*parts: str) -> float:
    """A number from 0 up to but not including 1 that follows from the parts, the same on every machine."""
    digest = blake2b("\x1f".join(parts).encode(), digest_size=8).digest()
    return (int.from_bytes(digest) >> (64 - _BITS)) / (1 << _BITS)


def offset_s(workflow: str, entity_id: str, span_s: float) -> float:
    """The seconds by which an entity's slot is moved, from 0 to `span_s`."""
    return share("slot", workflow, entity_id) * span_s


def catch_up_offset_s(workflow: str, entity_id: str, span_s: float) -> float:
    """The seconds by which a late look is put off; another hash, so that it says nothing about the slot."""
    return share("late", workflow, entity_id) * span_s
