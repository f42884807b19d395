"""One lane: a NATS of its own, a database of its own, an index folder of its own, and one program that may die.

What a lane does to the program it does as anybody outside would: messages are published until they are confirmed,
records are handed in until each has a verdict.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import httpx
import nats
from nats.aio.client import Client
from nats.errors import Error as NatsError
from nats.js import JetStreamContext
from nats.js.errors import NotFoundError

from contracts import codec
from contracts.limits import SERVER_PAYLOAD_BYTES_MAX
from streams import topology
from streams.embedded import NatsServer
from tests.faults.harness.leaks import search, with_canaries
from tests.faults.harness.ledger import BOOK, Ledger
from tests.faults.harness.processes import Child, Zygote
from tests.faults.program.embedder import MODEL
from tests.integration.program.canaries import planted
from tests.integration.program.running import free_port
from tests.servers import running_nats, temporary_folder, temporary_home

ROLES = "ingest,persist,relay,index,search,letters"
CONFIRM_TIMEOUT_S = 2.0
PATIENCE_S = 60.0
AUDIT = (Path(__file__).parent / "audit.sql").read_text(encoding="utf-8")


@dataclass(slots=True)
class Lane:
    """Where one program runs. `child` is the one that runs now, or ran last."""

    zygote: Zygote
    nats: NatsServer
    dsn: str
    folder: Path
    client: Client
    rows: asyncpg.Pool
    ledger: Ledger = field(default_factory=Ledger)
    settings: dict[str, str] = field(default_factory=dict)
    child: Child | None = None
    port: int = field(default_factory=free_port)
    minute: float = 0.0
    wave: int = 0
    retries: int = 0
    last_wave: dict[str, UUID] = field(default_factory=dict)
    # What the vectors of the index are made by.
    model: str = MODEL
    # Whether what goes on beside is to end.
    is_over: bool = False
    is_sabotaged: bool = False
    # What a scenario opens beside, and what has to stay until the lane ends.
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)

    @property
    def program(self) -> Child:
        assert self.child is not None, "no program was started in this lane"
        return self.child

    @property
    def jetstream(self) -> JetStreamContext:
        return self.client.jetstream(timeout=CONFIRM_TIMEOUT_S)

    def environment(self, **changed: str) -> dict[str, str]:
        settings = {
            "ECHORA_HOME": str(self.folder / "home"),
            "ECHORA_ROLES": ROLES,
            "NATS_URL": self.nats.url,
            "POSTGRES_URL": self.dsn,
            "ECHORA_ACK_WAIT_S": "1",
            "RELAY_POLL_S": "0.2",
            "POSTGRES_CONNECTIONS_MAX": "6",
            "ECHORA_LOG_FORMAT": "json",
            **self.settings,
            **changed,
        }
        return with_canaries(settings)

    async def start(self, *faults: Mapping[str, Any], sabotage: str | None = None, expect_ready: bool = True) -> Child:
        """Fork a program, and wait until it runs unless it is expected to die."""
        self.is_sabotaged |= sabotage is not None
        self.child = await self.zygote.fork(self.environment(), self.port, faults=faults, sabotage=sabotage)
        if expect_ready:
            assert await self.child.started(), f"it ended while it started:\n{self.child.said[-4_000:]}"
        return self.child

    async def command(self, *words: str, faults: Sequence[Mapping[str, Any]] = ()) -> Child:
        """Fork the command `echora` with these words, which asks the program of this lane."""
        asked = {"ECHORA_URL": f"http://127.0.0.1:{self.port}", "ECHORA_API_TOKEN": planted("ECHORA_API_TOKEN")}
        return await self.zygote.fork(asked, self.port, faults=faults, words=words)

    def minutes(self) -> float:
        """The next instant of observation."""
        self.minute += 1
        return self.minute

    def http(self) -> httpx.AsyncClient:
        """A client of the program, as a person who may change something."""
        return httpx.AsyncClient(
            base_url=f"http://127.0.0.1:{self.port}",
            timeout=20,
            trust_env=False,
            verify=False,
            headers=self.credentials,
        )

    @property
    def credentials(self) -> dict[str, str]:
        """What allows us to change something."""
        return {"authorization": f"Bearer {planted('ECHORA_API_TOKEN')}"}

    # --- what people and other programs do -----------------------------------------------------------------------

    async def publish(self, subject: str, payload: bytes, message_id: str, headers: Mapping[str, str] = {}) -> int:
        """Publish until it is confirmed, as a sound publisher does; how often it was sent."""
        every = {"Nats-Msg-Id": message_id, "content-type": codec.CONTENT_TYPE, **headers}
        async with asyncio.timeout(PATIENCE_S):
            times = 0
            while True:
                times += 1
                with suppress(NatsError, TimeoutError, OSError):
                    await self.jetstream.publish(subject, payload, stream=topology.EVENTS.name, headers=every)
                    return times
                await asyncio.sleep(0.1)

    async def ingest(self, records: Sequence[Mapping[str, Any]]) -> dict[str, str]:
        """Hand records in until each has a verdict, by the id of its anime."""
        open_records = {record["anime"]["id"]: record for record in records}
        verdicts: dict[str, str] = {}
        async with asyncio.timeout(PATIENCE_S):
            while open_records:
                body = b"".join(json.dumps(record).encode() + b"\n" for record in open_records.values())
                with suppress(httpx.HTTPError):
                    async for said in self._handed_in(body):
                        if "verdict" in said:
                            verdicts[said["id"]] = said["verdict"]
                            open_records.pop(said["id"], None)
                if open_records:
                    self.retries += 1
                    await asyncio.sleep(0.05)
        return verdicts

    async def _handed_in(self, body: bytes) -> AsyncIterator[dict[str, Any]]:
        async with (
            self.http() as http,
            http.stream(
                "POST",
                "/ingest",
                content=body,
                headers={"content-type": "application/x-ndjson"},
            ) as answer,
        ):
            if answer.is_server_error:
                answer.raise_for_status()  # It stops or an outage goes on; what was handed in is handed in again.
            async for line in answer.aiter_lines():
                if line.strip():
                    yield json.loads(line)

    async def delete(self, anime_id: UUID) -> None:
        """Delete until it is confirmed; what an attempt that was cut off has deleted is not found by the next."""
        async with asyncio.timeout(PATIENCE_S):
            while True:
                with suppress(httpx.HTTPError):
                    async with self.http() as http:
                        answer = await http.delete(f"/anime/{anime_id}")
                    if answer.status_code in (200, 404):
                        return
                await asyncio.sleep(0.05)

    # --- what is waited for ----------------------------------------------------------------------------------------

    async def waiting(self) -> list[str]:
        """What is not done yet: unread or unsettled messages, and rows that were not sent."""
        found: list[str] = []
        for spec in topology.CONSUMERS:
            try:
                info = await self.jetstream.consumer_info(spec.stream, spec.name)
            except NotFoundError:
                found.append(f"{spec.name} is not there")
                continue
            if info.num_pending or info.num_ack_pending:
                found.append(f"{spec.name}: {info.num_pending} unread, {info.num_ack_pending} unsettled")
        unsent = await self.rows.fetchval("SELECT count(*) FROM outbox WHERE processed_at IS NULL")
        return found + ([f"outbox: {unsent} rows not sent"] if unsent else [])

    async def drained(self, within_s: float = 30.0) -> list[str]:
        """Wait until nothing waits anywhere; what still does when the time is over."""
        left: list[str] = ["nothing was looked at"]
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s) as limit:
                while left and not limit.expired():
                    try:
                        left = await self.waiting()
                        # Twice, since between outbox and stream a message is for a moment in neither.
                        left = left or await self.waiting()
                    except (NatsError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
                        left = [f"{type(error).__name__}: {error}"]
                    if left:
                        await asyncio.sleep(0.05)
        return left

    async def empty(self) -> None:
        """Streams, rows and index as before the first start; no program may run."""
        for info in await self.jetstream.streams_info():
            await self.jetstream.delete_stream(str(info.config.name))
        await self.rows.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        await self.rows.expire_connections()
        self.folder = Path(str(self.folder) + "'")
        self.folder.mkdir(mode=0o700)
        self.ledger, self.last_wave = Ledger(), {}

    async def audit(self) -> None:
        """Have the database write down what takes effect."""
        if not await self.rows.fetchval("SELECT to_regclass('fault_audit') IS NOT NULL"):
            await self.rows.execute(AUDIT)


@asynccontextmanager
async def lane(zygote: Zygote, dsn: str, *, with_audit: bool = True, **settings: str) -> AsyncIterator[Lane]:
    """A lane on the database of `dsn`, with a NATS of its own; everything of it ends with the block."""
    async with AsyncExitStack() as stack:
        server = stack.enter_context(
            running_nats(stack.enter_context(temporary_home()), payload_bytes_max=SERVER_PAYLOAD_BYTES_MAX)
        )
        folder = stack.enter_context(temporary_folder())
        client = await nats.connect(
            server.url, max_reconnect_attempts=-1, reconnect_time_wait=0.1, error_cb=_quiet, disconnected_cb=_quiet
        )
        stack.push_async_callback(client.close)
        rows = await asyncpg.create_pool(dsn, min_size=0, max_size=4, command_timeout=20)
        stack.callback(rows.terminate)
        made = Lane(zygote, server, dsn, folder, client, rows, settings=dict(settings))
        stack.push_async_callback(_end, made)
        if with_audit:
            await made.audit()
        yield made


async def _quiet(*_: object) -> None:
    """The suite kills servers; that connections break is no news."""


async def _end(made: Lane) -> None:
    found = await search(made)
    BOOK.canaries.found += [] if made.is_sabotaged else found
    if made.child is not None:
        await made.child.killed()
    await made.stack.aclose()
