"""A character appears in anime that come, and leaves those that are deleted; whoever listens hears of both."""

from __future__ import annotations

import asyncpg

from contracts import subjects
from handlers.persist import delete_anime
from tests.events import enriched, uid
from tests.integration.persist.helpers import CHARACTERS, character, count, done, outbox


async def test_a_character_of_two_shows_is_one_row(pool: asyncpg.Pool) -> None:
    def hero(number: int) -> list[dict[str, object]]:
        return [{"id": uid("hero", number), "name": "Hero", "external_ids": {"mal": "c1"}, "roles": ["MAIN"]}]

    await done(pool, enriched("Ring", characters=hero(1)))
    await done(pool, enriched("Ring 2", minute=1, characters=hero(2)))
    assert await count(pool, "character") == 1
    assert await count(pool, "anime_character") == 2


async def test_the_characters_of_a_deleted_anime_are_told_that_they_left_it(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=CHARACTERS), enriched("Rope", minute=1, characters=CHARACTERS[:1]))
    before = {row["id"]: row["version"] for row in await pool.fetch("SELECT id, version FROM character")}
    sent = len(await outbox(pool))
    await delete_anime(pool, uid("Ring"))
    gone, *left = (await outbox(pool))[sent:]
    assert gone[0] == subjects.ANIME_DELETED
    cast = sorted(one["id"] for one in CHARACTERS)
    assert sorted(left) == [(subjects.CHARACTER_SYNCED, one, before[one] + 1, ["anime_ids"]) for one in cast]
    await delete_anime(pool, uid("Ring"))
    assert len(await outbox(pool)) == sent + 1 + len(cast), "once"


async def test_a_character_of_a_further_anime_appears_in_both_and_listeners_hear_of_it(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=CHARACTERS))
    before = (await character(pool, "hero"))["version"]
    await done(pool, enriched("Rope", minute=2, characters=CHARACTERS))
    row = await character(pool, "hero")
    assert row["meta"]["anime_ids"] == sorted([str(uid("Ring")), str(uid("Rope"))])
    assert row["version"] == before + 1
    assert (await outbox(pool, row["id"]))[-1][0] == subjects.CHARACTER_SYNCED
    await done(pool, enriched("Rope", minute=3, characters=CHARACTERS))
    assert (await character(pool, "hero"))["version"] == before + 1, "the same again is no change"


async def test_a_character_whose_record_named_a_further_anime_is_told_of_when_that_comes_in(pool: asyncpg.Pool) -> None:
    """The index shows the appearances whose anime are there: the second one changes no field of the record."""
    both = sorted([str(uid("Ring")), str(uid("Rope"))])
    named = [{**one, "anime_ids": both} for one in CHARACTERS]
    await done(pool, enriched("Ring", characters=named))
    before = await character(pool, "hero")
    assert before["meta"]["anime_ids"] == both
    await done(pool, enriched("Rope", minute=2, characters=named))
    row = await character(pool, "hero")
    assert row["version"] == before["version"] + 1
    assert [one[0] for one in await outbox(pool, row["id"])] == [subjects.CHARACTER_SYNCED] * 2
    await done(pool, enriched("Rope", minute=3, characters=named))
    assert (await character(pool, "hero"))["version"] == before["version"] + 1, "the same again is no change"
