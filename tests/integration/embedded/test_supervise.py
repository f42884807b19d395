"""Servers that die come back; servers that cannot are tried with growing delay; a stop ends everything."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from streams.embedded import Home, NatsServer, PostgresServer, ServerFailed, Supervisor
from tests.integration.embedded.program import add_message, add_row
from tests.integration.embedded.programs import GONE_TIMEOUT_S


@dataclass
class FakeServer:
    """A server that dies when `living` is cleared and whose next starts fail `failures` times."""

    name: str = "fake"
    living: bool = False
    failures: int = 0
    starts: int = 0
    acts: list[str] = field(default_factory=list)

    def start(self) -> None:
        self.starts += 1
        self.acts.append(f"start {self.name}")
        if self.failures:
            self.failures -= 1
            raise ServerFailed(f"{self.name} did not answer")
        self.living = True

    def stop(self) -> None:
        self.living = False
        self.acts.append(f"stop {self.name}")

    def alive(self) -> bool:
        return self.living


class Sleeps:
    """Takes the place of asyncio.sleep: notes every wait and only lets others run."""

    def __init__(self) -> None:
        self.delays_s: list[float] = []

    async def __call__(self, seconds: float) -> None:
        self.delays_s.append(seconds)
        await asyncio.sleep(0)


async def until(condition: Any) -> None:
    """Wait for a condition, at most some seconds."""
    async with asyncio.timeout(GONE_TIMEOUT_S):
        while not condition():
            await asyncio.sleep(0.01)


async def test_servers_killed_with_9_come_back_on_the_same_address_with_their_data(home: Home) -> None:
    nats, postgres = NatsServer(home, port=home.nats_port()), PostgresServer(home)
    supervisor = Supervisor([postgres, nats])
    await supervisor.start()
    try:
        url, dsn = nats.url, postgres.dsn
        assert (await add_row(dsn), await add_message(url)) == (1, 1)
        first = (postgres.pid, nats.pid)
        for pid in first:
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
        await until(lambda: "down" in supervisor.states().values())
        await until(lambda: set(supervisor.states().values()) == {"running"} and nats.ready() and postgres.ready())
        assert (await add_row(dsn), await add_message(url)) == (2, 2)
        assert not {postgres.pid, nats.pid} & set(first)
    finally:
        await supervisor.stop()
    assert supervisor.states() == {"postgres": "down", "nats": "down"}


async def test_a_death_and_a_return_are_one_line_each() -> None:
    server = FakeServer(failures=0)
    with capture_logs() as lines:
        supervisor = Supervisor([server], sleep=Sleeps())
        await supervisor.start()
        server.failures, server.living = 3, False
        await until(lambda: server.starts == 5 and server.living)
        await until(lambda: len(lines) >= 3)
        await supervisor.stop()
    assert [line["log_level"] for line in lines] == ["warning", "error", "info"]
    assert lines[1]["error"] == "fake did not answer"


async def test_the_delay_doubles_up_to_its_limit_and_the_supervisor_never_gives_up() -> None:
    server, sleeps = FakeServer(), Sleeps()
    supervisor = Supervisor([server], sleep=sleeps, check_every_s=0.2)
    await supervisor.start()
    server.failures, server.living = 40, False
    await until(lambda: server.living)
    await supervisor.stop()
    backoff_s = sleeps.delays_s[sleeps.delays_s.index(0.1) :][:41]
    assert backoff_s == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4] + [10.0] * 34


async def test_a_minute_of_steady_work_forgets_earlier_deaths() -> None:
    server, sleeps = FakeServer(), Sleeps()
    supervisor = Supervisor([server], sleep=sleeps, check_every_s=61.0)
    await supervisor.start()
    for starts in (2, 3, 4):
        seen = sleeps.delays_s.count(61.0)
        await until(lambda seen=seen: sleeps.delays_s.count(61.0) > seen + 1)
        server.living = False
        await until(lambda starts=starts: server.starts == starts and server.living)
    await supervisor.stop()
    assert {delay for delay in sleeps.delays_s if delay != 61.0} == {0.1}


async def test_when_one_cannot_start_none_is_left_running() -> None:
    good, bad = FakeServer("good"), FakeServer("bad", failures=1)
    with pytest.raises(ServerFailed, match="bad did not answer"):
        await Supervisor([good, bad]).start()
    assert not good.living
    assert good.acts == ["start good", "stop good"]


async def test_what_a_restart_under_way_still_starts_is_stopped_too() -> None:
    under_way, stopped = threading.Event(), threading.Event()

    class SlowServer(FakeServer):
        """Its second start does not end before a stop was asked for, and then brings the server up."""

        def start(self) -> None:
            if self.starts:
                under_way.set()
                assert stopped.wait(GONE_TIMEOUT_S)
            super().start()

        def stop(self) -> None:
            super().stop()
            stopped.set()

    server = SlowServer()
    supervisor = Supervisor([server], check_every_s=0.01)
    await supervisor.start()
    server.living = False
    await until(under_way.is_set)
    await supervisor.stop()
    assert server.starts == 2
    assert not server.living


async def test_a_stop_during_a_restart_leaves_nothing_running(home: Home) -> None:
    nats = NatsServer(home, port=home.nats_port())
    supervisor = Supervisor([nats], check_every_s=0.01)
    await supervisor.start()
    for _ in range(5):
        assert nats.pid is not None
        os.kill(nats.pid, signal.SIGKILL)
        await until(lambda: not nats.alive())
        await supervisor.stop()
        assert not nats.alive()
        assert not nats.ready()
        await supervisor.start()
        await until(nats.ready)
    await supervisor.stop()


async def test_a_stop_is_over_in_time_even_when_a_server_hangs(home: Home) -> None:
    nats, postgres = NatsServer(home, port=home.nats_port()), PostgresServer(home)
    supervisor = Supervisor([postgres, nats])
    await supervisor.start()
    for pid in (postgres.pid, nats.pid):
        assert pid is not None
        os.kill(pid, signal.SIGSTOP)
    before = time.monotonic()
    await supervisor.stop()
    # Not a test of speed: the grace periods add up to 3.5 s, and a user who pressed Ctrl-C was promised 5.
    assert time.monotonic() - before < 5.0
    assert supervisor.states() == {"postgres": "down", "nats": "down"}


async def test_a_connection_that_stays_open_does_not_hold_up_the_stop(home: Home) -> None:
    postgres = PostgresServer(home)
    supervisor = Supervisor([postgres])
    await supervisor.start()
    connection = await asyncpg.connect(postgres.dsn)
    busy = asyncio.create_task(connection.execute("SELECT pg_sleep(600)"))
    await supervisor.stop()
    with pytest.raises((asyncpg.PostgresError, OSError)):
        await busy
    assert "database system is shut down" in home.log("postgres").read_text(), "a clean end, not a crash"
