"""Records to hand in, small and made up, and a clock that jumps instead of waiting."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

NAMESPACE = UUID("6a1f2f3e-6a50-4f4e-9d0a-6f0c2f0e7a11")
NOW = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def anime_id(number: int) -> UUID:
    """The id of the numbered sample."""
    return uuid5(NAMESPACE, f"anime {number}")


def raw_record(number: int = 1, **anime: Any) -> dict[str, Any]:
    """A record of today's vocabulary; `anime` replaces or adds fields, None takes one away."""
    fields = {"id": str(anime_id(number)), "title": f"Sample {number}", "type": "TV", "status": "FINISHED"} | anime
    return {
        "anime": {name: value for name, value in fields.items() if value is not None},
        "characters": [{"id": str(uuid5(NAMESPACE, f"character {number}")), "name": f"Hero {number}"}],
        "episodes": [{"episode_number": 1, "title": "One"}, {"episode_number": 2}],
    }


class JumpClock:
    """Starts at NOW; sleeping takes no time and moves it on."""

    def __init__(self) -> None:
        self.passed_s = 0.0

    def now(self) -> datetime:
        """Where it stands."""
        return NOW + timedelta(seconds=self.passed_s)

    def monotonic(self) -> float:
        """The same in seconds."""
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        """Jump, and let others run."""
        self.passed_s += seconds
        await asyncio.sleep(0)
