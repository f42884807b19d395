"""Regular slots: every entity has its own place in the interval of its workflow, by hash, and keeps it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

from contracts.workflow import Policy

_BITS: Final = 53  # As many as a float holds exactly.
# A Monday, so that a weekly slot's offset counts from the start of the week.
_ANCHOR: Final = datetime(1970, 1, 5, tzinfo=UTC)


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


def next_slot(policy: Policy, workflow: str, entity_id: str, after: datetime) -> datetime | None:
    """The first slot strictly after an instant; None when the policy has no interval of its own."""
    if policy.interval_s is None:
        return None
    interval = timedelta(seconds=policy.interval_s)
    base = _ANCHOR + timedelta(seconds=policy.phase_s + offset_s(workflow, entity_id, policy.jitter_s))
    return base + ((after - base) // interval + 1) * interval


def slots_between(policy: Policy, workflow: str, entity_id: str, start: datetime, end: datetime) -> Iterator[datetime]:
    """The slots from `start` up to but not including `end`, in order."""
    slot = next_slot(policy, workflow, entity_id, start - timedelta(microseconds=1))
    while slot is not None and slot < end:
        yield slot
        slot += timedelta(seconds=policy.interval_s or 0)
