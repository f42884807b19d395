"""Episode air tracking: every show at the minute its next episode should air."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final
from uuid import UUID

from contracts.observation import Kind
from contracts.risk import risks_of
from contracts.workflow import BACKFILL, DAY_S, HOUR_S, MINUTE_S, Again, EntityKind, LookEnd, Overlap, Policy, Workflow
from handlers.update.air_end import Seen, end_of
from handlers.update.airtime import air_time_of
from handlers.update.belief import platform_of
from handlers.update.change import FieldChange
from handlers.update.diff import diff_anime
from handlers.update.episodes import (
    AT_ONCE_MAX,
    NewEpisode,
    expected_number,
    is_last,
    latest_confirmed,
    new_episodes,
    premiere,
    still_begun,
)
from handlers.update.flows.metadata_refresh import GONE
from handlers.update.hearing import Heard, Question, hear, questions
from handlers.update.look import Flow, Found, Look, Notice, NoticeKind, Part, Tools
from handlers.update.planning import AGAIN, FIRST
from handlers.update.proposals import news
from handlers.update.stored import StoredAnime, show_of, with_changes

ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {"jikan": (Kind.EPISODES,), "anilist": (Kind.AIRING,)}
# Beside episodes, what a question about air times tells as well.
FIELDS: Final = frozenset({"status", "hiatus", "broadcast", "episode_count", "aired_dates"})
# Jikan lists a hundred a page. Beyond that the expected number and the next one are asked for by themselves, and the
# whole list only when there may be more.
LISTED_MAX: Final = 100


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Look for the expected episode of each show, past our own cache, and for every number missing before it.

    A backfill looks back, and one answer does for all its slots: it takes what our own cache holds.
    """
    records = await tools.records.anime([UUID(look.entity_id) for look in looks])
    began = tools.now()
    listed = frozenset(UUID(look.entity_id) for look in looks if _is_wide(look))
    backfilled = frozenset(UUID(look.entity_id) for look in looks if look.reason.startswith(BACKFILL))
    asked = list(_by_age(_questions(records, listed, tools, began), backfilled))
    heard = await hear(tools.fetch, asked, records)
    platforms = {one: {platform_of(asking.source) for asking in asked if one in asking.ids} for one in records}
    now = tools.now()
    return [
        _found(look, records.get(UUID(look.entity_id)), heard, len(platforms.get(UUID(look.entity_id), ())), tools, now)
        for look in looks
    ]


def _questions(
    records: Mapping[UUID, StoredAnime], listed: Collection[UUID], tools: Tools, now: datetime
) -> list[Question[UUID]]:
    ids = {one: record.ids for one, record in records.items()}
    numbers = {one: expected_number(record.episodes, now) for one, record in records.items()}
    short = {one: known for one, known in ids.items() if numbers[one] <= LISTED_MAX or one in listed}
    asked = questions({"anilist": (Kind.AIRING,)}, ids, tools.sources, urgent=True, fresh=True)
    asked += questions({"jikan": (Kind.EPISODES,)}, short, tools.sources, urgent=True, fresh=True)
    if "jikan" not in tools.sources:
        return asked
    for step in (0, 1):
        alone = {one: f"{ids[one]['mal']}:{numbers[one] + step}" for one in ids.keys() - short if ids[one].get("mal")}
        if alone:
            asked.append(Question("jikan", Kind.EPISODE, alone, urgent=True, fresh=True))
    # AniList tells the status with the air times; where it does not know the show, Jikan is asked for it at the end.
    ending = {
        one: known["mal"]
        for one, known in ids.items()
        if known.get("mal")
        and ("anilist" not in tools.sources or not known.get("anilist"))
        and is_last(records[one].current.values.get("episode_count"), numbers[one] - 1)
    }
    if ending:
        asked.append(Question("jikan", Kind.ANIME, ending, {"status", "aired_dates"}, urgent=True, fresh=True))
    return asked


