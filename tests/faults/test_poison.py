"""Poison of every family: each becomes one dead letter in time, no neighbour waits for it, and memory stays bounded."""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from time import monotonic

import pytest
from nats.errors import MaxPayloadError
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError

from contracts import codec, subjects
from contracts.events import DeadLetterEvent
from contracts.limits import EVENT_BYTES_MAX, HEADERS_BYTES_MAX, SERVER_PAYLOAD_BYTES_MAX
from streams import topology
from streams.tasks import end_tasks
from tests.faults.conftest import NewLane, chosen
from tests.faults.harness.judge import judge
from tests.faults.harness.lane import Lane
from tests.faults.harness.ledger import Sums
from tests.faults.harness.load import probe
from tests.faults.harness.poisons import FAMILIES, HEAVY
from tests.faults.harness.traffic import hand_in

LETTER_WITHIN_S = 10.0
MEMORY_BYTES_MAX = 64 * 1024 * 1024
AT_ONCE = 50
PER_SECOND = 400
HEAVY_EVERY = 500
UNREAD_MAX = 300
TAKERS = (topology.ENRICHED, topology.UPDATED, topology.AIRED)


async def test_poison(new_lane: NewLane, sums: Sums, dice: random.Random) -> None:
    async with new_lane() as lane:
        await lane.start()
        await hand_in(lane, "neighbour")
        await probe(lane, "neighbour")
        before = await lane.program.ask("memory")
        sent: dict[int, str] = {}
        peaks, waits = [before], []
        looking = asyncio.create_task(_look(lane, peaks, waits))
        rate = await _send(lane, dice, chosen(10_000, 100_000), sent)
        await end_tasks(looking)
        assert await lane.drained(60) == []
        letters, delays = await _letters(lane, sent)
        sums.sent = sums.acknowledged = len(sent)
        sums.dead_letters = sum(letters.values())
        sums.lost = len([sequence for sequence in sent if not letters[sequence]])
        sums.doubled = len([sequence for sequence, count in letters.items() if count > 1])
        sums.figures |= {
            "taken a second": round(rate),
            "longest until its letter s": round(max(delays), 2),
            "median until its letter s": round(sorted(delays)[len(delays) // 2], 3),
            "longest wait of a neighbour s": round(max(waits), 2),
            "median wait of a neighbour s": round(sorted(waits)[len(waits) // 2], 3),
            "memory grew MB": round((max(peaks) - before) / 1024**2, 1),
        }
        assert (sums.lost, sums.doubled) == (0, 0)
        assert set(letters) == set(sent), "something else became a dead letter"
        assert max(delays) < LETTER_WITHIN_S
        assert max(peaks) - before < MEMORY_BYTES_MAX
        # The neighbours themselves.
        rest = [words for words in (await judge(lane)).faults if "is a dead letter" not in words]
        assert rest == []


async def _send(lane: Lane, dice: random.Random, number: int, sent: dict[int, str]) -> float:
    """Gives how many a second were taken."""
    begun = monotonic()
    for first in range(0, number, AT_ONCE):
        families = [dice.choice(FAMILIES) for _ in range(AT_ONCE)]
        if first % HEAVY_EVERY == 0:
            families[0] = HEAVY[first // HEAVY_EVERY % len(HEAVY)]
        made = [(family.__name__, *family(dice)) for family in families]
        acks = await asyncio.gather(*(lane.jetstream.publish(subject, body) for _, subject, body in made))
        sent |= {ack.seq: name for ack, (name, *_) in zip(acks, made, strict=True)}
        await asyncio.sleep(max(0.0, begun + (first + AT_ONCE) / PER_SECOND - monotonic()))
        # How fast it is taken depends on the machine; how long one waits behind others must not.
        while await _unread(lane) > UNREAD_MAX:
            await asyncio.sleep(0.05)
    return len(sent) / (monotonic() - begun)


async def _unread(lane: Lane) -> int:
    infos = [await lane.jetstream.consumer_info(one.stream, one.name) for one in TAKERS]
    return sum((info.num_pending or 0) + (info.num_ack_pending or 0) for info in infos)


async def _look(lane: Lane, peaks: list[int], waits: list[float]) -> None:
    while True:
        waits.append(await probe(lane, "neighbour"))
        peaks.append(await lane.program.ask("memory"))
        await asyncio.sleep(0.05)


async def _letters(lane: Lane, sent: dict[int, str]) -> tuple[Counter[int], list[float]]:
    """How many letters each message has, and how long after the message the server stored its letter."""
    stored = {seq: at for seq, at, _ in await _read(lane, topology.EVENTS.name) if seq in sent}
    letters: Counter[int] = Counter()
    delays: list[float] = []
    for _, at, headers in await _read(lane, topology.DEAD_LETTERS.name):
        sequence = int(headers["letter"])
        letters[sequence] += 1
        delays.append(at - stored[sequence])
    return letters, delays


async def _read(lane: Lane, stream: str) -> list[tuple[int, float, dict[str, str]]]:
    """Sequence and time of every message of a stream; of a dead letter also whose it is."""
    is_letters = stream == topology.DEAD_LETTERS.name
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.ALL, ack_policy=AckPolicy.NONE, headers_only=not is_letters, mem_storage=True
    )
    subscription = await lane.jetstream.pull_subscribe("", stream=stream, config=config)
    left = (await subscription.consumer_info()).num_pending or 0
    found: list[tuple[int, float, dict[str, str]]] = []
    while left > 0:
        messages = await subscription.fetch(min(left, 500), timeout=10)
        left -= len(messages)
        for message in messages:
            about = {}
            if is_letters:
                letter = codec.decode(message.subject, message.data)
                assert isinstance(letter, DeadLetterEvent)
                about = {"letter": str(letter.stream_sequence)}
            found.append((message.metadata.sequence.stream, message.metadata.timestamp.timestamp(), about))
    await subscription.unsubscribe()
    return found


async def test_what_is_too_large_is_refused_at_publish(new_lane: NewLane) -> None:
    async with new_lane() as lane:
        await lane.start()
        with pytest.raises(APIError, match="message size exceeds maximum allowed"):
            await lane.jetstream.publish(subjects.ANIME_UPDATED, bytes(EVENT_BYTES_MAX + HEADERS_BYTES_MAX + 1))
        with pytest.raises(MaxPayloadError):
            await lane.jetstream.publish(subjects.ANIME_UPDATED, bytes(SERVER_PAYLOAD_BYTES_MAX + 1))
