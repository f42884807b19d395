"""Instants as people write them: ISO 8601, or how long ago."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_UNITS: Final = {"min": 60.0, "h": 3_600.0, "d": 86_400.0, "w": 7 * 86_400.0}
_AGO: Final = re.compile(rf"(\d{{1,6}})({'|'.join(_UNITS)})")
_FORMS: Final = "2026-11-22, 2026-11-22T05:00:00Z, now, or how long ago: 90min, 12h, 7d, 2w"


def instant(text: str, now: datetime) -> datetime:
    """The instant that a text names, in UTC; without a zone it is UTC. Raises ValueError that lists the forms."""
    said = text.strip()
    if said.lower() == "now":
        return now
    try:
        if ago := _AGO.fullmatch(said):
            return now - timedelta(seconds=int(ago[1]) * _UNITS[ago[2]])
        named = datetime.fromisoformat(said)
        return (named if named.tzinfo else named.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{said[:60]!r} is no time; write {_FORMS}") from None
