"""Every secret of every program of the run is a canary; none of them is found in anything that the run left behind."""

from __future__ import annotations

import asyncio
import json

from tests.faults.conftest import NewLane
from tests.faults.harness.judge import judge
from tests.faults.harness.leaks import found_in, search
from tests.faults.harness.ledger import BOOK, Sums, table
from tests.faults.harness.looking import living_world, settings
from tests.faults.harness.processes import Zygote
from tests.faults.harness.traffic import first_wave, hand_in, next_wave
from tests.integration.program.canaries import canary
from tests.integration.program.running import free_port

PLANTED_MIN = 20


async def test_servers_taken_away_with_every_secret_set(new_lane: NewLane, sums: Sums) -> None:
    """At the level of debug; Redis and the webhook were never there, NATS goes and comes."""
    async with living_world() as url:
        own = settings(url) | {"REDIS_URL": f"redis://127.0.0.1:{free_port()}", "ECHORA_LOG_LEVEL": "debug"}
        async with new_lane(**own) as lane:
            await lane.start()
            await first_wave(lane)
            await asyncio.to_thread(lane.nats.stop)
            await asyncio.sleep(1)
            await asyncio.to_thread(lane.nats.start)
            await next_wave(lane)
            said = await judge(lane)
            sums.add(said)
            assert said.faults == []
            assert "connection lost" in lane.program.said


async def test_a_qdrant_that_refuses(new_lane: NewLane) -> None:
    """There is no server to take away; the client's way to an error goes through the address and both keys alike."""
    away = {
        "QDRANT_URL": f"http://127.0.0.1:{free_port()}",
        "ECHORA_ROLES": "index,search",
        "ECHORA_LOG_LEVEL": "debug",
    }
    async with new_lane(**away) as lane:
        child = await lane.start(expect_ready=False)
        await child.ended(60)
        assert child.code == 1, child.said
        assert "Qdrant" in child.said
        assert found_in("the log", child.said.encode()) == []


async def test_a_search_that_would_find(new_lane: NewLane) -> None:
    """What the search is worth: a canary in a row, as text or as bytes, and on a page is found."""
    async with new_lane() as lane:
        await lane.start()
        await hand_in(lane, "a")
        assert await search(lane) == []
        word = canary("ECHORA_API_TOKEN")
        await lane.rows.execute("UPDATE anime SET synopsis = $1", word)
        await lane.rows.execute("CREATE TABLE kept (bytes bytea)")
        await lane.rows.execute("INSERT INTO kept VALUES ($1)", f"x {word}".encode())
        (lane.nats.home.path / "nats" / "left.txt").write_text(word)
        found = await search(lane)
        assert {one.partition(":")[0] for one in found} >= {"table anime", "table kept", "left.txt"}
        lane.is_sabotaged = True


async def test_no_canary_is_found(zygote: Zygote) -> None:
    """The last of the run: pages, rows and streams were searched as each lane ended, logs and the ledger are now."""
    book = BOOK.canaries
    for log in zygote.logs():
        book.found += found_in(log.name, log.read_bytes())
    report = "\n".join(table(BOOK)) + json.dumps(BOOK.as_json())
    book.found += found_in("the ledger", report.encode())
    assert len(book.planted) >= PLANTED_MIN, sorted(book.planted)
    assert book.searched_bytes > 100_000
    assert book.found == []
