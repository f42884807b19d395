"""Identities: typed ids, and how the ones that must be equal on every machine are derived."""

from __future__ import annotations

from typing import NewType
from uuid import NAMESPACE_URL, UUID, uuid5

from contracts.limits import OUTBOX_BUCKETS

EntityId = NewType("EntityId", UUID)
EventId = NewType("EventId", UUID)

_NAMESPACE = uuid5(NAMESPACE_URL, "https://echora.example")


def derived_id(*parts: object) -> UUID:
    """A UUIDv5 of the parts in order: the same parts give the same id, on every machine and after every crash."""
    return uuid5(_NAMESPACE, "\x1f".join(str(part) for part in parts))


def episode_id(anime_id: UUID, episode_number: int) -> UUID:
    """The id of an episode that came without one; an episode is unique by anime and number."""
    return derived_id("episode", anime_id, episode_number)


def character_id(anime_id: UUID, name: str) -> UUID:
    """The id of a character that came without one and without an external id."""
    return derived_id("character", anime_id, name.casefold().strip())


def outbox_bucket(entity_id: UUID) -> int:
    """Which bucket keeps the order of an entity; its last byte spreads also where ids begin with a time."""
    return entity_id.bytes[-1] % OUTBOX_BUCKETS
