"""Canaries in every secret of the suite's programs, and the search for them in whatever a lane leaves behind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import asyncpg
import httpx

from streams import topology
from streams.settings import secret_names
from tests.faults.harness.ledger import BOOK
from tests.integration.program.canaries import canary, planted

if TYPE_CHECKING:
    from tests.faults.harness.lane import Lane

CANARY: Final = re.compile(rb"canary[0-9a-f]{16}")
_HEX: Final = b"canary".hex()
# With one of these another index, or another place for budgets, would be used; they have a run of their own.
OTHER_SERVERS: Final = frozenset({"QDRANT_URL", "REDIS_URL"})
_AROUND: Final = 60
PAGES: Final = ("/metrics", "/status", "/healthz/ready", "/dead-letters", "/reviews", "/schedules", "/nowhere")
_TABLES: Final = """
    SELECT quote_ident(relname) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'"""
# What the messages of others carry in their headers, and what clients send.
MESSAGE_HEADERS: Final = {
    "Authorization": f"Bearer {canary('Authorization of a message')}",
    "Cookie": canary("Cookie of a message"),
}
_REQUEST_HEADERS: Final = {
    "authorization": f"Bearer {canary('a wrong token')}",
    "cookie": canary("a cookie of a request"),
}
_BESIDE: Final = (
    *("Authorization of a message", "Cookie of a message", "a wrong token", "a cookie of a request"),
    "the query of ALERT_WEBHOOK_URL",
)


def with_canaries(settings: Mapping[str, str]) -> dict[str, str]:
    """The settings with a canary in every secret; an address that is used stays where it points to."""
    made = {"MAL_ENABLED": "false", **settings} if "MAL_CLIENT_ID" not in settings else dict(settings)
    for name in secret_names():
        held = settings.get(name)
        if held is None and name in OTHER_SERVERS:
            continue
        made[name] = planted(name, _behind(held)) if held and name.endswith("_URL") else planted(name)
        BOOK.canaries.planted.add(name)
    BOOK.canaries.planted.update(_BESIDE)
    return made


def _behind(address: str) -> str:
    """An address from its host on."""
    parts = urlsplit(address)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.netloc.rpartition('@')[2]}{parts.path}{query}"


def found_in(where: str, what: bytes) -> list[str]:
    """The words around each canary in it, without the canary: these sentences end in the report, which is searched."""
    book = BOOK.canaries
    book.places += 1
    book.searched_bytes += len(what)
    return [
        f"{where}: {_told(what[max(0, one.start() - _AROUND) : one.end() + _AROUND])}" for one in CANARY.finditer(what)
    ]


def _told(what: bytes) -> str:
    return CANARY.sub(b"(canary)", what).decode(errors="replace")


async def search(lane: Lane) -> list[str]:
    """Look for canaries on the pages of a lane's program, in its rows, and in what its NATS keeps."""
    found = await _pages(lane)
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        found += await _rows(lane)
    for path in await asyncio.to_thread(lambda: list(_files(lane.nats.home.path / "nats", (topology.EVENTS.name,)))):
        with suppress(FileNotFoundError):
            found += found_in(path.name, await asyncio.to_thread(path.read_bytes))
    return found


async def _pages(lane: Lane) -> list[str]:
    found: list[str] = []
    if lane.child is None or lane.child.gone.is_set() or not lane.child.ready.is_set():
        return found
    with suppress(httpx.HTTPError):
        async with lane.http() as http:
            asked = [http.build_request("GET", path) for path in PAGES]
            asked.append(http.build_request("POST", "/dead-letters/replay", json={}, headers=_REQUEST_HEADERS))
            bad = {"content-type": "application/json", "cookie": _REQUEST_HEADERS["cookie"]}
            asked.append(http.build_request("POST", "/ingest", content=b"no JSON", headers=bad))
            for request in asked:
                answer = await http.send(request)
                found += found_in(f"{request.method} {request.url.path}", f"{answer.headers}\n{answer.text}".encode())
    return found


async def _rows(lane: Lane) -> list[str]:
    """Every row of every table as text; what bytes hold shows there in hexadecimal."""
    found: list[str] = []
    for (table,) in await lane.rows.fetch(_TABLES):
        size = await lane.rows.fetchval(f"SELECT pg_relation_size('{table}'::regclass)")
        rows = await lane.rows.fetch(
            f"SELECT t::text AS row FROM {table} AS t WHERE strpos(t::text, 'canary') > 0 OR strpos(t::text, $1) > 0",
            _HEX,
        )
        BOOK.canaries.places += 1
        BOOK.canaries.searched_bytes += size
        found += [f"table {table}: {_told(row['row'].encode())[:500]}" for row in rows]
    return found


def _files(folder: Path, without: Iterable[str]) -> Iterator[Path]:
    """What others publish stands in their stream as it came; everything else is the program's or the server's."""
    for path in folder.rglob("*"):
        if path.is_file() and not set(without) & set(path.parts):
            yield path
