"""Which looks every entity needs, and when the next episode of a show is looked for. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.model.enums import AnimeStatus
from contracts.workflow import Due
from handlers.update.airtime import Unknown, daily, expected
from handlers.update.stored import ShowRow

# What the reasons of looks begin with that stand for no air time: they make up for a skipped window, or for whatever
# aired before the show came into the catalogue.
AGAIN: Final = "looked at again"
FIRST: Final = "looked at first"
LAST_HAS_AIRED: Final = "the last episode has aired; its status is asked for until it turns"
_OPEN: Final = frozenset({AnimeStatus.ONGOING, AnimeStatus.UPCOMING})

Plans = dict[str, dict[str, Due | None]]
"""By workflow and entity: the next look, None for its next regular slot."""


def show_plans(shows: Iterable[ShowRow], now: datetime, window: timedelta) -> Plans:
    """The looks of these anime. Air times beyond the window wait for a later rebuild, which may know better.

    A show that airs and was never looked at is looked at once: its import may be older than its last episode, and one
    whose premiere nobody announced has begun already.
    """
    # Each workflow's are committed by themselves, in this order, and a show without a row of metadata_refresh is new: a
    # crash in between leaves it new, and its first look is planned again.
    plans: Plans = {"episode_air_tracking": {}, "status_check": {}, "metadata_refresh": {}}
    for one in shows:
        entity_id = str(one.id)
        plans["metadata_refresh"][entity_id] = None
        if one.show.status in _OPEN:
            plans["status_check"][entity_id] = None
        due = _air_look(one, now)
        if due is not None and due.at <= now + window:
            plans["episode_air_tracking"][entity_id] = due
    return plans


def _air_look(one: ShowRow, now: datetime) -> Due | None:
    # A show may be over when its last window was skipped: its last episode is looked for all the same.
    if one.was_skipped and one.show.status is not AnimeStatus.CANCELLED:
        return Due(now, f"{AGAIN}: the last window was skipped")
    if one.show.status not in _OPEN:
        return None
    if one.is_untracked and one.show.status is AnimeStatus.ONGOING:
        return Due(now, f"{FIRST}: nobody has looked for its episodes yet")
    if one.last_aired_at is not None and one.last_aired_at <= now:
        return daily(one.show, now, LAST_HAS_AIRED)
    due = expected(one.show, now)
    return None if isinstance(due, Unknown) else due


def people_plans(people: Iterable[UUID]) -> Plans:
    """The looks of these characters."""
    return {"character_refresh": {str(one): None for one in people}}
