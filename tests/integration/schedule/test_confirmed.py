"""What the server confirmed it still has after a kill -9, timers as well as events."""

from __future__ import annotations

import asyncio
import os
import random
import signal
from dataclasses import dataclass
from datetime import timedelta

import pytest
from nats.aio.client import Client

from contracts import subjects
from contracts.errors import Outage
from handlers.schedule.timer import SCHEDULE as AT
from handlers.schedule.timer import rfc3339, subject_of
from streams.delivery.publish import Publisher
from streams.embedded import NatsServer
from streams.provision import provision
from streams.timers import NatsTimers
from streams.topology import EVENTS
from tests.integration.schedule.clockwork import now
from tests.waiting import eventually

KILLS = 2
LARGEST = 100


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as the relay would send it; what it holds does not matter to the server."""

    subject: str
    headers: dict[str, str]
    payload: bytes = b"x" * 200


def timers_of(numbers: range) -> list[Sent]:
    at = rfc3339(now() + timedelta(hours=5))
    held = {AT: f"@at {at}", "Nats-Schedule-Target": f"{subjects.SCHEDULE_DUE}.single"}
    return [Sent(subject_of("single", f"e{one}"), {"Nats-Msg-Id": f"t{one}"} | held) for one in numbers]


def events_of(numbers: range) -> list[Sent]:
    return [Sent(subjects.ANIME_SYNCED, {"Nats-Msg-Id": f"e{one}"}) for one in numbers]


async def test_what_was_confirmed_outlives_kills_between_publishing_and_confirming(
    own_nats: NatsServer, client: Client, timers: NatsTimers, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever is killed confirms nothing any more, however long it is waited for.
    monkeypatch.setattr("streams.delivery.publish.CONFIRM_TIMEOUT_S", 1.0)
    chance = random.Random(7)
    await provision(client.jetstream(), (EVENTS,), ())
    publisher = Publisher(lambda: client)
    confirmed: set[str] = set()
    number = 0

    async def send(messages: list[Sent]) -> None:
        try:
            answers = await publisher.publish_all(messages)
        except Outage:
            return
        answered = zip(messages, answers, strict=True)
        confirmed.update(message.headers["Nats-Msg-Id"] for message, is_safe in answered if is_safe)

    for _ in range(KILLS):
        assert own_nats.pid is not None
        pid = own_nats.pid
        asyncio.get_running_loop().call_later(chance.uniform(0.05, 0.5), os.kill, pid, signal.SIGKILL)
        while own_nats.alive():
            numbers = range(number, number + chance.choice([1, 7, LARGEST]))
            number = numbers.stop
            await send(timers_of(numbers))
            await send(events_of(numbers))
        own_nats.start()
        await eventually(lambda: client.is_connected)

    held = {f"t{subject.rpartition('.e')[2]}" for subject in await timers.held()}
    assert {one for one in confirmed if one.startswith("t")} <= held
    stored: set[str] = set()
    info = await client.jetstream().stream_info(EVENTS.name)
    for sequence in range(info.state.first_seq, info.state.last_seq + 1):
        message = await client.jetstream().get_msg(EVENTS.name, sequence)
        stored.add((message.headers or {})["Nats-Msg-Id"])
    assert {one for one in confirmed if one.startswith("e")} <= stored
    assert len(confirmed) > KILLS
