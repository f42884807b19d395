"""The client's context for publishing, whose futures hear of refusals too.

When the server refuses a message, the library (nats-py 2.16) raises the refusal where it reads the answer, and the
future that waits for it is never told: a stream that is full looks like a server that is silent.
"""

from __future__ import annotations

from nats.aio.msg import Msg
from nats.js import JetStreamContext
from nats.js.errors import APIError


class AnsweringContext(JetStreamContext):
    """A JetStreamContext that gives a refusal to the future of the message that was refused."""

    async def _handle_async_reply(self, msg: Msg) -> None:
        future = self._publish_async_futures.get(msg.subject.rpartition(".")[2])
        try:
            await super()._handle_async_reply(msg)
        except APIError as refusal:
            if future is not None and not future.done():
                future.set_exception(refusal)
