"""What the index reads of the committed rows."""

from __future__ import annotations

import asyncpg
import pytest

from contracts.errors import Outage
from handlers.index.committed import CommittedRows
from handlers.index.document import Document
from handlers.persist import delete_anime
from tests.events import aired, at, character_updated, enriched, uid, updated
from tests.integration.persist.helpers import done

HERO = [{"id": uid("hero"), "name": "Hero", "description": "A boxer.", "traits": ["shy"], "external_ids": {"mal": "1"}}]
RING = {
    "title_english": "The Ring",
    "synopsis": "A boxer learns.",
    "genres": ["Sports"],
    "status": "ONGOING",
    "score": {"arithmetic_geometric_mean": 8.1},
    "episode_count": 12,
}


async def read(pool: asyncpg.Pool, name: str, minute: float = 100) -> Document:
    return (await CommittedRows(pool).read([uid(name)], [], at(minute)))[uid(name)]


async def test_every_commit_of_an_anime_or_its_episodes_raises_the_version_of_its_point(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **RING))
    versions = [(await read(pool, "Ring")).version]
    for event in (
        updated("Ring", status="FINISHED"),
        aired("Ring", 1, minute=2),
        aired("Ring", 2, minute=3),
        aired("Ring", 2, minute=4, title="Bag"),
        aired("Ring", 13, minute=5),
        updated("Ring", minute=6, synopsis="A boxer wins."),
    ):
        await done(pool, event)
        versions.append((await read(pool, "Ring")).version)
    assert await delete_anime(pool, uid("Ring")) is not None
    gone = await read(pool, "Ring")
    assert gone.is_deleted
    versions.append(gone.version)
    assert versions == sorted(set(versions)), "strictly rising"


async def test_what_aired_is_judged_by_the_time_that_is_given(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"), aired("Ring", 1, minute=10), aired("Ring", 2, minute=20))
    for minute, expected in ((5, None), (15, 1), (25, 2)):
        assert (await read(pool, "Ring", minute)).payload["last_episode"] == expected


async def test_the_text_and_the_payload_are_those_of_the_row(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", **RING))
    document = await read(pool, "Ring")
    for words in ("Ring", "The Ring", "A boxer learns.", "Sports"):
        assert words in document.text
    assert document.payload["score"] == 8.1
    assert document.payload["genres"] == ["Sports"]
    assert document.payload["year"] is None, "absent, so that a patch removes it"


@pytest.mark.parametrize(
    ("change", "is_same"),
    [
        ({"status": "FINISHED", "episode_count": 13}, True),
        ({"synopsis": "Another."}, False),
        ({"genres": ["Sports", "x"]}, False),
    ],
    ids=["filter fields", "synopsis", "genres"],
)
async def test_the_hash_of_the_text_changes_with_the_words_only(
    pool: asyncpg.Pool, change: dict[str, object], is_same: bool
) -> None:
    await done(pool, enriched("Ring", **RING))
    before = await read(pool, "Ring")
    await done(pool, updated("Ring", **change))
    after = await read(pool, "Ring")
    assert (before.text_sha256 == after.text_sha256) is is_same
    assert after.version > before.version


async def test_characters_are_read_with_where_they_appear(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring", characters=HERO), enriched("Ring 2", minute=1, characters=HERO))
    await done(pool, character_updated("hero", favorites=7))
    (document,) = (await CommittedRows(pool).read([], [uid("hero")], at(0))).values()
    assert document.payload["anime_ids"] == sorted([str(uid("Ring")), str(uid("Ring 2"))])
    # Appearing in a second anime is a change of the character, and so is the update.
    assert (document.payload["favorites"], document.version) == (7, 3)
    assert "shy" in document.text
    await delete_anime(pool, uid("Ring"))
    (left,) = (await CommittedRows(pool).read([], [uid("hero")], at(0))).values()
    assert (left.payload["anime_ids"], left.version) == ([str(uid("Ring 2"))], 4)


async def test_who_has_no_row_is_left_out_and_who_is_deleted_is_named(pool: asyncpg.Pool) -> None:
    await done(pool, enriched("Ring"), enriched("Gone"))
    await delete_anime(pool, uid("Gone"))
    rows = CommittedRows(pool)
    assert set(await rows.read([uid("Ring"), uid("nobody")], [uid("nobody")], at(0))) == {uid("Ring")}
    assert await rows.deleted([uid("Ring"), uid("Gone"), uid("nobody")]) == {uid("Gone")}


async def test_a_database_that_is_away_is_an_outage(pool: asyncpg.Pool) -> None:
    rows = CommittedRows(pool)
    pool.terminate()
    with pytest.raises(Outage, match="PostgreSQL"):
        await rows.deleted([uid("Ring")])
