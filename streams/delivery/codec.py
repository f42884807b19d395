"""Our codec as FastStream asks for it: typed events in handlers, and poison as a value among them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from contracts import codec
from contracts.events import Event


class ProtobufCodec:
    """Decodes by subject, item by item, so that one bad item never costs its batch."""

    async def decode(self, msg: Any) -> Any:
        """One message of a subscriber without batches."""
        return codec.decode(msg.raw_message.subject, msg.body)

    async def decode_batch(self, msg: Any) -> list[Any]:
        """Every message of a batch, each by its own subject."""
        return [codec.decode(raw.subject, raw.data) for raw in msg.raw_message]

    async def encode(self, msg: Any, serializer: Any = None) -> tuple[bytes, str | None]:
        """An event as protobuf; bytes pass through, so that tests can publish what nobody should send."""
        if isinstance(msg, Event):
            return codec.encode(msg), codec.CONTENT_TYPE
        if isinstance(msg, bytes):
            return msg, codec.CONTENT_TYPE
        if msg is None:
            return b"", None  # What FastStream sends for a handler that returns nothing.
        raise TypeError(f"{type(msg).__name__} is neither an event nor bytes; publish an event of contracts.events")

    async def encode_batch(self, msgs: Sequence[Any], serializer: Any = None) -> list[tuple[bytes, str | None]]:
        """Each of several."""
        return [await self.encode(msg, serializer) for msg in msgs]
