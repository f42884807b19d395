"""Keeps the embedded servers running: starts them together, starts again what died, stops them last."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from streams.embedded.errors import EmbeddedError

CHECK_EVERY_S = 0.2
FIRST_DELAY_S = 0.1
DELAY_MAX_S = 10.0
STEADY_AFTER_S = 60.0


class EmbeddedServer(Protocol):
    """What the supervisor needs of a server; the calls may block, so they run in threads."""

    @property
    def name(self) -> str:
        """For log lines."""
        ...

    def start(self) -> None:
        """Start, or do nothing when it runs; raises EmbeddedError."""
        ...

    def stop(self) -> None:
        """Stop, or do nothing when it does not run; ends a start that is under way, too."""
        ...

    def alive(self) -> bool:
        """Whether it runs; does not block."""
        ...


class Supervisor:
    """Watches `servers`. A death is one log line, a return is one, and so is the first start that failed.

    A restart waits 0.1 s, then twice as long after each further death, 10 s at most, and never gives up; a minute
    of steady work starts the count again. `sleep` is real time, never a simulated world's.
    """

    def __init__(
        self,
        servers: Sequence[EmbeddedServer],
        *,
        logger: structlog.stdlib.BoundLogger | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        check_every_s: float = CHECK_EVERY_S,
    ) -> None:
        self._servers = tuple(servers)
        self._log: structlog.stdlib.BoundLogger = logger or structlog.get_logger(__name__)
        self._sleep = sleep
        self._check_every_s = check_every_s
        self._stopping = asyncio.Event()
        self._watches: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Start all servers at once and watch them. If one fails, all are stopped and its EmbeddedError is raised."""
        self._stopping.clear()
        try:
            await self._each(lambda server: server.start())
        except BaseException:
            await asyncio.shield(self._stop_servers())
            raise
        self._watches = [asyncio.create_task(self._watch(server)) for server in self._servers]

    async def stop(self) -> None:
        """Stop watching and stop all servers at once, within about 5 s. Call it when the broker has drained."""
        self._stopping.set()
        # The first pass also ends a restart under way, which its watch waits for; the second what that still started.
        await self._stop_servers()
        await asyncio.gather(*self._watches, return_exceptions=True)
        self._watches = []
        await self._stop_servers()

    def states(self) -> dict[str, str]:
        """`running` or `down` by the name of the server; for the status page."""
        return {server.name: "running" if server.alive() else "down" for server in self._servers}

    async def _stop_servers(self) -> None:
        await self._each(lambda server: server.stop())

    async def _each(self, act: Callable[[EmbeddedServer], None]) -> None:
        """Do `act` to all servers in threads, wait for all of them, then raise the first error if there was one."""
        results = await asyncio.gather(
            *(asyncio.to_thread(act, server) for server in self._servers), return_exceptions=True
        )
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _watch(self, server: EmbeddedServer) -> None:
        """Until we stop: look whether the server lives, and bring it back if not."""
        deaths, steady_s = 0, 0.0
        while not self._stopping.is_set():
            if server.alive():
                steady_s += self._check_every_s
                deaths = deaths if steady_s < STEADY_AFTER_S else 0
                await self._sleep(self._check_every_s)
                continue
            deaths, steady_s = deaths + 1, 0.0
            self._log.warning("an embedded server died and is started again", server=server.name)
            deaths = await self._bring_back(server, deaths)

    async def _bring_back(self, server: EmbeddedServer, deaths: int) -> int:
        """Try to start the server until it runs or we stop; returns the grown count of its deaths."""
        failed_before = False
        while not self._stopping.is_set():
            await self._sleep(min(FIRST_DELAY_S * 2.0 ** min(deaths - 1, 20), DELAY_MAX_S))
            if self._stopping.is_set():
                break
            try:
                await asyncio.to_thread(server.start)
            except (EmbeddedError, OSError) as error:
                deaths += 1
                if not failed_before and not self._stopping.is_set():
                    self._log.error("an embedded server does not start", server=server.name, error=str(error))
                failed_before = True
                continue
            self._log.info("the embedded server is back", server=server.name)
            break
        return deaths
