"""What the program is doing, for GET /activity."""

from __future__ import annotations

from datetime import datetime

from handlers.activity.reading import Activity, read_activity
from handlers.sources.policies import world_url_of
from streams.http.activity import Read
from streams.runtime import Runtime


def activity_of(runtime: Runtime) -> Read:
    """Reads the activity with the catalogue's clock, and says where the simulated world is."""

    async def read(after: int | None, happenings_max: int) -> tuple[Activity, datetime, str | None]:
        found = await read_activity(runtime.pool, after, happenings_max)
        policies = {name: line.policy for name, line in runtime.sources.lines.items()}
        return found, runtime.calendar.now(), world_url_of(policies)

    return read
