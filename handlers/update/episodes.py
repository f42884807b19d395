"""Which episodes are new: what is expected, what sources say has aired, and what follows for the show. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo

from contracts.model.enums import AnimeStatus
from contracts.observation import EPISODES, LATEST_AIRED, Observation, ObservedEpisode
from handlers.update.belief import rank
from handlers.update.change import FieldChange

JSON = Any
Told = tuple[Observation, ObservedEpisode]

# At most this many episodes become events in one look; the next look takes the rest.
AT_ONCE_MAX: Final = 500
# Thirteen weeks are a season. A number further ahead of the expected one than that, without air dates, is believed
# only when two platforms say it; and for numbers further behind the latest no air date is made up.
LEAP_MAX: Final = 13
FIRST_EPISODE: Final = "the first episode has aired"
_TOKYO: Final = ZoneInfo("Asia/Tokyo")


class Confirmation(StrEnum):
    """How many must say that an episode has aired: one source, or more than half of the platforms asked."""

    ONE = "one"
    MAJORITY = "majority"


@dataclass(frozen=True, slots=True)
class NewEpisode:
    """An episode that has aired and was missing: when, who says so, and what else is said of it (JSON by field)."""

    number: int
    aired_at: datetime
    source: str
    observed_at: datetime
    values: Mapping[str, JSON] = field(default_factory=dict)


def expected_number(rows: Mapping[int, datetime | None], now: datetime) -> int:
    """One more than the highest number that has aired; `rows` are the stored ones, number to air date.

    A row without an air date, or with one to come, is announced and does not count.
    """
    return max((number for number, aired in rows.items() if _has_aired(aired, now)), default=0) + 1


def latest_confirmed(
    observations: Sequence[Observation],
    expected: int,
    now: datetime,
    *,
    confirmation: Confirmation = Confirmation.ONE,
    platforms_asked: int = 0,
) -> int | None:
    """The highest number that is confirmed as aired, None when nothing is said.

    Sources of one platform count once. A majority is of the platforms asked, so one that did not answer confirms
    nothing; `platforms_asked` 0 means those that answered.
    """
    claims: dict[str, int] = {}
    dated: dict[str, int] = {}
    for seen in observations:
        listed = [one.episode_number for one in _listed(seen) if _has_aired(one.aired, now)]
        claimed = seen.latest_aired if LATEST_AIRED in seen.speaks_for else None
        highest = max([*listed, *([claimed] if claimed is not None else [])], default=None)
        if highest is not None:
            claims[seen.platform] = max(claims.get(seen.platform, 0), highest)
            dated[seen.platform] = max([dated.get(seen.platform, 0), *listed])
    asked = max(platforms_asked, len(claims))
    needed = 1 if confirmation is Confirmation.ONE else asked // 2 + 1
    believed = [_plausible(platform, claims, dated, expected) for platform in claims]
    ordered = sorted(believed, reverse=True)
    return ordered[needed - 1] if len(ordered) >= needed else None


def new_episodes(
    rows: Mapping[int, datetime | None],
    observations: Sequence[Observation],
    latest: int | None,
    now: datetime,
    slot_at: datetime | None = None,
) -> list[NewEpisode]:
    """Every episode up to `latest` that is missing or only announced, by number, at most AT_ONCE_MAX.

    Where nobody gives an air time, the expected one aired at its slot (`slot_at`), any other by the time it was seen;
    what lies further back waits for a source that dates it. A show that is listed from a later number on, as the
    second half of a season, starts there.
    """
    if latest is None:
        return []
    listed = _by_number(observations)
    missing = [number for number in _range(rows, listed, latest) if not _has_aired(rows.get(number), now)]
    known = [number for number in missing if latest - number <= LEAP_MAX or _is_dated(listed.get(number), now)]
    expected = expected_number(rows, now)
    return [
        _new(number, listed.get(number), observations, now, slot_at if number == expected else None)
        for number in known[:AT_ONCE_MAX]
    ]


def is_last(total: int | None, number: int) -> bool:
    """Whether the status is to be asked for daily now: the last episode of a known total has aired.

    An unknown total makes no show finite. The status itself is never assumed: only a source turns it to FINISHED.
    """
    return total is not None and total > 0 and number >= total


def premiere(status: AnimeStatus | None, episodes: Sequence[NewEpisode]) -> FieldChange | None:
    """UPCOMING becomes ONGOING with the first episode, on the word of whoever confirmed it."""
    if status is not AnimeStatus.UPCOMING or not episodes:
        return None
    first = episodes[0]
    return FieldChange("status", status.value, "ONGOING", first.source, first.observed_at, FIRST_EPISODE)


def still_begun(
    changes: Iterable[FieldChange], rows: Mapping[int, datetime | None], now: datetime
) -> list[FieldChange]:
    """The changes without a status that goes back to UPCOMING although an episode has aired, which speaks against it.

    A source that is slow to notice the first episode would have a person decide what it says itself a little later.
    """
    has_begun = expected_number(rows, now) > 1
    return [one for one in changes if not (has_begun and one.field == "status" and one.new == AnimeStatus.UPCOMING)]


def _has_aired(aired: datetime | None, now: datetime) -> bool:
    return aired is not None and aired <= now


def _listed(seen: Observation) -> list[ObservedEpisode]:
    return list(seen.episodes or []) if EPISODES in seen.speaks_for else []


def _plausible(platform: str, claims: Mapping[str, int], dated: Mapping[str, int], expected: int) -> int:
    """What a platform claims; a leap that it does not date itself only as far as another platform goes."""
    claim = claims[platform]
    if claim - expected <= LEAP_MAX:
        return claim
    seconded = max((other for name, other in claims.items() if name != platform), default=0)
    return max(dated[platform], min(claim, seconded))


def _range(rows: Mapping[int, datetime | None], listed: Mapping[int, Told], latest: int) -> Iterable[int]:
    return range(min([*rows, *listed], default=1), latest + 1)


def _by_number(observations: Iterable[Observation]) -> dict[int, Told]:
    """The listing of each number that tells most exactly when it aired, then by belief."""
    found: dict[int, Told] = {}
    for seen in sorted(observations, key=lambda one: (rank("episodes", one.platform), one.source)):
        for one in _listed(seen):
            if one.episode_number not in found or _exact(one) > _exact(found[one.episode_number][1]):
                found[one.episode_number] = seen, one
    return found


def _exact(one: ObservedEpisode) -> int:
    # A day without a time is its midnight in Tokyo.
    if one.aired is None:
        return 0
    local = one.aired.astimezone(_TOKYO)
    return 1 if (local.hour, local.minute) == (0, 0) else 2


def _is_dated(told: Told | None, now: datetime) -> bool:
    return told is not None and _has_aired(told[1].aired, now)


def _new(
    number: int,
    told: Told | None,
    observations: Sequence[Observation],
    now: datetime,
    slot_at: datetime | None,
) -> NewEpisode:
    seen = told[0] if told else min(observations, key=lambda one: (-_latest(one), rank("", one.platform), one.source))
    one = told[1] if told else None
    aired = one.aired if one is not None and _has_aired(one.aired, now) else None
    at = aired or (slot_at if _has_aired(slot_at, now) else None) or min(seen.observed_at, now)
    values = one.model_dump(mode="json", exclude_none=True, exclude={"episode_number", "aired"}) if one else {}
    # That it has aired is said now: a page that gave the date before was an announcement.
    return NewEpisode(number, at, seen.source, max(seen.observed_at, at), values)


def _latest(seen: Observation) -> int:
    return max([seen.latest_aired or 0, *(one.episode_number for one in _listed(seen))])
