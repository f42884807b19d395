"""The line to one source: our cache, single flight, and the calls that are left to make."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from contracts.addresses import shown
from contracts.clock import Clock
from contracts.errors import EchoraError
from contracts.observation import Kind
from handlers.sources.bodies import Bodies, Entry
from handlers.sources.dates import http_instant
from handlers.sources.errors import NotFound, NotOffered, Unreadable
from handlers.sources.flights import Flights, Landing
from handlers.sources.gate import Priority
from handlers.sources.policy import SourcePolicy
from handlers.sources.port import Ask, Call, Page, Reply, SourceAdapter, Way
from handlers.sources.rules import merged
from handlers.sources.sender import Sender


@dataclass(slots=True)
class _Trip:
    """What the pages of one call have brought so far."""

    items: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, dict[str, str]] = field(default_factory=dict)
    lost: dict[str, EchoraError] = field(default_factory=dict)
    unread: dict[str, int] = field(default_factory=dict)
    as_of_s: float = float("inf")
    expires_s: float | None = None
    trouble: EchoraError | None = None

    def add(self, page: Page) -> None:
        for external_id, item in page.items.items():
            self.items[external_id] = merged(self.items.get(external_id), item)
        for external_id, errors in page.errors.items():
            self.errors.setdefault(external_id, {}).update(errors)


class Line:
    """Everything between a question and the raw items of one source."""

    def __init__(
        self, adapter: SourceAdapter, policy: SourcePolicy, sender: Sender, bodies: Bodies, clock: Clock
    ) -> None:
        self.adapter = adapter
        self.policy = policy
        self._sender = sender
        self._bodies = bodies
        self._clock = clock
        self._flights = Flights()
        self._tasks: set[asyncio.Task[None]] = set()
        # Bodies of a world or of another mirror are not this address's bodies.
        self._namespace = f"echora:{shown(policy.base_url)}:"

    async def entries(self, ask: Ask, priority: Priority, *, fresh: bool) -> Mapping[str, Landing]:
        """For each id its entry or the error that stood in the way. `fresh` passes our own cache by."""
        keys = {external_id: self._key(ask, external_id) for external_id in ask.ids}
        found: dict[str, Landing] = {}
        if not fresh:
            cached = await asyncio.gather(*(self._cached(ask, external_id) for external_id in keys))
            found = {external_id: entry for external_id, entry in zip(keys, cached, strict=True) if entry is not None}
        wanted = {keys[external_id]: external_id for external_id in keys if external_id not in found}
        mine, futures = self._flights.claim(wanted)
        if mine:
            self._fly(replace(ask, ids=tuple(wanted[key] for key in mine)), priority, futures)
        # Shielded: one caller who gives up must not take the request from the others.
        landings = await asyncio.gather(*(asyncio.shield(future) for future in futures.values()))
        return found | {wanted[key]: landing for key, landing in zip(futures, landings, strict=True)}

    async def listing(self, ask: Ask, priority: Priority) -> tuple[Mapping[str, Entry], EchoraError | None]:
        """A question without ids: what changed or airs since a time. Not cached; trouble ends it with what is known."""
        entries: dict[str, Entry] = {}
        for call in self.adapter.calls(ask):
            trip = await self._trip(ask, call, priority)
            entries |= {external_id: self._entry(ask, trip, external_id) for external_id in trip.items}
            if trip.trouble is not None:
                return entries, trip.trouble
        return entries, None

    async def ids(self, calls: Sequence[Call], priority: Priority) -> list[Reply]:
        """The replies of calls that look up ids."""
        return list(await asyncio.gather(*(self._sender.send(call, priority) for call in calls)))

    async def close(self) -> None:
        """Give up what is in flight."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._sender.gate.close()

    def _key(self, ask: Ask, external_id: str) -> str:
        key = f"{self.adapter.name}:{ask.kind.value}:{external_id}"
        selective = Way.SELECTIVE in self.adapter.capability[ask.kind].ways
        if ask.fields is None or not selective:
            return key
        return f"{key}:{hashlib.sha256(','.join(sorted(ask.fields)).encode()).hexdigest()[:12]}"

    async def _cached(self, ask: Ask, external_id: str) -> Entry | None:
        # A whole body answers a question for a part of it.
        keys = dict.fromkeys([self._key(ask, external_id), self._key(replace(ask, fields=None), external_id)])
        for key in keys:
            entry = await self._bodies.get(key, self._namespace)
            if entry is not None:
                return entry
        return None

    def _fly(self, ask: Ask, priority: Priority, futures: Mapping[str, asyncio.Future[Landing]]) -> None:
        calls = self.adapter.calls(ask)
        for external_id in set(ask.ids) - {external_id for call in calls for external_id in call.ids}:
            key = self._key(ask, external_id)
            self._flights.land(key, futures[key], NotOffered(f"{self.adapter.name} has no request for {external_id}"))
        for call in calls:
            mine = {external_id: futures[self._key(ask, external_id)] for external_id in call.ids}
            task = asyncio.create_task(self._flight(ask, call, priority, mine), name=f"{self.adapter.name} {call.path}")
            self._tasks.add(task)
            task.add_done_callback(lambda done, mine=mine: self._landed(ask, done, mine))  # type: ignore[misc]

    def _landed(self, ask: Ask, task: asyncio.Task[None], mine: Mapping[str, asyncio.Future[Landing]]) -> None:
        # Whatever ended a flight (a cancelled task may not even have begun), nobody is left waiting for it.
        self._tasks.discard(task)
        reason = "given up, the program is stopping" if task.cancelled() else f"it broke: {task.exception()!r}"
        for external_id, future in mine.items():
            self._flights.land(self._key(ask, external_id), future, Unreadable(f"{self.adapter.name}: {reason}"))

    async def _flight(
        self, ask: Ask, call: Call, priority: Priority, mine: Mapping[str, asyncio.Future[Landing]]
    ) -> None:
        trip = await self._trip(ask, call, priority)
        for external_id, future in mine.items():
            key = self._key(ask, external_id)
            landing = trip.lost.get(external_id) or self._entry(ask, trip, external_id)
            if isinstance(landing, Entry):
                await self._bodies.put(key, self._namespace, landing)
            self._flights.land(key, future, landing)

    async def _trip(self, ask: Ask, call: Call, priority: Priority) -> _Trip:
        trip = _Trip()
        waiting = [call]
        pages_max = self.adapter.capability[ask.kind].pages_max
        for _ in range(pages_max):
            if not waiting:
                return trip
            current = waiting.pop(0)
            try:
                reply = await self._sender.send(current, priority)
                page = self._page(ask, current, reply)
            except NotFound as error:
                trip.trouble = error
                if current.page > 1:
                    trip.lost |= dict.fromkeys(current.ids, error)
            except EchoraError as error:
                trip.trouble = error
                trip.lost |= dict.fromkeys(current.ids, error)
            else:
                trip.add(page)
                self._times(trip, reply)
                waiting += page.more
        for left in waiting:
            trip.unread |= dict.fromkeys(left.ids, 1)
        return trip

    def _page(self, ask: Ask, call: Call, reply: Reply) -> Page:
        try:
            return self.adapter.page(ask, call, reply)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            raise Unreadable(f"{self.adapter.name}: the body is not the dialect's: {error!r}") from error

    def _times(self, trip: _Trip, reply: Reply) -> None:
        now_s = self._clock.now().timestamp()
        modified = http_instant(reply.headers.get("last-modified"))
        expires = http_instant(reply.headers.get("expires"))
        trip.as_of_s = min(trip.as_of_s, now_s, modified.timestamp() if modified else now_s)
        if expires is not None:
            trip.expires_s = min(trip.expires_s or float("inf"), expires.timestamp())

    def _entry(self, ask: Ask, trip: _Trip, external_id: str) -> Entry:
        now_s = self._clock.now().timestamp()
        item = trip.items.get(external_id)
        stale = trip.expires_s is not None and trip.expires_s < now_s
        short = item is None or stale or bool(trip.errors.get(external_id))
        # What is missing, stale or partial may be better soon: it is remembered for a short time only.
        keeps_s = self.policy.keeps_s(ask.kind)
        return Entry(
            item=item,
            fetched_at_s=now_s,
            as_of_s=min(trip.as_of_s, now_s),
            expires_s=trip.expires_s,
            until_s=now_s + (min(self.policy.missing_cache_s, keeps_s) if short else keeps_s),
            errors=trip.errors.get(external_id, {}),
            pages_left=trip.unread.get(external_id, 0),
        )


def not_found(source: str, kind: Kind, external_id: str) -> NotFound:
    """The error of an entry that holds no item."""
    return NotFound(f"{source} does not know {kind.value} {external_id}")
