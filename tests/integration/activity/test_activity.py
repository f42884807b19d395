"""The activity as it is read from what was committed: counters, and what was told, in the order of telling."""

from __future__ import annotations

from datetime import timedelta

import asyncpg
import pytest

from contracts import codec
from contracts.events import AnimeUpdatedEvent, EpisodeAiredEvent
from contracts.model import Episode
from contracts.model.anime_parts import Score
from contracts.workflow import DAY_S, Due, EntityKind, MissReason, Policy, Workflow
from handlers.activity.reading import read_activity
from handlers.schedule.moves import Finish
from handlers.schedule.store import ScheduleStore
from handlers.schedule.tick import Tick
from tests.events import NOON, at, enriched, uid
from tests.integration.persist.helpers import done

SHOW = uid("Frieren")
LOOKS = Workflow("metadata_refresh", Policy(DAY_S), EntityKind.ANIME, "looks")


async def queued(pool: asyncpg.Pool, event: AnimeUpdatedEvent | EpisodeAiredEvent, subject: str) -> None:
    await pool.execute(
        """
        INSERT INTO outbox (event_id, bucket, subject, entity_type, entity_id, payload)
        VALUES ($1, 0, $2, 'anime', $3, $4)""",
        event.event_id,
        subject,
        event.anime_id,
        codec.encode(event),
    )


@pytest.fixture
async def told(pool: asyncpg.Pool) -> None:
    """An anime, an episode that aired, a score that moved."""
    await done(pool, enriched("Frieren", title="Frieren"))
    aired = EpisodeAiredEvent(
        event_id=uid("aired"), timestamp=at(1), anime_id=SHOW, source="anilist", aired_at=at(0),
        episode=Episode(anime_id=SHOW, episode_number=7),
    )  # fmt: skip
    await queued(pool, aired, "anime.episode.aired")
    score = Score(arithmetic_geometric_mean=8.125)
    moved = AnimeUpdatedEvent(
        event_id=uid("moved"), timestamp=at(2), anime_id=SHOW, source="mal",
        changed_fields=["score", "statistics"], score=score,
    )  # fmt: skip
    await queued(pool, moved, "anime.updated")


async def test_what_was_told_is_read_in_order_and_from_a_place_on(pool: asyncpg.Pool, told: None) -> None:
    found = await read_activity(pool, None)
    assert [(one.kind, one.title, one.text) for one in found.happenings] == [
        ("episode", "Frieren", "episode 7 has aired, says anilist"),
        ("score", "Frieren", "score 8.12, says mal"),
    ]
    assert found.told["anime.episode.aired"] == 1
    assert (await read_activity(pool, found.happenings[0].number)).happenings == found.happenings[1:]
    nothing_new = await read_activity(pool, found.after)
    assert (nothing_new.happenings, nothing_new.after) == ((), found.after)
    assert [one.kind for one in (await read_activity(pool, None, 1)).happenings] == ["score"]
    assert (await read_activity(pool, 0, 1)).after == found.happenings[0].number


async def test_rows_timers_looks_and_misses_are_counted_by_workflow(pool: asyncpg.Pool) -> None:
    store = ScheduleStore({LOOKS.name: LOOKS}, horizon_s=2 * DAY_S)
    async with pool.acquire() as connection, connection.transaction():
        plans = {"a": Due(NOON, "now"), "b": Due(NOON + timedelta(days=30), "later")}
        await store.plan(connection, LOOKS.name, plans, NOON)
        tick = Tick(LOOKS.name, "a", NOON, 1, 1, 1)
        await store.begin(connection, [tick], NOON)
        again = Due(NOON + timedelta(hours=1), "again", slot_at=NOON, attempt=2)
        await store.finish(
            connection, [Finish(tick, "3 changes (without kitsu: broken)", again, MissReason.BUDGET)], NOON
        )
    (one,) = (await read_activity(pool, None)).workflows
    assert (one.name, one.rows, one.timed, one.looked_at, one.retrying) == ("metadata_refresh", 2, 1, 1, 1)
    assert (one.timers_set, one.timers_repeated) == (2, 1)
    assert one.outcomes == {"N changes": 1}
    assert one.misses == {"budget": 1}
    assert one.next_due_at == NOON + timedelta(hours=1)


async def test_an_empty_database_has_done_nothing(pool: asyncpg.Pool) -> None:
    found = await read_activity(pool, None)
    assert (found.workflows, found.told, found.happenings, found.after, found.held) == ((), {}, (), 0, {})
