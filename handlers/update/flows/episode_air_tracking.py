"""Episode air tracking: every show at the minute its next episode should air."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from contracts.model.enums import AnimeStatus
from contracts.observation import Kind
from contracts.risk import risks_of
from contracts.workflow import DAY_S, HOUR_S, MINUTE_S, Again, Due, EntityKind, LookEnd, Overlap, Policy, Workflow
from handlers.update.airtime import Show, Unknown, air_time_of, daily, expected, is_on_break
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
)
from handlers.update.flows.metadata_refresh import GONE
from handlers.update.hearing import Heard, Question, hear, questions
from handlers.update.look import Flow, Found, Look, Notice, NoticeKind, Part, Tools
from handlers.update.planning import AGAIN, FIRST, LAST_HAS_AIRED
from handlers.update.proposals import news
from handlers.update.stored import StoredAnime, show_of, with_changes

ASKS: Final[Mapping[str, tuple[Kind, ...]]] = {"jikan": (Kind.EPISODES,), "anilist": (Kind.AIRING,)}
# Beside episodes, what a question about air times tells as well.
FIELDS: Final = frozenset({"status", "hiatus", "broadcast", "episode_count", "aired_dates"})
# Jikan lists a hundred a page. Beyond that the expected number and the next one are asked for by themselves, and the
# whole list only when there may be more.
LISTED_MAX: Final = 100
MORE_AFTER: Final = timedelta(hours=1)
# What aired longer before a slot than this was the episode of the slot before, and came late.
OF_BEFORE: Final = timedelta(days=3, hours=12)
OLDER: Final = "what was found had aired before this slot, whose own episode may still come"
OVER: Final = frozenset({AnimeStatus.FINISHED, AnimeStatus.CANCELLED})


async def run(looks: Sequence[Look], tools: Tools) -> list[Found]:
    """Look for the expected episode of each show, past our own cache, and for every number missing before it."""
    records = await tools.records.anime([UUID(look.entity_id) for look in looks])
    began = tools.now()
    listed = frozenset(UUID(look.entity_id) for look in looks if _is_wide(look))
    asked = _questions(records, listed, tools, began)
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
    changes = _changes(record, said, episodes)
    safe = tuple(one for one in changes if not risks_of(one.field, one.old, one.new))
    values = with_changes(record.current.values, safe)
    highest = max([number - 1, *(one.number for one in episodes)])
    end = _end(look, show_of(record.id, values), values.get("episode_count"), number, highest, episodes, said, now)
    title = str(values.get("title"))
    # It is told only when no retry is left, which the row's policy says.
    notices = (_skipped(record.id, title, number, look, end),) if end.next is Again.RETRY else ()
    part = Part("anime", record.id, record.current.version, changes, tuple(episodes), said.speakers)
    return Found(look, end, (part,), notices)


def _changes(record: StoredAnime, said: Heard, episodes: Sequence[NewEpisode]) -> tuple[FieldChange, ...]:
    found = [one for one in diff_anime(record.current, said.observations).changes if one.field in FIELDS]
    if not any(one.field == "status" for one in found):
        status = show_of(record.id, record.current.values).status
        begun = premiere(status, episodes)
        found += [begun] if begun is not None else []
    return news(found, record.current, said.observations, record.proposals, FIELDS)


def _end(
    look: Look,
    show: Show,
    total: int | None,
    number: int,
    highest: int,
    episodes: Sequence[NewEpisode],
    said: Heard,
    now: datetime,
) -> LookEnd:
    outcome = _in_words(episodes)
    air_time = air_time_of(look.reason)
    # A tick may come before its time by our clock, and a clock may be set back: its slot was looked for all the same.
    since = max(now, look.slot_at)
    if show.status in OVER:
        is_missing = show.status is AnimeStatus.FINISHED and total is not None and highest < total
        if is_missing and (air_time or said.passing):
            return _again(f"{outcome}; it is FINISHED without episode {highest + 1}", air_time, Again.NEVER)
        return LookEnd(f"{outcome}; it is {show.status}", Again.NEVER)
    if is_last(total, highest):
        return LookEnd(outcome, daily(show, since, LAST_HAS_AIRED))
    due = expected(show, now, since)
    following: Due | Again = Again.NEVER if isinstance(due, Unknown) else due
    if isinstance(due, Unknown):
        outcome = f"{outcome}; no next time: {due.reason}"
    if episodes and _may_be_more(look, episodes):
        # A moment later, when these are in the record.
        more = Due(now + MORE_AFTER, f"{AGAIN}: more may have aired than one look takes", slot_at=look.slot_at)
        return LookEnd(outcome, more)
    if highest >= number:
        is_of_before = air_time is not None and max(one.aired_at for one in episodes) < look.slot_at - OF_BEFORE
        return LookEnd(outcome, _soon(show, look, following, since) if is_of_before else following)
    # Numbers that were missing in between may have been found, and the expected one is looked for all the same.
    told = f"{outcome}; " if episodes else ""
    if not said.observations and not said.failures:
        return LookEnd("nobody was asked: it has no id on a source that is switched on", following)
    put_off = _put_off(said, highest + 1, now)
    if put_off is not None:
        return LookEnd(f"{told}episode {highest + 1} is put off to {put_off.isoformat()}", following)
    is_silent = not said.observations and bool(said.passing)
    if not is_silent and (air_time is None or is_on_break(show, look.slot_at)):
        return LookEnd(outcome, following)
    missing = f"{told}episode {highest + 1} is not there yet"
    return _again("no source answered" if is_silent else missing, air_time, following)


def _soon(show: Show, look: Look, following: Due | Again, since: datetime) -> Due:
    """The next look where the episode of this slot may still come: within a day, without an alert if it does not."""
    look_again = replace(daily(show, since, OLDER), slot_at=look.slot_at)
    return following if isinstance(following, Due) and following.at <= look_again.at else look_again


def _is_wide(look: Look) -> bool:
    """Whether more than the expected number may have aired: then a long runner's whole list is asked for."""
    return look.reason.startswith((AGAIN, FIRST))


def _may_be_more(look: Look, episodes: Sequence[NewEpisode]) -> bool:
    """Whether the look found as much as it could find: all that it may tell, or both numbers that it asked for."""
    by_number = episodes[0].number > LISTED_MAX and not _is_wide(look)
    return len(episodes) >= AT_ONCE_MAX or (by_number and len(episodes) > 1)


def _again(words: str, air_time: str | None, otherwise: Due | Again) -> LookEnd:
    """A retry. Its reason has these words, so they say which air time the look stands for."""
    return LookEnd(f"{words} ({air_time})" if air_time else words, Again.RETRY, otherwise=otherwise)


def _put_off(said: Heard, number: int, now: datetime) -> datetime | None:
    """When a source says that the episode we look for is still to come."""
    times = [one.next_air_at for one in said.observations if one.next_episode == number and one.next_air_at is not None]
    return min((at for at in times if at > now), default=None)


def _skipped(anime_id: UUID, title: str, number: int, look: Look, end: LookEnd) -> Notice:
    text = (
        f"{title}: episode {number} was expected at {look.slot_at.isoformat()} and not found in {look.attempt} looks "
        f"({end.outcome}); the window is skipped, the next rebuild looks again"
    )
    return Notice(NoticeKind.WINDOW_SKIPPED, str(anime_id), text)


def _in_words(episodes: Sequence[NewEpisode]) -> str:
    if not episodes:
        return "nothing new"
    numbers = ", ".join(str(one.number) for one in episodes[:5])
    return f"aired: {numbers}{' …' if len(episodes) > 5 else ''}"


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
