"""Canaries: a word of its own for every secret and every other place that secrets pass through."""

from __future__ import annotations

import hashlib
from typing import Final

from streams.settings import secret_names

SCHEMES: Final = {"NATS_URL": "nats", "POSTGRES_URL": "postgresql", "REDIS_URL": "redis"}
# Beside the settings: what clients and other publishers send, and what an address says behind its question mark.
ELSEWHERE: Final = (
    "a wrong token",
    "a token beside a body that is none",
    "a cookie of a request",
    "Authorization of a message",
    "Cookie of a message",
    "ECHORA_URL",
    "the query of ALERT_WEBHOOK_URL",
    "POSTGRES_URL that cannot be read",
    "ECHORA_API_TOKEN of the command line",
)
PLACES: Final = (*secret_names(), *ELSEWHERE)


def canary(place: str) -> str:
    """The word that is planted there and must be found nowhere."""
    return f"canary{hashlib.sha256(place.encode()).hexdigest()[:16]}"


def planted(name: str, where: str = "127.0.0.1:1") -> str:
    """The value of a secret with its canary; `where` is the rest of an address."""
    if not name.endswith("_URL"):
        return canary(name)
    query = f"?key={canary('the query of ALERT_WEBHOOK_URL')}" if name == "ALERT_WEBHOOK_URL" else ""
    return f"{SCHEMES.get(name, 'http')}://echora:{canary(name)}@{where}{query}"


def all_planted() -> dict[str, str]:
    """Every secret set, each address to where nobody listens."""
    return {name: planted(name) for name in secret_names()}
