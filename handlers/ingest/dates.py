"""Dates as records write them, brought to what the model means by an instant."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Final

_TOKYO: Final = timezone(timedelta(hours=9))
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})")
_DAY_AS_MIDNIGHT = re.compile(r"(\d{4}-\d{2}-\d{2})(?:T00:00(?::00(?:\.0+)?)?(?:Z|\+00:00)?)?")
# What Go prints for a time that was never set.
_NEVER: Final = "0001-01-01"


def day_in_tokyo(value: Any) -> Any:
    """A bare calendar day is that day's midnight in Tokyo (contracts.model.AiredDates); anything else stays."""
    return _at_midnight(_DAY, value)


def day_written_as_midnight(value: Any) -> Any:
    """The older vocabulary writes a Japanese calendar day as midnight UTC of that day; so this reads it as the day."""
    return _at_midnight(_DAY_AS_MIDNIGHT, value)


def unless_never(value: Any) -> Any:
    """None for the instant that some exporters write for no instant."""
    return None if isinstance(value, str) and value.startswith(_NEVER) else value


def _at_midnight(pattern: re.Pattern[str], value: Any) -> Any:
    match = pattern.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        return value
    try:
        return datetime.fromisoformat(match[1]).replace(tzinfo=_TOKYO).isoformat()
    except ValueError:
        return value  # No such day, e.g. 2020-02-31: the model refuses it by name.
