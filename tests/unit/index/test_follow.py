"""Following what was committed: what is embedded, what is only patched, what goes; and what a refusal costs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

import numpy as np
import pytest
from numpy.typing import NDArray

from contracts.errors import Outage, Permanent
from contracts.events import (
    AnimeCreatedEvent,
    AnimeDeletedEvent,
    AnimeSyncedEvent,
    AnimeUpdatedEvent,
    CharacterSyncedEvent,
    EpisodeSyncedEvent,
    Event,
    SyncUpdateType,
)
from handlers.index.document import Document
from handlers.index.follow import EMBEDDED_AT_ONCE_MAX, Follower, follow
from handlers.index.payload import ENTITY_TYPE, MODEL, TEMPLATE, TEXT_SHA256, VERSION_MAX, stored_from
from handlers.index.port import Deletion, Patch, Point, Stored
from tests.events import at, uid

COMMON: dict[str, Any] = {"event_id": UUID(int=1), "timestamp": at(0)}


@dataclass
class Rows:
    """What is committed."""

    documents: dict[UUID, Document] = field(default_factory=dict)
    reads: int = 0
    on_embed: Callable[[], None] = lambda: None

    async def read(self, anime: Sequence[UUID], characters: Sequence[UUID], now: datetime) -> dict[UUID, Document]:
        self.reads += 1
        return {i: self.documents[i] for i in (*anime, *characters) if i in self.documents}

    async def deleted(self, anime: Sequence[UUID]) -> set[UUID]:
        return {i for i in anime if self.documents[i].is_deleted}


@dataclass
class Index:
    """Points by id; `refuses` names those that no write may touch."""

    points: dict[UUID, tuple[int, dict[str, object]]] = field(default_factory=dict)
    refuses: set[UUID] = field(default_factory=set)
    embedded: list[str] = field(default_factory=list)

    def _check(self, ids: Iterable[UUID]) -> None:
        if self.refuses.intersection(ids):
            raise Permanent("the index refuses this point")

    async def stored(self, ids: Sequence[UUID]) -> dict[UUID, Stored]:
        return {i: stored_from(i, self.points[i][1]) for i in ids if i in self.points}

    async def upsert(self, points: Sequence[Point]) -> None:
        self._check(point.id for point in points)
        for point in points:
            if point.id not in self.points or self.points[point.id][0] <= point.version:
                self.points[point.id] = (point.version, dict(point.payload))

    async def patch(self, patches: Sequence[Patch]) -> None:
        self._check(patch.id for patch in patches)
        for patch in patches:
            if patch.id in self.points and self.points[patch.id][0] < patch.version:
                self.points[patch.id] = (patch.version, self.points[patch.id][1] | dict(patch.payload))

    async def delete(self, deletions: Sequence[Deletion]) -> None:
        for deletion in deletions:
            if deletion.id in self.points and self.points[deletion.id][0] <= deletion.version:
                del self.points[deletion.id]

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.embedded += texts
        return np.zeros((len(texts), 3), np.float32)


@pytest.fixture
def rows() -> Rows:
    return Rows()


@pytest.fixture
def index() -> Index:
    return Index()


@pytest.fixture
def to(rows: Rows, index: Index) -> Follower:
    async def embed(texts: Sequence[str]) -> NDArray[np.float32]:
        vectors = await index.embed(texts)
        rows.on_embed()
        return vectors

    return Follower(rows, index, embed, "model-1")  # type: ignore[arg-type]


def document(name: str, version: int = 1, text: str = "", *, is_deleted: bool = False) -> Document:
    payload: dict[str, object] = {ENTITY_TYPE: "anime", "title": name, "status": f"v{version}"}
    return Document(uid(name), version, is_deleted, text or f"text of {name}", "anime.v1", payload)


def created(name: str) -> Event:
    return AnimeCreatedEvent(anime_id=uid(name), entity_version=1, **COMMON)


def synced(name: str, kind: SyncUpdateType = SyncUpdateType.PAYLOAD_ONLY) -> Event:
    return AnimeSyncedEvent(anime_id=uid(name), update_type=kind, **COMMON)


async def settled(to: Follower, *events: Event) -> None:
    assert await follow(to, events, at(0)) == [None] * len(events)


async def test_a_created_anime_is_embedded_with_what_made_its_vector(to: Follower, rows: Rows, index: Index) -> None:
    rows.documents[uid("a")] = made = document("a", 3)
    await settled(to, created("a"))
    version, payload = index.points[uid("a")]
    assert version == 3, "the committed version, not the one that the event announced"
    assert (payload[MODEL], payload[TEMPLATE], payload[TEXT_SHA256]) == ("model-1", "anime.v1", made.text_sha256)
    assert index.embedded == ["text of a"]


async def test_a_change_of_filter_fields_embeds_nothing(to: Follower, rows: Rows, index: Index) -> None:
    rows.documents[uid("a")] = document("a")
    await settled(to, created("a"))
    rows.documents[uid("a")] = document("a", 2)
    await settled(to, synced("a"), EpisodeSyncedEvent(episode_id=uid("e"), anime_id=uid("a"), **COMMON))
    assert index.points[uid("a")][1]["status"] == "v2"
    assert index.embedded == ["text of a"]


@pytest.mark.parametrize(
    ("change", "is_embedded"),
    [({}, False), ({"text": "new words"}, True), ({"template": "anime.v2"}, True)],
    ids=["the same text", "another text", "another template"],
)
async def test_it_embeds_again_only_when_the_text_or_its_template_changed(
    to: Follower, rows: Rows, index: Index, change: dict[str, str], is_embedded: bool
) -> None:
    rows.documents[uid("a")] = document("a")
    await settled(to, created("a"))
    rows.documents[uid("a")] = replace(document("a", 2), **change)  # type: ignore[arg-type]
    await settled(to, synced("a", SyncUpdateType.PAYLOAD_AND_VECTOR))
    assert len(index.embedded) == 1 + is_embedded
    assert index.points[uid("a")][0] == 2


async def test_another_model_embeds_again(to: Follower, rows: Rows, index: Index) -> None:
    rows.documents[uid("a")] = document("a")
    await settled(to, created("a"))
    await settled(replace(to, model="model-2"), created("a"))
    assert len(index.embedded) == 2
    assert index.points[uid("a")][1][MODEL] == "model-2"


async def test_a_batch_is_read_at_once_and_each_entity_embedded_once(to: Follower, rows: Rows, index: Index) -> None:
    for name in "abc":
        rows.documents[uid(name)] = document(name)
    character = CharacterSyncedEvent(character_id=uid("c"), update_type=SyncUpdateType.PAYLOAD_AND_VECTOR, **COMMON)
    await settled(to, created("a"), synced("a"), created("b"), created("a"), character)
    assert rows.reads == 1
    assert sorted(index.embedded) == ["text of a", "text of b", "text of c"]


async def test_a_deleted_anime_leaves_and_an_older_message_does_not_bring_it_back(
    to: Follower, rows: Rows, index: Index
) -> None:
    rows.documents[uid("a")] = document("a")
    await settled(to, created("a"))
    rows.documents[uid("a")] = document("a", 2, is_deleted=True)
    await settled(to, AnimeDeletedEvent(anime_id=uid("a"), entity_version=2, **COMMON))
    assert index.points == {}
    await settled(to, synced("a", SyncUpdateType.PAYLOAD_AND_VECTOR), created("a"))
    assert index.points == {}


async def test_one_that_is_deleted_while_it_is_embedded_leaves_again(to: Follower, rows: Rows, index: Index) -> None:
    rows.documents[uid("a")] = document("a")

    def deleted_meanwhile() -> None:
        rows.documents[uid("a")] = document("a", 2, is_deleted=True)

    rows.on_embed = deleted_meanwhile
    await settled(to, created("a"))
    assert index.points == {}


async def test_a_row_that_is_gone_altogether_leaves_no_point(to: Follower, rows: Rows, index: Index) -> None:
    index.points[uid("a")] = (VERSION_MAX - 1, {})
    await settled(to, synced("a"))
    assert index.points == {}


async def test_one_that_the_index_refuses_falls_alone(to: Follower, rows: Rows, index: Index) -> None:
    names = [f"anime {number}" for number in range(20)]
    for name in names:
        rows.documents[uid(name)] = document(name)
    index.refuses = {uid(names[7])}
    outcomes = await follow(to, [created(name) for name in names], at(0))
    assert [number for number, outcome in enumerate(outcomes) if outcome is not None] == [7]
    assert isinstance(outcomes[7], Permanent)
    assert set(index.points) == {uid(name) for name in names} - index.refuses


async def test_an_outage_is_nobodys_fault(to: Follower, rows: Rows) -> None:
    async def away(texts: Sequence[str]) -> NDArray[np.float32]:
        raise Outage("the index", "connection refused")

    rows.documents[uid("a")] = document("a")
    with pytest.raises(Outage):
        await follow(replace(to, embed=away), [created("a")], at(0))


async def test_an_event_that_the_index_must_not_hear_of_is_a_defect_of_the_topology(to: Follower) -> None:
    with pytest.raises(TypeError, match="correct the topology"):
        await follow(to, [AnimeUpdatedEvent(anime_id=uid("a"), **COMMON)], at(0))


async def test_a_large_batch_is_written_group_by_group_and_what_was_written_is_not_embedded_again(
    to: Follower, rows: Rows, index: Index
) -> None:
    names = [f"show {number}" for number in range(EMBEDDED_AT_ONCE_MAX + 20)]
    rows.documents = {uid(name): document(name) for name in names}
    calls = 0

    async def failing_second(texts: Sequence[str]) -> NDArray[np.float32]:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise Outage("the embedding model", "gone")
        return await index.embed(texts)

    broken = replace(to, embed=failing_second)
    with pytest.raises(Outage):
        await follow(broken, [created(name) for name in names], at(0))
    assert len(index.points) == EMBEDDED_AT_ONCE_MAX
    await settled(broken, *(created(name) for name in names))
    assert len(index.points) == len(names)
    assert len(index.embedded) == len(names), "a text that was embedded before the outage was embedded again"
