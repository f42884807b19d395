"""`echora world`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from streams.cli.failure import ExitCode, Failure


def world(
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on the loopback address; 0 takes a free one.")] = (
        8400
    ),
    speed: Annotated[float, typer.Option(min=0.001, max=100_000, help="World seconds per real one.")] = 1.0,
    seed: Annotated[int, typer.Option(min=0, help="What the history follows from.")] = 7,
    state: Annotated[
        Path | None, typer.Option(help="File that keeps the world's time over a restart; without it time begins anew.")
    ] = None,
) -> None:
    """Run the simulated world: Jikan, AniList, Kitsu and MyAnimeList on one port, moving through time.

    A program started with ECHORA_SOURCES=world and WORLD_URL set to its address asks it. /truth tells what changed,
    when, and where; /misbehave makes a source fail.

    Example: echora world --port 8400 --speed 2520
    """
    import asyncio

    from contracts.errors import EchoraError

    try:
        asyncio.run(_serve(port, speed, seed, state))
    except EchoraError as error:
        raise Failure(str(error), ExitCode.REFUSED) from None


async def _serve(port: int, speed: float, seed: int, state: Path | None) -> None:
    import asyncio
    import signal

    from streams.clock import SystemClock
    from streams.world import WorldPlan, remembered, running_world

    clock = SystemClock()
    plan = remembered(state, seed, speed, clock) if state else WorldPlan.new(seed, speed, clock.now())
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(sign, stop.set)
    async with running_world(plan, port) as url:
        typer.echo(f"The world is at {url} and shows {plan.clock().now():%Y-%m-%d %H:%M} UTC, {speed:g} times as fast.")
        typer.echo(f"  what changed: {url}/truth    its time: {url}/clock    Ctrl-C ends it")
        await stop.wait()
