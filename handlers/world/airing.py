"""One week of broadcasts: who airs, who is delayed, who breaks off, who airs two at once and who ends."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from contracts.model import Episode
from contracts.model.anime_parts import AiredDates, Hiatus
from contracts.model.enums import AnimeStatus
from handlers.world.changes import ChangeKind, NextAiring
from handlers.world.ledger import Ledger
from handlers.world.titles import Title

WEEK = timedelta(days=7)
# News of a delay or a break comes this long before the slot, which is longer than AniList takes to show it.
NOTICE = timedelta(hours=20)
BREAK_WEEKS = (2, 3)
_EPISODES_PER_WEEK_MAX = 10


class Incident(StrEnum):
    """What befalls a show this week in place of a plain episode."""

    DELAY = "delay"
    BREAK = "break"
    DOUBLE = "double"
    ENDING = "ending"


def air_week(ledger: Ledger, incidents: Mapping[UUID, Incident], start: datetime, end: datetime) -> None:
    """Write all broadcasts with an air time in [start, end), and the breaks that end in it."""
    for title in list(ledger.titles.values()):
        _resume(ledger, title, start, end)
        incident = incidents.get(title.id)
        for _ in range(_EPISODES_PER_WEEK_MAX):
            coming = ledger.next_airing(title.id)
            if coming is None or coming.at >= end:
                break
            if incident in (Incident.DELAY, Incident.BREAK):
                _put_off(ledger, title, coming, incident)
            else:
                _air(ledger, title, coming, incident)
            incident = None


def _put_off(ledger: Ledger, title: Title, coming: NextAiring, incident: Incident) -> None:
    known = coming.at - NOTICE
    if incident is Incident.DELAY:
        ledger.write(ChangeKind.DELAYED, title.id, "next_airing", NextAiring(coming.number, coming.at + WEEK), known)
        return
    weeks = BREAK_WEEKS[int(ledger.chance.fraction("break", title.id, coming.number) * len(BREAK_WEEKS))]
    cause = f"break:{title.id}:{coming.number}"
    hiatus = Hiatus(reason="The broadcast pauses.", hiatus_from=known, hiatus_until=coming.at + weeks * WEEK)
    ledger.write(ChangeKind.BREAK_STARTED, title.id, "hiatus", hiatus, known, cause=cause)
    ledger.write(ChangeKind.BREAK_STARTED, title.id, "next_airing", None, known, cause=cause)
    ledger.waiting[title.id] = NextAiring(coming.number, coming.at + weeks * WEEK)


def _resume(ledger: Ledger, title: Title, start: datetime, end: datetime) -> None:
    back = ledger.waiting.get(title.id)
    if back is None or back.at - 2 * NOTICE >= end:
        return
    del ledger.waiting[title.id]
    known, cause = max(start, back.at - 2 * NOTICE), f"resume:{title.id}:{back.number}"
    ledger.write(ChangeKind.BREAK_ENDED, title.id, "hiatus", None, known, cause=cause)
    ledger.write(ChangeKind.BREAK_ENDED, title.id, "next_airing", back, known, cause=cause)


def _air(ledger: Ledger, title: Title, coming: NextAiring, incident: Incident | None) -> None:
    total = ledger.now(title.id, "episode_count")
    if incident is Incident.ENDING and total is None:
        total = _announce_end(ledger, title, coming)
    last = _last_number(coming.number, total, incident)
    kind = ChangeKind.TWO_AT_ONCE if last > coming.number else ChangeKind.EPISODE_AIRED
    cause = f"airing:{title.id}:{coming.number}"
    if ledger.now(title.id, "status") is AnimeStatus.UPCOMING:
        ledger.write(ChangeKind.PREMIERE, title.id, "status", AnimeStatus.ONGOING, coming.at, cause=cause)
    for number in range(coming.number, last + 1):
        ledger.write(kind, title.id, "episodes", _episode(title, number, coming.at), coming.at, cause=cause)
    finished = total is not None and last >= total
    following = None if finished else NextAiring(last + 1, _following(title, coming.at))
    ledger.write(kind, title.id, "next_airing", following, coming.at, cause=cause)
    if finished:
        _finish(ledger, title, coming.at)


def _last_number(number: int, total: int | None, incident: Incident | None) -> int:
    if incident is Incident.ENDING and total is not None:
        return total
    last = number + 1 if incident is Incident.DOUBLE else number
    return last if total is None else min(last, total)


def _announce_end(ledger: Ledger, title: Title, coming: NextAiring) -> int:
    known = coming.at - NOTICE
    ledger.write(ChangeKind.EPISODE_COUNT_ANNOUNCED, title.id, "episode_count", coming.number, known)
    return coming.number


def _finish(ledger: Ledger, title: Title, at: datetime) -> None:
    # The status turns when the last episode is over; half an hour stands for its length and the credits.
    over, cause = at + timedelta(minutes=30), f"finale:{title.id}"
    before = ledger.now(title.id, "aired_dates")
    dates = AiredDates(aired_from=before.aired_from if before else None, aired_to=at)
    ledger.write(ChangeKind.FINALE, title.id, "status", AnimeStatus.FINISHED, over, cause=cause)
    ledger.write(ChangeKind.FINALE, title.id, "aired_dates", dates, over, cause=cause)


def _episode(title: Title, number: int, at: datetime) -> Episode:
    for listed in title.record.episodes:
        if listed.episode_number == number:
            return listed.model_copy(update={"aired": at})
    duration = title.record.anime.duration
    return Episode(anime_id=title.id, episode_number=number, title=f"Episode {number}", aired=at, duration=duration)


def _following(title: Title, at: datetime) -> datetime:
    # A show without a slot, or one that moved off it, keeps its own weekly time.
    if title.slot is None:
        return at + WEEK
    after = title.slot.after(at)
    return after if after - at > WEEK / 2 else title.slot.after(after)
