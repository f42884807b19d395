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

# What the reasons of looks begin with that stand for no air time: they make up for a skipped window, or for whatever
# aired before the show came into the catalogue.
AGAIN: Final = "looked at again"
FIRST: Final = "looked at first"
_OPEN: Final = frozenset({AnimeStatus.ONGOING, AnimeStatus.UPCOMING})

Plans = dict[str, dict[str, Due | None]]
"""By workflow and entity: the next look, None for its next regular slot."""


def show_plans(shows: Iterable[ShowRow], now: datetime, window: timedelta, *, are_new: bool = False) -> Plans:
    """The looks of these anime. Air times beyond the window wait for a later rebuild, which may know better.

    A show that is new and airs is looked at once, since its import may be older than its last episode.
    """
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
        if are_new and one.show.status is AnimeStatus.ONGOING:
            plans["episode_air_tracking"][entity_id] = Due(now, f"{FIRST}: it is new in the catalogue")
            continue
        due = expected(one.show, now)
        if not isinstance(due, Unknown) and due.at <= now + window:
            plans["episode_air_tracking"][entity_id] = due
    return plans


def people_plans(people: Iterable[UUID]) -> Plans:
    """The looks of these characters."""
    return {"character_refresh": {str(one): None for one in people}}
