"""The world's book of what is true now: every change is written here, so that old values are never guessed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from contracts.ids import derived_id
from contracts.model import AnimeRecord, Character
from handlers.world.chance import Chance
from handlers.world.changes import EVERYWHERE, TELLING, Change, ChangeKind, EntityType, NextAiring, Source
from handlers.world.lags import visible_from
from handlers.world.titles import Title, settle

_ON_TIME = frozenset({ChangeKind.EPISODE_AIRED, ChangeKind.TWO_AT_ONCE, ChangeKind.PREMIERE})


@dataclass(slots=True)
class Ledger:
    """True values by entity and field, and the changes written since the last `drain`.

    Changes of one entity and field must be written in the order of their time; each service then shows them in that
    order too, however their lags were drawn.
    """

    chance: Chance
    origin: datetime
    titles: dict[UUID, Title] = field(default_factory=dict)
    characters: dict[UUID, Character] = field(default_factory=dict)
    # Shows on a break, and the episode that they come back with.
    waiting: dict[UUID, NextAiring] = field(default_factory=dict)
    _values: dict[tuple[UUID, str], Any] = field(default_factory=dict)
    _shown: dict[tuple[UUID, str, Source], datetime] = field(default_factory=dict)
    _fresh: list[Change] = field(default_factory=list)

    def admit(self, record: AnimeRecord) -> Title:
        """Take a title into the world; a character that several records share is kept once."""
        title = settle(record, self.origin, self.chance)
        self.titles[title.id] = title
        for character in record.characters:
            self.characters.setdefault(character.id, character)
        self._values[title.id, "next_airing"] = title.first_next
        if title.returning is not None:
            self.waiting[title.id] = title.returning
        for name, figures in (record.anime.statistics or {}).items():
            self._values[title.id, f"statistics.{name}"] = figures
        return title

    def now(self, entity_id: UUID, name: str) -> Any:
        """The true value of a field: what was written last, else what the record said."""
        if (entity_id, name) in self._values:
            return self._values[entity_id, name]
        if entity_id in self.titles:
            return getattr(self.titles[entity_id].record.anime, name, None)
        return getattr(self.characters[entity_id], name, None)

    def next_airing(self, anime_id: UUID) -> NextAiring | None:
        """The episode that comes next, typed."""
        value = self._values.get((anime_id, "next_airing"))
        return value if isinstance(value, NextAiring) else None

    def write(
        self,
        kind: ChangeKind,
        entity_id: UUID,
        name: str,
        new: Any,
        at: datetime,
        *,
        sources: Iterable[Source] = EVERYWHERE,
        cause: str = "",
    ) -> None:
        """Write one change. Those with the same `cause` share their lags; by default each stands alone."""
        is_anime = entity_id in self.titles
        title = self.titles[entity_id].record.anime.title if is_anime else self.characters[entity_id].name
        cause = cause or f"{kind}:{entity_id}:{name}:{at.isoformat()}"
        visible = visible_from(self.chance, kind, cause, at, self._carrying(entity_id, name, sources))
        if kind in _ON_TIME and Source.ANILIST in visible and is_anime and self.titles[entity_id].published:
            # AniList turns on the air time that it has published, not when somebody edits the page.
            visible[Source.ANILIST] = at + timedelta(seconds=self.titles[entity_id].stream_delay_s)
        visible = {source: self._in_order(entity_id, name, source, when) for source, when in visible.items()}
        self._fresh.append(
            Change(
                id=derived_id("world", self.chance.seed, self.origin.isoformat(), cause, name, len(self._fresh)),
                kind=kind,
                entity_type=EntityType.ANIME if is_anime else EntityType.CHARACTER,
                entity_id=entity_id,
                title=title,
                field=name,
                old=self.now(entity_id, name) if name not in ("episodes", "record") else None,
                new=new,
                at=at,
                cause=cause,
                visible=visible,
            )
        )
        if name not in ("episodes", "record"):
            self._values[entity_id, name] = new

    def drain(self) -> list[Change]:
        """The changes written since the last call, by time."""
        fresh, self._fresh = self._fresh, []
        return sorted(fresh, key=lambda change: change.at)

    def _carrying(self, entity_id: UUID, name: str, sources: Iterable[Source]) -> list[Source]:
        title = self.titles.get(entity_id)
        if title is None:
            # MyAnimeList's own interface has no characters.
            return [source for source in sources if source is not Source.MAL]
        if name == "next_airing" and not title.published:
            return []
        able = TELLING.get(name, EVERYWHERE)
        return [source for source in sources if source in title.ids and source in able]

    def _in_order(self, entity_id: UUID, name: str, source: Source, when: datetime) -> datetime:
        key = (entity_id, name, source)
        last = self._shown.get(key)
        if last is not None and when < last:
            when = last + timedelta(seconds=1)
        self._shown[key] = when
        return when
