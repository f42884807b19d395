"""Qdrant Edge and the process it lives in: death, a second opener, a folder that vanishes, the event loop."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from uuid import UUID

import pytest
from qdrant_edge import EdgeShard

from contracts.errors import Outage, Permanent
from contracts.payload_index import IndexedField, packaged_payload_index
from handlers.index import edge_place
from handlers.index.edge import EdgeIndex
from handlers.index.filters import SearchFilters
from handlers.index.port import Patch
from handlers.index.space import VectorSpace
from tests.integration.index import edge_switcher
from tests.integration.index.edge_writer import POINTS_PER_ROUND, ids_of
from tests.integration.index.samples import SPACE, payload_of, point, unit

ROOT = Path(__file__).parents[3]
ROUNDS_BEFORE_DEATH = 25


def index_in(folder: Path) -> EdgeIndex:
    return EdgeIndex(folder / "index", SPACE, packaged_payload_index())


def run_python(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60)


async def test_every_acknowledged_write_outlives_kill_9(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.integration.index.edge_writer", str(tmp_path / "index")]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        for _ in range(ROUNDS_BEFORE_DEATH):
            assert writer.stdout.readline()
        os.kill(writer.pid, signal.SIGKILL)
        acknowledged = ROUNDS_BEFORE_DEATH + len(writer.stdout.read().splitlines())
    index = index_in(tmp_path)
    await index.prepare()
    for number in range(acknowledged):
        ids = ids_of(number)
        stored = await index.stored(ids)
        assert set(stored) == set(ids[1:])
        assert [stored[one].version for one in ids[1:]] == [2] + [1] * (POINTS_PER_ROUND - 2)
    patched = await index.search(unit(0), SearchFilters(min_score=5.0), limit=acknowledged + 10)
    assert {ids_of(number)[1] for number in range(acknowledged)} <= {hit.id for hit in patched}
    assert all("year" not in hit.payload for hit in patched)
    await index.close()


async def test_no_write_is_lost_when_its_vector_was_removed_before_kill_9(tmp_path: Path) -> None:
    """The engine drops what it finds in its log with a vector that is gone: unflushed, every point went back."""
    done = run_python("-m", "tests.integration.index.edge_switcher", str(tmp_path / "index"))
    assert done.returncode == -signal.SIGKILL, done.stderr
    index = index_in(tmp_path).beside(VectorSpace("last", SPACE.dimensions))
    await index.prepare()
    stored = await index.stored(edge_switcher.IDS)
    assert {one.version for one in stored.values()} == {1 + len(edge_switcher.MODELS)}
    assert len(stored) == len(edge_switcher.IDS)
    await index.close()


async def test_a_second_process_is_told_that_the_folder_is_open(tmp_path: Path) -> None:
    index = index_in(tmp_path)
    await index.prepare()
    second = run_python("-m", "tests.integration.index.edge_writer", str(tmp_path / "index"))
    assert second.returncode != 0
    last_line = second.stderr.splitlines()[-1]
    assert "contracts.errors.Outage" in last_line
    assert f"{tmp_path / 'index'} is open already" in last_line
    await index.upsert([point(1)])
    await index.close()


async def test_half_of_a_shard_from_a_killed_start_is_cleared_away(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    (tmp_path / "index.new" / "segments").mkdir(parents=True)
    index = index_in(tmp_path)
    await index.prepare()
    assert not (tmp_path / "index.new").exists()
    await index.close()


async def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "index").mkdir()
    letter = tmp_path / "index" / "letter.txt"
    letter.write_text("dear")
    index = index_in(tmp_path)
    with pytest.raises(Permanent, match="holds files but no index"):
        await index.prepare()
    assert letter.read_text() == "dear"
    await index.close()


async def test_a_folder_removed_under_us_is_an_outage_and_prepare_mends_it(tmp_path: Path) -> None:
    index = index_in(tmp_path)
    await index.prepare()
    await index.upsert([point(1)])
    shutil.rmtree(tmp_path / "index")
    for attempt in (index.upsert([point(1)]), index.search(unit(0), SearchFilters(), limit=1), index.count()):
        with pytest.raises(Outage, match="removed"):
            await attempt
    await index.prepare()
    assert await index.count() == 0
    await index.upsert([point(1)])
    assert await index.count() == 1
    await index.close()


async def test_a_folder_removed_before_close_does_not_hinder_it(tmp_path: Path) -> None:
    index = index_in(tmp_path)
    await index.prepare()
    await index.upsert([point(1)])
    shutil.rmtree(tmp_path / "index")
    await index.close()
    await index.close()


async def test_an_index_of_another_type_is_replaced(tmp_path: Path) -> None:
    mine = point(1, year=1999)
    old = EdgeIndex(tmp_path / "index", SPACE, [IndexedField("year", "keyword")])
    await old.prepare()
    await old.upsert([mine])
    await old.close()
    index = index_in(tmp_path)
    await index.prepare()
    assert [hit.id for hit in await index.search(unit(0), SearchFilters(year_from=1999), limit=5)] == [mine.id]
    await index.close()


async def test_opening_again_builds_no_graph(tmp_path: Path) -> None:
    # 64 kB of vectors, above the smallest threshold that the engine knows.
    index = index_in(tmp_path)
    await index.prepare()
    await index.upsert([point(1, axis=n) for n in range(2_000)])
    await index.close()
    await (again := index_in(tmp_path)).prepare()
    assert again._place._shard is not None
    assert again._place._shard.info().indexed_vectors_count == 0
    await again.close()


async def test_it_flushes_by_itself_after_so_many_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(edge_place, "FLUSH_EVERY_WRITES", 10)
    flushed: list[int] = []
    index = index_in(tmp_path)
    flush = index._place._flush

    def counted(shard: EdgeShard) -> None:
        flushed.append(1)
        flush(shard)

    monkeypatch.setattr(index._place, "_flush", counted)
    await index.prepare()
    points = [point(1) for _ in range(9)]
    await index.upsert(points)
    assert not flushed
    await index.patch([Patch(points[0].id, 2, {"year": 1}), Patch(points[1].id, 1, {"year": 1})])
    assert flushed == [1]
    await index.upsert([point(1)])
    assert flushed == [1]
    await index.close()


async def test_neither_the_loop_nor_a_search_waits_for_a_write(tmp_path: Path) -> None:
    index = index_in(tmp_path)
    await index.prepare()
    held = threading.Event()
    index._place._writer.submit(held.wait, 60)
    writing = asyncio.create_task(index.upsert([point(1)]))
    assert await index.search(unit(0), SearchFilters(), limit=1) == []
    assert not writing.done()
    held.set()
    await writing
    assert await index.count() == 1
    await index.close()


async def test_close_finishes_what_was_begun(tmp_path: Path) -> None:
    index = index_in(tmp_path)
    await index.prepare()
    mine = point(1, title="last words")
    writing = asyncio.create_task(index.upsert([mine]))
    await asyncio.sleep(0)
    await index.close()
    await writing
    again = index_in(tmp_path)
    await again.prepare()
    assert (await payload_of(again, mine.id))["title"] == "last words"
    await again.close()


async def test_a_refusal_of_the_engine_is_permanent(tmp_path: Path) -> None:
    index = index_in(tmp_path)
    await index.prepare()
    with pytest.raises(Permanent, match="refuses"):
        await index.upsert([point(1, title=object())])
    assert await index.stored([UUID(int=1)]) == {}
    await index.close()


def test_the_port_and_edge_do_without_the_slow_client() -> None:
    code = "import sys, handlers.index.port, handlers.index.edge; sys.exit('qdrant_client' in sys.modules)"
    assert run_python("-c", code).returncode == 0
