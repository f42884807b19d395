"""How a source may be used: one frozen value per source. Settings replace parts of it, nothing else does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

from contracts.observation import Kind

HOUR_S: Final = 3600.0
DAY_S: Final = 86_400.0

# How long our own cache keeps an answer, where a policy says nothing else. Air times move most, casts least.
CACHE_S: Final[Mapping[Kind, float]] = MappingProxyType(
    {
        Kind.ANIME: 6 * HOUR_S,
        Kind.STATISTICS: 6 * HOUR_S,
        Kind.EPISODES: HOUR_S,
        Kind.EPISODE: HOUR_S,
        Kind.AIRING: 900.0,
        Kind.CHARACTERS: DAY_S,
        Kind.STAFF: DAY_S,
        Kind.CHARACTER: DAY_S,
    }
)


@dataclass(frozen=True, slots=True)
class SourcePolicy:
    """What may be asked of a source, how often, and how long what it said is kept. Times in seconds."""

    base_url: str
    enabled: bool = True
    rate_per_s: int | None = None
    rate_per_min: int | None = None
    concurrency: int = 2
    cache_s: Mapping[Kind, float] = field(default_factory=lambda: CACHE_S)
    missing_cache_s: float = 600.0
    raw_retention_s: float = DAY_S
    allowed_hosts: frozenset[str] = frozenset()
    headers: Mapping[str, str] = field(default_factory=dict)
    connect_timeout_s: float = 5.0
    read_timeout_s: float = 30.0
    attempts: int = 3
    backoff_s: float = 1.0
    backoff_max_s: float = 30.0
    throttles_max: int = 5
    throttle_default_s: float = 10.0
    failures_to_open: int = 6
    open_s: float = 60.0
    waiting_max: int = 10_000

    def hosts(self) -> frozenset[str]:
        """Hosts that may be spoken to: the base URL's and the ones named beside it."""
        host = urlsplit(self.base_url).hostname
        return self.allowed_hosts | ({host} if host else frozenset())

    def keeps_s(self, kind: Kind) -> float:
        """How long an answer stays in our cache: its cache time, never beyond the retention of raw bodies."""
        return min(self.cache_s.get(kind, HOUR_S), self.raw_retention_s)
