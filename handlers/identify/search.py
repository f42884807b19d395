"""One pass: anime that lack an id are searched for, and what is learned leaves as anime.updated."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from contracts.events import AnimeUpdatedEvent, AnimeValues
from contracts.ids import derived_id

# A cross-reference that is not there today may be there next month; asking sooner costs requests and finds little.
SEARCH_AGAIN_AFTER: Final = timedelta(days=30)
ANIME_PER_PASS_MAX: Final = 200
SAID_BY: Final = "cross-references"


@dataclass(frozen=True, slots=True)
class Unidentified:
    """An anime and the ids that it has, platform to id."""

    anime_id: UUID
    ids: Mapping[str, str]


Resolve = Callable[[Sequence[Mapping[str, str]]], Awaitable[tuple[Sequence[Mapping[str, str]], bool]]]
"""All ids now known, in order, and whether every source could be asked."""


class Store(Protocol):
    """Where the anime are, and where what was learned goes."""

    async def unidentified(self, since: datetime, anime_max: int) -> list[Unidentified]: ...  # noqa: D102
    async def record(  # noqa: D102
        self, events: Sequence[AnimeUpdatedEvent], searched: Sequence[UUID], now: datetime
    ) -> None: ...


async def search_and_queue(store: Store, resolve: Resolve, now: datetime) -> int:
    """Search for what is missing; returns how many anime have learned an id.

    What was learned and that it was searched for are committed together. When a source could not be asked, only what
    was learned is: the others are searched for again with the next pass.
    """
    lacking = await store.unidentified(now - SEARCH_AGAIN_AFTER, ANIME_PER_PASS_MAX)
    if not lacking:
        return 0
    found, is_complete = await resolve([one.ids for one in lacking])
    events = [event for one, ids in zip(lacking, found, strict=True) if (event := learned(one, ids, now)) is not None]
    searched = [one.anime_id for one in lacking] if is_complete else [event.anime_id for event in events]
    await store.record(events, searched, now)
    return len(events)


def learned(anime: Unidentified, ids: Mapping[str, str], now: datetime) -> AnimeUpdatedEvent | None:
    """The event that says the ids which are new; None when there are none. The same finding gives the same event id."""
    new = {platform: external_id for platform, external_id in ids.items() if platform not in anime.ids}
    if not new:
        return None
    return AnimeUpdatedEvent(
        event_id=derived_id("identified", anime.anime_id, *sorted(new.items())),
        timestamp=now,
        anime_id=anime.anime_id,
        source=SAID_BY,
        changed_fields=["external_ids"],
        values=AnimeValues(external_ids=new),
        observed_at=now,
    )
