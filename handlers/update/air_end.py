"""How a look for an episode ends: what came of it, and when the show is looked at next. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from contracts.model.enums import AnimeStatus
from contracts.workflow import Again, Due, LookEnd, MissReason
from handlers.update.airtime import Show, Unknown, air_time_of, daily, expected, is_on_break
from handlers.update.episodes import NewEpisode, is_last
from handlers.update.hearing import Heard
from handlers.update.look import Look
from handlers.update.planning import AGAIN, LAST_HAS_AIRED

MORE_AFTER: Final = timedelta(hours=1)
# What aired longer before a slot than this was the episode of the slot before, and came late.
OF_BEFORE: Final = timedelta(days=3, hours=12)
OLDER: Final = "what was found had aired before this slot, whose own episode may still come"
OVER: Final = frozenset({AnimeStatus.FINISHED, AnimeStatus.CANCELLED})


@dataclass(frozen=True, slots=True)
class Seen:
    """What one look saw of a show, as the show is with what was found.

    `number` is the episode that was expected, `highest` the highest one that has aired by now, `total` how many there
    will be, None while nobody knows. `may_be_more` says that more may have aired than one look can find.
    """

    look: Look
    show: Show
    total: int | None
    number: int
    highest: int
    episodes: Sequence[NewEpisode]
    may_be_more: bool
    said: Heard
    now: datetime

    @property
    def air_time(self) -> str | None:
        """The air time that the look stands for, as its reason says it; None for a look that stands for none."""
        return air_time_of(self.look.reason)

    @property
    def since(self) -> datetime:
        """The instant after which the next look is."""
        # A tick may come before its time by our clock, and a clock may be set back: its slot was looked for all the
        # same.
        return max(self.now, self.look.slot_at)


def end_of(seen: Seen) -> LookEnd:
    """The end of the look, by the first of these that holds: the show is over, complete, found, or still missing."""
    outcome = _in_words(seen.episodes)
    if seen.show.status in OVER:
        return _over(seen, outcome)
    if is_last(seen.total, seen.highest):
        return LookEnd(outcome, daily(seen.show, seen.since, LAST_HAS_AIRED))
    due = expected(seen.show, seen.now, seen.since)
    following: Due | Again = Again.NEVER if isinstance(due, Unknown) else due
    if isinstance(due, Unknown):
        outcome = f"{outcome}; no next time: {due.reason}"
    if seen.may_be_more:
        # A moment later, when these are in the record.
        why = f"{AGAIN}: more may have aired than one look takes"
        return LookEnd(outcome, Due(seen.now + MORE_AFTER, why, slot_at=seen.look.slot_at))
    if seen.highest >= seen.number:
        return LookEnd(outcome, _soon(seen, following) if _is_of_before(seen) else following)
    return _missing(seen, outcome, following)


def _over(seen: Seen, outcome: str) -> LookEnd:
    show = seen.show
    lacks_last = show.status is AnimeStatus.FINISHED and seen.total is not None and seen.highest < seen.total
    if lacks_last and (seen.air_time or seen.said.passing):
        return _again(f"{outcome}; it is FINISHED without episode {seen.highest + 1}", seen, Again.NEVER)
    return LookEnd(f"{outcome}; it is {show.status}", Again.NEVER)


def _missing(seen: Seen, outcome: str, following: Due | Again) -> LookEnd:
    said, number = seen.said, seen.highest + 1
    if not said.observations and not said.failures:
        return LookEnd("nobody was asked: it has no id on a source that is switched on", following)
    # Numbers that were missing in between may have been found, and the expected one is looked for all the same.
    told = f"{outcome}; " if seen.episodes else ""
    put_off = _put_off(said, number, seen.now)
    if put_off is not None:
        return LookEnd(f"{told}episode {number} is put off to {put_off.isoformat()}", following)
    if not said.observations and said.passing:
        return _again("no source answered", seen, following)
    if seen.air_time is None or is_on_break(seen.show, seen.look.slot_at):
        return LookEnd(outcome, following)
    return _again(f"{told}episode {number} is not there yet", seen, following)


def _is_of_before(seen: Seen) -> bool:
    """Whether all that was found belongs to an earlier slot than the one that the look stands for."""
    latest = max((one.aired_at for one in seen.episodes), default=None)
    return seen.air_time is not None and latest is not None and latest < seen.look.slot_at - OF_BEFORE


def _soon(seen: Seen, following: Due | Again) -> Due:
    """The next look where the episode of this slot may still come: within a day, without an alert if it does not."""
    look_again = replace(daily(seen.show, seen.since, OLDER), slot_at=seen.look.slot_at)
    return following if isinstance(following, Due) and following.at <= look_again.at else look_again


def _again(words: str, seen: Seen, otherwise: Due | Again) -> LookEnd:
    """A retry. Its reason has these words, so they say which air time the look stands for.

    The window is missed for want of budget where nobody but sources that throttle kept the look from its answer.
    """
    outcome = f"{words} ({seen.air_time})" if seen.air_time else words
    is_unheard = not seen.said.observations and seen.said.is_throttled
    return LookEnd(outcome, Again.RETRY, MissReason.BUDGET if is_unheard else MissReason.SKIPPED, otherwise)


def _put_off(said: Heard, number: int, now: datetime) -> datetime | None:
    """When a source says that the episode we look for is still to come."""
    times = [one.next_air_at for one in said.observations if one.next_episode == number and one.next_air_at is not None]
    return min((at for at in times if at > now), default=None)


def _in_words(episodes: Sequence[NewEpisode]) -> str:
    if not episodes:
        return "nothing new"
    numbers = ", ".join(str(one.number) for one in episodes[:5])
    return f"aired: {numbers}{' …' if len(episodes) > 5 else ''}"
