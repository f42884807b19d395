"""Asking a source on behalf of a person, who does not wait for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from contracts.errors import Transient
from contracts.observation import Kind
from handlers.sources.account import as_json
from handlers.sources.fetch import Sources

# Real seconds; a hundred ids take two minutes within the limits of a service that wants one request at a time.
FETCH_TIMEOUT_S = 150.0


async def ask_source(
    sources: Sources,
    source: str,
    kind: Kind,
    ids: Sequence[str],
    fields: Sequence[str] | None = None,
    *,
    fresh: bool = False,
    timeout_s: float = FETCH_TIMEOUT_S,
) -> Mapping[str, Any]:
    """The account as plain JSON: observations by id, and for every id that has none why.

    Transient after `timeout_s` real seconds. The requests go on then, so that asking again finds what they brought.
    """
    try:
        async with asyncio.timeout(timeout_s):
            return as_json(await sources.fetch(source, kind, ids, fields, fresh=fresh))
    except TimeoutError:
        raise Transient(
            f"{source} had not said everything after {timeout_s:g} s; the requests go on, and what they bring is kept "
            "in the cache: ask again, or for fewer ids"
        ) from None
