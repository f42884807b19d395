"""Which looks every entity needs, and when the next episode of a show is looked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.model.enums import AnimeStatus
from contracts.workflow import Due
from handlers.update.airtime import Unknown, expected
from handlers.update.stored import ShowRow

# What the reason of a look begins with that makes up for a skipped window.
AGAIN: Final = "looked at again"
_OPEN: Final = frozenset({AnimeStatus.ONGOING, AnimeStatus.UPCOMING})

Plans = dict[str, dict[str, Due | None]]
"""By workflow and entity: the next look, None for its next regular slot."""


def show_plans(shows: Iterable[ShowRow], now: datetime, window: timedelta) -> Plans:
    """The looks of these anime. Air times beyond the window wait for a later rebuild, which may know better."""
    plans: Plans = {"metadata_refresh": {}, "status_check": {}, "episode_air_tracking": {}}
    for one in shows:
        entity_id = str(one.id)
        plans["metadata_refresh"][entity_id] = None
        if one.show.status not in _OPEN:
            continue
        plans["status_check"][entity_id] = None
        if one.was_skipped:
            plans["episode_air_tracking"][entity_id] = Due(now, f"{AGAIN}: the last window was skipped")
            continue
        due = expected(one.show, now)
        if not isinstance(due, Unknown) and due.at <= now + window:
            plans["episode_air_tracking"][entity_id] = due
    return plans


def people_plans(people: Iterable[UUID]) -> Plans:
    """The looks of these characters."""
    return {"character_refresh": {str(one): None for one in people}}
