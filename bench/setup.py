"""The stage of a run: servers in a folder of its own, a catalogue at full size, and the events that change it."""

from __future__ import annotations

import json
import os
import random
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import nats
import numpy as np
from nats.aio.client import Client

from contracts import codec, subjects
from contracts.events import AnimeUpdatedEvent
from contracts.ids import derived_id
from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from contracts.model.anime_parts import Score, Statistics
from contracts.payload_index import packaged_payload_index
from handlers.index.committed import CommittedRows
from handlers.index.edge import EdgeIndex
from handlers.index.port import Point
from handlers.index.space import VectorSpace
from streams import topology
from streams.database.migrate import migrate
from streams.embedded import Home, NatsServer, PostgresServer
from streams.provision import provision

SEED = 20_260_809
DIMENSIONS = 384
MODEL = "bench/random-unit-vectors"
_WORDS = ("a", "boy", "finds", "an", "old", "camera", "in", "the", "attic", "and", "learns", "what", "it", "shows")
_GENRES = ("Action", "Drama", "Comedy", "Fantasy", "Mystery", "Romance", "Sports", "Slice of Life")


@dataclass(frozen=True, slots=True)
class Stage:
    """Running servers and where they are."""

    folder: Path
    nats_url: str
    dsn: str
    ids: tuple[UUID, ...]

    def space(self) -> VectorSpace:
        """The space of the random vectors."""
        return VectorSpace(MODEL, DIMENSIONS)


def anime_ids(count: int) -> tuple[UUID, ...]:
    """Ids of `count` anime: real MyAnimeList ids from the recordings where they are, made-up ones else."""
    folder = Path(os.environ.get("ECHORA_RECORDINGS", "../shared/data")) / "mappings"
    found = sorted(folder.glob("arm-*.json"))
    rows = json.loads(found[-1].read_text()) if found else []
    known = list(dict.fromkeys(row["mal_id"] for row in rows if row.get("mal_id")))
    numbers = (known + list(range(10_000_000, 10_000_000 + count)))[:count]
    return tuple(derived_id("bench", number) for number in numbers)


@asynccontextmanager
async def servers(folder: Path) -> AsyncIterator[tuple[PostgresServer, NatsServer]]:
    """A migrated database and a NATS server, both empty; stopped at the end."""
    home = Home.open(folder)
    postgres = PostgresServer(home)
    server = NatsServer(home, home.nats_port(), payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX)
    try:
        postgres.start()
        server.start()
        await migrate(postgres.dsn)
        yield postgres, server
    finally:
        server.stop()
        postgres.stop()
        home.close()


@asynccontextmanager
async def stage(folder: Path, anime: int) -> AsyncIterator[Stage]:
    """Servers with a catalogue of `anime` rows and as many points; stopped at the end."""
    async with servers(folder / "servers") as (postgres, server):
        ready = Stage(folder, server.url, postgres.dsn, anime_ids(anime))
        await _fill_rows(ready)
        await fill_index(ready)
        yield ready


async def _fill_rows(ready: Stage) -> None:
    spread = random.Random(SEED)
    rows = []
    for position, anime_id in enumerate(ready.ids):
        synopsis = " ".join(spread.choices(_WORDS, k=90))
        genres = json.dumps(spread.sample(_GENRES, 3))
        statistics = json.dumps({"mal": {"score": 7.0, "scored_by": 1_000}, "anilist": {"score": 7.1}})
        star = json.dumps({"*": ["enrichment", "2026-01-01T00:00:00Z", str(UUID(int=position))]})
        rows.append(
            (anime_id, f"Title {position}", "TV", "ONGOING", 2026, synopsis, genres, 7.0, 7.0, 7.0, statistics, star)
        )
    columns = [
        "id",
        "title",
        "type",
        "status",
        "year",
        "synopsis",
        "genres",
        "score_agm",
        "score_mean",
        "score_median",
        "statistics",
        "provenance",
    ]
    connection = await asyncpg.connect(ready.dsn)
    try:
        await connection.copy_records_to_table("anime", records=rows, columns=columns)
        await connection.execute("VACUUM ANALYZE anime")
    finally:
        await connection.close()


def open_index(ready: Stage, name: str = "index") -> EdgeIndex:
    """The index of the stage, not yet prepared."""
    return EdgeIndex(ready.folder / name, ready.space(), packaged_payload_index())


async def fill_index(ready: Stage, name: str = "index") -> None:
    """One point per row, with a random unit vector and the payload that the program would write."""
    numbers = np.random.default_rng(SEED)
    index = open_index(ready, name)
    await index.prepare()
    pool = await asyncpg.create_pool(ready.dsn, min_size=1, max_size=2)
    try:
        rows = CommittedRows(pool)
        for start in range(0, len(ready.ids), 2_000):
            documents = await rows.read(ready.ids[start : start + 2_000], (), datetime.now(UTC))
            vectors = numbers.standard_normal((len(documents), DIMENSIONS)).astype(np.float32)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            await index.upsert(
                [
                    Point(document.id, document.version, vector, document.full_payload(MODEL))
                    for document, vector in zip(documents.values(), vectors, strict=True)
                ]
            )
        await index.flush()
    finally:
        await pool.close()
        await index.close()


def score_changes(ids: Sequence[UUID], count: int, *, observed_at: datetime, seed: int) -> list[AnimeUpdatedEvent]:
    """`count` score changes spread over the catalogue, each as a source would send it."""
    spread = random.Random(seed)
    chosen = spread.sample(ids, count) if count <= len(ids) else spread.choices(ids, k=count)
    return [
        _score_change(anime_id, spread, observed_at + timedelta(microseconds=n)) for n, anime_id in enumerate(chosen)
    ]


def _score_change(anime_id: UUID, spread: random.Random, observed_at: datetime) -> AnimeUpdatedEvent:
    score = round(spread.uniform(1, 9.9), 2)
    return AnimeUpdatedEvent(
        event_id=uuid4(),
        timestamp=observed_at,
        anime_id=anime_id,
        source="mal",
        changed_fields=["score", "statistics"],
        score=Score(arithmetic_geometric_mean=score, arithmetic_mean=score, median=score),
        statistics={"mal": Statistics(score=score, scored_by=spread.randint(100, 100_000))},
        observed_at=observed_at,
    )


async def empty_streams(client: Client) -> None:
    """Streams and consumers as the program provisions them, without any message or position."""
    jetstream = client.jetstream(timeout=30)
    for name in [info.config.name for info in await jetstream.streams_info()]:
        await jetstream.delete_stream(str(name))
    await provision(jetstream, topology.STREAMS, topology.CONSUMERS)


async def publish_all(client: Client, events: Sequence[AnimeUpdatedEvent]) -> None:
    """Put the events on the stream, every one confirmed."""
    jetstream = client.jetstream(timeout=30, publish_async_max_pending=4_000)
    futures = []
    for event in events:
        headers = {"Nats-Msg-Id": str(event.event_id), "content-type": codec.CONTENT_TYPE}
        futures.append(
            await jetstream.publish_async(subjects.ANIME_UPDATED, codec.encode(event), headers=headers, wait_stall=30)
        )
    for future in futures:
        await future


async def connect(ready: Stage) -> Client:
    """A client of the stage's NATS."""
    return await nats.connect(ready.nats_url)
