"""The disk under JetStream is full: an alarm names it, publishing stops cleanly, and after room was made nothing
acknowledged is lost and the alarm is over.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from contracts import subjects
from streams import topology
from streams.embedded import Home, HomeUnusable
from tests.faults.conftest import NewLane
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.traffic import hand_in
from tests.integration.program.running import free_port
from tests.waiting import eventually

SMALL, LARGE = "size=24m", "size=256m"
BALLAST_BYTES = 400_000
BALLAST_MAX = 200
NOTICED_WITHIN_S = 25.0
OVER_WITHIN_S = 30.0
TRIES_MAX = 100
WORDS = {True: "no space left on device", False: "has confirmed no publish to it for"}


def mounted(*words: str) -> bool:
    done = subprocess.run(["mount", "-t", "tmpfs", *words], capture_output=True, check=False)
    return done.returncode == 0


@asynccontextmanager
async def small_disk(lane: Lane) -> AsyncIterator[Path]:
    """The lane's NATS on a disk of its own that holds 24 MB."""
    store = lane.nats.home.path / "nats"
    await asyncio.to_thread(lane.nats.stop)
    if os.geteuid() != 0 or not mounted("-o", f"{SMALL},mode=700", "tmpfs", str(store)):
        await asyncio.to_thread(lane.nats.start)
        pytest.skip("a small disk has to be mounted, and this user may not")
    try:
        await asyncio.to_thread(lane.nats.start)
        yield store
    finally:
        if lane.child is not None:
            await lane.child.killed()
        await asyncio.to_thread(lane.nats.stop)
        subprocess.run(["umount", "--lazy", str(store)], check=True)


@asynccontextmanager
async def hook() -> AsyncIterator[tuple[str, list[dict[str, Any]]]]:
    """A webhook: its address, and the alerts that came."""
    heard: list[dict[str, Any]] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
            size = int(head.partition("content-length:")[2].partition("\r\n")[0])
            heard.append(json.loads(await reader.readexactly(size)))
            writer.write(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n")
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", heard


def alarms(heard: Sequence[Mapping[str, Any]], state: str) -> list[Mapping[str, Any]]:
    """What the webhook was told of the stream of events."""
    full = [alert for alert in heard if alert["kind"] == "broker_full" and alert["key"] == topology.EVENTS.name]
    return [alert for alert in full if alert["facts"]["state"] == state]


async def not_ready(lane: Lane) -> str:
    async with httpx.AsyncClient(timeout=20, trust_env=False) as http:
        answer = await http.get(f"http://127.0.0.1:{lane.port}/healthz/ready")
        alive = await http.get(f"http://127.0.0.1:{lane.port}/healthz/live")
    assert (answer.status_code, alive.status_code) == (503, 200), answer.text
    return answer.text


@pytest.mark.parametrize("knows", [True, False], ids=["with its page", "by silence alone"])
async def test_disk_full(new_lane: NewLane, sums: Sums, knows: bool) -> None:
    """`knows`: whether the program knows the server's monitoring page, where the server names the disk."""
    async with hook() as (address, heard), new_lane(ALERT_WEBHOOK_URL=address) as lane:
        if knows:
            lane.nats.http_port = free_port()
            lane.settings["NATS_MONITORING_URL"] = str(lane.nats.monitoring_url)
        async with small_disk(lane) as store:
            await lane.start()
            await hand_in(lane, "before")
            assert await lane.drained() == []
            kept = await _fill(lane)
            # Records are taken: they wait in PostgreSQL, where there is room.
            coming = asyncio.create_task(hand_in(lane, "a", "b", "c"))
            await eventually(lambda: alarms(heard, "begun"), within_s=NOTICED_WITHIN_S)
            (alarm,) = alarms(heard, "begun")
            assert "stream ANIME_EVENTS" in alarm["text"]
            assert WORDS[knows] in alarm["text"]
            assert "restart that NATS server" in alarm["text"]
            assert "stream ANIME_EVENTS takes no messages" in await not_ready(lane)
            assert not coming.done()
            assert not lane.program.gone.is_set()
            assert await lane.rows.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL") > 0
            assert await lane.rows.fetchval("SELECT count(*) FROM delivery_failure") == 0, "attempts were used up"
            # A loop without a pause would be at it thousands of times by now.
            assert lane.nats.home.log("nats").read_text().count("failed to store a msg") < TRIES_MAX

            assert mounted("-o", f"remount,{LARGE}", "tmpfs", str(store))
            await asyncio.to_thread(lane.nats.stop)
            await asyncio.to_thread(lane.nats.start)
            await coming
            said = await judge(lane, drain_s=60, second_looks_s=20)
            sums.add(said)
            assert said.faults == []
            there = {info.seq for info in [await lane.jetstream.get_msg(topology.EVENTS.name, seq) for seq in kept]}
            assert there == set(kept), "a message was confirmed and is gone"
            sums.figures["confirmed messages kept"] = len(kept)
            await eventually(lambda: alarms(heard, "over"), within_s=OVER_WITHIN_S)
            assert [len(alarms(heard, state)) for state in ("begun", "over")] == [1, 1], "each is told once"


async def test_a_start_on_a_full_disk_says_what_is_full_and_what_to_do(new_lane: NewLane) -> None:
    async with new_lane() as lane, small_disk(lane) as store:
        ballast = store / "ballast"
        with suppress(OSError), ballast.open("wb", buffering=0) as file:
            while True:
                file.write(bytes(4096))
        refused = await lane.start(expect_ready=False)
        await refused.ended()
        assert refused.code == 1
        (line,) = [line for line in refused.said.splitlines() if line.startswith("echora: ")]
        assert re.match(r"echora: JetStream cannot keep (stream|consumer) \S+ on its disk \(error creating store", line)
        assert "make room on the disk of the NATS server's store_dir" in line
        assert "Traceback" not in refused.said
        with pytest.raises(HomeUnusable, match=r"is full \(No space left on device\): make room there"):
            Home.open(store / "home")
        ballast.unlink()
        await lane.start()


async def _fill(lane: Lane) -> list[int]:
    """Publish what nobody reads until the server takes no more; the sequences of what it confirmed."""
    kept: list[int] = []
    for _ in range(BALLAST_MAX):
        with suppress(NatsError, APIError, TimeoutError):
            kept.append((await lane.jetstream.publish(subjects.REVIEW_READY, bytes(BALLAST_BYTES))).seq)
            continue
        break
    else:
        raise AssertionError("the disk was not filled")
    return kept
