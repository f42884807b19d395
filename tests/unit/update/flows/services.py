"""Sources that say what a test tells them to say, and remember what they were asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from contracts.errors import Outage
from contracts.observation import EPISODES, LATEST_AIRED, NEXT_AIR, Kind, Observation
from handlers.sources.account import Failure, FetchResult, failure_of
from handlers.sources.errors import NotFound, Throttled
from tests.unit.update.said import heard

Saying = Observation | Callable[[datetime], Observation]
NOT_FOUND = failure_of(NotFound("it is not there"))
DOWN = failure_of(Outage("a source", "it does not answer"))
BUSY = failure_of(Throttled("the budget is used up"))


@dataclass(frozen=True)
class Asked:
    """One question."""

    source: str
    kind: Kind
    ids: tuple[str, ...]
    fields: frozenset[str] | None
    urgent: bool
    fresh: bool


@dataclass
class Services:
    """The port `Fetch`. What nobody told it is not found; `trouble` makes a source fail for everything."""

    now: Callable[[], datetime]
    sayings: dict[tuple[str, Kind, str], Saying] = field(default_factory=dict)
    trouble: dict[str, Failure] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)

    async def __call__(
        self, source: str, kind: Kind, ids: Sequence[str], fields: Collection[str] | None, *, urgent: bool, fresh: bool
    ) -> FetchResult:
        assert len(set(ids)) == len(ids), "an id is asked for once"
        self.asked.append(Asked(source, kind, tuple(ids), None if fields is None else frozenset(fields), urgent, fresh))
        if source in self.trouble:
            return FetchResult(source, kind, {}, dict.fromkeys(ids, self.trouble[source]))
        known = {one: self._said(source, kind, one) for one in ids if (source, kind, one) in self.sayings}
        return FetchResult(source, kind, known, {one: NOT_FOUND for one in ids if one not in known})

    def tell(self, source: str, kind: Kind, external_id: str, said: Saying) -> None:
        """From now on the source says this, at whatever time it is asked."""
        self.sayings[source, kind, external_id] = said

    def counts(self) -> Counter[str]:
        """How many ids each source was asked for."""
        return Counter({one: sum(len(a.ids) for a in self.asked if a.source == one) for one in self.sources()})

    def sources(self) -> set[str]:
        """Who was asked at all."""
        return {one.source for one in self.asked}

    def _said(self, source: str, kind: Kind, external_id: str) -> Observation:
        said = self.sayings[source, kind, external_id]
        now = self.now()
        seen = said if isinstance(said, Observation) else said(now)
        return seen.model_copy(
            update={"source": source, "kind": kind, "external_id": external_id, "observed_at": now, "fetched_at": now}
        )


def airing(
    latest: int | None = None, upcoming: tuple[int, datetime] | None = None, source: str = "anilist", **fields: Any
) -> Observation:
    """What AniList says of air times: the latest number, the next one and its time, and fields such as the status."""
    stated = set(fields) | {NEXT_AIR} | ({LATEST_AIRED} if latest is not None else set())
    if upcoming is not None:
        fields.setdefault("broadcast", {"next_episode_at": upcoming[1]})
        stated.add("broadcast")
    number, at = upcoming or (None, None)
    own: dict[str, Any] = {"latest_aired": latest, "next_episode": number, "next_air_at": at}
    return heard(source, 0, **fields, **own).model_copy(update={"speaks_for": frozenset(stated)})


def listed(rows: Mapping[int, datetime | None], source: str = "jikan") -> Observation:
    """What Jikan lists: numbers, and when each aired."""
    own: dict[str, Any] = {"episodes": [{"episode_number": number, "aired": at} for number, at in rows.items()]}
    return heard(source, 0, **own).model_copy(update={"speaks_for": frozenset({EPISODES})})
