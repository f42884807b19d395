"""The simulated world as the program runs it: which one, and what its clock shows, also after a kill -9."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, Self

from contracts.clock import Clock
from contracts.errors import Permanent
from handlers.world.desk import Desk
from handlers.world.running import serving
from handlers.world.world import World
from streams.clock import WorldClock

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class WorldPlan:
    """What a world follows from: the same plan gives the same world, in any process, at any time.

    The history hangs on `seed` and `begun`. The clock shows `world_origin` at `real_origin` and goes at `speed`.
    """

    seed: int
    begun: datetime
    speed: float
    world_origin: datetime
    real_origin: datetime

    @classmethod
    def new(cls, seed: int, speed: float, now: datetime) -> Self:
        """A world that begins at this real instant, on the day of the demo catalogue."""
        return cls(seed, demo_origin(), speed, demo_origin(), now)

    def clock(self) -> WorldClock:
        """The world's time."""
        return WorldClock(self.world_origin, self.real_origin, self.speed)

    def at_speed(self, speed: float, now: datetime) -> Self:
        """The same world going on at another speed from this real instant; its clock does not jump."""
        return replace(self, speed=speed, world_origin=self.shown(now), real_origin=now)

    def put_off(self, by: timedelta) -> Self:
        """The same world as if it had stood still for so long by our own clock."""
        return replace(self, real_origin=self.real_origin + by)

    def shown(self, now: datetime) -> datetime:
        """What the world's clock shows at a real instant. Permanent when the calendar ends before that."""
        try:
            return self.world_origin + (now - self.real_origin) * self.speed
        except OverflowError as error:
            raise Permanent(
                f"a world at {self.speed:g} times our speed that began at {self.real_origin:%Y-%m-%d} has run "
                "beyond the year 9999: begin another one, and more slowly"
            ) from error


def demo_records() -> list[dict[str, Any]]:
    """The catalogue that the world lives on."""
    records: list[dict[str, Any]] = _demo()["data"]
    return records


def demo_origin() -> datetime:
    """The instant as of which the catalogue's facts hold."""
    return datetime.fromisoformat(_demo()["as_of"]).replace(tzinfo=UTC)


def _demo() -> dict[str, Any]:
    text = (files("handlers.ingest") / "demo" / "catalogue.json").read_text(encoding="utf-8")
    found: dict[str, Any] = json.loads(text)
    return found


def remembered(path: Path, seed: int, speed: float, clock: Clock) -> WorldPlan:
    """The plan that `path` holds, or a new one that begins now and is written there.

    Raises Permanent when the world there follows from another seed: its history would contradict what is stored.
    """
    if path.exists():
        plan = _read(path)
        plan.shown(clock.now())
        if plan.seed != seed:
            raise Permanent(
                f"the world in {path} follows from seed {plan.seed}, not {seed}: set WORLD_SEED={plan.seed}, or begin "
                "another world in another ECHORA_HOME"
            )
        if plan.speed != speed:
            plan = plan.at_speed(speed, clock.now())
            _write(path, plan)
        return plan
    plan = WorldPlan.new(seed, speed, clock.now())
    _write(path, plan)
    return plan


def stood_still(path: Path, by: timedelta) -> None:
    """Let the world of `path` go on where it was so long ago by our own clock. Nothing runs on it meanwhile."""
    if path.exists():
        _write(path, _read(path).put_off(by))


def _read(path: Path) -> WorldPlan:
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
        return WorldPlan(
            int(kept["seed"]),
            datetime.fromisoformat(kept["begun"]),
            float(kept["speed"]),
            datetime.fromisoformat(kept["world_origin"]),
            datetime.fromisoformat(kept["real_origin"]),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise Permanent(f"{path} is no world's plan ({error}); remove it to begin a new world") from error


def _write(path: Path, plan: WorldPlan) -> None:
    # Renamed into place, so that a crash leaves either the old plan or the new one.
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.write_text(json.dumps(asdict(plan) | {"format": _FORMAT}, default=datetime.isoformat), encoding="utf-8")
    draft.replace(path)


@asynccontextmanager
async def running_world(plan: WorldPlan, port: int = 0) -> AsyncIterator[str]:
    """Serve the world on loopback while the block runs; gives its base URL."""
    # In a thread: a fast world that has stood for weeks takes seconds to catch up, and others have work meanwhile.
    world = await asyncio.to_thread(_caught_up, plan)
    async with serving(Desk(world, plan.clock()), port=port) as url:
        yield url


def _caught_up(plan: WorldPlan) -> World:
    world = World(demo_records(), seed=plan.seed, origin=plan.begun)
    world.history.reach(plan.clock().now())
    return world
