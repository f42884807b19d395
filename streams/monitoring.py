"""What a NATS server says of its own health on its monitoring page, where there is one that we know of."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

import httpx
import structlog
from pydantic import SecretStr

TIMEOUT_S: Final = 3.0

Health = Callable[[], Awaitable[str | None]]
"""Asks how the server is: its own words about what is wrong, empty when it is well, None when it does not answer."""


@dataclass(frozen=True, slots=True)
class MonitoringPage:
    """`/healthz` of the monitoring address `url`. A page that cannot be read says nothing about JetStream."""

    url: SecretStr
    transport: httpx.AsyncBaseTransport | None = None

    async def __call__(self) -> str | None:
        """The server's words about what is wrong with it."""
        try:
            # Asked seldom, so no connection is kept; the page is near, so no proxy is asked.
            async with httpx.AsyncClient(timeout=TIMEOUT_S, transport=self.transport, trust_env=False) as client:
                answer = await client.get(f"{self.url.get_secret_value()}/healthz")
                return "" if answer.is_success else str(answer.json().get("error", ""))
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            structlog.get_logger("monitoring").debug("no answer", error=type(error).__name__)
            return None
