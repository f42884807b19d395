"""What was handed in comes back, every field of it, with its versions and who said it."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import uuid4

import asyncpg
import pytest

from contracts.errors import Outage
from contracts.events import AnimeUpdatedEvent, Belief
from contracts.model import Anime, Character, Episode
from contracts.model.anime_parts import Statistics
from handlers import persist
from handlers.catalogue import read_record
from handlers.ingest import Kind
from handlers.persist import delete_anime, updated
from streams.database.pool import PoolLimits, open_pool
from tests.integration.catalogue.full import ANIME, CHARACTER, EPISODE, RECORD
from tests.integration.ingest.persisting import hand_in
from tests.unit.ingest.samples import anime_id, raw_record

ENRICHED_AT = "2026-01-01T00:00:00Z"
ENRICHED = {"enrichment_metadata": {"enriched_at": ENRICHED_AT, "source": "crew"}}


def test_the_full_record_is_full() -> None:
    assert ANIME.keys() == Anime.model_fields.keys()
    assert CHARACTER.keys() == Character.model_fields.keys()
    assert EPISODE.keys() == Episode.model_fields.keys()


async def test_every_field_comes_back(pool: asyncpg.Pool) -> None:
    (verdict,) = await hand_in(pool, [RECORD | ENRICHED])
    assert verdict.kind is Kind.NEW
    record = await read_record(pool, anime_id(1))
    assert record is not None
    assert record.anime.model_dump(mode="json", exclude_none=True) == ANIME
    (character,) = record.characters
    assert character.model_dump(mode="json", exclude_none=True) == CHARACTER | {"version": 1, "role": "MAIN"}
    (episode,) = record.episodes
    assert episode.model_dump(mode="json", exclude_none=True) == EPISODE | {"version": 1}
    assert (record.version, record.deleted_at) == (1, None)


async def test_relations_are_resolved_once_the_other_anime_is_here(pool: asyncpg.Pool) -> None:
    await hand_in(pool, [RECORD])

    async def edges() -> dict[str, object]:
        record = await read_record(pool, anime_id(1))
        assert record is not None
        return {edge.title: edge.anime_id for edge in record.relations}

    assert await edges() == {"Two": None, "Nowhere": None}
    await hand_in(pool, [raw_record(2, external_ids={"mal": "22"})])
    assert await edges() == {"Two": anime_id(2), "Nowhere": None}
    await delete_anime(pool, anime_id(2))
    assert await edges() == {"Two": None, "Nowhere": None}, "a deleted anime is nowhere to go"


async def test_each_field_says_who_said_it(pool: asyncpg.Pool) -> None:
    await hand_in(pool, [RECORD | ENRICHED])
    observed = datetime(2026, 5, 1, tzinfo=UTC)
    update = AnimeUpdatedEvent(
        event_id=uuid4(),
        timestamp=observed,
        anime_id=anime_id(1),
        source="anilist",
        changed_fields=["status", "statistics"],
        status="FINISHED",
        statistics={"anilist": Statistics(score=8.0)},
        observed_at=observed,
        beliefs={"status": Belief(rule="most believed", dissents={"kitsu": "ONGOING"})},
    )
    assert await persist.apply(pool, "test", [update], updated.apply_anime) == [None]
    record = await read_record(pool, anime_id(1))
    assert record is not None
    assert record.version == 2
    said = {name: (entry.source, entry.observed_at) for name, entry in record.provenance.items()}
    why = {name: entry.belief for name, entry in record.provenance.items() if entry.belief}
    assert why == update.beliefs, "and why they were believed, where that was said"
    crew = ("crew", datetime.fromisoformat(ENRICHED_AT))
    assert said["status"] == said["statistics.anilist"] == ("anilist", observed)
    assert said["title"] == said["statistics.mal"] == said["external_ids.mal"] == crew
    plain = ANIME.keys() - {"id", "statistics", "external_ids"}
    assert said.keys() == plain | {"statistics.mal", "statistics.anilist", "external_ids.mal", "external_ids.anilist"}


async def test_a_deleted_record_says_so_and_one_that_never_was_is_none(pool: asyncpg.Pool) -> None:
    await hand_in(pool, [raw_record(1)])
    await delete_anime(pool, anime_id(1))
    record = await read_record(pool, anime_id(1))
    assert record is not None
    assert record.deleted_at is not None
    assert record.version == 2
    assert await read_record(pool, uuid4()) is None


async def test_a_database_that_is_away_is_an_outage(fresh_database: str) -> None:
    pool = await open_pool(fresh_database, PoolLimits(connections_max=1))
    await pool.close()
    with pytest.raises(Outage, match="PostgreSQL"):
        await read_record(pool, uuid4())
