"""What is stored of an entity, as a look reads it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from contracts.model.anime_parts import AiredDates, Broadcast, Hiatus
from contracts.model.enums import AnimeStatus
from handlers.update.airtime import Show
from handlers.update.change import JSON, FieldChange
from handlers.update.current import Current
from handlers.update.proposals import Proposal


@dataclass(frozen=True, slots=True)
class StoredAnime:
    """An anime: its record, its episodes, and the changes that people have before them.

    Of each number the air date, None where it is only announced.
    """

    id: UUID
    current: Current
    episodes: Mapping[int, datetime | None] = field(default_factory=dict)
    proposals: tuple[Proposal, ...] = ()

    @property
    def ids(self) -> Mapping[str, str]:
        """Its id on each platform."""
        return self.current.values.get("external_ids") or {}


@dataclass(frozen=True, slots=True)
class StoredCharacter:
    """A character: its record, the changes that people have before them, and the ids of an anime that it appears in."""

    id: UUID
    current: Current
    proposals: tuple[Proposal, ...] = ()
    work: Mapping[str, str] = field(default_factory=dict)

    @property
    def ids(self) -> Mapping[str, str]:
        """Its id on each platform."""
        return self.current.values.get("external_ids") or {}


@dataclass(frozen=True, slots=True)
class ShowRow:
    """What the times of an anime follow from.

    `was_skipped` is whether its last air window was, `last_aired_at` when the last episode of its known total airs, and
    `is_untracked` whether its episodes were never looked for.
    """

    id: UUID
    show: Show
    was_skipped: bool = False
    last_aired_at: datetime | None = None
    is_untracked: bool = False


def show_of(anime_id: UUID, values: Mapping[str, JSON]) -> Show:
    """The times of a record."""
    status, broadcast, hiatus = (values.get(name) for name in ("status", "broadcast", "hiatus"))
    dates = AiredDates.model_validate(values.get("aired_dates") or {})
    return Show(
        entity_id=str(anime_id),
        status=AnimeStatus(status) if status else None,
        broadcast=Broadcast.model_validate(broadcast) if broadcast else None,
        hiatus=Hiatus.model_validate(hiatus) if hiatus else None,
        aired_from=dates.aired_from,
        aired_to=dates.aired_to,
    )


def with_changes(values: Mapping[str, JSON], changes: tuple[FieldChange, ...]) -> dict[str, JSON]:
    """The values of a record after changes of whole fields."""
    return {**values, **{one.field: one.new for one in changes if "." not in one.field}}
