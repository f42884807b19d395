"""One forked program: the real composition root, with the seams in and the line to the suite open."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import traceback
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

from tests.faults.program import instruments
from tests.faults.program.embedder import HashEmbedder
from tests.faults.program.link import Link
from tests.faults.program.seams import Fault, Seams
from tests.faults.program.severing import severed
from tests.faults.program.slowness import slow_actions


def main(order: Mapping[str, Any]) -> None:
    """Run until a signal; what ends it is said on the line first, unless it is kill -9."""
    os.environ.update(order["environment"])
    sys.argv = ["faststream", "run", "streams:app"]
    link = Link(order["socket"])
    seams = Seams(link.say)
    instruments.install(seams)
    slow_actions(seams)
    severed(link, seams)
    held = _prepare()
    _answer(link, seams, held)
    for fault in order["faults"]:
        seams.arm(Fault(**fault))
    link.listen()
    link.say(up=os.getpid())
    # uvicorn repeats the signal that ended it, which would end us without a last word.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    code = 1
    try:
        code = _run(link, seams, held, order["sabotage"])
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
    except BaseException:
        traceback.print_exc()
    sys.stderr.flush()
    link.say(bye=code, counts=seams.take_counts())


def _run(link: Link, seams: Seams, held: dict[str, Any], sabotage: str | None) -> int:
    import anyio
    import uvloop

    from streams.compose import application

    if sabotage:
        from tests.faults.program.saboteurs import SABOTEURS

        SABOTEURS[sabotage].install()
    app = application()

    async def ready() -> None:
        held["loop"] = asyncio.get_running_loop()
        link.say(ready=True, counts=seams.take_counts())

    app.after_startup(ready)
    anyio.run(app.run, backend_options={"loop_factory": uvloop.new_event_loop})
    return 0


def _prepare() -> dict[str, Any]:
    """The model's stand-in, and a hand on what gets wired."""
    from streams import compose, reindex, start
    from streams.models import named_by

    assert hasattr(reindex, "LOOK_EVERY_S"), "the loop of a reindex is set elsewhere now"
    in_haste = "ECHORA_TEST_HASTE" in os.environ
    if in_haste:
        reindex.LOOK_EVERY_S = 0.2  # type: ignore[misc]

    async def stand_in(settings: Any, model: Any) -> HashEmbedder:
        return HashEmbedder() if model == named_by(settings) else HashEmbedder(model.name)

    assert hasattr(start, "open_model"), "the model is opened elsewhere now: put the stand-in there"
    start.open_model = stand_in  # type: ignore[assignment]
    held: dict[str, Any] = {}
    wire = compose.wire

    def wired(*args: Any) -> Any:
        held["graph"] = wire(*args)
        return held["graph"]

    build = compose.build_services

    def built(*args: Any) -> Any:
        held["surroundings"] = build(*args)
        held["surroundings"].healing.reindexing.opening = stand_in
        if in_haste:
            held["surroundings"].healing.reindexing.remove_after_s = 0.5
        return held["surroundings"]

    compose.wire, compose.build_services = wired, built
    return held


def _answer(link: Link, seams: Seams, held: dict[str, Any]) -> None:
    link.on("arm", lambda asked: seams.arm(Fault(**asked["fault"])))
    link.on("disarm", lambda _: seams.disarm())
    link.on("watch", lambda asked: seams.watch(asked["files"]))
    link.on("keep house", lambda _: _keep_house(held))
    link.on("wrong vectors", lambda _: _wrong_vectors(held))
    link.on("counts", lambda _: seams.take_counts())
    link.on("points", lambda _: _points(held))
    link.on("offer", lambda asked: _offer(held, asked["id"], asked["title"]))
    link.on("kept time", lambda _: _kept_time(held))
    link.on("memory", lambda _: _memory())


def _memory() -> int:
    """The resident bytes of this process."""
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _kept_time(held: Mapping[str, Any]) -> bool:
    """Whether the schedule's loop has compared rows and timers since the start."""
    return held["surroundings"].timekeeping.last_report is not None


def _keep_house(held: Mapping[str, Any]) -> None:
    """One pass of what runs every five minutes, or as often by the catalogue's clock."""
    house = held["surroundings"].housekeeping
    for once in (house.expire, house.prune):
        asyncio.run_coroutine_threadsafe(once(), held["loop"]).result(30)


def _wrong_vectors(held: Mapping[str, Any]) -> list[str]:
    """The points whose vector is not the one that the model of the searches makes of the committed row's text."""
    import numpy as np
    import qdrant_edge as engine

    from handlers.index.committed import CommittedRows

    runtime = held["graph"].runtime
    index, embedder, name = runtime.index, runtime.embedder, runtime.index._space.vector_name

    async def compare() -> list[str]:
        # What is more than this is not compared; the suite's catalogues are smaller.
        request = engine.ScrollRequest(limit=10_000, with_payload=True, with_vector=True)
        points, _ = await index._place.read(lambda shard: shard._shard.scroll(request))
        ids = [UUID(str(one.id)) for one in points]
        rows = await CommittedRows(runtime.pool).read(ids, ids, runtime.calendar.now())
        found: list[str] = []
        for one in points:
            row, vector = rows.get(UUID(str(one.id))), (one.vector or {}).get(name)
            if row is not None and not row.is_deleted:
                (wanted,) = embedder.embed([row.text])
                if vector is None or not np.allclose(vector, wanted, atol=1e-5):
                    words = f"no vector {name}" if vector is None else "a vector of another text or model"
                    found.append(f"{row.payload.get('title')} ({one.id}) has {words}")
        return found

    return asyncio.run_coroutine_threadsafe(compare(), held["loop"]).result(30)


def _offer(held: Mapping[str, Any], point_id: str, title: str) -> None:
    """What a second writer of the index would do that has read a row long ago."""
    from handlers.index.port import Patch

    late = held["graph"].runtime.index.patch([Patch(UUID(point_id), 0, {"title": title})])
    asyncio.run_coroutine_threadsafe(late, held["loop"]).result(30)


def _points(held: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Every point of the index with its payload, by id, read past the seams."""
    import qdrant_edge as engine

    index = held["graph"].runtime.index

    def read(shard: Any) -> dict[str, dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        begin: Any = UUID(int=0)
        while begin is not None:
            page, begin = shard._shard.scroll(engine.ScrollRequest(offset=begin, limit=1_000, with_payload=True))
            found |= {str(one.id): one.payload or {} for one in page}
        return found

    return asyncio.run_coroutine_threadsafe(index._place.read(read), held["loop"]).result(30)