def _by_age(asked: Iterable[Question[UUID]], backfilled: Collection[UUID]) -> Iterator[Question[UUID]]:
    """The questions, those about shows that a backfill asks for by themselves and not past our cache."""
    for one in asked:
        for fresh in (True, False):
            ids = {entity: known for entity, known in one.ids.items() if (entity not in backfilled) is fresh}
            if ids:
                yield replace(one, ids=ids, fresh=fresh)


def _found(
    look: Look, record: StoredAnime | None, heard: Mapping[UUID, Heard], platforms: int, tools: Tools, now: datetime
) -> Found:
    if record is None:
        return Found(look, GONE)
    said = heard[record.id]
    number = expected_number(record.episodes, now)
    latest = latest_confirmed(
        said.observations, number, now, confirmation=tools.wishes.confirmation, platforms_asked=platforms
    )
    # A look that stands for no air time has none that could stand for a missing one.
    slot_at = look.slot_at if air_time_of(look.reason) else None
    episodes = new_episodes(record.episodes, said.observations, latest, now, slot_at)
    changes = _changes(record, said, episodes, now)
    safe = tuple(one for one in changes if not risks_of(one.field, one.old, one.new))
    values = with_changes(record.current.values, safe)
    highest = max([number - 1, *(one.number for one in episodes)])
    seen = Seen(
        look=look,
        show=show_of(record.id, values),
        total=values.get("episode_count"),
        number=number,
        highest=highest,
        episodes=episodes,
        may_be_more=_may_be_more(look, episodes),
        said=said,
        now=now,
    )
    end = end_of(seen)
    title = str(values.get("title"))
    # It is told only when no retry is left, which the row's policy says.
    notices = (_skipped(record.id, title, number, look, end),) if end.next is Again.RETRY else ()
    part = Part("anime", record.id, record.current.version, changes, tuple(episodes), said.speakers)
    return Found(look, end, (part,), notices)


def _changes(
    record: StoredAnime, said: Heard, episodes: Sequence[NewEpisode], now: datetime
) -> tuple[FieldChange, ...]:
    told = [one for one in diff_anime(record.current, said.observations).changes if one.field in FIELDS]
    found = still_begun(told, record.episodes, now)
    if not any(one.field == "status" for one in found):
        status = show_of(record.id, record.current.values).status
        begun = premiere(status, episodes)
        found += [begun] if begun is not None else []
    return news(found, record.current, said.observations, record.proposals, FIELDS)


def _is_wide(look: Look) -> bool:
    """Whether more than the expected number may have aired: then a long runner's whole list is asked for."""
    return look.reason.startswith((AGAIN, FIRST))


def _may_be_more(look: Look, episodes: Sequence[NewEpisode]) -> bool:
    """Whether the look found as much as it could find: all that it may tell, or both numbers that it asked for."""
    if not episodes:
        return False
    by_number = episodes[0].number > LISTED_MAX and not _is_wide(look)
    return len(episodes) >= AT_ONCE_MAX or (by_number and len(episodes) > 1)


def _skipped(anime_id: UUID, title: str, number: int, look: Look, end: LookEnd) -> Notice:
    text = (
        f"{title}: episode {number} was expected at {look.slot_at.isoformat()} and not found in {look.attempt} looks "
        f"({end.outcome}); the window is skipped, the next rebuild looks again"
    )
    return Notice(NoticeKind.WINDOW_SKIPPED, str(anime_id), text)


EPISODE_AIR_TRACKING = Flow(
    Workflow(
        name="episode_air_tracking",
        policy=Policy(
            # Air times are planned one by one, from the slot or from a source.
            interval_s=None,
            overlap=Overlap.BUFFER_ONE,
            # One look finds every number up to the source's latest, so one is enough however many were missed.
            catch_up_runs_max=1,
            catch_up_age_max_s=14 * DAY_S,
            catch_up_spread_s=15 * MINUTE_S,
            retry_wait_s=2 * HOUR_S,
            retries_max=3,
        ),
        entity_kind=EntityKind.ANIME,
        description="looks for the next episode when it should have aired",
    ),
    run,
    ASKS,
)
