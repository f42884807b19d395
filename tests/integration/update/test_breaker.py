"""A source gone mad: what is risky of it stops before the outbox, people hear of it once, and the rest goes on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import asyncpg

from contracts import codec
from contracts.events import AnimeUpdatedEvent
from contracts.workflow import LookEnd
from handlers.update.breaker import BreakerPolicy
from handlers.update.change import FieldChange
from handlers.update.look import Found, Look, Notice, Part
from handlers.update.record import record
from tests.events import at, uid

POLICY = BreakerPolicy(window_s=3_600, titles_min=10, risky_share_max=0.25, blanked_share_max=0.1)
DOORS = frozenset({"jikan", "mal"})


def change(source: str, field: str, old: object, new: object) -> FieldChange:
    return FieldChange(field, old, new, source, at(1), "most believed")


def title_by(source: str) -> FieldChange:
    return change(source, "title", "A", "B")


def found(number: int, changes: Sequence[FieldChange], heard: frozenset[str]) -> Found:
    look = Look(uid("tick", number), str(uid(number)), at(0))
    return Found(look, LookEnd("looked at"), (Part("anime", uid(number), 3, tuple(changes), heard=heard),))


async def looked_at(pool: asyncpg.Pool, *looks: Found, minute: float = 2) -> tuple[Notice, ...]:
    async with pool.acquire() as connection, connection.transaction():
        recorded = await record(connection, looks, at(minute), POLICY)
    return recorded.notices


async def told(pool: asyncpg.Pool) -> list[tuple[str, str]]:
    """Who told which field, and the outbox is empty after it."""
    rows = await pool.fetch("DELETE FROM outbox RETURNING payload")
    events = [codec.decode("anime.updated", row["payload"]) for row in rows]
    assert all(isinstance(one, AnimeUpdatedEvent) for one in events)
    return sorted((one.source, ",".join(one.changed_fields)) for one in events if isinstance(one, AnimeUpdatedEvent))


async def test_its_risky_changes_stop_over_many_looks_and_nobody_elses(pool: asyncpg.Pool) -> None:
    both = frozenset({"kitsu", "anilist"})
    opened: list[Notice] = []
    for number in range(30):
        opened += await looked_at(pool, found(number, [title_by("kitsu")], both))
    (notice,) = opened
    assert (notice.kind, notice.key) == ("breaker opened", "kitsu")
    assert "of 10 titles looked at, 100% have risky changes" in notice.text
    assert len(await told(pool)) == POLICY.titles_min - 1, "what went out before was held by its risk alone"
    safe = change("kitsu", "episode_count", 12, 13)
    await looked_at(pool, found(31, [title_by("kitsu"), safe], both), found(32, [title_by("anilist")], both))
    assert await told(pool) == [("anilist", "title"), ("kitsu", "episode_count")]
    # A day later it behaves: that is told as well, and what it says is taken again.
    calm = [found(100 + number, [], both) for number in range(POLICY.titles_min)]
    day = timedelta(days=1) / timedelta(minutes=1)
    assert [one.kind for one in await looked_at(pool, *calm, minute=day)] == ["breaker closed"]
    await looked_at(pool, found(200, [title_by("kitsu")], both), minute=day + 1)
    assert await told(pool) == [("kitsu", "title")]


async def test_both_doors_to_a_platform_that_show_the_same_damage_are_stopped(pool: asyncpg.Pool) -> None:
    """What two say together is said by each: the lists of MyAnimeList come through both of its doors."""
    emptied = change("jikan+mal", "genres", ["a", "b", "c"], ["a"])
    notices = await looked_at(pool, *[found(number, [emptied], DOORS) for number in range(30)])
    assert [(one.kind, one.key) for one in notices] == [("breaker opened", "jikan"), ("breaker opened", "mal")]
    assert len(await told(pool)) == POLICY.titles_min - 1
    added = change("jikan+mal", "genres", ["a"], ["a", "b"])
    await looked_at(pool, found(40, [emptied], DOORS), found(41, [added], DOORS))
    assert await told(pool) == [("jikan+mal", "genres")]
