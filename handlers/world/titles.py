"""The world's titles: each record with its ids on the services and what is fixed about it for the whole run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.model import AnimeRecord, Character
from contracts.model.enums import AnimeStatus
from handlers.world.chance import Chance, number
from handlers.world.changes import NextAiring, Source
from handlers.world.slots import Slot, slot_of

_DERIVED_FROM = 1_000_000
_DERIVED_SPAN = 900_000_000
# Shows whose next air time AniList does not publish, so that somebody has to look: two of five in a real snapshot.
_UNSCHEDULED_SHARE = 0.4
_STREAM_DELAY_MINUTES = (0, 0, 5, 30, 30, 60)


@dataclass(frozen=True, slots=True)
class Title:
    """One anime at the origin. `ids` lacks a service that does not carry it.

    `published` says whether AniList gives its next air time; AniList's times are `stream_delay_s` later than the
    broadcast, since it lists the first legal stream.
    """

    record: AnimeRecord
    ids: Mapping[Source, int]
    slot: Slot | None
    first_next: NextAiring | None
    # The episode that ends a break which is on at the origin.
    returning: NextAiring | None
    published: bool
    stream_delay_s: int

    @property
    def id(self) -> UUID:
        """The anime's own id."""
        return self.record.anime.id


def as_records(records: Iterable[AnimeRecord | Mapping[str, Any]]) -> list[AnimeRecord]:
    """Records as given or as plain dicts of the contract's shape; raises pydantic's ValidationError on others."""
    return [one if isinstance(one, AnimeRecord) else AnimeRecord.model_validate(one) for one in records]


def derived_number(*parts: object) -> int:
    """An id in a range that the real services have not reached, for what came without one."""
    return _DERIVED_FROM + number(*parts) % _DERIVED_SPAN


def external_number(external_ids: Mapping[str, str] | None, source: str) -> int | None:
    """The numeric id on a source, or None when it has none or one that is not a number."""
    text = (external_ids or {}).get(source, "")
    return int(text) if text.isascii() and text.isdigit() else None


def title_ids(record: AnimeRecord) -> dict[Source, int]:
    """Ids per service. Without a MyAnimeList id it is not on Jikan and MAL; the other two get a derived one."""
    given, anime_id = record.anime.external_ids, record.anime.id
    mal = external_number(given, "mal")
    ids = {
        Source.ANILIST: external_number(given, "anilist") or derived_number("anilist", anime_id),
        Source.KITSU: external_number(given, "kitsu") or derived_number("kitsu", anime_id),
    }
    return ids if mal is None else {Source.JIKAN: mal, Source.MAL: mal, **ids}


def character_number(character: Character, source: Source) -> int:
    """The id of a character on a service, derived where the record gives none."""
    name = "mal" if source is Source.JIKAN else source.value
    return external_number(character.external_ids, name) or derived_number(name, character.id)


def settle(record: AnimeRecord, origin: datetime, chance: Chance) -> Title:
    """A record as the world finds it at its origin: episodes that are still to come lose their date until they air."""
    anime = record.anime
    coming = [episode for episode in record.episodes if episode.aired is None or episode.aired > origin]
    settled = record.model_copy(
        update={
            "episodes": [
                episode.model_copy(update={"aired": None}) if episode in coming else episode
                for episode in record.episodes
            ]
        }
    )
    slot = slot_of(anime.broadcast)
    aired = [episode.episode_number for episode in record.episodes if episode not in coming]
    first = _first_next(record, slot, max(aired, default=0) + 1, origin)
    known = anime.broadcast is not None and anime.broadcast.next_episode_at is not None
    delay = _STREAM_DELAY_MINUTES[int(chance.fraction("stream", anime.id) * len(_STREAM_DELAY_MINUTES))]
    paused = anime.hiatus is not None
    return Title(
        record=settled,
        ids=title_ids(record),
        slot=slot,
        first_next=None if paused else first,
        returning=first if paused and anime.hiatus and anime.hiatus.hiatus_until else None,
        published=known or (slot is not None and chance.fraction("published", anime.id) >= _UNSCHEDULED_SHARE),
        # A time that the record prints is AniList's own, so it is the truth and has no delay.
        stream_delay_s=0 if known else delay * 60,
    )


def _first_next(record: AnimeRecord, slot: Slot | None, expected: int, origin: datetime) -> NextAiring | None:
    anime = record.anime
    if anime.status not in (AnimeStatus.ONGOING, AnimeStatus.UPCOMING):
        return None
    if anime.episode_count is not None and expected > anime.episode_count:
        return None
    given = anime.broadcast.next_episode_at if anime.broadcast else None
    if given is not None and given > origin:
        return NextAiring(expected, given)
    listed = [e.aired for e in record.episodes if e.episode_number == expected and e.aired and e.aired > origin]
    if listed:
        return NextAiring(expected, slot.after(_before(listed[0])) if slot else listed[0])
    if anime.status is AnimeStatus.UPCOMING:
        start = anime.aired_dates.aired_from if anime.aired_dates else None
        if start is None or start <= origin:
            return None
        return NextAiring(1, slot.after(_before(start)) if slot else start)
    return NextAiring(expected, slot.after(origin)) if slot else None


def _before(instant: datetime) -> datetime:
    # `after` is strict; a slot may fall on the very start of the day that the record prints.
    return instant.fromtimestamp(instant.timestamp() - 1, tz=instant.tzinfo)
