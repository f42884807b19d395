"""The index changes its model while it is searched and updated, and whatever is killed in between."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg
import pytest

from contracts.errors import Permanent, Refused
from handlers.embedding.port import Embedder
from handlers.index.choice import ModelName, chosen
from handlers.index.committed import CommittedRows
from handlers.index.document import Document
from handlers.index.port import Filling, VectorIndex
from handlers.index.space import VectorSpace
from streams.reindex import Reindexing
from tests.integration.ingest.persisting import hand_in
from tests.integration.reindex.conftest import DIMENSIONS, NEW, OLD, Model, Process, process
from tests.unit.ingest.samples import anime_id, raw_record

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local Qdrant"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]
COUNT = 100
# Each of them brings a character.
POINTS = 2 * COUNT
NEW_SPACE = VectorSpace("new", DIMENSIONS["new"])


class Killed(BaseException):
    """The process dies."""


@pytest.fixture
async def filled(running: Process) -> Process:
    """A hundred anime are in the index."""
    await hand_in(running.runtime.pool, [raw_record(number) for number in range(1, COUNT + 1)])
    await running.deliver()
    return running


async def documents(running: Process) -> dict[str, Document]:
    ids = [anime_id(number) for number in range(1, COUNT + 2)]
    found = await CommittedRows(running.runtime.pool).read(ids, [], running.runtime.clock.now())
    return {str(document.payload["title"]): document for document in found.values()}


async def assert_searched_by(running: Process, name: str) -> None:
    """Every row is found by its own text, with vectors of this model, and says so."""
    assert running.runtime.embedder.model == name
    for title, document in (await documents(running)).items():
        assert await running.best(document.text) == title
    points = await running.runtime.index.scroll(None, 1_000)
    assert {point.model for point in points} == {name}
    assert await running.runtime.index.filled() == len(points)


async def test_the_index_is_filled_switched_and_tidied(filled: Process, index: VectorIndex) -> None:
    await assert_searched_by(filled, "old")
    state = await filled.reindexing.ask(NEW)
    assert (state.model, state.wanted, state.points, state.is_done) == ("old", "new", POINTS, False)
    await filled.reindexing.once()
    assert len(filled.models["new"].embedded) == POINTS
    await assert_searched_by(filled, "new")
    assert (await filled.reindexing.state()).is_done
    await filled.reindexing.once()
    assert await filled.runtime.index.forget_others() == [], "the old vectors are gone already"
    embedded = len(filled.models["new"].embedded)
    await filled.reindexing.once()
    assert len(filled.models["new"].embedded) == embedded, "nothing is left to do"


async def test_an_update_between_the_reading_and_the_writing_wins(
    filled: Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    numbers = {anime_id(number): number for number in range(1, COUNT + 1)}
    updated: list[int] = []
    beside = filled.reindexing._beside

    def racing(embedder: Embedder) -> VectorIndex:
        view = beside(embedder)
        fill = view.fill

        async def late(fillings: Sequence[Filling]) -> None:
            number = next((numbers[one.id] for one in fillings if one.id in numbers), None)
            if number is not None and len(updated) < 3:
                updated.append(number)
                story = {"synopsis": f"Another story of {number}."}
                await hand_in(filled.runtime.pool, [raw_record(number, **story)])
                await filled.deliver()
            await fill(fillings)

        monkeypatch.setattr(view, "fill", late)
        return view

    monkeypatch.setattr(Reindexing, "_beside", lambda _, embedder: racing(embedder))
    await filled.reindexing.ask(NEW)
    await filled.reindexing.once()
    monkeypatch.undo()
    assert len(updated) == 3
    for _ in range(2):
        await filled.reindexing.once()
    await assert_searched_by(filled, "new")
    now = await documents(filled)
    assert all("Another story" in now[f"Sample {number}"].text for number in updated)


async def test_killed_while_it_is_filled_it_goes_on_where_it_was(filled: Process, index: VectorIndex) -> None:
    def die(_: Sequence[str]) -> None:
        if len(filled.models["new"].embedded) >= COUNT // 2:
            raise Killed

    filled.models["new"].before = die
    await filled.reindexing.ask(NEW)
    with pytest.raises(Killed):
        await filled.reindexing.once()
    already = len(filled.models["new"].embedded)
    assert 0 < already < POINTS
    assert await index.beside(NEW_SPACE).filled() == already
    await assert_searched_by(filled, "old")
    again = process(filled.runtime.pool, index, OLD, {"old": Model("old"), "new": Model("new")})
    await again.reindexing.once()
    assert len(again.models["new"].embedded) == POINTS - already
    await assert_searched_by(again, "new")


async def test_killed_right_after_the_switch_the_next_start_finishes_it(
    filled: Process, index: VectorIndex, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(*_: object) -> None:
        raise Killed

    await filled.reindexing.ask(NEW)
    monkeypatch.setattr(filled.runtime.__class__, "hold_index", die)
    with pytest.raises(Killed):
        await filled.reindexing.once()
    monkeypatch.undo()
    choice = await chosen(filled.runtime.pool)
    assert choice is not None
    assert (choice.model, choice.wanted, choice.is_tidy) == (NEW, None, False)
    again = process(filled.runtime.pool, index, choice.model, {"old": Model("old"), "new": Model("new")})
    await again.reindexing.once()
    await assert_searched_by(again, "new")


async def test_another_process_follows_and_what_it_wrote_last_is_filled(
    filled: Process, index: VectorIndex, pool: asyncpg.Pool
) -> None:
    other = process(pool, index, OLD, filled.models)
    filled.reindexing.remove_after_s = 1e6
    await filled.reindexing.ask(NEW)
    await filled.reindexing.once()
    # It has not heard of the switch, and embeds with the old model.
    await hand_in(pool, [raw_record(COUNT + 1)])
    await other.deliver()
    assert other.runtime.embedder.model == "old"
    await filled.reindexing.once()
    await assert_searched_by(filled, "new")
    await other.reindexing.once()
    await assert_searched_by(other, "new")


async def test_what_cannot_be_is_refused(filled: Process) -> None:
    with pytest.raises(Refused, match="is the index's model already"):
        await filled.reindexing.ask(OLD)
    with pytest.raises(Permanent, match="there is no model third"):
        await filled.reindexing.ask(ModelName("third"))
    assert (await filled.reindexing.state()).is_done
    await filled.reindexing.ask(NEW)
    filled.models["third"] = Model("third")
    with pytest.raises(Permanent, match="is being filled for new"):
        await filled.reindexing.ask(ModelName("third"))
