"""An answer that streams while its request is still coming in."""

from __future__ import annotations

from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send


class DuplexResponse(StreamingResponse):
    """Streams while the request is still coming in.

    The stock one listens for a disconnect by reading messages of the request, and so eats the body; here whoever reads
    the body hears of the disconnect.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what there is, as it comes."""
        with suppress(OSError):
            await self.stream_response(send)
