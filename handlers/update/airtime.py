"""When the next episode of a show should air: the best word there is, why it is believed, and how far. Pure.

In this order: a source's own next-air time, the premiere of a show to come, the weekly slot, and where there is none of
them a look every day. A break puts the slot off; what a source announces for the time of a break is believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from contracts.model.anime_parts import Broadcast, Hiatus
from contracts.model.enums import AnimeStatus
from contracts.regular import next_slot
from contracts.workflow import DAY_S, Confidence, Due, Policy
from handlers.update.slots import NoSlot, Slot, slot_of

Kind = Literal["jp", "sub", "dub"]
# What the reason of a look says that stands for an air time; only such a look misses an episode that it does not find.
ANNOUNCED: Final = "a source names the time of the next episode"
PREMIERE: Final = "the premiere that is announced"
FIRST_SLOT: Final = "the first slot from the premiere's day on"
DAY_OVER: Final = "the end of the premiere's day"
WEEKLY: Final = "the weekly slot"
AIR_TIMES: Final = (ANNOUNCED, PREMIERE, FIRST_SLOT, DAY_OVER, WEEKLY)
# What the reason of a look begins with that is no air time.
DAILY: Final = "looked at daily"
_DAILY: Final = Policy(interval_s=DAY_S, jitter_s=DAY_S)
# A next-air time that is this long past was aired, or will never be.
STALE: Final = timedelta(days=7)
# Dates are days in Tokyo, kept as their midnight, and the programme of a day ends at 30:00.
LAST_DAY: Final = timedelta(hours=30)
SLOTS_MAX: Final = 1_000


@dataclass(frozen=True, slots=True)
class Show:
    """What is known of a show's times. `kind` is which airing is followed; sub and dub may run days behind."""

    entity_id: str
    status: AnimeStatus | None = None
    broadcast: Broadcast | None = None
    hiatus: Hiatus | None = None
    aired_from: datetime | None = None
    aired_to: datetime | None = None
    kind: Kind = "jp"


@dataclass(frozen=True, slots=True)
class Unknown:
    """No time can be given, and why; nothing is planned."""

    reason: str


def expected(show: Show, now: datetime, since: datetime | None = None) -> Due | Unknown:
    """When to look for the next episode. Slots up to `since` were looked for; by default that is now.

    The time may lie between `since` and now, though not more than STALE ago: it was missed, and is looked for at once.
    """
    start = max(since or now, now - STALE)
    announced = _announced(show, start)
    if announced is not None:
        return announced
    if show.status is AnimeStatus.UPCOMING:
        return _premiere(show, start, now)
    if show.status in (AnimeStatus.FINISHED, AnimeStatus.CANCELLED):
        return Unknown(f"it is {show.status}")
    return _weekly(show, start, now)


def air_time_of(reason: str) -> str | None:
    """What the reason of a look says of the air time that it stands for; None when it stands for none."""
    return next((one for one in AIR_TIMES if one in reason), None)


def is_on_break(show: Show, at: datetime) -> bool:
    """Whether an instant falls into the show's break."""
    return _past_break(show.hiatus, at) != at


def slots_between(show: Show, start: datetime, end: datetime) -> tuple[datetime, ...]:
    """The air times of the weekly slot from `start` up to but not including `end`, of a show that ran then.

    Those within the break are left out.
    """
    try:
        slot = slot_of(show.broadcast)
    except NoSlot:
        return ()
    start, end = _while_it_ran(show, start, end)
    found: list[datetime] = []
    at = _first(show, slot, start - timedelta(microseconds=1))
    while at is not None and at < end and len(found) < SLOTS_MAX:
        found.append(at)
        at = _first(show, slot, at)
    return tuple(found)


def _while_it_ran(show: Show, start: datetime, end: datetime) -> tuple[datetime, datetime]:
    if show.status is AnimeStatus.UPCOMING:
        return start, start
    if show.aired_from is not None:
        start = max(start, show.aired_from)
    if show.status in (AnimeStatus.FINISHED, AnimeStatus.CANCELLED) and show.aired_to is not None:
        end = min(end, show.aired_to + LAST_DAY)
    return start, end


