"""The simulated weeks, indexed: what is true between two instants, and what each service shows of an entity."""

from __future__ import annotations

from bisect import insort
from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from contracts.errors import Permanent
from contracts.model import AnimeRecord, Character
from handlers.world.airing import WEEK
from handlers.world.changes import Change, EntityType, Source
from handlers.world.lags import LAG_S_MAX
from handlers.world.simulation import opening_ledger, simulate
from handlers.world.titles import Title, character_number, settle

# What is simulated ahead of the instant asked for: no lag reaches further back, so that past answers never change.
_AHEAD = WEEK + timedelta(seconds=LAG_S_MAX)
Shown = tuple[datetime, Change]


class History:
    """A history that grows week by week as later instants are asked for; what it has said never changes."""

    def __init__(self, records: Sequence[AnimeRecord], seed: int, origin: datetime) -> None:
        self.origin = origin
        self.seed = seed
        opening = opening_ledger(records, seed, origin)
        self._chance = opening.chance
        self.titles: dict[UUID, Title] = dict(opening.titles)
        self.characters: dict[UUID, Character] = dict(opening.characters)
        self.born: dict[tuple[Source, UUID], datetime] = {}
        self.by_id: dict[tuple[Source, EntityType, int], UUID] = {}
        self.works_of: dict[UUID, list[UUID]] = defaultdict(list)
        self._weeks = simulate(records, seed, origin)
        self._end = origin
        self._changes: list[Change] = []
        self._shown: dict[tuple[Source, UUID], list[Shown]] = defaultdict(list)
        for title in self.titles.values():
            self._register(title)

    def reach(self, instant: datetime) -> None:
        """Simulate up to `instant` and as far beyond it as a lag may reach back."""
        while self._end < instant + _AHEAD:
            week = next(self._weeks, None)
            if week is None:
                raise Permanent(f"the world ends at {self._end}; {instant} lies beyond, so begin a new one later")
            self._end = week.end
            self._changes.extend(week.changes)
            for change in week.changes:
                self._index(change)

    def truth(self, start: datetime, end: datetime) -> list[Change]:
        """What truly changed in [start, end), by time."""
        self.reach(end)
        return [change for change in self._changes if start <= change.at < end]

    def shown(self, source: Source, entity_id: UUID) -> list[Shown]:
        """All changes of an entity that a service ever shows, as (from when, change), by that time."""
        return self._shown.get((source, entity_id), [])

    def _index(self, change: Change) -> None:
        if change.field == "record":
            self._admit(change)
            return
        for source, when in change.visible.items():
            # Changes come by the time they happened, and insort puts equals last: of two shown at once the later wins.
            insort(self._shown[source, change.entity_id], (when, change), key=lambda one: one[0])

    def _admit(self, change: Change) -> None:
        title = settle(change.new, self.origin, self._chance)
        self.titles[title.id] = title
        self._register(title)
        for source, when in change.visible.items():
            self.born[source, title.id] = when

    def _register(self, title: Title) -> None:
        for source, number in title.ids.items():
            self.by_id[source, EntityType.ANIME, number] = title.id
        for character in title.record.characters:
            self.works_of[character.id].append(title.id)
            for source in Source:
                number = character_number(character, source)
                self.by_id[source, EntityType.CHARACTER, number] = character.id
