"""At which instants a look is scheduled that would find a change. It follows from policies and hashes alone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from contracts.regular import slots_between
from contracts.workflow import Policy
from handlers.verdict.truth import EPISODES, NEXT_AIRING, TrueChange

AIRING: Final = "episode_air_tracking"
METADATA: Final = "metadata_refresh"
CHARACTERS: Final = "character_refresh"
SCORES: Final = "score_sync"
_DAY: Final = timedelta(days=1)
_ON_AIR: Final = frozenset({"episode_aired", "two_at_once", "premiere"})


@dataclass(frozen=True, slots=True)
class ScheduledLook:
    """A look that is due at `at` and takes place by `latest`, also when the program was down in between."""

    at: datetime
    latest: datetime


@dataclass(frozen=True, slots=True)
class Span:
    """What is judged: looks due in [start, until], each of which may come up to `late` after its time.

    `policies` are those of the workflows, `asked` the sources that are switched on. Looks that come late are spread by
    their policy on top of that, so that a restart asks no source for everything at once.
    """

    start: datetime
    until: datetime
    late: timedelta
    policies: Mapping[str, Policy]
    asked: frozenset[str] = frozenset({"jikan", "anilist", "kitsu", "mal"})

    def regular(self, workflow: str, entity_id: str) -> list[ScheduledLook]:
        """The regular looks at an entity."""
        slots = slots_between(self.policies[workflow], workflow, entity_id, self.start, self.until)
        return [self.look(workflow, at) for at in slots]

    def around_air_time(self, at: datetime) -> list[ScheduledLook]:
        """The look at an air time, and those that are repeated after it while nothing is found."""
        policy = self.policies[AIRING]
        wait = timedelta(seconds=policy.retry_wait_s)
        return [self.look(AIRING, at + attempt * wait) for attempt in range(policy.retries_max + 1)]

    def look(self, workflow: str, at: datetime) -> ScheduledLook:
        """A look of a workflow at an instant."""
        return ScheduledLook(at, at + self.late + timedelta(seconds=self.policies[workflow].catch_up_spread_s))


def looks_for(change: TrueChange, seen_from: datetime, span: Span, *, is_timed: bool) -> list[ScheduledLook]:
    """The looks that are scheduled and ask for what changed, in order.

    `is_timed` says whether the show's air time was known; one without is looked at daily. `seen_from` only bounds those
    daily looks, whose hour is the program's own choice: within a day of it there is one.
    """
    daily = span.look(AIRING, seen_from + _DAY)
    if change.entity_type == "character":
        found = span.regular(CHARACTERS, change.entity_id)
    elif change.field == EPISODES or change.kind == "premiere":
        found = span.around_air_time(change.at) if is_timed else [daily]
    else:
        found = [*span.regular(METADATA, change.entity_id), *_airing(change, span, daily)]
    return sorted((one for one in found if span.start <= one.at <= span.until), key=lambda one: one.at)


def _airing(change: TrueChange, span: Span, daily: ScheduledLook) -> Iterable[ScheduledLook]:
    if change.kind == "finale" and change.field == "status":
        # After its last episode a show is asked for its end daily.
        return [daily]
    if change.field == NEXT_AIRING and change.kind in _ON_AIR:
        return span.around_air_time(change.at)
    if change.field == NEXT_AIRING and change.old:
        return span.around_air_time(datetime.fromisoformat(change.old["at"]))
    return []
