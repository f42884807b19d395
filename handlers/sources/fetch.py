"""What the rest of the program calls: fetch from one source, or from several at once."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import httpx

from contracts.clock import Clock
from contracts.errors import EchoraError, Permanent, Transient
from contracts.observation import Kind, Observation
from handlers.sources.account import ALL, Failure, FetchResult, failure_of
from handlers.sources.bodies import Bodies, Entry
from handlers.sources.errors import NotOffered, Unreadable
from handlers.sources.flights import Landing
from handlers.sources.gate import Priority
from handlers.sources.line import Line, not_found
from handlers.sources.notes import Notes
from handlers.sources.observe import observation
from handlers.sources.port import Ask, Way
from handlers.sources.storage import LimitStorage
from handlers.sources.surprises import SurpriseLog

FETCH_IDS_MAX: Final = 1_000
# Ids become parts of addresses and queries, so nothing but numbers is let through; an episode is ANIME:NUMBER.
_ID: Final = re.compile(r"^[0-9]{1,10}$")
_EPISODE_ID: Final = re.compile(r"^[0-9]{1,10}:[0-9]{1,6}$")


@dataclass(frozen=True, slots=True)
class Wish:
    """One question to one source, for `fetch_all`."""

    source: str
    kind: Kind
    ids: tuple[str, ...]
    fields: frozenset[str] | None = None


class Sources:
    """The sources that are switched on, and their shared resources. Made by `build.build_sources`."""

    def __init__(
        self,
        lines: Mapping[str, Line],
        client: httpx.AsyncClient,
        bodies: Bodies,
        storage: LimitStorage,
        clock: Clock,
        surprises: SurpriseLog,
    ) -> None:
        self.lines = lines
        self._client = client
        self._bodies = bodies
        self._storage = storage
        self._clock = clock
        self._surprises = surprises

    async def fetch(
        self,
        source: str,
        kind: Kind,
        ids: Iterable[str],
        fields: Iterable[str] | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        priority: Priority = Priority.STALE,
        fresh: bool = False,
    ) -> FetchResult:
        """Ask one source. Never raises for what a source does: every id ends as an observation or as a failure.

        `since` asks only for what changed after it and needs a source that offers that; without ids it is a listing.
        Permanent when more than FETCH_IDS_MAX ids come at once: split them.
        """
        wanted = tuple(dict.fromkeys(ids))
        if len(wanted) > FETCH_IDS_MAX:
            raise Permanent(f"{len(wanted)} ids in one fetch; {FETCH_IDS_MAX} are the most, split them")
        ask = Ask(kind, wanted, None if fields is None else frozenset(fields), since, until)
        refused = self._refusal(source, ask)
        if refused is not None:
            return FetchResult(source, kind, {}, dict.fromkeys(wanted or (ALL,), failure_of(refused)))
        line = self.lines[source]
        pattern = _EPISODE_ID if kind is Kind.EPISODE else _ID
        bad = [external_id for external_id in wanted if not pattern.match(external_id)]
        failures = {one: failure_of(Permanent(f"{one!r} is no id of {source}; ids are numbers")) for one in bad}
        ask = Ask(kind, tuple(one for one in wanted if one not in failures), ask.fields, since, until)
        if ask.ids and since is None:
            return self._result(line, ask, await line.entries(ask, priority, fresh=fresh), failures)
        if wanted and not ask.ids:
            return FetchResult(source, kind, {}, failures)
        listed, trouble = await line.listing(ask, priority)
        if trouble is not None:
            failures[ALL] = failure_of(trouble)
        return self._result(line, ask, listed, failures)

    async def fetch_all(
        self,
        wishes: Iterable[Wish],
        priority: Priority = Priority.STALE,
        fresh: bool = False,
        deadline_s: float | None = None,
    ) -> list[FetchResult]:
        """Ask several sources at once, in the order of the wishes. One that is down or slow holds up no other.

        After `deadline_s` seconds of the clock, what is not there yet is accounted for as late.
        """
        asked = list(wishes)
        tasks = [
            asyncio.create_task(self.fetch(w.source, w.kind, w.ids, w.fields, priority=priority, fresh=fresh))
            for w in asked
        ]
        alarm = asyncio.create_task(self._alarm(tasks, deadline_s))
        try:
            ended = await asyncio.gather(*tasks, return_exceptions=True)
        finally:
            alarm.cancel()
        return [self._account(wish, end, deadline_s) for wish, end in zip(asked, ended, strict=True)]

    async def _alarm(self, tasks: list[asyncio.Task[FetchResult]], deadline_s: float | None) -> None:
        if deadline_s is None:
            return
        await self._clock.sleep(deadline_s)
        for task in tasks:
            task.cancel()

    async def close(self) -> None:
        """Close what was opened."""
        for line in self.lines.values():
            await line.close()
        await self._client.aclose()
        await self._bodies.close()
        await self._storage.close()

    def _refusal(self, source: str, ask: Ask) -> EchoraError | None:
        line = self.lines.get(source)
        if line is None:
            return NotOffered(f"there is no source {source!r}; there are {', '.join(sorted(self.lines))}")
        if not line.policy.enabled:
            return NotOffered(f"{source} is switched off by its settings")
        offer = line.adapter.capability.get(ask.kind)
        if offer is None:
            return NotOffered(f"{source} does not give {ask.kind.value}")
        if ask.since is not None and Way.DIFFERENTIAL not in offer.ways:
            return NotOffered(f"{source} cannot say what changed in {ask.kind.value} since a time; ask by id")
        if ask.since is None and not ask.ids:
            return NotOffered(f"{source}: neither ids nor a time were asked for")
        return None

    def _result(
        self, line: Line, ask: Ask, landings: Mapping[str, Landing], failures: dict[str, Failure]
    ) -> FetchResult:
        observations: dict[str, Observation] = {}
        for external_id, landing in landings.items():
            outcome = self._observed(line, ask, external_id, landing)
            if isinstance(outcome, Observation):
                observations[external_id] = outcome
            else:
                failures[external_id] = failure_of(outcome)
        return FetchResult(line.adapter.name, ask.kind, observations, failures)

    def _observed(self, line: Line, ask: Ask, external_id: str, landing: Landing) -> Observation | EchoraError:
        if not isinstance(landing, Entry):
            return landing
        if landing.item is None:
            return not_found(line.adapter.name, ask.kind, external_id)
        notes = Notes(line.adapter.name)
        try:
            return observation(line.adapter, ask, external_id, landing.item, landing, notes, self._clock.now())
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            return Unreadable(f"{line.adapter.name}: item {external_id} is not the dialect's: {error!r}")
        finally:
            self._surprises.note(notes.surprises)

    def _account(self, wish: Wish, end: FetchResult | BaseException, deadline_s: float | None) -> FetchResult:
        if isinstance(end, FetchResult):
            return end
        late = Transient(
            f"{wish.source} had not answered after {deadline_s} s; what it says later is kept in the cache"
        )
        reason = late if isinstance(end, asyncio.CancelledError) else Transient(f"{wish.source}: {end!r}")
        return FetchResult(wish.source, wish.kind, {}, dict.fromkeys(wish.ids or (ALL,), failure_of(reason)))
