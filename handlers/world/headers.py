"""The headers that services send, on the world's clock."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime

from handlers.world.changes import Source
from handlers.world.titles import derived_number

CACHE = timedelta(hours=24)


def http_date(instant: datetime) -> str:
    """An instant as HTTP prints it."""
    return format_datetime(instant, usegmt=True)


def freshness(
    source: Source, path: str, changed_at: datetime | None, shown: datetime, now: datetime
) -> Mapping[str, str]:
    """Cache headers of an answer that shows the state of `shown` at `now`; only Jikan promises anything.

    Jikan's copy was taken when the page last changed, or at this page's daily refresh if that was later. It is good
    for a day from then, and a copy beyond its time is called STALE. There is no ETag.
    """
    if source is not Source.JIKAN or changed_at is None:
        return {"Cache-Control": "no-cache, private"}
    phase = timedelta(seconds=derived_number("refresh", path) % int(CACHE.total_seconds()))
    midnight = shown.replace(hour=0, minute=0, second=0, microsecond=0)
    refreshed = midnight + phase if midnight + phase <= shown else midnight + phase - CACHE
    taken = max(refreshed, changed_at)
    return {
        "Cache-Control": "public, s-maxage=86400",
        "Expires": http_date(taken + CACHE),
        "Last-Modified": http_date(taken),
        "X-Cache-Status": "STALE" if taken + CACHE < now else "HIT",
    }
