"""Rules about payloads: the keys that the index itself reads, what null means, and what really changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from uuid import UUID

from handlers.index.port import Payload, Stored

VERSION: Final = "version"
ENTITY_TYPE: Final = "entity_type"
TEXT_SHA256: Final = "text_sha256"
MODEL: Final = "model"
TEMPLATE: Final = "template"
# A filter compares numbers as doubles, so a version beyond this could lose to its neighbour.
VERSION_MAX: Final = 2**53
STORED_KEYS: Final = (VERSION, ENTITY_TYPE, TEXT_SHA256, MODEL, TEMPLATE)


def stored_from(point_id: UUID, payload: Mapping[str, object] | None) -> Stored:
    """What a payload says of its point; a key that is missing reads as "" and a missing version as 0."""
    known = payload or {}
    text = [str(known.get(key) or "") for key in (ENTITY_TYPE, TEXT_SHA256, MODEL, TEMPLATE)]
    return Stored(point_id, version_of(known), *text)


def version_of(payload: Mapping[str, object] | None) -> int:
    """The version of a stored point; 0 when it has none, so that every write of ours wins over it."""
    version = (payload or {}).get(VERSION)
    return version if isinstance(version, int) else 0


def full_payload(payload: Payload, version: int) -> dict[str, object]:
    """The payload of an upsert: nulls left out, the version set."""
    return {key: value for key, value in payload.items() if value is not None} | {VERSION: version}


def merge_payload(payload: Payload, version: int) -> dict[str, object]:
    """The payload of a patch: nulls kept, because Qdrant's merge removes a key that is set to null."""
    return dict(payload) | {VERSION: version}


def changed_payload(stored: Payload, payload: Payload, version: int) -> dict[str, object]:
    """The part of a patch that differs from what is stored, nulls for keys to remove, and the version.

    Only for a sole writer: between reading and merging nobody else may have written.
    """
    # Types are compared too, because True equals 1 in Python but not in JSON.
    changed = {
        key: value
        for key, value in payload.items()
        if (old := stored.get(key)) != value or type(old) is not type(value)
    }
    return changed | {VERSION: version}
