"""The ids of the events that ingest sends."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from contracts.ids import derived_id

_ORDER_BITS: Final = 48
_KEPT_BITS: Final = 128 - _ORDER_BITS


def enriched_id(run_id: int, *parts: object) -> UUID:
    """The id of an event of the run: the same run and parts give the same id.

    It is a UUIDv8 that begins with the run, because what was observed at one instant is ordered by event id
    (handlers/persist/merge.py): a record that was corrected by hand and kept its enriched_at must win over what an
    earlier run brought.
    """
    kept = derived_id("enriched", run_id, *parts).int & ((1 << _KEPT_BITS) - 1)
    number = (run_id % (1 << _ORDER_BITS)) << _KEPT_BITS | kept
    number = number & ~(0xF << 76) | 0x8 << 76  # Version 8: a layout of our own (RFC 9562).
    return UUID(int=number & ~(0x3 << 62) | 0x2 << 62)
