"""The demo catalogue that is shipped with the program."""

from __future__ import annotations

from collections.abc import AsyncIterator
from importlib.resources import files

from handlers.ingest.raw import RawRecord
from handlers.ingest.reading import records_in


async def demo_catalogue() -> AsyncIterator[RawRecord]:
    """Its records, as if they were handed in."""
    for record in records_in((files("handlers.ingest") / "demo" / "catalogue.json").read_bytes()):
        yield record
