"""Missing ids are found through a world's cross-references, committed by persist, and not looked for twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import asyncpg

from contracts import codec
from contracts.events import AnimeUpdatedEvent
from handlers.identify import IdentifyStore, search_and_queue
from handlers.persist import apply, updated
from handlers.sources.build import build_sources
from handlers.sources.policies import world_policies
from handlers.sources.resolve import resolve_ids
from streams.clock import SystemClock
from streams.identify import PLATFORMS
from streams.topology import UPDATED
from streams.world import WorldPlan, running_world
from tests.events import enriched, uid
from tests.integration.persist.helpers import done


async def test_a_missing_id_is_found_stored_and_not_searched_for_again(pool: asyncpg.Pool) -> None:
    await done(
        pool,
        enriched("Frieren", external_ids={"mal": "52991"}),
        enriched("Nobody's", external_ids={"mal": "99999999"}),
        enriched("Whole", external_ids={"mal": "1", "anilist": "1", "kitsu": "1"}),
        enriched("Nameless"),
    )
    store, now = IdentifyStore(pool, PLATFORMS), SystemClock().now()
    lacking = await store.unidentified(now, 10)
    assert {one.anime_id for one in lacking} == {uid("Frieren"), uid("Nobody's")}
    plan = WorldPlan.new(7, 1, now)
    async with running_world(plan) as url:
        sources = build_sources(plan.clock(), world_policies(url))
        try:

            async def resolve(known: Sequence[Mapping[str, str]]) -> tuple[Sequence[Mapping[str, str]], bool]:
                found = await resolve_ids(sources, known)
                return found.ids, not found.failures

            assert await search_and_queue(store, resolve, now) == 1
            assert await search_and_queue(store, resolve, now) == 0
        finally:
            await sources.close()
    assert await store.unidentified(now, 10) == []
    payload = await pool.fetchval("SELECT payload FROM outbox WHERE subject = 'anime.updated'")
    event = codec.decode("anime.updated", payload)
    assert isinstance(event, AnimeUpdatedEvent)
    assert await apply(pool, UPDATED.name, [event], updated.apply_anime) == [None]
    ids = await pool.fetch("SELECT source, external_id FROM anime_reference WHERE anime_id = $1", uid("Frieren"))
    assert {row["source"]: row["external_id"] for row in ids} == {"mal": "52991", "anilist": "154587", "kitsu": "46474"}
    assert await store.unidentified(now + timedelta(days=31), 10), "after a month it may be looked for again"
