"""The breaker: when one source changes too many titles in a risky way, its risky changes stop. Pure: state in, out.

Looks are counted in buckets of time, so the state stays small however many titles a window has. They are counted on
while the breaker is open, so it closes by itself when the source behaves again. Nothing is lost by stopping: the next
look at a title finds its changes anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from contracts.risk import risks_of
from handlers.update.change import FieldChange

BUCKETS_MAX = 12


@dataclass(frozen=True, slots=True)
class BreakerPolicy:
    """When a source counts as gone mad: more than these shares of at least `titles_min` titles within the window.

    `risky_share_max` is of titles with any risky change, `blanked_share_max` of titles that lose a text. It closes
    when both shares are at most half of that.
    """

    window_s: float = 6 * 3600.0
    titles_min: int = 20
    risky_share_max: float = 0.25
    blanked_share_max: float = 0.1


@dataclass(frozen=True, slots=True)
class Bucket:
    """The looks of one stretch of time: how many titles, how many with a risky change, how many that lose a text."""

    since: datetime
    titles: int = 0
    risky: int = 0
    blanked: int = 0


@dataclass(frozen=True, slots=True)
class BreakerState:
    """One source's breaker: what was counted, and since when it is open, if it is."""

    buckets: tuple[Bucket, ...] = ()
    opened_at: datetime | None = None


class Turn(StrEnum):
    """What a look did to the breaker; both are told to people."""

    OPENED = "opened"
    CLOSED = "closed"


def after_look(
    state: BreakerState, changes: Sequence[FieldChange], now: datetime, policy: BreakerPolicy
) -> tuple[BreakerState, Turn | None]:
    """Count one look at one title of this source, with the changes that rest on its word; says if it turned."""
    rules = {flag.rule for one in changes for flag in risks_of(one.field, one.old, one.new)}
    buckets = _counted(state.buckets, now, policy, risky=bool(rules), blanked="text removed" in rules)
    counted = replace(state, buckets=buckets)
    if state.opened_at is None and _exceeds(buckets, policy, part=1.0):
        return replace(counted, opened_at=now), Turn.OPENED
    if state.opened_at is not None and not _exceeds(buckets, policy, part=0.5):
        return replace(counted, opened_at=None), Turn.CLOSED
    return counted, None


def let_through(state: BreakerState, changes: Sequence[FieldChange]) -> list[FieldChange]:
    """The changes that go on: all of them, or while it is open those that are not risky."""
    if state.opened_at is None:
        return list(changes)
    return [one for one in changes if not risks_of(one.field, one.old, one.new)]


def shares(state: BreakerState) -> tuple[int, float, float]:
    """For the alert: titles looked at within the window, the share with risky changes, the share that lost a text."""
    titles = sum(one.titles for one in state.buckets)
    risky, blanked = sum(one.risky for one in state.buckets), sum(one.blanked for one in state.buckets)
    return titles, risky / max(titles, 1), blanked / max(titles, 1)


def _counted(
    buckets: Sequence[Bucket], now: datetime, policy: BreakerPolicy, *, risky: bool, blanked: bool
) -> tuple[Bucket, ...]:
    width = timedelta(seconds=policy.window_s / BUCKETS_MAX)
    # A clock that jumps back would otherwise leave buckets that lie ahead, and never fall out.
    kept = [one for one in buckets if timedelta() <= now - one.since < timedelta(seconds=policy.window_s)]
    last = kept.pop() if kept and now - kept[-1].since < width else Bucket(now)
    counted = Bucket(last.since, last.titles + 1, last.risky + risky, last.blanked + blanked)
    return (*kept[-(BUCKETS_MAX - 1) :], counted)


def _exceeds(buckets: Sequence[Bucket], policy: BreakerPolicy, part: float) -> bool:
    titles, risky, blanked = shares(BreakerState(tuple(buckets)))
    too_many = risky > policy.risky_share_max * part or blanked > policy.blanked_share_max * part
    return titles >= policy.titles_min and too_many
