"""From an HTTP answer to the tree of errors. 429 waits, 404 is unknown, 5xx may pass, any other 4xx will not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from contracts.errors import EchoraError, Permanent, Transient
from handlers.sources.dates import http_instant
from handlers.sources.errors import NotFound, Throttled

RETRY_AFTER_S_MAX = 3600.0
_DETAIL_CHARS_MAX = 300


def by_status(source: str, status: int, detail: str) -> EchoraError:
    """The error for an answer that is not good; `detail` is what the service said."""
    what = f"{source} answered {status}: {detail[:_DETAIL_CHARS_MAX]}"
    if status == 429:
        return Throttled(what)
    if status == 404:
        return NotFound(what)
    if status >= 500 or status in (408, 425):
        return Transient(what)
    if 400 <= status < 500:
        return Permanent(f"{what}; asking again cannot help, look at the request and the source's settings")
    return Transient(f"{what}, which is not an answer we know")


def retry_after_s(headers: Mapping[str, str], now: datetime) -> float | None:
    """Seconds that a Retry-After header asks for, as seconds or as an HTTP date; None when it says nothing readable.

    Never above an hour: a broken header must not switch a source off for days.
    """
    text = headers.get("retry-after", "").strip()
    if text.isdigit():
        return min(float(text), RETRY_AFTER_S_MAX)
    instant = http_instant(text)
    return None if instant is None else min(max((instant - now).total_seconds(), 0.0), RETRY_AFTER_S_MAX)