def _announced(show: Show, start: datetime) -> Due | None:
    if show.broadcast is None:
        return None
    own = {"jp": show.broadcast.jp_time, "sub": show.broadcast.sub_time, "dub": show.broadcast.dub_time}[show.kind]
    following = show.broadcast.next_episode_at
    said = (own, following + _delay(show) if following is not None else None)
    # An import may name a time that nobody corrects any more; once it is past, the other word counts.
    to_come = next((at for at in said if at is not None and at > start), None)
    return Due(to_come, ANNOUNCED, Confidence.HIGH) if to_come is not None else None


def _premiere(show: Show, start: datetime, now: datetime) -> Due | Unknown:
    shown = show.broadcast or Broadcast()
    named = {"jp": shown.premiere_jp, "sub": shown.premiere_sub, "dub": shown.premiere_dub}[show.kind]
    if named is not None and named > start:
        return Due(named, PREMIERE, Confidence.HIGH)
    if show.aired_from is None:
        return Unknown("its premiere is not announced")
    at = _slot_of_premiere(show, show.aired_from)
    if at is not None and at > start:
        return Due(at, FIRST_SLOT, Confidence.MEDIUM)
    # The date is a day in Tokyo, kept as its midnight: when the day is over the episode is out.
    over = show.aired_from + timedelta(days=1) + _delay(show)
    if over > start:
        return Due(over, DAY_OVER, Confidence.LOW)
    return daily(show, max(start, now), "its premiere has passed and it has not begun")


def _slot_of_premiere(show: Show, day: datetime) -> datetime | None:
    try:
        slot = slot_of(show.broadcast)
    except NoSlot:
        return None
    at = slot.after(day - timedelta(microseconds=1))
    return at + _delay(show) if slot.has_clock and at - day < timedelta(days=7) else None


def _weekly(show: Show, start: datetime, now: datetime) -> Due | Unknown:
    try:
        slot = slot_of(show.broadcast)
    except NoSlot as missing:
        # Looking daily has nothing to catch up, and begins when a break is over.
        began = _past_break(show.hiatus, max(start, now))
        return (
            daily(show, max(start, now), _on_break(show.hiatus)) if began is None else daily(show, began, str(missing))
        )
    at = _first(show, slot, start)
    if at is None:
        # Nobody says when it comes back, so it is looked at daily until somebody does.
        return daily(show, max(start, now), _on_break(show.hiatus))
    trust = Confidence.MEDIUM if slot.has_clock and slot.has_zone else Confidence.LOW
    is_put_off = at > slot.after(start - _delay(show)) + _delay(show)
    return Due(at, f"{WEEKLY}: {slot.in_words()}{', after the break' if is_put_off else ''}", trust)


def _first(show: Show, slot: Slot, after: datetime) -> datetime | None:
    """The first air time after an instant that is in no break; None when the break has no end."""
    at = slot.after(after - _delay(show)) + _delay(show)
    back = _past_break(show.hiatus, at)
    if back is None or back == at:
        return back
    return slot.after(back - _delay(show) - timedelta(microseconds=1)) + _delay(show)


def _past_break(hiatus: Hiatus | None, at: datetime) -> datetime | None:
    """The instant itself, or the end of the break that it falls into; None when that has no end."""
    if hiatus is None or (hiatus.hiatus_from is not None and at < hiatus.hiatus_from):
        return at
    if hiatus.hiatus_until is None:
        return None
    return max(at, hiatus.hiatus_until)


def _on_break(hiatus: Hiatus | None) -> str:
    why = f": {hiatus.reason}" if hiatus is not None and hiatus.reason else ""
    return f"on a break without an end{why}"


def daily(show: Show, after: datetime, why: str) -> Due:
    """The next daily look at a show after an instant; each show has its own time of day."""
    at = next_slot(_DAILY, "daily look", show.entity_id, after)
    if at is None:
        raise AssertionError("the daily policy has an interval")
    return Due(at, f"{DAILY}: {why}", Confidence.LOW)


def _delay(show: Show) -> timedelta:
    if show.broadcast is None or show.kind == "jp":
        return timedelta(0)
    days = show.broadcast.sub_delay_days if show.kind == "sub" else show.broadcast.dub_delay_days
    return timedelta(days=days or 0)
