"""The seams put in: the drivers' own methods, wrapped for the life of one forked program."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from time import monotonic
from typing import Any, Final

import httpx
from asyncpg.connection import Connection
from asyncpg.prepared_stmt import PreparedStatement
from nats.aio.client import Client

from tests.faults.program.seams import Seams, asked_by, message_name, query_names, subject_name

STATEMENTS = ("execute", "executemany", "fetch", "fetchrow", "fetchval", "fetchmany", "copy_records_to_table")
PREPARED = ("fetch", "fetchrow", "fetchval", "fetchmany", "executemany")


# When a request left, on the clock that all processes of a machine share.
SENT_AT: Final = "x-sent-at"


def install(seams: Seams) -> None:
    """Wrap PostgreSQL, NATS, HTTP, the codec and the index."""
    _postgres(seams)
    _nats(seams)
    _http(seams)
    _codec(seams)
    _index(seams)


def _postgres(seams: Seams) -> None:
    names = query_names()

    def statement(text: str) -> str:
        first = text.split(None, 1)[0].rstrip(";").upper() if text.strip() else ""
        return names.get(text.strip(), first)

    def wrap(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        async def wrapped(self: Connection, query: str, *args: Any, **options: Any) -> Any:
            point = f"sql {statement(query)} @ {asked_by()}"
            return await seams.around(point, lambda: method(self, query, *args, **options))

        return wrapped

    def wrap_prepared(method: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(method)
        async def wrapped(self: Any, *args: Any, **options: Any) -> Any:
            point = f"sql {statement(self.get_query())} @ {asked_by()}"
            return await seams.around(point, lambda: method(self, *args, **options))

        return wrapped

    for name in STATEMENTS:
        setattr(Connection, name, wrap(getattr(Connection, name)))
    for name in PREPARED:
        if hasattr(PreparedStatement, name):
            setattr(PreparedStatement, name, wrap_prepared(getattr(PreparedStatement, name)))


def _nats(seams: Seams) -> None:
    publish, process = Client.publish, Client._process_msg

    async def wrapped(self: Client, subject: str, payload: bytes = b"", *args: Any, **options: Any) -> Any:
        point = f"nats {subject_name(subject, payload)} @ {asked_by()}"

        async def send() -> Any:
            result = await publish(self, subject, payload, *args, **options)
            if seams.is_watched(point) and self.is_connected:
                await self.flush()  # The server has it now; without this it might still wait in our buffer.
            return result

        return await seams.around(point, send)

    async def received(self: Client, sid: int, subject: bytes, reply: bytes, *rest: Any) -> Any:
        point = f"nats {message_name(bytes(subject), bytes(reply or b''))} received"
        return await seams.around(point, lambda: process(self, sid, subject, reply, *rest))

    Client.publish = wrapped  # type: ignore[method-assign]
    Client._process_msg = received  # type: ignore[method-assign]


def _http(seams: Seams) -> None:
    send = httpx.AsyncClient.send

    async def wrapped(self: httpx.AsyncClient, request: httpx.Request, **options: Any) -> Any:
        point = f"http {request.method} {request.url.host} @ {asked_by()}"
        request.headers[SENT_AT] = f"{monotonic():.6f}"
        return await seams.around(point, lambda: send(self, request, **options))

    httpx.AsyncClient.send = wrapped  # type: ignore[method-assign,assignment]


def _codec(seams: Seams) -> None:
    from streams.delivery.codec import ProtobufCodec

    decode = ProtobufCodec.decode_batch

    async def wrapped(self: ProtobufCodec, msg: Any) -> Any:
        return await seams.around(f"decode {msg.raw_message[0].subject}", lambda: decode(self, msg))

    ProtobufCodec.decode_batch = wrapped  # type: ignore[method-assign]


def _index(seams: Seams) -> None:
    from handlers.index import edge

    open_shard = edge.open_shard
    edge.open_shard = lambda *args: Watched(open_shard(*args), seams)


class Watched:
    """A shard whose every call is a point."""

    def __init__(self, shard: Any, seams: Seams) -> None:
        self._shard = shard
        self._seams = seams

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._shard, name)
        if not (inspect.isroutine(found) or callable(found)):
            return found

        @functools.wraps(found)
        def call(*args: Any, **options: Any) -> Any:
            point = f"index {name} @ {asked_by()}"
            self._seams.before(point)
            result = found(*args, **options)
            self._seams.after(point)
            return result

        return call
