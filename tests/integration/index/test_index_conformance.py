"""The laws of the vector index, on every engine."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contracts.errors import Outage, Permanent, Refused
from handlers.index.filters import SearchFilters
from handlers.index.port import Deletion, Patch, Point, VectorIndex
from handlers.index.space import VectorSpace
from tests.integration.index.samples import DIMENSIONS, OTHER_SPACE, SPACE, Opener, payload_of, point, unit

# A patch costs the client's own memory mode a walk over all points.
MANY_PATCHES = 100

# The client's own memory says of each thing that it leaves to the server that it does.
pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


async def test_a_point_is_stored_and_found(index: VectorIndex) -> None:
    mine = point(3, axis=1, title="Planètes", genres=["Drama"], score=8.25)
    await index.upsert([mine, point(1, axis=2)])
    stored = (await index.stored([mine.id, uuid4()]))[mine.id]
    assert (stored.version, stored.entity_type, stored.text_sha256) == (3, "anime", "hash 1")
    assert (stored.model, stored.template) == (SPACE.model, "t1")
    best = (await index.search(unit(1), SearchFilters(), limit=1))[0]
    assert best.id == mine.id
    assert best.score == pytest.approx(1.0, abs=1e-4)
    assert dict(best.payload) == {**mine.payload, "version": 3}
    assert await index.count() == 2


async def test_a_stale_upsert_loses_vector_and_payload(index: VectorIndex) -> None:
    new, old = point(5, axis=1, title="new"), point(4, axis=2, title="old")
    await index.upsert([new])
    await index.upsert([Point(new.id, old.version, old.vector, old.payload)])
    assert (await payload_of(index, new.id))["title"] == "new"
    assert (await index.search(unit(1), SearchFilters(), limit=1))[0].score == pytest.approx(1.0, abs=1e-4)


async def test_a_stale_upsert_does_not_take_its_batch_along(index: VectorIndex) -> None:
    held = point(5, title="held")
    await index.upsert([held])
    fresh, newer = point(4, title="fresh"), point(6, id=held.id, title="newer")
    await index.upsert([point(4, id=held.id, title="stale"), fresh])
    assert (await payload_of(index, held.id))["title"] == "held"
    assert (await payload_of(index, fresh.id))["title"] == "fresh"
    await index.upsert([newer])
    assert (await payload_of(index, held.id))["title"] == "newer"


async def test_an_upsert_of_the_same_version_replaces(index: VectorIndex) -> None:
    first = point(2, axis=0, title="one model", year=1999)
    await index.upsert([first])
    await index.upsert([point(2, id=first.id, axis=3, title="another model")])
    payload = await payload_of(index, first.id, axis=3)
    assert payload["title"] == "another model"
    assert "year" not in payload
    assert (await index.search(unit(3), SearchFilters(), limit=1))[0].score == pytest.approx(1.0, abs=1e-4)


async def test_a_patch_merges_and_keeps_the_vector(index: VectorIndex) -> None:
    mine = point(1, axis=4, score=7.0, title="kept")
    await index.upsert([mine])
    await index.patch([Patch(mine.id, 2, {"score": 7.5})])
    assert await payload_of(index, mine.id) == {**mine.payload, "score": 7.5, "version": 2}
    assert (await index.stored([mine.id]))[mine.id].version == 2
    assert (await index.search(unit(4), SearchFilters(), limit=1))[0].score == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("version", [2, 3])
async def test_a_patch_that_is_not_newer_loses(index: VectorIndex, version: int) -> None:
    mine = point(3, score=7.0, title="kept")
    await index.upsert([mine])
    await index.patch([Patch(mine.id, version, {"score": 1.0, "title": None})])
    payload = await payload_of(index, mine.id)
    assert (payload["score"], payload["title"], payload["version"]) == (7.0, "kept", 3)


async def test_a_patch_of_a_missing_point_creates_nothing_and_stops_nothing(index: VectorIndex) -> None:
    mine = point(1, score=1.0)
    await index.upsert([mine])
    await index.patch([Patch(uuid4(), 9, {"score": 2.0}), Patch(mine.id, 2, {"score": 3.0})])
    assert await index.count() == 1
    assert (await payload_of(index, mine.id))["score"] == 3.0


async def test_a_null_means_absent(index: VectorIndex) -> None:
    mine = point(1, year=None, season="FALL", last_aired="2026-01-01")
    await index.upsert([mine])
    assert "year" not in await payload_of(index, mine.id)
    await index.patch([Patch(mine.id, 2, {"season": None, "year": 2026})])
    payload = await payload_of(index, mine.id)
    assert "season" not in payload
    assert (payload["year"], payload["last_aired"]) == (2026, "2026-01-01")
    assert await index.search(unit(0), SearchFilters(season=["FALL"]), limit=5) == []


async def test_an_upsert_drops_keys_that_it_does_not_name(index: VectorIndex) -> None:
    mine = point(1, season="FALL")
    await index.upsert([mine])
    await index.upsert([point(2, id=mine.id, rating="PG13")])
    payload = await payload_of(index, mine.id)
    assert "season" not in payload
    assert payload["rating"] == "PG13"


async def test_of_two_writes_in_one_call_the_newest_counts(index: VectorIndex) -> None:
    mine = point(1, title="one")
    await index.upsert([point(3, id=mine.id, title="three"), mine, point(2, id=mine.id, title="two")])
    assert (await payload_of(index, mine.id))["title"] == "three"
    await index.patch([Patch(mine.id, 6, {"title": "six"}), Patch(mine.id, 5, {"title": "five", "year": 5})])
    payload = await payload_of(index, mine.id)
    assert (payload["title"], payload["version"]) == ("six", 6)
    assert "year" not in payload


async def test_a_deletion_removes_unless_the_point_is_newer(index: VectorIndex) -> None:
    newer, equal, older, other = point(5), point(5), point(5), point(5)
    await index.upsert([newer, equal, older, other])
    await index.delete([Deletion(newer.id, 4), Deletion(equal.id, 5), Deletion(older.id, 6), Deletion(uuid4(), 9)])
    assert set(await index.stored([newer.id, equal.id, older.id, other.id])) == {newer.id, other.id}
    assert await index.count() == 2
    await index.patch([Patch(equal.id, 7, {"score": 1.0})])
    assert await index.count() == 2


async def test_a_deleted_point_can_come_back(index: VectorIndex) -> None:
    mine = point(1)
    await index.upsert([mine])
    await index.delete([Deletion(mine.id, 1)])
    await index.upsert([point(2, id=mine.id, title="again")])
    assert (await payload_of(index, mine.id))["title"] == "again"


FILTERED = [
    (SearchFilters(type=["TV"]), {"a", "b"}),
    (SearchFilters(type=["TV", "MOVIE"]), {"a", "b", "c"}),
    (SearchFilters(status=["ONGOING"]), {"b"}),
    (SearchFilters(season=["FALL"], type=["TV"]), {"a"}),
    (SearchFilters(rating=["R"]), {"c"}),
    (SearchFilters(genres=["Drama"]), {"a", "b"}),
    (SearchFilters(genres=["Drama", "Sports"]), {"a"}),
    (SearchFilters(year_from=2000), {"a", "b"}),
    (SearchFilters(year_to=2000), {"a", "c"}),
    (SearchFilters(year_from=2000, year_to=2000), {"a"}),
    (SearchFilters(min_score=8.5), {"a"}),
    (SearchFilters(min_score=8.51), set()),
    (SearchFilters(entity_type="character"), {"d"}),
    (SearchFilters(), {"a", "b", "c"}),
]


async def test_filters(index: VectorIndex) -> None:
    a: dict[str, Any] = {
        "type": "TV",
        "status": "FINISHED",
        "season": "FALL",
        "year": 2000,
        "score": 8.5,
        "rating": "PG13",
    }
    b: dict[str, Any] = {
        "type": "TV",
        "status": "ONGOING",
        "season": "SPRING",
        "year": 2026,
        "score": 7,
        "genres": ["Drama"],
    }
    c: dict[str, Any] = {"type": "MOVIE", "status": "FINISHED", "year": 1988, "rating": "R"}
    await index.upsert(
        [
            point(1, title="a", genres=["Sports", "Drama"], **a),
            point(1, title="b", **b),
            point(1, title="c", **c),
            point(1, title="d", **a | {"entity_type": "character"}),
        ]
    )
    for filters, titles in FILTERED:
        found = await index.search(unit(0), filters, limit=10)
        assert {hit.payload["title"] for hit in found} == titles, filters


async def test_best_first_with_limit_and_offset(index: VectorIndex) -> None:
    angles = [0.1 * step for step in range(8)]
    turned = [[math.cos(a), math.sin(a), *[0.0] * (DIMENSIONS - 2)] for a in angles]
    points = [Point(uuid4(), 1, vector, {"entity_type": "anime"}) for vector in turned]
    await index.upsert(random.Random(7).sample(points, len(points)))
    found = await index.search(unit(0), SearchFilters(), limit=3, offset=2)
    assert [hit.id for hit in found] == [one.id for one in points[2:5]]
    assert [hit.score for hit in found] == pytest.approx([math.cos(a) for a in angles[2:5]], abs=1e-3)


async def test_text_of_any_script_comes_back_whole(index: VectorIndex) -> None:
    texts: dict[str, Any] = {"title": "鋼の錬金術師 🗡️", "note": 'a\u0000b\u2028"\\ ﷽', "genres": ["Драма", "ドラマ"]}
    mine = point(1, **texts)
    await index.upsert([mine])
    await index.patch([Patch(mine.id, 2, {"status": "進行中 🚢"})])
    assert await payload_of(index, mine.id) == {**mine.payload, "status": "進行中 🚢", "version": 2}
    assert len(await index.search(unit(0), SearchFilters(genres=["ドラマ"], status=["進行中 🚢"]), limit=5)) == 1


async def test_nothing_to_do_is_no_error(index: VectorIndex) -> None:
    await index.upsert([])
    await index.patch([])
    await index.delete([])
    await index.flush()
    assert await index.stored([]) == {}
    assert await index.scroll(None, 10) == []
    assert await index.search(unit(0), SearchFilters(), limit=5) == []
    assert await index.count() == 0


async def test_scroll_walks_every_point_once_in_order(index: VectorIndex) -> None:
    edges = [UUID(int=0), UUID(int=2**128 - 1)]
    points = [point(n, id=one) for n, one in enumerate([*edges, *(uuid4() for _ in range(23))])]
    await index.upsert(points)
    seen: list[UUID] = []
    while page := await index.scroll(seen[-1] if seen else None, 5):
        assert len(page) <= 5
        seen += [one.id for one in page]
    assert seen == sorted(one.id for one in points)


async def test_five_thousand_points(index: VectorIndex) -> None:
    points = [point(n % 3, axis=n, title=f"title {n}", year=1960 + n % 60) for n in range(5_000)]
    await index.upsert(points)
    assert await index.count() == 5_000
    stored = await index.stored([one.id for one in points])
    assert all(stored[one.id].version == one.version for one in points)
    chosen = points[:: 5_000 // MANY_PATCHES]
    await index.patch([Patch(one.id, 9, {"score": n / 10}) for n, one in enumerate(chosen)])
    stored = await index.stored([one.id for one in points])
    assert {one.id for one in stored.values() if one.version == 9} == {one.id for one in chosen}
    await index.delete([Deletion(one.id, one.version) for one in points if one not in chosen])
    assert await index.count() == MANY_PATCHES
    assert len(await index.search(unit(0), SearchFilters(min_score=5.0), limit=1_000)) == MANY_PATCHES // 2


async def test_a_vector_that_does_not_fit_is_refused_before_anything_is_written(index: VectorIndex) -> None:
    short, nan = Point(uuid4(), 1, [1.0, 2.0], {}), Point(uuid4(), 1, [math.nan] * DIMENSIONS, {})
    for wrong in (short, nan):
        with pytest.raises(Refused, match=str(wrong.id)):
            await index.upsert([point(1), wrong])
    with pytest.raises(Refused, match="version"):
        await index.upsert([point(-1)])
    with pytest.raises(Refused, match="search"):
        await index.search([1.0], SearchFilters(), limit=1)
    assert await index.count() == 0


async def test_opening_again_finds_everything(opener: Opener) -> None:
    first = opener(SPACE)
    await first.prepare()
    await first.prepare()
    mine = point(1, axis=2, title="kept")
    await first.upsert([mine])
    await first.patch([Patch(mine.id, 2, {"title": "patched"})])
    await first.close()
    await first.close()
    again = opener(SPACE)
    await again.prepare()
    assert (await payload_of(again, mine.id))["title"] == "patched"
    assert (await again.stored([mine.id]))[mine.id].version == 2
    await again.close()


async def test_a_place_that_does_not_fit_is_refused_clearly(opener: Opener) -> None:
    first = opener(SPACE)
    await first.prepare()
    await first.close()
    for space, said in [(VectorSpace(SPACE.model, 16), "8 dimensions"), (OTHER_SPACE, "tests/other")]:
        wrong = opener(space)
        with pytest.raises(Permanent, match=said):
            await wrong.prepare()
        await wrong.close()


async def test_another_models_vector_can_be_added_beside(opener: Opener) -> None:
    first = opener(SPACE)
    await first.prepare()
    old, moved = point(1, title="old"), point(1, title="moved")
    await first.upsert([old, moved])
    await first.close()
    second = opener(OTHER_SPACE)
    await second.prepare(add_vector=True)
    assert await second.search([1.0, 0.0, 0.0, 0.0], SearchFilters(), limit=5) == []
    await second.upsert([Point(moved.id, 1, [1.0, 0.0, 0.0, 0.0], moved.payload)])
    found = await second.search([1.0, 0.0, 0.0, 0.0], SearchFilters(), limit=5)
    assert [hit.id for hit in found] == [moved.id]
    assert await second.count() == 2
    await second.close()
    third = opener(SPACE)
    await third.prepare()
    assert [hit.id for hit in await third.search(unit(0), SearchFilters(), limit=5)] == [old.id]
    await third.close()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_order_ends_in_the_newest_version(index_once: VectorIndex, data: st.DataObject) -> None:
    """Complete writes of any versions, shuffled and cut into calls at will: the highest version stands at the end."""
    ids = [uuid4() for _ in range(3)]
    writes: list[Point | Patch] = []
    for one_id in ids:
        versions = data.draw(st.lists(st.integers(1, 9), unique=True, max_size=6), label="versions")
        for version in versions:
            full: dict[str, Any] = {
                key: data.draw(st.one_of(st.none(), st.integers(0, 9))) for key in ("year", "episode_count")
            }
            is_patch = data.draw(st.booleans())
            writes.append(Patch(one_id, version, full) if is_patch else point(version, id=one_id, **full))
    shuffled = data.draw(st.permutations(writes), label="order")

    async def scenario() -> None:
        await index_once.upsert([point(0, id=one_id, year=0, episode_count=0) for one_id in ids])
        for write in shuffled:
            await (index_once.patch([write]) if isinstance(write, Patch) else index_once.upsert([write]))
        stored = await index_once.stored(ids)
        hits = await index_once.search(unit(0), SearchFilters(), limit=1_000)
        payloads = {hit.id: hit.payload for hit in hits}
        for one_id in ids:
            last = max((one for one in writes if one.id == one_id), key=lambda one: one.version, default=None)
            wanted = last.payload if last else {"year": 0, "episode_count": 0}
            assert stored[one_id].version == (last.version if last else 0)
            for key in ("year", "episode_count"):
                assert payloads[one_id].get(key) == wanted[key]
                assert (key in payloads[one_id]) is (wanted[key] is not None)
        await index_once.delete([Deletion(one_id, 9) for one_id in ids])

    asyncio.run(scenario())


@pytest.fixture
def index_once(opener: Opener) -> Iterator[VectorIndex]:
    """One prepared index for all examples of a property; each example uses ids of its own."""
    index = opener(SPACE)
    asyncio.run(index.prepare())
    yield index
    asyncio.run(index.close())


async def test_an_index_that_is_not_open_says_so(edge_opener: Opener) -> None:
    index = edge_opener(SPACE)
    with pytest.raises(Outage, match="prepare"):
        await index.count()
    await index.prepare()
    await index.close()
    with pytest.raises(Outage, match="closed"):
        await index.count()
