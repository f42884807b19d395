"""The laws of a second model's vector beside the first, on every engine."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from contracts.errors import Outage, Permanent, Refused
from handlers.index.filters import SearchFilters
from handlers.index.port import Filling, VectorIndex
from tests.integration.index.samples import OTHER_SPACE, SPACE, Opener, point, unit

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
NORTH, EAST = [1.0, 0.0, 0.0, 0.0], [0.0, 1.0, 0.0, 0.0]
IDS = sorted(uuid4() for _ in range(6))


@pytest.fixture
async def other(index: VectorIndex) -> VectorIndex:
    """The second model's view of an index that holds six points of the first."""
    await index.upsert([point(3, id=one, axis=at) for at, one in enumerate(IDS)])
    beside = index.beside(OTHER_SPACE)
    await beside.prepare(add_vector=True)
    return beside


def filling(at: int, vector: list[float] = NORTH, text: str | None = None) -> Filling:
    return Filling(IDS[at], text or f"hash {at}", vector)


async def found(index: VectorIndex, vector: list[float]) -> list[UUID]:
    return sorted(hit.id for hit in await index.search(vector, SearchFilters(), limit=10) if hit.score > 0.9)


async def test_points_lack_a_vector_until_they_are_given_one(index: VectorIndex, other: VectorIndex) -> None:
    assert [one.id for one in await other.lacking(None, 10)] == IDS
    assert [one.id for one in await other.lacking(IDS[1], 2)] == IDS[2:4]
    assert await other.filled() == 0
    await other.fill([filling(0), filling(2, EAST)])
    assert [one.id for one in await other.lacking(None, 10)] == [IDS[1], *IDS[3:]]
    assert (await other.filled(), await index.filled()) == (2, 6)
    assert await found(other, NORTH) == [IDS[0]]
    assert await found(other, EAST) == [IDS[2]]
    assert await found(index, unit(0)) == [IDS[0]], "the first model is searched as before"
    stored = (await index.stored([IDS[0]]))[IDS[0]]
    assert (stored.version, stored.model) == (3, SPACE.model)


async def test_a_text_that_is_another_by_now_takes_no_vector(other: VectorIndex) -> None:
    await other.fill([filling(0, text="hash of an older text"), filling(1)])
    assert await other.filled() == 1
    assert await found(other, NORTH) == [IDS[1]]


async def test_a_point_that_is_gone_is_not_made_and_costs_no_neighbour(other: VectorIndex) -> None:
    await other.fill([Filling(uuid4(), "hash 0", NORTH), filling(1)])
    assert (await other.count(), await other.filled()) == (6, 1)


async def test_an_upsert_takes_the_other_models_vector_away(index: VectorIndex, other: VectorIndex) -> None:
    await other.fill([filling(at) for at in range(6)])
    await index.upsert([point(4, id=IDS[3], axis=5)])
    assert [one.id for one in await other.lacking(None, 10)] == [IDS[3]]
    assert IDS[3] not in await found(other, NORTH)


async def test_the_second_model_takes_over(index: VectorIndex, other: VectorIndex, opener: Opener) -> None:
    await other.fill([filling(at) for at in range(5)])
    await other.relabel()
    stored = await other.stored(IDS)
    assert [stored[one].model for one in IDS] == [OTHER_SPACE.model] * 5 + [SPACE.model]
    assert [one.version for one in stored.values()] == [3] * 6
    assert await other.forget_others() == [SPACE.vector_name]
    assert await other.forget_others() == []
    assert await found(other, NORTH) == IDS[:5]
    await other.fill([filling(5)])
    assert await other.filled() == 6
    with pytest.raises((Outage, Permanent)):
        await index.search(unit(0), SearchFilters(), limit=1)
    await index.close()
    again = opener(OTHER_SPACE)
    await again.prepare()
    assert await found(again, NORTH) == IDS
    await again.close()


async def test_whoever_still_writes_the_removed_vector_is_told_to_try_again(
    index: VectorIndex, other: VectorIndex
) -> None:
    await other.fill([filling(at) for at in range(6)])
    await other.forget_others()
    with pytest.raises(Outage):
        await index.upsert([point(9, id=IDS[0])])


async def test_vectors_of_another_length_are_refused(other: VectorIndex) -> None:
    with pytest.raises(Refused):
        await other.fill([Filling(IDS[0], "hash 0", unit(0))])


async def test_a_second_vector_survives_a_close(index: VectorIndex, other: VectorIndex, opener: Opener) -> None:
    await other.fill([filling(0), filling(1)])
    await index.close()
    again = opener(SPACE)
    await again.prepare()
    assert await again.beside(OTHER_SPACE).filled() == 2
    assert await again.filled() == 6
    await again.close()
