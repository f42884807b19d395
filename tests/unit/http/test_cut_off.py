"""A request that a stop cuts off hears why, in the form of every other problem."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from streams.http.cut_off import STOPPING, CutOff


class Slow:
    """An application whose answers take until they are cut off; `reached` says that one is under way."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.app = FastAPI()
        self.app.get("/slow")(self._slow)
        self.app.get("/half")(self._half)

    async def _slow(self) -> str:
        self.reached.set()
        await asyncio.sleep(3_600)
        return "never"

    async def _half(self) -> StreamingResponse:
        async def lines() -> AsyncIterator[bytes]:
            yield b"one\n"
            self.reached.set()
            await asyncio.sleep(3_600)

        return StreamingResponse(lines())


async def asked(slow: Slow, path: str) -> httpx.Response:
    """The answer to a request that is cancelled once it is under way, as the server does at a stop."""
    held: list[asyncio.Task[None]] = []

    async def serving(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        held.append(asyncio.create_task(CutOff(slow.app)(scope, receive, send)))
        await slow.reached.wait()
        held[0].cancel()
        await held[0]

    transport = httpx.ASGITransport(app=serving)
    async with httpx.AsyncClient(transport=transport, base_url="http://here") as client:
        return await client.get(path)


async def test_an_answer_that_had_not_begun_says_that_the_program_stops() -> None:
    answer = await asked(Slow(), "/slow")
    assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
    assert answer.headers["retry-after"]
    assert (answer.json()["detail"], answer.json()["instance"]) == (STOPPING, "/slow")


async def test_half_an_answer_is_broken_off() -> None:
    with pytest.raises(asyncio.CancelledError):
        await asked(Slow(), "/half")
