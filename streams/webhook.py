"""Alerts as signed POST requests to an address of the operator's."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Final

import httpx
import orjson
import tenacity
from pydantic import SecretStr

from contracts.clock import Clock
from streams.alerts import Alert

SIGNATURE: Final = "Echora-Signature"
TIMEOUT_S: Final = 5.0
ATTEMPTS: Final = 5
BACKOFF_MAX_S: Final = 30.0
_BUSY: Final = frozenset({408, 425, 429})


class WebhookRefused(Exception):
    """The webhook answered with a status that is no success."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the webhook answered {status}")
        self.status = status


@dataclass(frozen=True, slots=True)
class Webhook:
    """Sends alerts to `url`; with a `secret` each carries the HMAC-SHA256 of its body in the header SIGNATURE."""

    url: SecretStr
    secret: SecretStr | None
    clock: Clock
    backoff_s: float = 1.0
    transport: httpx.AsyncBaseTransport | None = None

    async def __call__(self, alert: Alert) -> None:
        """Send one alert. Raises the last failure when it cannot be delivered."""
        body = body_of(alert, self.clock)
        headers = {"content-type": "application/json"}
        if self.secret is not None:
            headers[SIGNATURE] = signature(self.secret.get_secret_value(), body)
        retrying = tenacity.AsyncRetrying(
            retry=tenacity.retry_if_exception(_worth_another),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_random_exponential(multiplier=self.backoff_s, max=BACKOFF_MAX_S),
            reraise=True,
        )
        # Alerts are rare, so no connection is kept for the next one.
        async with httpx.AsyncClient(timeout=TIMEOUT_S, transport=self.transport) as client:
            await retrying(self._post, client, body, headers)

    async def _post(self, client: httpx.AsyncClient, body: bytes, headers: dict[str, str]) -> None:
        response = await client.post(self.url.get_secret_value(), content=body, headers=headers)
        if not response.is_success:
            raise WebhookRefused(response.status_code)


def body_of(alert: Alert, clock: Clock) -> bytes:
    """The alert as JSON. `text` is where chat services look for it; what is no JSON becomes its words."""
    said = {"kind": alert.kind, "key": alert.key, "text": alert.text, "at": clock.now(), "facts": dict(alert.facts)}
    return orjson.dumps(said, default=str, option=orjson.OPT_NON_STR_KEYS)


def signature(secret: str, body: bytes) -> str:
    """What the receiver computes too, to know that the body is ours and whole."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


def _worth_another(error: BaseException) -> bool:
    if isinstance(error, WebhookRefused):
        return error.status >= 500 or error.status in _BUSY
    return isinstance(error, httpx.TransportError)
